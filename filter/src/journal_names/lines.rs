//! The lines that name containers, as their writers print them. Each is read from its first byte on: what these
//! programs quote of others stands further in, or begins with a tab.

use super::{Id, PodUid, hex};
use crate::text::cursor::{Cursor, rsplit_once, split_once};

/// Words of which one stands in every line that is read here.
pub(crate) const TELLING_WORDS: [&[u8]; 4] = [
    b"SyncLoop (PLEG)",
    b"returns sandbox id",
    b"returns container id",
    b"Created container ",
];

/// Who writes them.
#[derive(Clone, Copy)]
pub(super) enum Writer {
    Kubelet,
    Containerd,
    Crio,
}

/// The units of the system's manager that they run in. K3s and its like run the kubelet within their own process.
const UNITS: [(&[u8], Writer); 11] = [
    (b"kubelet.service", Writer::Kubelet),
    (b"k3s.service", Writer::Kubelet),
    (b"k3s-agent.service", Writer::Kubelet),
    (b"rke2-server.service", Writer::Kubelet),
    (b"rke2-agent.service", Writer::Kubelet),
    (b"snap.microk8s.daemon-kubelite.service", Writer::Kubelet),
    (b"snap.microk8s.daemon-kubelet.service", Writer::Kubelet),
    (b"snap.kubelet.daemon.service", Writer::Kubelet),
    (b"containerd.service", Writer::Containerd),
    (
        b"snap.microk8s.daemon-containerd.service",
        Writer::Containerd,
    ),
    (b"crio.service", Writer::Crio),
];

/// What a line tells of an id.
#[derive(Default)]
pub(super) struct Told<'a> {
    pub(super) id: Id,
    /// The sandbox that the container was made in.
    pub(super) sandbox: Option<Id>,
    pub(super) pod_uid: Option<PodUid>,
    /// Namespace and name.
    pub(super) pod: Option<(&'a str, &'a str)>,
    pub(super) container: Option<&'a str>,
    pub(super) is_over: bool,
}

impl Writer {
    pub(super) fn of_unit(unit: &[u8]) -> Option<Self> {
        let (_, writer) = UNITS.iter().find(|(known, _)| *known == unit)?;
        Some(*writer)
    }

    /// What a line of its tells, and the process that the line says wrote it.
    pub(super) fn read<'a>(self, text: &'a [u8]) -> Option<(Told<'a>, Option<&'a [u8]>)> {
        match self {
            Self::Kubelet => pleg(text).map(|(told, pid)| (told, Some(pid))),
            Self::Containerd => Some((containerd(logrus(text)?)?, None)),
            Self::Crio => Some((crio(logrus(text)?)?, None)),
        }
    }
}

/// `I0516 18:34:06.951598    4052 kubelet.go:2439] ` and an event of the kubelet's `pkg/kubelet/pleg`.
///
/// Up to 1.20 the kubelet prints what a probe of a container says as it is (`prober.go`), line ends included, so
/// that a pod can write such a line. It has no way to know the kubelet's process id, which stands in each.
fn pleg(text: &[u8]) -> Option<(Told<'_>, &[u8])> {
    let mut cursor = Cursor::new(text);
    cursor.tag(b"I")?;
    cursor.unsigned()?;
    cursor.tag(b" ")?;
    cursor.take_some(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'))?;
    cursor.blanks();
    let pid = cursor.take_some(|byte| byte.is_ascii_digit())?;
    cursor.tag(b" kubelet.go:")?;
    cursor.unsigned()?;
    cursor.tag(b"] ")?;
    let told = if cursor.tag(b"SyncLoop (PLEG): \"").is_some() {
        pleg_of_old(cursor)?
    } else {
        cursor.tag(b"\"SyncLoop (PLEG): event for pod\" pod=\"")?;
        let (namespace, name) = split_once(cursor.until(b"\" event=")?, b"/")?;
        let forms = [
            // From 1.26 on.
            (
                &b"{\"ID\":\""[..],
                [&b"\",\"Type\":\""[..], b"\",\"Data\":\"", b"\"}"],
            ),
            (b"&{ID:", [b" Type:", b" Data:", b"}"]),
        ];
        let mut forms = forms.into_iter();
        let parts = forms.find_map(|(start, between)| event(cursor, start, between))?;
        of_event(parts, namespace, name)?
    };
    Some((told, pid))
}

/// `<pod>_<namespace>(<uid>)", event: &pleg.PodLifecycleEvent{ID:"<uid>", Type:"ContainerStarted", Data:"<id>"}`,
/// up to 1.20.
fn pleg_of_old(mut cursor: Cursor<'_>) -> Option<Told<'_>> {
    let (pod, uid) = split_once(cursor.until(b")\", event: ")?, b"(")?;
    let (name, namespace) = rsplit_once(pod, b"_")?;
    let between = [&b"\", Type:\""[..], b"\", Data:\"", b"\"}"];
    let parts = event(cursor, b"&pleg.PodLifecycleEvent{ID:\"", between)?;
    let told = of_event(parts, namespace, name)?;
    (told.pod_uid == hex(uid)).then_some(told)
}

/// The pod's UID, the type and the id of an event.
fn event<'a>(mut cursor: Cursor<'a>, start: &[u8], between: [&[u8]; 3]) -> Option<[&'a [u8]; 3]> {
    cursor.tag(start)?;
    let [uid, kind, id] = between;
    Some([cursor.until(uid)?, cursor.until(kind)?, cursor.until(id)?])
}

fn of_event<'a>(
    [uid, kind, id]: [&[u8]; 3],
    namespace: &'a [u8],
    name: &'a [u8],
) -> Option<Told<'a>> {
    let is_over = match kind {
        b"ContainerStarted" => false,
        b"ContainerDied" | b"ContainerRemoved" => true,
        _ => return None,
    };
    Some(Told {
        id: hex(id)?,
        pod_uid: Some(hex(uid)?),
        pod: Some((label(namespace)?, subdomain(name)?)),
        is_over,
        ..Told::default()
    })
}

/// The message of a line of logrus': `time="..." level=info msg="..."`, or as JSON. Quotes in it are escaped.
fn logrus(text: &[u8]) -> Option<Cursor<'_>> {
    let mut cursor = Cursor::new(text);
    if cursor.tag(b"{\"level\":\"info\",\"msg\":\"").is_none() {
        cursor.tag(b"time=\"")?;
        cursor.take_while(|byte| byte != b'"');
        cursor.tag(b"\" level=info msg=\"")?;
    }
    Some(cursor)
}

/// `RunPodSandbox for ... returns sandbox id \"<id>\"` and `CreateContainer within sandbox \"<id>\" for ... returns
/// container id \"<id>\"` (`internal/cri/server`).
fn containerd(mut message: Cursor<'_>) -> Option<Told<'_>> {
    if message.tag(b"RunPodSandbox for ").is_some() {
        let mut metadata = Cursor::new(message.until(b" returns sandbox id \\\"")?);
        let name = subdomain(value(
            &mut metadata,
            b"&PodSandboxMetadata{Name:",
            b"name:",
        )?)?;
        let pod_uid = hex(value(&mut metadata, b"Uid:", b"uid:")?)?;
        let namespace = label(value(&mut metadata, b"Namespace:", b"namespace:")?)?;
        return Some(Told {
            id: hex(message.until(b"\\\"\"")?)?,
            pod_uid: Some(pod_uid),
            pod: Some((namespace, name)),
            ..Told::default()
        });
    }
    message.tag(b"CreateContainer within sandbox \\\"")?;
    let sandbox = message.until(b"\\\" for ")?;
    let _ = message.tag(b"container ");
    let mut metadata = Cursor::new(message.until(b" returns container id \\\"")?);
    Some(Told {
        id: hex(message.until(b"\\\"\"")?)?,
        sandbox: Some(hex(sandbox)?),
        container: Some(label(value(
            &mut metadata,
            b"&ContainerMetadata{Name:",
            b"name:",
        )?)?),
        ..Told::default()
    })
}

/// A value of the metadata: `Name:web,` of gogo's (containerd up to 2.1), `name:\"web\" ` of prototext's.
fn value<'a>(metadata: &mut Cursor<'a>, of_gogo: &[u8], of_prototext: &[u8]) -> Option<&'a [u8]> {
    if metadata.tag(of_gogo).is_some() {
        return metadata.until(b",");
    }
    metadata.tag(of_prototext)?;
    metadata.tag(b"\\\"")?;
    let value = metadata.until(b"\\\"")?;
    metadata.blanks();
    Some(value)
}

/// `Created container <id>: <namespace>/<pod>/<container>` (`server/container_create.go`).
fn crio(mut message: Cursor<'_>) -> Option<Told<'_>> {
    message.tag(b"Created container ")?;
    let id = message.until(b": ")?;
    let (namespace, rest) = split_once(message.until(b"\"")?, b"/")?;
    let (name, container) = split_once(rest, b"/")?;
    Some(Told {
        id: hex(id)?,
        pod: Some((label(namespace)?, subdomain(name)?)),
        container: Some(label(container)?),
        ..Told::default()
    })
}

/// A DNS label of RFC 1123: the name of a namespace or of a container.
fn label(text: &[u8]) -> Option<&str> {
    const LONGEST: usize = 63;
    (text.len() <= LONGEST && !text.contains(&b'.')).then_some(())?;
    subdomain(text)
}

/// A DNS subdomain of RFC 1123: the name of a pod.
fn subdomain(text: &[u8]) -> Option<&str> {
    const LONGEST: usize = 253;
    let is_end =
        |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
    let is_inside = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    let is_name = text.len() <= LONGEST
        && is_end(text.first())
        && is_end(text.last())
        && text.iter().all(is_inside);
    core::str::from_utf8(text).ok().filter(|_| is_name)
}
