//! What ships in `fluentbit/kubernetes`, checked by the programs that will read it: kubectl, a schema
//! of Kubernetes, promtool, and Fluent Bit itself.
//!
//! Where a program is not there, the tests that need it are skipped.

mod capture;
mod fluent_bit;
mod folder;
mod http;
#[path = "../../../filter/tests/common/keys.rs"]
mod keys;
mod tool;

pub use capture::{Names, Source, is_kill, names_of, records, told};
pub use fluent_bit::{FluentBit, Run, free_port};
pub use folder::{Folder, top};
pub use http::{Received, Receiver, get};
pub use tool::{Running, Tool};
