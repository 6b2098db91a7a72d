//! What says that a record is no line of a kernel's log at all: a container's output, a Kubernetes event,
//! an access log. All of them quote kernel lines.

use super::author::scalar;
use super::field::{FieldName, Table};
use super::json::Value;
use crate::text::cursor::unsigned;

/// What a field tells.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// Only a record of another kind has it.
    Foreign,
    /// Which of a container's outputs it was, if it is one.
    Output,
    /// Why there is an event, if it is one about memory.
    Reason,
    /// A request's method, if it has the name of one.
    Method,
    /// A request's protocol, if it is one.
    Protocol,
    /// A request's path, or a file's.
    Path,
    /// An answer's status, or another.
    Status,
}

pub(super) const FIELDS: Table<Meaning> = Table::new(&[
    // Outputs of containers: Docker, CRI, OpenTelemetry.
    (b"stream", Meaning::Output),
    (b"source", Meaning::Output),
    (b"logiostream", Meaning::Output),
    (b"containername", Meaning::Foreign),
    // Kubernetes events: core/v1 and events.k8s.io/v1.
    (b"involvedobject", Meaning::Foreign),
    (b"involvedobjectkind", Meaning::Foreign),
    (b"involvedobjectname", Meaning::Foreign),
    (b"regarding", Meaning::Foreign),
    (b"regardingkind", Meaning::Foreign),
    (b"regardingname", Meaning::Foreign),
    (b"reportingcomponent", Meaning::Foreign),
    (b"reportingcontroller", Meaning::Foreign),
    (b"firsttimestamp", Meaning::Foreign),
    (b"lasttimestamp", Meaning::Foreign),
    (b"reason", Meaning::Reason),
    (b"eventreason", Meaning::Reason),
    (b"k8seventreason", Meaning::Reason),
    // Access logs: nginx, Envoy, cloud load balancers, the Elastic Common Schema, OpenTelemetry.
    (b"useragent", Meaning::Foreign),
    (b"useragentoriginal", Meaning::Foreign),
    (b"httpuseragent", Meaning::Foreign),
    (b"httpmethod", Meaning::Foreign),
    (b"httprequest", Meaning::Foreign),
    (b"httprequestmethod", Meaning::Foreign),
    (b"httpresponse", Meaning::Foreign),
    (b"httpresponsestatuscode", Meaning::Foreign),
    (b"httpstatuscode", Meaning::Foreign),
    (b"httpreferer", Meaning::Foreign),
    (b"requestmethod", Meaning::Foreign),
    (b"requesturi", Meaning::Foreign),
    (b"requesturl", Meaning::Foreign),
    (b"requestpath", Meaning::Foreign),
    (b"requesttime", Meaning::Foreign),
    (b"responsecode", Meaning::Foreign),
    (b"statuscode", Meaning::Foreign),
    (b"bodybytessent", Meaning::Foreign),
    (b"remoteaddr", Meaning::Foreign),
    (b"referer", Meaning::Foreign),
    (b"xforwardedfor", Meaning::Foreign),
    (b"url", Meaning::Foreign),
    (b"urlpath", Meaning::Foreign),
    (b"uri", Meaning::Foreign),
    (b"method", Meaning::Method),
    (b"verb", Meaning::Method),
    (b"request", Meaning::Method),
    (b"protocol", Meaning::Protocol),
    (b"path", Meaning::Path),
    (b"status", Meaning::Status),
]);

/// The reasons of events about memory: node-problem-detector's, which quotes the kernel, and the kubelet's.
const REASONS: [&[u8]; 3] = [b"OOMKilling", b"OOMKilled", b"SystemOOM"];

const METHODS: [&[u8]; 7] = [
    b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS",
];

/// Members of a `kubernetes` object that say that a container wrote the record. Where it names the node
/// alone, as Fluent Bit's filter does for a record of none, it says nothing.
pub(super) const OF_CONTAINER: Table<()> = Table::new(&[
    (b"kubernetespod", ()),
    (b"kubernetespodname", ()),
    (b"kubernetespodid", ()),
    (b"kubernetespoduid", ()),
    (b"kubernetespodip", ()),
    (b"kubernetespodips", ()),
    (b"kubernetespodlabels", ()),
    (b"kubernetespodannotations", ()),
    (b"kubernetespodowner", ()),
    (b"kubernetespodnamespace", ()),
    (b"kubernetesnamespace", ()),
    (b"kubernetesnamespacename", ()),
    (b"kubernetesnamespaceid", ()),
    (b"kubernetesnamespacelabels", ()),
    (b"kubernetescontainer", ()),
    (b"kubernetescontainername", ()),
    (b"kubernetescontainerid", ()),
    (b"kubernetescontainerimage", ()),
    (b"kubernetescontainerimageid", ()),
    (b"kubernetescontainerhash", ()),
    (b"kubernetesdockerid", ()),
    (b"kuberneteslabels", ()),
    (b"kubernetesannotations", ()),
]);

/// Whether a field says that a container wrote the record.
pub(super) fn names_container(name: &FieldName) -> bool {
    name.bytes().starts_with(b"kubernetes") && OF_CONTAINER.find(name).is_some()
}

/// What the fields said.
#[derive(Default)]
pub(super) struct Fields {
    is_foreign: bool,
    has_path: bool,
    has_status: bool,
}

impl Fields {
    /// Whether the record is something else than a line of a kernel's log.
    pub(super) fn is_foreign(&self) -> bool {
        self.is_foreign || self.has_path && self.has_status
    }

    /// Notes what a field says.
    pub(super) fn read(&mut self, name: &FieldName, value: Value<'_>) {
        let Some(meaning) = FIELDS.find(name) else {
            return;
        };
        let Some(text) = scalar(value) else {
            let is_object = matches!(value, Value::Object(_));
            self.is_foreign |= is_object && matches!(meaning, Meaning::Foreign);
            return;
        };
        let is_one_of = |words: &[&[u8]]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        self.is_foreign |= match meaning {
            Meaning::Foreign => true,
            Meaning::Output => is_one_of(&[b"stdout", b"stderr"]),
            Meaning::Reason => is_one_of(&REASONS),
            // The whole line of a request, or its first word.
            Meaning::Method => {
                let word = text.split(|byte| *byte == b' ').next();
                word.is_some_and(|word| METHODS.contains(&word))
            }
            Meaning::Protocol => text.starts_with(b"HTTP/"),
            Meaning::Path => {
                self.has_path = true;
                false
            }
            Meaning::Status => {
                self.has_status |=
                    unsigned(text).is_some_and(|status| (100..600).contains(&status));
                false
            }
        };
    }
}
