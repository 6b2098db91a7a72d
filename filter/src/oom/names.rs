//! Names for a pod and a container, from the names of the files that the kubelet keeps of them.
//!
//! No API server and no credentials: the kubelet has one link in `/var/log/containers` for each
//! container, `<pod>_<namespace>_<container>-<container id>.log`, and one directory in
//! `/var/log/pods` for each pod, `<namespace>_<pod>_<uid>`, with one in it for each container that was begun
//! so far (`pkg/kubelet/kuberuntime/legacy.go` and `helpers.go`). The link is made when the container
//! runs, the directory before it: a container that is killed at once may have that alone.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::{self, Debug, Formatter};
use core::ops::ControlFlow;

use crate::oom::Oom;
use crate::text::cursor::split_once;

/// A directory of the kubelet's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KubeletDir<'a> {
    /// `/var/log/containers`: of each container a link.
    Containers,
    /// `/var/log/pods`: of each pod a directory.
    Pods,
    /// One of these: of each container of the pod a directory. The name has no character but those that
    /// Kubernetes allows, and `_`.
    Pod(&'a str),
}

impl<'a> KubeletDir<'a> {
    /// Its name below `/var/log`, or that of the directory that it lies in.
    pub const fn directory(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::Pods | Self::Pod(_) => "pods",
        }
    }

    /// The name of the directory below [`Self::directory`], where it is one.
    ///
    /// ```
    /// use oom_filter::KubeletDir;
    ///
    /// assert_eq!(KubeletDir::Pod("shop_web-0_94eb36cd").below(), Some("shop_web-0_94eb36cd"));
    /// assert_eq!(KubeletDir::Pods.below(), None);
    /// ```
    pub const fn below(self) -> Option<&'a str> {
        match self {
            Self::Containers | Self::Pods => None,
            Self::Pod(name) => Some(name),
        }
    }
}

/// What lists the kubelet's directories: the host's part.
///
/// A directory that is not there, cannot be read or vanishes meanwhile has no names, or fewer; that
/// is no fault, and a kill leaves without what could not be found.
pub trait KubeletDirs: Debug + Send {
    /// Hands over the name of each entry, until told to stop.
    fn list(&mut self, listing: KubeletDir<'_>, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>);

    /// Whether the node's administrator said that the kubelet keeps its cgroups below this directory at the root
    /// of their hierarchy: `mygroup`, where `cgroupRoot` of the kubelet is `/mygroup`. Users can have such
    /// directories too, so no pod below one is believed unasked.
    fn is_root(&self, _directory: &[u8]) -> bool {
        false
    }
}

/// Entries read of one directory: many times what a node may run.
const MOST_ENTRIES: usize = 1 << 16;

/// The names of a pod and of a container in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    /// Absent where the container's own file is gone.
    pub(crate) container: Option<String>,
}

impl Names {
    /// The names of a pod, if Kubernetes allows them.
    pub(crate) fn of_pod(namespace: &[u8], pod: &[u8]) -> Option<Self> {
        Some(Self {
            namespace: label(namespace)?,
            pod: label(pod)?,
            container: None,
        })
    }
}

/// What finds names. The filter holds one as this trait alone: where no host offers names, nothing of
/// how they are found is part of the module.
pub(crate) trait NameFinder: Send {
    /// The names of a container, found by its id, or of its pod alone, found by the UID.
    fn find(&mut self, pod_uid: &str, container_id: Option<&str>) -> Option<Names>;

    /// The names of a container in a pod, where that container is known to be of that pod and of no
    /// other.
    fn find_both(&mut self, pod_uid: &str, container_id: &str) -> Option<Names>;

    /// The same of a kill whose path claims a pod and proves none. It is told as that pod's then.
    fn find_claimed(&mut self, kill: &mut Oom) -> Option<Names>;

    /// The name of the pod's container, where no more than one was begun in it so far.
    fn only_container(&mut self, pod_uid: &str, names: &Names) -> Option<String>;
}

/// In place of a supertrait, which would make the formatting of all that is kept part of the module.
impl Debug for dyn NameFinder {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("NameFinder")
    }
}

/// Looks names up in the kubelet's directories, and keeps the last whole answer.
#[derive(Debug)]
pub(crate) struct KubeletNames {
    directories: Box<dyn KubeletDirs>,
    /// The kubelet may make a container's file only after its first kill: what is not whole is looked for
    /// again.
    kept: Option<Kept>,
}

/// A pod's UID and a container's id, and what was found for them.
#[derive(Debug)]
struct Kept {
    pod_uid: String,
    container_id: Option<String>,
    names: Names,
    /// It is known that the one is of the other.
    are_together: bool,
}

impl KubeletNames {
    pub(crate) fn new(directories: Box<dyn KubeletDirs>) -> Self {
        Self {
            directories,
            kept: None,
        }
    }

    /// Whether the administrator named this directory as one that the kubelet's cgroups lie below.
    pub(super) fn is_root(&self, directory: &[u8]) -> bool {
        self.directories.is_root(directory)
    }

    fn first(
        &mut self,
        listing: KubeletDir<'_>,
        read: impl Fn(&[u8]) -> Option<Names>,
    ) -> Option<Names> {
        let mut found = None;
        self.list(listing, |name| {
            found = read(name);
            found.is_none()
        });
        found
    }

    /// Hands over names while they are wanted, and no more than may be there.
    fn list(&mut self, listing: KubeletDir<'_>, mut wants_more: impl FnMut(&[u8]) -> bool) {
        let mut left = MOST_ENTRIES;
        self.directories.list(listing, &mut |name| {
            left = left.saturating_sub(1);
            if wants_more(name) && left > 0 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
    }

    /// Whether the pod of that name has this UID. A pod that was made anew under its name has left two for
    /// a while, and then it is not known which one a container is of.
    fn is_pods_only_uid(&mut self, names: &Names, pod_uid: &str) -> bool {
        let (mut is_there, mut is_only) = (false, true);
        self.list(KubeletDir::Pods, |name| {
            let uid = name
                .strip_prefix(names.namespace.as_bytes())
                .and_then(|name| name.strip_prefix(b"_")?.strip_prefix(names.pod.as_bytes()))
                .and_then(|name| name.strip_prefix(b"_"));
            is_there |= uid == Some(pod_uid.as_bytes());
            is_only &= uid.is_none_or(|uid| uid == pod_uid.as_bytes());
            is_only
        });
        is_there && is_only
    }

    fn kept(&self, pod_uid: &str, container_id: Option<&str>) -> Option<&Kept> {
        self.kept
            .as_ref()
            .filter(|kept| kept.pod_uid == pod_uid && kept.container_id.as_deref() == container_id)
    }

    fn keep(&mut self, pod_uid: &str, container_id: Option<&str>, names: &Names, together: bool) {
        self.kept = Some(Kept {
            pod_uid: pod_uid.to_owned(),
            container_id: container_id.map(ToOwned::to_owned),
            names: names.clone(),
            are_together: together,
        });
    }
}

impl NameFinder for KubeletNames {
    /// Each directory is listed once at most, and none for the container that was asked for last.
    fn find(&mut self, pod_uid: &str, container_id: Option<&str>) -> Option<Names> {
        if let Some(kept) = self.kept(pod_uid, container_id) {
            return Some(kept.names.clone());
        }
        let by_id = container_id
            .and_then(|id| self.first(KubeletDir::Containers, |name| of_container(name, id)));
        let names = by_id.or_else(|| self.first(KubeletDir::Pods, |name| of_pod(name, pod_uid)));
        let is_whole = |names: &&Names| container_id.is_none() || names.container.is_some();
        if let Some(names) = names.as_ref().filter(is_whole) {
            self.keep(pod_uid, container_id, names, false);
        }
        names
    }

    /// The container's file names it and its pod, the pod's directory the pod and its UID.
    fn find_both(&mut self, pod_uid: &str, container_id: &str) -> Option<Names> {
        let kept = self.kept(pod_uid, Some(container_id));
        if let Some(kept) = kept.filter(|kept| kept.are_together) {
            return Some(kept.names.clone());
        }
        let names = self.first(KubeletDir::Containers, |name| {
            of_container(name, container_id)
        })?;
        let are_together = self.is_pods_only_uid(&names, pod_uid);
        are_together.then(|| {
            self.keep(pod_uid, Some(container_id), &names, true);
            names
        })
    }

    fn find_claimed(&mut self, kill: &mut Oom) -> Option<Names> {
        self.confirm_claim(kill)
    }

    fn only_container(&mut self, pod_uid: &str, names: &Names) -> Option<String> {
        let directory = [&*names.namespace, &names.pod, pod_uid].join("_");
        let (mut only, mut count) = (None, 0_u8);
        self.list(KubeletDir::Pod(&directory), |name| {
            if !matches!(name, b"." | b"..") {
                only = label(name);
                count = count.saturating_add(1);
            }
            count < 2
        });
        only.filter(|_| count == 1)
    }
}

/// `<pod>_<namespace>_<container>-<id>.log`
fn of_container(name: &[u8], id: &str) -> Option<Names> {
    let name = name.strip_suffix(b".log")?.strip_suffix(id.as_bytes())?;
    let (pod, rest) = split_once(name.strip_suffix(b"-")?, b"_")?;
    let (namespace, container) = split_once(rest, b"_")?;
    Some(Names {
        namespace: label(namespace)?,
        pod: label(pod)?,
        container: Some(label(container)?),
    })
}

/// `<namespace>_<pod>_<uid>`
fn of_pod(name: &[u8], uid: &str) -> Option<Names> {
    let name = name.strip_suffix(uid.as_bytes())?.strip_suffix(b"_")?;
    let (namespace, pod) = split_once(name, b"_")?;
    Some(Names {
        namespace: label(namespace)?,
        pod: label(pod)?,
        container: None,
    })
}

/// A name as Kubernetes allows it: a DNS subdomain of RFC 1123. Anything else was not put there by
/// the kubelet.
fn label(name: &[u8]) -> Option<String> {
    const LONGEST: usize = 253;
    let is_name = !name.is_empty()
        && name.len() <= LONGEST
        && name
            .iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
    let text = core::str::from_utf8(name).ok().filter(|_| is_name)?;
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;
    use alloc::sync::Arc;
    use alloc::vec::Vec;
    use core::sync::atomic::{AtomicUsize, Ordering};

    const ID: &str = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";
    const UID: &str = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";

    #[derive(Debug)]
    struct Made {
        containers: Vec<Vec<u8>>,
        pods: Vec<Vec<u8>>,
        /// Of the one pod that has some.
        begun: Vec<Vec<u8>>,
        /// How often each was listed: containers in ones, pods in tens.
        asked: Arc<AtomicUsize>,
    }

    fn asked(asked: &AtomicUsize) -> usize {
        asked.load(Ordering::Relaxed)
    }

    impl KubeletDirs for Made {
        fn list(
            &mut self,
            listing: KubeletDir<'_>,
            each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
        ) {
            let (names, one) = match listing {
                KubeletDir::Containers => (&self.containers, 1),
                KubeletDir::Pods => (&self.pods, 10),
                KubeletDir::Pod(name) if name == format!("shop_web_{UID}") => (&self.begun, 100),
                KubeletDir::Pod(_) => return,
            };
            self.asked.fetch_add(one, Ordering::Relaxed);
            let _ = names.iter().try_for_each(|name| each(name));
        }
    }

    fn lookup(containers: &[&str], pods: &[&str]) -> (KubeletNames, Arc<AtomicUsize>) {
        let asked = Arc::default();
        let bytes = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect();
        let made = Made {
            containers: bytes(containers),
            pods: bytes(pods),
            begun: Vec::new(),
            asked: Arc::clone(&asked),
        };
        (KubeletNames::new(Box::new(made)), asked)
    }

    fn names(namespace: &str, pod: &str, container: Option<&str>) -> Names {
        Names {
            namespace: namespace.to_string(),
            pod: pod.to_string(),
            container: container.map(ToString::to_string),
        }
    }

    #[test]
    fn finds_a_container_among_many_and_keeps_it() {
        let mut files: Vec<String> = (0..1000)
            .map(|number| format!("pod-{number}_ns_app-{number:064x}.log"))
            .collect();
        files.push(format!("web-7f9c.x_shop_side-car-{ID}.log"));
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let (mut lookup, count) = lookup(&files, &[]);
        let found = Some(names("shop", "web-7f9c.x", Some("side-car")));
        assert_eq!(lookup.find(UID, Some(ID)), found);
        assert_eq!(lookup.find(UID, Some(ID)), found);
        assert_eq!(asked(&count), 1);
    }

    #[test]
    fn finds_the_pod_where_the_container_is_gone() {
        let (mut lookup, count) = lookup(&[], &["a_b_c", &format!("shop_web-1_{UID}")]);
        assert_eq!(
            lookup.find(UID, Some(ID)),
            Some(names("shop", "web-1", None))
        );
        assert_eq!(asked(&count), 11);
        // The container's own file may have come meanwhile.
        lookup.find(UID, Some(ID));
        assert_eq!(asked(&count), 22);
        assert_eq!(lookup.find(UID, None), Some(names("shop", "web-1", None)));
        assert_eq!(lookup.find("another", None), None);
    }

    #[test]
    fn knows_a_container_and_its_pod_only_together() {
        let file = format!("web-0_shop_app-{ID}.log");
        let pod = format!("shop_web-0_{UID}");
        let other_uid = format!("other_web-0_{UID}");
        let made_anew = "shop_web-0_00000000-0000-0000-0000-000000000007";
        let found = Some(names("shop", "web-0", Some("app")));
        for (files, pods, expected) in [
            (&[&*file][..], &["a_b_c", &*pod][..], found.clone()),
            (&[&*file], &["shop_web_x", "shop_web-0x_y", &*pod], found),
            // The one or the other is not of this node.
            (&[&*file], &[], None),
            (&[], &[&*pod], None),
            // Each is, but of another pod.
            (&[&*file], &[&*other_uid], None),
            (&[&*file], &[made_anew, &*other_uid], None),
            // One of two.
            (&[&*file], &[made_anew, &*pod], None),
            (&[&*file], &[&*pod, made_anew], None),
        ] {
            let (mut lookup, _) = lookup(files, pods);
            assert_eq!(lookup.find_both(UID, ID), expected, "{files:?} {pods:?}");
            // What was found of either is no proof for both.
            lookup.find(UID, Some(ID));
            assert_eq!(lookup.find_both(UID, ID), expected, "{files:?} {pods:?}");
        }
        let (mut lookup, count) = lookup(&[&file], &[&pod]);
        lookup.find_both(UID, ID);
        lookup.find_both(UID, ID);
        assert_eq!(asked(&count), 11);
    }

    #[test]
    fn ends_a_listing_that_does_not() {
        let wanted = format!("shop_web_{UID}");
        let mut pods = alloc::vec!["x"; MOST_ENTRIES - 1];
        pods.push(&wanted);
        let (mut found, _) = lookup(&[], &pods);
        assert!(found.find(UID, None).is_some());
        pods.insert(0, "x");
        let (mut beyond, _) = lookup(&[], &pods);
        assert_eq!(beyond.find(UID, None), None);
    }

    #[test]
    fn believes_no_name_that_kubernetes_would_refuse() {
        for name in [
            format!("{ID}.log"),
            format!("-{ID}.log"),
            format!("web_shop-{ID}.log"),
            format!("web_shop_-{ID}.log"),
            format!("_shop_app-{ID}.log"),
            format!("web_shop_a_b-{ID}.log"),
            format!("Web_shop_app-{ID}.log"),
            format!("we\"b_shop_app-{ID}.log"),
            format!("web_shop_app-{ID}.log.1"),
            format!("web_shop_app-{ID}"),
            format!("{}_shop_app-{ID}.log", "w".repeat(254)),
        ] {
            let (mut lookup, _) = lookup(&[&name], &[]);
            assert_eq!(lookup.find(UID, Some(ID)), None, "{name}");
        }
    }

    #[test]
    fn survives_names_that_are_no_text() {
        let (mut lookup, _) = lookup(&[], &[]);
        lookup.directories = Box::new(Made {
            containers: Vec::from([Vec::from(*b"\xff\xfe.log"), Vec::new()]),
            pods: Vec::from([format!("shop_web_{UID}").into_bytes()]),
            begun: Vec::from([Vec::from(*b"\xff")]),
            asked: Arc::default(),
        });
        let pod = names("shop", "web", None);
        assert_eq!(lookup.find(UID, Some(ID)), Some(pod.clone()));
        assert_eq!(lookup.only_container(UID, &pod), None);
    }

    #[test]
    fn knows_the_only_container_of_a_pod() {
        for (begun, expected) in [
            (&["app"][..], Some("app")),
            (&[".", "..", "app"], Some("app")),
            (&["app", ".", ".."], Some("app")),
            (&[], None),
            (&[".", ".."], None),
            (&["init", "app"], None),
            (&["App"], None),
        ] {
            let (mut lookup, _) = lookup(&[], &[]);
            let begun = begun.iter().map(|name| name.as_bytes().to_vec()).collect();
            lookup.directories = Box::new(Made {
                containers: Vec::new(),
                pods: Vec::new(),
                begun,
                asked: Arc::default(),
            });
            let pod = names("shop", "web", None);
            let found = lookup.only_container(UID, &pod);
            assert_eq!(found.as_deref(), expected);
            assert_eq!(lookup.only_container("another", &pod), None);
        }
    }
}
