//! Which machine a record is of: streams are kept apart by it, so that two nodes never become one.

use super::field::{FieldName, Table};
use super::json::{self, Value};
use crate::report::Machine;

/// The fields that name a machine, or a boot of it.
pub(super) const NAMES: Table<()> = Table::new(&[
    (b"hostname", ()),
    (b"bootid", ()),
    (b"machineid", ()),
    (b"host", ()),
    // The Elastic Common Schema: `host.name` is `hostname` above.
    (b"hosthostname", ()),
    (b"hostid", ()),
    (b"node", ()),
    (b"nodename", ()),
    (b"nodehostname", ()),
    // Azure, Cloud Logging.
    (b"computer", ()),
    (b"instanceid", ()),
    // Fluent Bit's kubernetes filter, Filebeat, OpenTelemetry.
    (b"kuberneteshost", ()),
    (b"kubernetesnodename", ()),
    (b"k8snodename", ()),
]);

/// Whether the field names a machine.
pub(super) fn is_name(name: &FieldName) -> bool {
    NAMES.find(name).is_some()
}

/// The name of a field without the underscores in front, which Fluent Bit can leave out.
pub(super) fn own_name(key: &[u8]) -> &[u8] {
    let start = key.iter().take_while(|byte| **byte == b'_').count();
    key.get(start..).unwrap_or_default()
}

/// Adds the value of a field that names a machine. `key` is the field's name as it was always hashed.
pub(super) fn add(machine: &mut Machine, key: &[u8], value: Value<'_>) {
    match value {
        // Nothing is said by it, or by its members.
        Value::Plain(b"null") | Value::Object(_) => {}
        Value::String(text) | Value::Plain(text) | Value::Array(text) => machine.add(key, text),
    }
}

/// Adds an object that names a machine by none of the names that are known. Its members come in any order.
pub(super) fn add_object(machine: &mut Machine, inside: &[u8]) {
    json::members_inside(inside, &mut |member| match member.value {
        Value::String(text) | Value::Plain(text) | Value::Array(text) | Value::Object(text) => {
            machine.add(member.key, text);
        }
    });
}
