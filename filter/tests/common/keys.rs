//! What tests expect a host's module to name identity by. Shared by all that hold one.

use oom_filter::IdentityKeys;

/// In an object of the record's own, as Fluent Bit has it: what writes deepest into a record.
pub const FLUENT_BIT: IdentityKeys = IdentityKeys {
    parent: Some("kubernetes"),
    pod_uid: "pod_id",
    pod_name: "pod_name",
    namespace: "namespace_name",
    container_name: "container_name",
    container_id: "docker_id",
};
