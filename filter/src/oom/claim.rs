//! A pod that a path claims, and that only the node's own directories can confirm.

use super::{KubeletNames, NameFinder, Names, Oom, summary};
use crate::cgroup::{Level, claimed};

impl KubeletNames {
    /// Tells a kill as that of the pod that its path claims, where pod and container are known together.
    pub(super) fn confirm_claim(&mut self, kill: &mut Oom) -> Option<Names> {
        let cgroup = kill.cgroup.as_ref()?;
        let limit = cgroup.limit.as_deref();
        let claim = claimed(cgroup.victim.as_deref().or(limit)?.as_bytes())?;
        if claim.root.is_some_and(|root| !self.is_root(root)) {
            return None;
        }
        let (pod, container) = claim.pod.zip(claim.container)?;
        let names = self.find_both(&pod.uid, container.id.as_deref()?)?;
        let limit = limit.and_then(|limit| claimed(limit.as_bytes()));
        let is_own_limit = (limit.as_ref()).is_some_and(|limit| {
            limit.level == Level::Container && limit.container.as_ref() == Some(&container)
        });
        if let Some(limit) = limit {
            kill.set_level(Some(limit.level));
        }
        kill.pod = Some(pod);
        kill.container = Some(container);
        kill.set_left(is_own_limit);
        if kill.group {
            kill.mark_group();
        }
        kill.summary = Some(summary::of(kill));
        Some(names)
    }
}
