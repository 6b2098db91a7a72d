//! The command line.

use std::path::{Path, PathBuf};

use lexopt::prelude::*;

use crate::fallible::Fallible;

/// What `--help` prints.
pub const HELP: &str = "\
Boots Debian kernels in a machine emulator and captures real OOM kills.

Usage: oom-kernels [options]

  --suite NAME    a Debian suite, may be repeated [bullseye bookworm trixie sid]
  --cgroup 1|2    only that cgroup version [both]
  --short         bookworm and cgroup 2 only, written below the cache: for continuous integration
  --filled        the scenarios that fill memory with one kind of it, into fixtures/captures/filled
  --only NAMES    only these scenarios, with commas between; written below the cache
  --out DIR       where captures and manifest go [fixtures/captures]
  --cache DIR     packages and unpacked kernels [target/kernels]
  --mirror URL    the Debian archive [that of this machine's apt]
  --keyring FILE  keys of the archive's signatures [those of this machine's apt]
  -h, --help      this text
";

/// Suites from the oldest kernel to the newest: 5.10, 6.1, 6.12 and the archive's newest.
const SUITES: [&str; 4] = ["bullseye", "bookworm", "trixie", "sid"];

/// What to do.
pub struct Options {
    /// Debian suites.
    pub suites: Vec<String>,
    /// Cgroup versions.
    pub cgroups: Vec<u8>,
    /// The scenarios that fill memory with one kind of it, instead of the others.
    pub filled: bool,
    /// Scenario names with commas between.
    pub only: Option<String>,
    /// Where captures go.
    pub out: PathBuf,
    /// Where packages go.
    pub cache: PathBuf,
    /// The archive.
    pub mirror: Option<String>,
    /// Keys of the archive.
    pub keyring: Option<PathBuf>,
}

impl Options {
    /// Reads the command line; none when help is wanted.
    pub fn from_command_line() -> Fallible<Option<Self>> {
        let (mut suites, mut cgroups, mut only, mut mirror, mut keyring) =
            (vec![], vec![], None, None, None);
        let (mut out, mut cache, mut short, mut filled) = (None, None, false, false);
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("suite") => suites.push(parser.value()?.string()?),
                Long("cgroup") => cgroups.push(parser.value()?.parse_with(|text| match text {
                    "1" => Ok(1),
                    "2" => Ok(2),
                    _ => Err("there are versions 1 and 2"),
                })?),
                Long("only") => only = Some(parser.value()?.string()?),
                Long("out") => out = Some(PathBuf::from(parser.value()?)),
                Long("cache") => cache = Some(PathBuf::from(parser.value()?)),
                Long("mirror") => mirror = Some(parser.value()?.string()?),
                Long("keyring") => keyring = Some(PathBuf::from(parser.value()?)),
                Long("short") => short = true,
                Long("filled") => filled = true,
                Short('h') | Long("help") => return Ok(None),
                _ => return Err(argument.unexpected().into()),
            }
        }
        let root = workspace();
        let cache = std::path::absolute(cache.unwrap_or_else(|| root.join("target/kernels")))?;
        if suites.is_empty() {
            suites = if short {
                vec!["bookworm".to_owned()]
            } else {
                SUITES.map(str::to_owned).to_vec()
            };
        }
        if cgroups.is_empty() {
            cgroups = if short { vec![2] } else { vec![2, 1] };
        }
        // What is not the whole table must not replace fixtures that are.
        let partial = short || only.is_some();
        let out = out.unwrap_or_else(|| {
            let captures = if partial {
                cache.join("captures")
            } else {
                root.join("fixtures/captures")
            };
            if filled {
                captures.join("filled")
            } else {
                captures
            }
        });
        Ok(Some(Self {
            suites,
            cgroups,
            filled,
            only,
            out,
            cache,
            mirror,
            keyring,
        }))
    }
}

/// The root of the workspace that this package lies in.
fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_owned()
}
