//! Vector's own language, in a process of its own: its engine is a large build. It keeps no state, so
//! what comes before the measured records is not handed in.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::records::Kind;
use crate::table::{Row, Table, float};

/// Names the program, which is an example of `vector/vrl`.
const PROGRAM: &str = "OOM_VRL";

/// A row for each kind of record, where the program was built.
///
/// # Errors
///
/// Where the program fails.
pub fn rows(table: &mut Table, kinds: &[Kind]) -> Result<(), Box<dyn Error>> {
    let Some(program) = env::var_os(PROGRAM) else {
        table.note("Without VRL: `--quick` leaves it out.");
        return Ok(());
    };
    for kind in kinds {
        let mut lines = String::new();
        for record in &kind.measured {
            writeln!(lines, "{}", String::from_utf8_lossy(record))?;
        }
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("vrl.ndjson");
        fs::write(&file, lines)?;
        let output = Command::new(&program).arg(&file).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let each: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
        table.push(Row {
            time: Some(each * float(kind.measured.len())),
            ..Row::new(kind, super::native::PLACE, "VRL, vector/oom.vrl")
        });
    }
    Ok(())
}
