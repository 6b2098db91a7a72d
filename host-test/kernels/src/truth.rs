//! What a scenario knows of the kills it caused, independent of what the kernel printed about them.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// One process that the kernel killed.
///
/// A field that the scenario does not know is absent.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Kill {
    /// Name of the scenario, as in its `@@SCENARIO` mark.
    pub scenario: String,
    /// Process id in the init pid namespace, which is the one the kernel prints.
    pub pid: u32,
    /// The process name that the scenario set, at most 15 bytes, see [`escape`].
    pub comm: String,
    /// Real user id in the init user namespace.
    pub uid: u32,
    /// The victim's `oom_score_adj`.
    pub oom_score_adj: i32,
    /// Whose limit was hit: `container`, `pod`, `qos`, `kubepods`, `node` or `cgroup`.
    pub level: String,
    /// `memcg`, `none`, `cpuset` or `memory_policy`.
    pub constraint: String,
    /// Path of the cgroup whose limit was hit, see [`escape`]; absent for a node-wide kill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Path of the victim's memory cgroup, see [`escape`].
    pub victim_cgroup: String,
    /// The limit in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<u64>,
    /// The limit's own swap limit in bytes (cgroup v2, where the scenario set one).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_limit_bytes: Option<u64>,
    /// The limit of memory and swap together in bytes (cgroup v1, where the scenario set one).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memsw_limit_bytes: Option<u64>,
    /// Killed because of `memory.oom.group`: every member but the one the kernel chose first.
    pub group: bool,
    /// Asked for by SysRq-f.
    #[serde(skip_serializing_if = "is_false", default)]
    pub manual: bool,
    /// The victim's pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
    /// The victim's container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// The systemd unit, where the cgroup is a unit's and no pod's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Processes left alive below the limit, the pause process not counted; absent for node-wide
    /// and group kills.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survivors: Option<u32>,
    /// What filled the memory: `anon`, `file` (page cache without shared memory), `shmem`, `kernel`, `sock`,
    /// or `huge pages`, a pool that no figure of the record has.
    /// Absent where the scenario does not mind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filled: Option<String>,
    /// How the kill line is tied to its cgroup: `report`, `table` or `none`. Read from the capture
    /// by the host side, since which reports the kernel suppresses depends on time. Absent for
    /// members of a group kill, whose cgroup stands in the group line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
}

/// Identity of a pod, as its cgroup path says it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Pod {
    /// Lower case with dashes; 32 hexadecimal digits for a static pod.
    pub uid: String,
    /// `guaranteed`, `burstable` or `besteffort`.
    pub qos: String,
}

/// Identity of a container, as its cgroup path says it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Container {
    /// 64 hexadecimal digits.
    pub id: String,
    /// `docker`, `containerd`, `crio` or `podman`; absent where the path does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
}

/// A scenario that this kernel or this hierarchy cannot run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Skipped {
    /// Name of the scenario.
    pub scenario: String,
    /// The reason, for a person.
    pub why: String,
}

/// Everything the guest tells besides the kernel's messages.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Truth {
    /// All kills, in the order in which the scenarios saw them.
    pub kills: Vec<Kill>,
    /// Why no scenario at all can be run, where that is so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cannot: Option<String>,
    /// What could not be run.
    pub skipped: Vec<Skipped>,
    /// What went wrong: a scenario whose victim lived, say. Empty in a good run.
    pub failed: Vec<Skipped>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// Writes bytes as text: what is not valid UTF-8, and control characters, become the text `\xNN`.
///
/// A backslash stays as it is, so the result cannot always be turned back.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let hex = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            let _ = write!(text, "\\x{byte:02x}");
        }
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                hex(&mut text, character.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                text.push(character);
            }
        }
        hex(&mut text, chunk.invalid());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn escapes_only_what_is_no_text() {
        assert_eq!(escape(b"java"), "java");
        assert_eq!(escape("café\\".as_bytes()), "café\\");
        assert_eq!(escape(b"a\nb\x01\x7f"), "a\\x0ab\\x01\\x7f");
        assert_eq!(escape(b"\xff\xfe"), "\\xff\\xfe");
    }
}
