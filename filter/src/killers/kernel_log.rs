//! Programs that write into the kernel's own log, which says that user space did: Talos and Meta's oomd.

use alloc::boxed::Box;

use crate::carrier::{KernelLine, undo_escapes};
use crate::cgroup::Level;
use crate::oom::{Figure, Oom};
use crate::printable;
use crate::record::undo_json_escapes;
use crate::text::cursor::{rsplit_once, unsigned};

/// What a line says.
type Read = fn(&[u8]) -> Option<Box<Oom>>;

/// What each is called in the record.
pub(super) static PROGRAMS: [(&str, Read); 2] = [("talos", talos), ("oomd", oomd)];

/// One of these stands in every line that is read.
pub(super) const TELLING_WORDS: [&[u8]; 2] = [b" SIGKILL to cgroup ", b"oomd kill: "];

/// What a line of user space says.
pub(crate) fn read(line: &KernelLine<'_>) -> Option<Box<Oom>> {
    line.is_user_space.then_some(())?;
    let text = undo_escapes(&line.text);
    PROGRAMS.iter().find_map(|(killer, read)| {
        let mut oom = read(&text)?;
        oom.killer = Some(killer);
        Some(oom)
    })
}

/// Talos from 1.12 on (`internal/app/machined/pkg/controllers/runtime/oom.go`), which kills whole pods.
fn talos(text: &[u8]) -> Option<Box<Oom>> {
    const BEFORE: &[u8] = br#"[talos] Sending SIGKILL to cgroup {"component": "controller-runtime", "controller": "runtime.OOMController", "cgroup": "/sys/fs/cgroup"#;
    let path = text.strip_prefix(BEFORE)?.strip_suffix(b"\"}")?;
    let path = undo_json_escapes(path);
    path.starts_with(b"/").then_some(())?;
    let mut oom = super::of_cgroup(Some(&path));
    oom.set_level(Some(Level::Node));
    Some(oom)
}

/// oomd (`src/oomd/plugins/BaseKillPlugin.cpp` of 0.1 to 0.5): `oomd kill: 10.00 60.00 600.00 system.slice/a 1999
/// ruleset:[r] detectorgroup:[d] killer:k v2`. The path may hold blanks, and words that stand behind it.
fn oomd(text: &[u8]) -> Option<Box<Oom>> {
    let (_, rest) = super::form::read(b"oomd kill: # # # ", text)?;
    let (place, rules) = rsplit_once(rest.strip_suffix(b" v2")?, b" ruleset:[")?;
    let (_, plugin) = rsplit_once(rules, b"] killer:")?;
    let (path, usage) = rsplit_once(place, b" ")?;
    // It only says what it would have done.
    (!plugin.starts_with(b"(dry)") && !path.is_empty()).then_some(())?;
    let usage = unsigned(usage)?;
    let mut oom = super::of_cgroup(Some(&[b"/", path].concat()));
    let memory = oom.memory.get_or_insert_default();
    memory.figures.set(Figure::Usage, Some(usage));
    oom.reason = Some(printable(&[b"ruleset:[", rules].concat()));
    Some(oom)
}

#[cfg(test)]
mod tests {
    use super::oomd;

    #[test]
    fn the_end_of_oomds_line_decides_where_its_path_ends() {
        let path = |text: &str| {
            let oom = oomd(text.as_bytes())?;
            oom.cgroup?.victim
        };
        for (text, expected) in [
            (
                "oomd kill: 10.00 60.00 600.00 system.slice/foo.service 1999 ruleset:[r] detectorgroup:[d] killer:k v2",
                Some("/system.slice/foo.service"),
            ),
            (
                "oomd kill: 1.00 2.00 3.00 a b ruleset:[x].slice 77 ruleset:[r] detectorgroup:[d] killer:k v2",
                Some("/a b ruleset:[x].slice"),
            ),
            (
                "oomd kill: 1.00 2.00 3.00 a 77 ruleset:[r] detectorgroup:[d] killer:(dry)k v2",
                None,
            ),
            ("oomd kill: restarted systemd service=a", None),
        ] {
            assert_eq!(path(text).as_deref(), expected, "{text}");
        }
    }
}
