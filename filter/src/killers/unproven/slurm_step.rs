//! Steps that Slurm kills, as a job's output and `slurmd.log` have it: `slurmstepd: error: StepId=...`,
//! `[2023-12-05T07:16:01.123] [440575.0] error: StepId=...`.

use alloc::boxed::Box;

use crate::killers::slurm;
use crate::oom::Oom;
use crate::text::cursor::part;

pub(super) fn read(text: &[u8]) -> Option<Box<Oom>> {
    let (_, rest) = part(text, b"error: ")?;
    slurm::killed(rest)
}
