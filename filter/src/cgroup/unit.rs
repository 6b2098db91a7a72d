//! The systemd unit of a path.

use super::components::{Components, is_slice};

/// The innermost unit: a service or a scope, else a slice.
///
/// Slices hold slices, services and scopes. What lies below a service or a scope was made by its own
/// processes, whatever it is called; only a user's manager has units of its own below its service.
pub(super) fn innermost(mut components: Components<'_>) -> Option<&[u8]> {
    let mut unit = None;
    let mut slice = None;
    while let Some(name) = components.take().filter(|name| is_unit_name(name)) {
        if is_slice(name) {
            slice = Some(name);
        } else {
            let is_manager =
                unit.is_none() && name.starts_with(b"user@") && name.ends_with(b".service");
            unit = Some(name);
            if !is_manager {
                break;
            }
        }
    }
    unit.or(slice)
}

/// Of the kinds of units that have cgroups, and of the characters that systemd allows.
fn is_unit_name(name: &[u8]) -> bool {
    const LONGEST: usize = 255;
    let is_kind = [&b".service"[..], b".scope", b".slice"].iter().any(|kind| {
        name.strip_suffix(*kind)
            .is_some_and(|name| !name.is_empty())
    });
    is_kind
        && name.len() <= LONGEST
        && name.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.' | b'\\' | b'@')
        })
}
