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

    /// What the next component begins with.
    fn first_byte(self) -> Option<u8> {
        self.rest.iter().copied().find(|byte| *byte != b'/')
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
    /// `{name}` and the kinds of names. Empty where there is none.
    pub(super) name: &'a [u8],
    /// The letter of that kind.
    pub(super) kind: u8,
    /// `{part}`, `(text)`, `=text`: the outer part, and a part of that. Empty where there is none.
    pub(super) parts: [&'a [u8]; 2],
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
/// | `{escaped}` | the same with systemd's escapes |
/// | `{xdg}` | the same behind the last dash: a desktop application, its launcher in front |
/// | `{vmid}` | the same of digits alone |
/// | `{job}` | Slurm's: `job_<number>`, or from 26.05 on `s` and 13 digits of base 32 |
/// | `{key}` | BuildKit's: 25 digits of base 36 |
/// | `{slot}` | HTCondor's, behind the folder that it runs in |
/// | `{yarn}` | `container_[e<epoch>_]<time>_<application>_<attempt>_<number>`: the application is the name, all of it the part |
/// | `{a\|b}` | one of these words: the name |
/// | `{part}` | at least one byte: a part of it, such as a task |
/// | `{any}` | at least one byte |
/// | `{digits}` | at least one digit |
/// | `{host}` | nothing, or a node's name that an underscore sets off |
/// | `{slices}` | alone: one or more slices |
/// | `[text]` | alone: this component, or none |
/// | `(text)` | alone: the same, with places. What stands there is a part of it |
/// | `=text` | alone: this is the part. It takes nothing of the path |
///
/// Kinds are told apart by their first letter. Of several places in a component a `{uuid}` or `{digits}` in front takes what fits. Otherwise it is read
/// from its end, where a place ends at the last occurrence of the text in front of the next.
pub(super) fn starts_with<'a>(
    components: Components<'a>,
    shape: &'static [u8],
) -> Option<Match<'a>> {
    // Most shapes are of others.
    let literal = *shape.first()?;
    if literal.is_ascii_alphabetic() && components.first_byte() != Some(literal) {
        return None;
    }
    let mut found = Match {
        id: None,
        name: b"",
        kind: b'n',
        parts: [b""; 2],
        below: components,
    };
    let mut shape = Components::new(shape);
    while let Some(part) = shape.take() {
        if part == b"{slices}" {
            found.below.take().filter(|name| is_slice(name))?;
            while found.below.first().is_some_and(is_slice) {
                found.below.take();
            }
            continue;
        }
        let mut below = found.below;
        let first = below.take();
        let is_there = match part {
            [b'[', optional @ .., b']'] => first == Some(optional),
            [b'(', optional @ .., b')'] => {
                let fits = |component| { found }.read(component, optional).is_some();
                let component = first.filter(|component| fits(component));
                if let Some(part) = component {
                    found.add_part(part);
                }
                component.is_some()
            }
            [b'=', part @ ..] => {
                found.add_part(part);
                false
            }
            _ => {
                found.read(first?, part)?;
                true
            }
        };
        if is_there {
            found.below = below;
        }
    }
    Some(found)
}

impl<'a> Match<'a> {
    fn add_part(&mut self, part: &'a [u8]) {
        let [outer, inner] = &mut self.parts;
        *(if outer.is_empty() { outer } else { inner }) = part;
    }

    /// Reads one component by its part of a shape.
    fn read(&mut self, component: &'a [u8], shape: &'static [u8]) -> Option<()> {
        let Some((prefix, place)) = cut(shape, b'{') else {
            return (component == shape).then_some(());
        };
        let (kind, behind) = cut(place, b'}')?;
        let inside = component.strip_prefix(prefix)?;
        let length = match kind.first() {
            Some(b'u') => UUID_LENGTH,
            Some(b'd') => inside
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count(),
            _ => 0,
        };
        if length > 0 {
            let (inside, rest) = inside.split_at_checked(length)?;
            self.fill(kind, inside)?;
            return self.read(rest, behind);
        }
        let Some(last) = rfind(behind, b"{") else {
            let inside = inside.strip_suffix(behind)?;
            let is_alone = prefix.is_empty() && behind.is_empty();
            if is_alone && kind.first() == Some(&b'i') && !is_container_id(inside) {
                return None;
            }
            return self.fill(kind, inside);
        };
        // From the end: the last place, and the text in front of it.
        let (before, last) = split_at(behind, last, 1)?;
        let (kind, suffix) = cut(last, b'}')?;
        let separator = behind_last(before, b"}").unwrap_or(before);
        let component = component.strip_suffix(suffix)?;
        let (head, inside) = if kind.first() == Some(&b'u') {
            let end = component.len().checked_sub(UUID_LENGTH)?;
            let (head, uuid) = component.split_at_checked(end)?;
            is_uuid(uuid).then_some((head.strip_suffix(separator)?, None))?
        } else {
            let at = rfind(component, separator)?;
            let (head, inside) = split_at(component, at, separator.len())?;
            (head, Some(inside))
        };
        let (front, _) = shape.split_at_checked(rfind(shape, b"{")?)?;
        self.read(head, front.strip_suffix(separator)?)?;
        inside.map_or(Some(()), |inside| self.fill(kind, inside))
    }

    /// Fills one place.
    fn fill(&mut self, kind: &'static [u8], inside: &'a [u8]) -> Option<()> {
        let kind_letter = *kind.first()?;
        if kind_letter == b'h' {
            let is_set_off = inside.starts_with(b"_") || inside.ends_with(b"_");
            return (inside.is_empty() || is_set_off).then_some(());
        }
        let mut name = inside;
        match kind_letter {
            b'a' => return (!inside.is_empty()).then_some(()),
            b'd' => return is_number(inside).then_some(()),
            b'i' => {
                self.id = Some(inside);
                let is_hex = inside.iter().copied().all(is_lower_hex);
                return (is_hex && !inside.is_empty()).then_some(());
            }
            b'p' => {
                self.add_part(inside);
                return (!inside.is_empty()).then_some(());
            }
            b'n' | b'e' => {}
            b'u' => is_uuid(inside).then_some(())?,
            b'v' => is_number(inside).then_some(())?,
            b'x' => name = behind_last(inside, b"-").unwrap_or(inside),
            b'j' => match inside.strip_prefix(b"job_") {
                Some(number) if is_number(number) => name = number,
                _ => is_sluid(inside).then_some(())?,
            },
            b'k' => is_build_key(inside).then_some(())?,
            b's' => (_, name) = split_at(inside, rfind(inside, b"_slot")?, 1)?,
            b'y' => {
                self.add_part(inside);
                name = yarn_application(inside)?;
            }
            _ => {
                let mut words = kind.split(|byte| *byte == b'|');
                words.find(|word| *word == inside)?;
            }
        }
        (self.name, self.kind) = (name, kind_letter);
        (!name.is_empty()).then_some(())
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

/// What BuildKit calls a step: no container's id, which may stand in the same place.
fn is_build_key(text: &[u8]) -> bool {
    const DIGITS: usize = 25;
    let is_digit = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    text.len() == DIGITS && text.iter().all(is_digit)
}

/// `<time>_<application>` of a container of YARN's.
fn yarn_application(container: &[u8]) -> Option<&[u8]> {
    let mut numbers = container.strip_prefix(b"container_")?;
    if numbers.first() == Some(&b'e') {
        (_, numbers) = cut(numbers, b'_')?;
    }
    let (attempt, _) = split_at(numbers, rfind(numbers, b"_")?, 1)?;
    let (application, _) = split_at(attempt, rfind(attempt, b"_")?, 1)?;
    let (time, number) = cut(application, b'_')?;
    (is_number(time) && is_number(number)).then_some(application)
}

/// What stands before and behind the first such byte.
fn cut(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    split_at(text, text.iter().position(|other| *other == byte)?, 1)
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
    is_uuid_between(text, b"-")
}

/// 8-4-4-4-12 hex digits with such bytes between.
pub(super) fn is_uuid_between(text: &[u8], separators: &[u8]) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let mut groups = text.split(|byte| separators.contains(byte));
    GROUPS.iter().all(|length| {
        groups
            .next()
            .is_some_and(|group| group.len() == *length && group.iter().all(u8::is_ascii_hexdigit))
    }) && groups.next().is_none()
}
