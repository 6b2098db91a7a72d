//! The lines that name containers, as their writers print them: a row for each form.
//!
//! A form is compared from the line's first byte on: what these programs quote of others stands further in, with its
//! quotes escaped, or on a line that begins with a tab.

use super::Id;
use crate::text::cursor::{Cursor, trim_start};
use crate::units;

/// Some texts to choose from.
type Words = &'static [&'static [u8]];

/// Words of which one stands in every line that is read here.
pub(crate) const TELLING_WORDS: [&[u8]; 4] = [
    b"SyncLoop (PLEG)",
    b"returns sandbox id",
    b"returns container id",
    b"Created container ",
];

/// The kubelet, whose lines begin with [`KLOG`], and others, whose lines begin with one of [`LOGRUS`].
///
/// Up to 1.20 the kubelet prints what a probe of a container says as it is (`prober.go`), line ends included, so
/// that a pod can write a line of any form. It has no way to know the kubelet's process id, which stands in each.
const KUBELET: Words = &[
    // `pkg/kubelet/kubelet.go`, from 1.26 on, from 1.21 on, and up to 1.20.
    b"\"SyncLoop (PLEG): event for pod\" pod=\"%N/%P\" event={\"ID\":\"%U\",\"Type\":\"Container%T\",\"Data\":\"%I\"}",
    b"\"SyncLoop (PLEG): event for pod\" pod=\"%N/%P\" event=&{ID:%U Type:Container%T Data:%I}",
    b"SyncLoop (PLEG): \"%P_%N(%U)\", event: &pleg.PodLifecycleEvent{ID:\"%U\", Type:\"Container%T\", Data:\"%I\"}",
];
/// `internal/cri/server`: up to 2.1, and from 2.2 on, with one space or two.
const CONTAINERD: Words = &[
    b"RunPodSandbox for &PodSandboxMetadata{Name:%P,Uid:%U,Namespace:%N,%_ returns sandbox id \\\"%I\\\"\"",
    b"CreateContainer within sandbox \\\"%S\\\" for %_ContainerMetadata{Name:%C,%_ returns container id \\\"%I\\\"\"",
    b"RunPodSandbox for name:\\\"%P\\\" uid:\\\"%U\\\" namespace:\\\"%N\\\"%_ returns sandbox id \\\"%I\\\"\"",
    b"RunPodSandbox for name:\\\"%P\\\"  uid:\\\"%U\\\"  namespace:\\\"%N\\\"%_ returns sandbox id \\\"%I\\\"\"",
    b"CreateContainer within sandbox \\\"%S\\\" for %_name:\\\"%C\\\"%_ returns container id \\\"%I\\\"\"",
];
/// `server/container_create.go`
const CRIO: Words = &[b"Created container %I: %N/%P/%C\""];

const KLOG: Words = &[b"I%_ %_ %K kubelet.go:%_] "];
const LOGRUS: Words = &[
    b"time=\"%Q\" level=info msg=\"",
    b"{\"level\":\"info\",\"msg\":\"",
];

/// The units of the system's manager that they run in. K3s and its like run the kubelet within their own process.
const UNITS: [(Words, Words); 3] = [
    (&units::KUBELET, KUBELET),
    (&units::CONTAINERD, CONTAINERD),
    (&[b"crio.service"], CRIO),
];

/// What a line tells of an id. What it does not tell is empty.
#[derive(Default)]
pub(super) struct Told<'a> {
    pub(super) id: Option<&'a Id>,
    /// The sandbox that the container was made in.
    pub(super) sandbox: Option<&'a Id>,
    pub(super) pod_uid: &'a [u8],
    pub(super) namespace: &'a [u8],
    pub(super) pod: &'a [u8],
    pub(super) container: &'a [u8],
    /// The kubelet's process id, as the line has it.
    pub(super) pid: &'a [u8],
    pub(super) is_over: bool,
}

/// What a line of that unit tells.
pub(super) fn read<'a>(unit: &[u8], text: &'a [u8]) -> Option<Told<'a>> {
    let (_, forms) = UNITS.iter().find(|(units, _)| units.contains(&unit))?;
    let is_kubelet = text.first() == Some(&b'I');
    let heads = if is_kubelet { KLOG } else { LOGRUS };
    if is_kubelet != (*forms == KUBELET) {
        return None;
    }
    let mut pairs = heads
        .iter()
        .flat_map(|head| forms.iter().map(move |form| [head, form]));
    pairs.find_map(|pair| {
        let mut told = Told::default();
        let mut cursor = Cursor::new(text);
        pair.into_iter()
            .all(|form| compare(form, &mut cursor, &mut told).is_some())
            .then_some(told)
    })
}

/// Compares a text with a form: `%` and a letter stand for what goes on to the next text of the form.
fn compare<'a>(form: &[u8], cursor: &mut Cursor<'a>, told: &mut Told<'a>) -> Option<()> {
    let mut parts = form.split(|byte| *byte == b'%');
    cursor.tag(parts.next()?)?;
    for part in parts {
        let (letter, behind) = part.split_first()?;
        let value = cursor.until(behind)?;
        let is_right = match letter {
            b'N' => keep(&mut told.namespace, value, is_label(value)),
            b'P' => keep(&mut told.pod, value, is_subdomain(value)),
            b'C' => keep(&mut told.container, value, is_label(value)),
            b'U' => keep(&mut told.pod_uid, value, is_uid(value)),
            b'I' => {
                told.id = id(value);
                told.id.is_some()
            }
            b'S' => {
                told.sandbox = id(value);
                told.sandbox.is_some()
            }
            b'T' => {
                told.is_over = value != b"Started";
                matches!(value, b"Started" | b"Died" | b"Removed")
            }
            b'K' => {
                let pid = trim_start(value);
                keep(&mut told.pid, pid, pid.iter().all(u8::is_ascii_digit))
            }
            b'Q' => !value.contains(&b'"'),
            _ => true,
        };
        is_right.then_some(())?;
    }
    Some(())
}

/// Keeps a value. Whether it is what the line said of it before, if it did.
fn keep<'a>(known: &mut &'a [u8], value: &'a [u8], is_right: bool) -> bool {
    let is_right = is_right && (known.is_empty() || *known == value);
    *known = value;
    is_right
}

/// 64 hex digits.
pub(super) fn id(text: &[u8]) -> Option<&Id> {
    let id: &Id = text.try_into().ok()?;
    is_made_of(text, b'f', b"").then_some(id)
}

/// A UID, or the 32 hex digits of a static pod.
fn is_uid(text: &[u8]) -> bool {
    matches!(text.len(), 32 | 36) && is_made_of(text, b'f', b"-")
}

/// A DNS label of RFC 1123: the name of a namespace or of a container.
fn is_label(text: &[u8]) -> bool {
    text.len() <= 63 && is_name(text, b"-")
}

/// A DNS subdomain of RFC 1123: the name of a pod.
fn is_subdomain(text: &[u8]) -> bool {
    text.len() <= 253 && is_name(text, b"-.")
}

fn is_name(text: &[u8], separators: &[u8]) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(|byte| !separators.contains(byte));
    is_end(text.first()) && is_end(text.last()) && is_made_of(text, b'z', separators)
}

/// Whether all of it is digits, small letters up to that one, and a few other characters.
fn is_made_of(text: &[u8], last: u8, others: &[u8]) -> bool {
    text.iter()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=last).contains(byte) || others.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::{is_label, is_subdomain};

    #[test]
    fn a_name_is_one_that_kubernetes_would_take() {
        for text in ["a", "0", "a-b", "kube-system"] {
            assert!(is_label(text.as_bytes()), "{text}");
            assert!(is_subdomain(text.as_bytes()), "{text}");
        }
        assert!(is_subdomain(b"web-0.example"));
        assert!(!is_label(b"web-0.example"));
        for text in ["", "-a", "a-", "aBc", "a_b", "a b", "a/b", "a\"b"] {
            assert!(!is_label(text.as_bytes()), "{text}");
            assert!(!is_subdomain(text.as_bytes()), "{text}");
        }
        let long = [b'a'; 254];
        assert!(is_label(&long[..63]) && !is_label(&long[..64]));
        assert!(is_subdomain(&long[..253]) && !is_subdomain(&long));
    }
}
