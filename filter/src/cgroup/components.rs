//! The components of a path, and how they are matched against the shape that a row of a table has.

use crate::text::cursor::{rfind, split_at};

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
    /// `{name}` and the kinds of names.
    pub(super) name: Option<&'a [u8]>,
    /// What the owner writes in front of that name elsewhere.
    pub(super) before_name: &'static str,
    /// The name is a part of a unit's, with systemd's escapes.
    pub(super) is_escaped: bool,
    /// `{part}`, `(text)`, `=text`: the outer part, and a part of that.
    pub(super) parts: [Option<&'a [u8]>; 2],
    pub(super) below: Components<'a>,
}

/// Matches the beginning of a path against a shape.
///
/// Each component of a shape is plain text with places left open:
///
/// | | |
/// |---|---|
/// | `{id}` | hex digits; all 64 of a container's id where nothing else stands in the component |
/// | `{uuid}` | 36 bytes, 8-4-4-4-12 hex digits: the owner's name for it. Behind another place it is a random number, and told nowhere |
/// | `{name}` | at least one byte: the owner's name for it |
/// | `{unit}` | the same with systemd's escapes |
/// | `{app}` | the same behind the last dash: a desktop application, its launcher in front |
/// | `{number}` | the same of digits alone |
/// | `{job}` | Slurm's: `job_<number>`, or from 26.05 on `s` and 13 digits of base 32 |
/// | `{slot}` | HTCondor's, behind the folder that it runs in |
/// | `{yarn}` | `container_[e<epoch>_]<time>_<application>_<attempt>_<number>`: the application is the name, all of it the part |
/// | `{a\|b}` | one of these words: the name |
/// | `{part}` | at least one byte: a part of it, such as a task |
/// | `{any}` | at least one byte |
/// | `{digits}` | at least one digit |
/// | `{node}` | nothing, or a node's name that an underscore sets off |
/// | `{slices}` | alone: one or more slices |
/// | `[text]` | alone: this component, or none |
/// | `(text)` | alone: the same, with places. What stands there is a part of it |
/// | `=text` | alone: this is the part. It takes nothing of the path |
///
/// Of several places in a component a `{uuid}` or `{digits}` in front takes what fits. Otherwise it is read
/// from its end, where a place ends at the last occurrence of the text in front of the next.
pub(super) fn starts_with<'a>(
    components: Components<'a>,
    shape: &'static str,
) -> Option<Match<'a>> {
    let mut found = Match {
        id: None,
        name: None,
        before_name: "",
        is_escaped: false,
        parts: [None; 2],
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
        let first = found.below.first();
        let (mark, inside) = part.split_at_checked(1)?;
        let is_there = match mark {
            "[" => first == inside.strip_suffix(']').map(str::as_bytes),
            "(" => {
                let component = first.filter(|component| {
                    let shape = inside.strip_suffix(')').unwrap_or_default();
                    { found }.read(component, shape).is_some()
                });
                found.add_part(component);
                component.is_some()
            }
            "=" => {
                found.add_part(Some(inside.as_bytes()));
                false
            }
            _ => {
                found.read(first?, part)?;
                true
            }
        };
        if is_there {
            found.below.take();
        }
    }
    Some(found)
}

impl<'a> Match<'a> {
    fn add_part(&mut self, part: Option<&'a [u8]>) {
        let [outer, inner] = &mut self.parts;
        let place = if outer.is_none() { outer } else { inner };
        *place = place.or(part);
    }

    /// Reads one component by its part of a shape.
    fn read(&mut self, component: &'a [u8], shape: &'static str) -> Option<()> {
        let Some((prefix, place)) = shape.split_once('{') else {
            return (component == shape.as_bytes()).then_some(());
        };
        let (kind, behind) = place.split_once('}')?;
        let inside = component.strip_prefix(prefix.as_bytes())?;
        let length = match kind {
            "uuid" => UUID_LENGTH,
            "digits" => inside
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count(),
            _ => 0,
        };
        if matches!(kind, "uuid" | "digits") {
            let (inside, rest) = inside.split_at_checked(length)?;
            self.fill(kind, inside)?;
            return self.read(rest, behind);
        }
        let Some((before, last)) = behind.rsplit_once('{') else {
            let inside = inside.strip_suffix(behind.as_bytes())?;
            if kind == "id" && prefix.is_empty() && behind.is_empty() && !is_container_id(inside) {
                return None;
            }
            return self.fill(kind, inside);
        };
        let (kind, suffix) = last.split_once('}')?;
        let component = component.strip_suffix(suffix.as_bytes())?;
        let separator = before.rsplit_once('}').map_or(before, |(_, text)| text);
        let (front, _) = shape.rsplit_once('{')?;
        let front = front.strip_suffix(separator)?;
        let (head, inside) = if kind == "uuid" {
            let (head, uuid) =
                component.split_at_checked(component.len().checked_sub(UUID_LENGTH)?)?;
            is_uuid(uuid).then_some((head.strip_suffix(separator.as_bytes())?, None))?
        } else {
            let at = rfind(component, separator.as_bytes())?;
            let (head, inside) = split_at(component, at, separator.len())?;
            (head, Some(inside))
        };
        self.read(head, front)?;
        inside.map_or(Some(()), |inside| self.fill(kind, inside))
    }

    /// Fills one place.
    fn fill(&mut self, kind: &'static str, inside: &'a [u8]) -> Option<()> {
        if kind == "node" {
            let is_set_off = inside.starts_with(b"_") || inside.ends_with(b"_");
            return (inside.is_empty() || is_set_off).then_some(());
        }
        if inside.is_empty() {
            return None;
        }
        self.name = Some(match kind {
            "id" => {
                self.id = Some(inside);
                return inside.iter().copied().all(is_lower_hex).then_some(());
            }
            "part" => {
                self.add_part(Some(inside));
                return Some(());
            }
            "any" | "digits" => return Some(()),
            "uuid" => Some(inside).filter(|uuid| is_uuid(uuid))?,
            "number" => Some(inside).filter(|name| is_number(name))?,
            "unit" => {
                self.is_escaped = true;
                inside
            }
            "app" => {
                self.is_escaped = true;
                behind_last(inside, b"-").unwrap_or(inside)
            }
            "job" => match inside.strip_prefix(b"job_") {
                Some(number) => Some(number).filter(|number| is_number(number))?,
                None => Some(inside).filter(|name| is_sluid(name))?,
            },
            "slot" => {
                let (_, slot) = split_at(inside, rfind(inside, b"_slot")?, 1)?;
                slot
            }
            "yarn" => {
                self.add_part(Some(inside));
                self.before_name = "application_";
                yarn_application(inside)?
            }
            "name" => inside,
            words => {
                Some(inside).filter(|name| words.split('|').any(|word| word.as_bytes() == *name))?
            }
        })
        .filter(|name| !name.is_empty());
        self.name.map(|_| ())
    }
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// Slurm's number of a job over clusters and time: `s` and 13 digits of base 32.
fn is_sluid(text: &[u8]) -> bool {
    const DIGITS: usize = 13;
    text.strip_prefix(b"s").is_some_and(|digits| {
        let is_digit = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        digits.len() == DIGITS && digits.iter().all(is_digit)
    })
}

/// `<time>_<application>` of a container of YARN's.
fn yarn_application(container: &[u8]) -> Option<&[u8]> {
    let mut numbers = container.strip_prefix(b"container_")?;
    if let Some(epoch) = numbers.strip_prefix(b"e") {
        let end = epoch.iter().position(|byte| *byte == b'_')?;
        (_, numbers) = split_at(epoch, end, 1)?;
    }
    let is_well_formed = numbers.split(|byte| *byte == b'_').all(is_number);
    let (attempt, _) = split_at(numbers, rfind(numbers, b"_")?, 1)?;
    let (application, _) = split_at(attempt, rfind(attempt, b"_")?, 1)?;
    let has_both = application.iter().filter(|byte| **byte == b'_').count() == 1;
    (is_well_formed && has_both).then_some(application)
}

fn behind_last<'a>(text: &'a [u8], separator: &[u8]) -> Option<&'a [u8]> {
    let (_, behind) = split_at(text, rfind(text, separator)?, separator.len())?;
    Some(behind)
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
