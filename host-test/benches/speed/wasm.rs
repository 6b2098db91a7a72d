//! The modules that are measured.

use std::env;
use std::error::Error;
use std::fs;

use crate::records::top;

/// The function that is called: the default mode's.
pub const FUNCTION: &str = "oom_annotate";
/// What rows call the filter, in a module or not.
pub const FILTER: &str = "the filter";
/// What they call the module of `benches/peer`.
pub const PEER: &str = "serde_json and regex-lite";

/// Their bytes.
pub struct Wasm {
    /// The module that ships.
    pub filter: Vec<u8>,
    /// The same with its functions' names.
    pub named: Vec<u8>,
    /// `benches/peer`.
    pub peer: Vec<u8>,
    /// The same exports, and the record's own pointer at once.
    pub floor: Vec<u8>,
}

impl Wasm {
    /// Reads those that the environment names, and makes the floor.
    ///
    /// # Errors
    ///
    /// Where one is not named or cannot be read.
    pub fn read() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            filter: named_by("OOM_MODULE")?,
            named: named_by("OOM_NAMED_MODULE")?,
            peer: named_by("OOM_PEER")?,
            floor: floor()?,
        })
    }
}

fn named_by(variable: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let path = env::var_os(variable).ok_or_else(|| {
        format!("{variable} names no module; `cargo xtask bench` builds and names all")
    })?;
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn floor() -> Result<Vec<u8>, Box<dyn Error>> {
    let guests = top().join("host-test/tests/guests");
    let allocator = fs::read_to_string(guests.join("allocator.part"))?;
    let text = fs::read_to_string(guests.join("identity.wat"))?;
    Ok(wat::parse_str(text.replace("(; allocator ;)", &allocator))?)
}
