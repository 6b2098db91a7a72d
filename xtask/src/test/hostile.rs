//! The steps that show what hostile input and real kernels do.

use super::Outcome;
use crate::failure::Failure;
use crate::work::Work;
use crate::{fuzz, kernels};

/// Every fuzz target runs for a while, and none finds anything.
pub(super) fn fuzz(work: &Work) -> Result<Outcome, Failure> {
    if let Err(failure) = fuzz::program(work) {
        let reason = failure.reason();
        return Ok(Outcome::Skipped(format!("nothing can be fuzzed: {reason}")));
    }
    fuzz::lint(work)?;
    let (table, within) = fuzz::all(work, fuzz::SECONDS, &[])?;
    within.map(|()| Outcome::Passed).map_err(|failure| {
        let text = failure.text();
        Failure::Failed(format!("{text}\n\n{table}"))
    })
}

/// One kernel is booted, and every kill of it is told right.
pub(super) fn kernels(work: &Work) -> Result<Outcome, Failure> {
    if let Err(failure) = kernels::prepare(work) {
        return Ok(Outcome::Skipped(failure.reason().to_owned()));
    }
    kernels::boot(work, true)?;
    kernels::compare(work, true)?;
    Ok(Outcome::Passed)
}
