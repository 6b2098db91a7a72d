//! An `oom` that a record brings along: whether a filter of ours can have made it.
//!
//! Anybody who writes records can write that key. It is believed if it has our form and says no more than the
//! record's own text: then this filter would have made the same of the record, except for what the lines before it
//! told.

use super::json::{self, Value};
use super::{FieldName, Record, decoded_key, foreign};
use crate::carrier::{Author, KernelLine};
use crate::cgroup::{Level, UNKNOWN_TAG};
use crate::kernel::{self, Message, Role, Rows};
use crate::oom::{Event, Oom};
use crate::text::cursor::unsigned;

/// What an `oom` of ours says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own<'a> {
    pub(crate) id: &'a [u8],
    event: Event,
    pid: Option<u64>,
    attribution: Option<&'a [u8]>,
    /// Made of text that anybody could have written.
    #[cfg(feature = "unproven")]
    pub(crate) is_unproven: bool,
}

impl<'a> Record<'a> {
    /// Whether the record has an `oom` of anybody's.
    pub(crate) fn has_oom(&self) -> bool {
        self.oom.is_some()
    }

    /// Who wrote the record, with its `oom` left aside. The kernel did not write what a container wrote.
    pub(crate) fn author(&self) -> Author {
        if self.names_container {
            Author::Other
        } else {
            self.author
        }
    }

    /// The `oom` of the record, where it has our form and the record's author may be the kernel. Whether
    /// the text is of the same kill is left to [`Own::fits`].
    pub(crate) fn own(&self) -> Option<Own<'a>> {
        let Some(Value::Object(inside)) = self.oom else {
            return None;
        };
        #[cfg(feature = "unproven")]
        let is_unproven = matches!(member(inside, b"unproven"), Some(Value::Plain(b"true")));
        #[cfg(not(feature = "unproven"))]
        let is_unproven = false;
        if self.author == Author::Other && !is_unproven {
            return None;
        }
        let event = Event::of_word(text(inside, b"event")?)?;
        is_tag(text(inside, b"tag")?).then_some(())?;
        let id = text(inside, b"id").filter(|id| is_id(id))?;
        let object = |key| match member(inside, key) {
            Some(Value::Object(inside)) => Some(inside),
            _ => None,
        };
        if self.names_container && !is_unproven {
            // A filter of ours adds the victim's identity beside its `oom`, and nothing else.
            let pod = text(object(b"pod")?, b"uid")?;
            let container = object(b"container").and_then(|container| text(container, b"id"));
            self.has_identity(Some(pod), None, container)
                .then_some(())?;
        }
        let pid = object(b"victim").and_then(|victim| member(victim, b"pid"));
        Some(Own {
            id,
            event,
            pid: match pid {
                Some(Value::Plain(number)) => unsigned(number),
                _ => None,
            },
            attribution: text(inside, b"attribution"),
            #[cfg(feature = "unproven")]
            is_unproven,
        })
    }

    /// Whether what the record says of a container is what a filter of ours adds to this kill.
    pub(crate) fn has_identity_of(&self, oom: &Oom) -> bool {
        let pod = oom.pod.as_ref().map(|pod| pod.uid.as_bytes());
        let name = oom.names.as_ref().map(|names| names.pod.as_bytes());
        let container = oom.container_id().map(str::as_bytes);
        self.has_identity(pod, name, container)
    }

    /// Whether the members of `kubernetes` that name a container are those that a filter of ours writes,
    /// for a pod of this UID, or where only its name is known of this name, and this container.
    fn has_identity(
        &self,
        pod: Option<&[u8]>,
        name_of_pod: Option<&[u8]>,
        container: Option<&[u8]>,
    ) -> bool {
        let mut is_ours = true;
        let mut names_pod = false;
        json::members(self.bytes, &mut |outer| {
            let key = decoded_key(outer.key);
            let Some(name) = FieldName::of(&key) else {
                return;
            };
            // One key, with dots in it: we write none.
            is_ours &= !foreign::names_container(&name);
            let Value::Object(inside) = outer.value else {
                return;
            };
            json::members_inside(inside, &mut |member| {
                let key = decoded_key(member.key);
                if !name
                    .with(&key)
                    .is_some_and(|name| foreign::names_container(&name))
                {
                    return;
                }
                is_ours &= match (&*key, member.value) {
                    (b"pod_id" | b"pod_uid", Value::String(text)) => {
                        names_pod |= pod.is_some();
                        pod.is_none_or(|pod| text == pod)
                    }
                    (b"docker_id" | b"container_id", Value::String(text)) => {
                        Some(text) == container
                    }
                    (b"pod_name", Value::String(text)) => {
                        names_pod |= name_of_pod.is_some();
                        name_of_pod.is_none_or(|name| text == name)
                    }
                    (
                        b"namespace_name" | b"pod_namespace" | b"container_name",
                        Value::String(_),
                    ) => true,
                    _ => false,
                };
            });
        });
        is_ours && names_pod
    }
}

impl Own<'_> {
    /// Whether a line of the record's text can be what it tells of.
    pub(crate) fn fits(&self, line: &KernelLine<'_>) -> bool {
        if line.author == Author::Other {
            return false;
        }
        let Some((message, wording)) = kernel::read(&line.text, line.name_bytes) else {
            return self.fits_place(&line.text);
        };
        match self.event {
            // A kill that a witness told before was confirmed by the kernel's own line.
            Event::Kill | Event::Confirmed => {
                let of_pid = |pid: u32| self.pid == Some(u64::from(pid));
                match &message {
                    Message::Killed(killed) => of_pid(killed.pid),
                    Message::Reaped(process) => {
                        self.attribution == Some(b"reaper") && of_pid(process.pid)
                    }
                    // The report named its victim, and its kill line never came: any line of the report
                    // may carry that.
                    _ => self.attribution == Some(b"constraint"),
                }
            }
            // What a report came to may be told with its first line.
            Event::Truncated | Event::NoVictim | Event::Panic => wording.role != Role::Kills,
            // Also a kill line that tells what was told already.
            Event::Report => true,
            event => event == wording.event,
        }
    }

    /// The same for a line that is told by its place in a report alone.
    fn fits_place(&self, text: &[u8]) -> bool {
        let rows = [
            None,
            Some(Rows::Statistics),
            Some(Rows::Slab),
            Some(Rows::Allocations),
        ];
        match self.event {
            Event::Task | Event::Report => rows
                .into_iter()
                .any(|rows| kernel::section_of(text, rows).is_some()),
            // A piece of a line that the kernel split.
            Event::Constraint => matches!(text.first(), Some(b',' | b'/')),
            _ => false,
        }
    }
}

/// The last member of that name.
fn member<'a>(inside: &'a [u8], name: &[u8]) -> Option<Value<'a>> {
    let mut found = None;
    json::members_inside(inside, &mut |member| {
        if member.key == name {
            found = Some(member.value);
        }
    });
    found
}

fn text<'a>(inside: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    match member(inside, name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn is_tag(text: &[u8]) -> bool {
    text == UNKNOWN_TAG.as_bytes()
        || Level::ALL
            .iter()
            .any(|level| level.tag().as_bytes() == text)
}

pub(crate) fn is_id(text: &[u8]) -> bool {
    text.len() == 16
        && text
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
