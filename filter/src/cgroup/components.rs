//! The components of a path, and how they are matched against the shape that a row of a table has.

/// The components of a path, left to right.
#[derive(Clone, Copy)]
pub(super) struct Components<'a> {
    rest: &'a [u8],
}

impl<'a> Components<'a> {
    pub(super) fn new(path: &'a [u8]) -> Self {
        Self { rest: path }
    }

    pub(super) fn first(self) -> Option<&'a [u8]> {
        { self }.take()
    }

    /// The next component, taken off.
    pub(super) fn take(&mut self) -> Option<&'a [u8]> {
        while let Some(rest) = self.rest.strip_prefix(b"/") {
            self.rest = rest;
        }
        let end = self
            .rest
            .iter()
            .position(|byte| *byte == b'/')
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }
}

/// What stands in the places that a shape leaves open, and the path behind it.
#[derive(Clone, Copy)]
pub(super) struct Match<'a> {
    /// `{id}`
    pub(super) id: Option<&'a [u8]>,
    /// `{name}`, `{uuid}`
    pub(super) name: Option<&'a [u8]>,
    /// `{part}`
    pub(super) part: Option<&'a [u8]>,
    pub(super) below: Components<'a>,
}

/// Matches the beginning of a path against a shape.
///
/// Each component of a shape is plain text with places left open:
///
/// | | |
/// |---|---|
/// | `{id}` | hex digits; all 64 of a container's id where nothing else stands in the component |
/// | `{uuid}` | 36 bytes, 8-4-4-4-12 hex digits: the owner's name for it, with plain text behind |
/// | `{name}` | at least one byte: the same |
/// | `{part}` | at least one byte: a part of it, such as a task |
/// | `{any}` | at least one byte |
/// | `{slices}` | alone: one or more slices |
/// | `[text]` | alone: this component, or none |
pub(super) fn starts_with<'a>(components: Components<'a>, shape: &str) -> Option<Match<'a>> {
    let mut found = Match {
        id: None,
        name: None,
        part: None,
        below: components,
    };
    for part in shape.split('/') {
        if part == "{slices}" {
            found.below.take().filter(|name| is_slice(name))?;
            while found.below.first().is_some_and(is_slice) {
                found.below.take();
            }
            continue;
        }
        let optional = part
            .strip_prefix('[')
            .and_then(|part| part.strip_suffix(']'));
        if let Some(optional) = optional {
            if found.below.first() == Some(optional.as_bytes()) {
                found.below.take();
            }
            continue;
        }
        let component = found.below.take()?;
        found.read(component, part)?;
    }
    Some(found)
}

impl<'a> Match<'a> {
    /// Reads one component by its part of a shape. One place of unknown length is the last in it.
    fn read(&mut self, component: &'a [u8], part: &str) -> Option<()> {
        let Some((prefix, place)) = part.split_once('{') else {
            return (component == part.as_bytes()).then_some(());
        };
        let (kind, suffix) = place.split_once('}')?;
        let component = component.strip_prefix(prefix.as_bytes())?;
        if kind == "uuid" {
            let (uuid, behind) = component.split_at_checked(UUID_LENGTH)?;
            self.name = Some(uuid).filter(|uuid| is_uuid(uuid));
            self.name?;
            return self.read(behind, suffix);
        }
        let inside = component.strip_suffix(suffix.as_bytes())?;
        if inside.is_empty() {
            return None;
        }
        match kind {
            "id" => {
                let is_alone = prefix.is_empty() && suffix.is_empty();
                if is_alone && !is_container_id(inside) || !inside.iter().copied().all(is_lower_hex)
                {
                    return None;
                }
                self.id = Some(inside);
            }
            "name" => self.name = Some(inside),
            "part" => self.part = Some(inside),
            _ => {}
        }
        Some(())
    }
}

pub(super) fn is_slice(name: &[u8]) -> bool {
    name.ends_with(b".slice")
}

pub(super) fn is_container_id(text: &[u8]) -> bool {
    text.len() == 64 && text.iter().copied().all(is_lower_hex)
}

pub(super) fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

const UUID_LENGTH: usize = 36;

/// 8-4-4-4-12 hex digits with dashes.
fn is_uuid(text: &[u8]) -> bool {
    is_uuid_between(text, |byte| byte == b'-')
}

/// 8-4-4-4-12 hex digits with such bytes between.
pub(super) fn is_uuid_between(text: &[u8], is_separator: impl Fn(u8) -> bool) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let mut groups = text.split(|byte| is_separator(*byte));
    GROUPS.iter().all(|length| {
        groups
            .next()
            .is_some_and(|group| group.len() == *length && group.iter().all(u8::is_ascii_hexdigit))
    }) && groups.next().is_none()
}
