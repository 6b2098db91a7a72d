//! `cargo xtask test`: every check there is, one after the other, and a count at the end.

mod cargo;
mod counts;
mod deny;
mod envoy;
mod hostile;
mod kubernetes;
mod skips;
mod web;

use std::io::{self, Write};
use std::time::Duration;

use crate::failure::{Failure, unexpected};
use crate::work::{Work, seconds};
use crate::{Subcommand, dist, tools};
use counts::Counts;

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "test",
    arguments: "[--quick]",
    about: "checks everything: format, lints, documentation, modules, tests, licences",
    details: "
  --quick  leaves out the documentation, the page, kernels, fuzzing and the licences

A failed step does not keep the others from running. The output of a step is in
target/xtask/<step>.log, and is shown where the step failed. A test that cannot do
its work on this machine appends a line `SKIPPED <name>: <reason>` to the file that
the environment variable OOM_SKIPS names; it then counts as skipped, not as passed.
The last line is the count of all tests and steps. Exit code 1: something failed.
2: something that all steps need is not installed.",
    run,
};

/// A check.
struct Step {
    name: &'static str,
    /// What it does, for the line that says it has begun and for the one that it is skipped.
    about: &'static str,
    /// Whether `--quick` has it too.
    quick: bool,
    run: fn(&Work) -> Result<Outcome, Failure>,
}

/// What came of a step that could be run.
enum Outcome {
    /// It is as it should be.
    Passed,
    /// It holds tests of its own.
    Tests(Counts),
    /// It could not be done here: why.
    Skipped(String),
}

/// Without what this installs, no other step can be run.
const TOOLS: Step = Step {
    name: "tools",
    about: "what the builds need",
    quick: true,
    run: |work| {
        tools::components(work)?;
        tools::engine(work)?;
        for module in crate::module::MODULES {
            tools::target(work, module.target)?;
        }
        Ok(Outcome::Passed)
    },
};

/// Every other step, in order: the modules come before the tests of them. A new one is a row here.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        about: "rustfmt",
        quick: true,
        run: cargo::format,
    },
    Step {
        name: "lints",
        about: "clippy over the workspace",
        quick: true,
        run: cargo::lints,
    },
    Step {
        name: "module-lints",
        about: "clippy over the modules",
        quick: true,
        run: cargo::module_lints,
    },
    Step {
        name: "documentation",
        about: "rustdoc",
        quick: false,
        run: cargo::documentation,
    },
    Step {
        name: "modules",
        about: "the modules and their sizes",
        quick: true,
        run: |work| {
            let (table, within) = dist::build(work)?;
            within.map(|()| Outcome::Passed).map_err(|failure| {
                let text = failure.text();
                Failure::Failed(format!("{text}\n\n{table}"))
            })
        },
    },
    Step {
        name: "tests",
        about: "the tests of all packages",
        quick: true,
        run: cargo::tests,
    },
    Step {
        name: "web",
        about: "the page in a browser, the npm package in Node",
        quick: false,
        run: web::tests,
    },
    Step {
        name: "kernels",
        about: "a booted kernel against what it did",
        quick: false,
        run: hostile::kernels,
    },
    Step {
        name: "fuzz",
        about: "the fuzz targets, a while each",
        quick: false,
        run: hostile::fuzz,
    },
    Step {
        name: "licences",
        about: "cargo deny licences, bans and sources",
        quick: false,
        run: deny::licences,
    },
    Step {
        name: "advisories",
        about: "cargo deny advisories",
        quick: false,
        run: deny::advisories,
    },
];

/// A step that is over.
struct Row {
    name: &'static str,
    time: Duration,
    counts: Counts,
}

fn run(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    let mut quick = false;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("quick") => quick = true,
            other => return Err(unexpected(&other)),
        }
    }
    let mut missing = None;
    let mut rows = vec![take(&TOOLS, &mut missing)?];
    for step in STEPS {
        let without = if missing.is_some() {
            Some("what the builds need is missing")
        } else if quick && !step.quick {
            Some("--quick leaves it out")
        } else {
            None
        };
        rows.push(match without {
            Some(reason) => Row {
                name: step.name,
                time: Duration::ZERO,
                counts: Counts::skipped(step.about, reason),
            },
            None => take(step, &mut None)?,
        });
    }
    let failed = report(&rows);
    match missing {
        Some(text) => Err(Failure::Missing(text)),
        None if failed => Err(Failure::Told),
        None => Ok(()),
    }
}

/// Runs a step, and tells what came of it.
fn take(step: &Step, missing: &mut Option<String>) -> Result<Row, Failure> {
    let work = Work::start(&format!("{}: {}", step.name, step.about), step.name)?;
    let (counts, trouble) = match (step.run)(&work) {
        Ok(Outcome::Passed) => (Counts::passed(), None),
        Ok(Outcome::Tests(mut counts)) => {
            let trouble = counts.trouble.take();
            (counts, trouble)
        }
        Ok(Outcome::Skipped(reason)) => (Counts::skipped(step.about, &reason), None),
        Err(failure) => {
            if let Failure::Missing(text) = &failure {
                *missing = Some(text.clone());
            }
            (Counts::failed(), Some(failure))
        }
    };
    work.finish(&counts.to_string());
    if let Some(failure) = trouble {
        say(&mut io::stderr(), &format!("{}\n", failure.text()));
    }
    Ok(Row {
        name: step.name,
        time: work.elapsed(),
        counts,
    })
}

/// The table of all steps, every skip, and the count as the last line; whether something failed.
fn report(rows: &[Row]) -> bool {
    let mut total = Counts::default();
    let mut lines = Vec::new();
    for Row { name, time, counts } in rows {
        let time = seconds(*time);
        lines.push(format!("{name:<14} {time:>9}  {counts}"));
        total.add(counts);
    }
    let Counts {
        passed,
        failed,
        skips,
        ..
    } = total;
    let skipped = skips.len();
    if skipped > 0 {
        lines.push(format!("\n{skipped} skipped:"));
    }
    let notes = skips.iter();
    lines.extend(notes.map(|(name, reason)| format!("SKIPPED {name}: {reason}")));
    lines.push(format!(
        "\n{passed} passed, {failed} failed, {skipped} skipped"
    ));
    let text = format!("\n{}", lines.join("\n"));
    say(&mut io::stdout(), &text);
    failed > 0
}

fn say(to: &mut impl Write, text: &str) {
    // A reader that has gone away does not change what is found.
    let _ = writeln!(to, "{text}");
}
