//! The command line.

use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};
use oom_filter::Mode;
use oom_filter::lines::LineFormat;

/// What `--help` prints.
pub const USAGE: &str = "\
usage: oom-vector [options] [FILE]

Reads kernel log lines from FILE, else from standard input, and writes JSON objects, one to a line.
FILE may be /dev/kmsg, which is then followed. Pipe other programs' output to standard input.

  --mode annotate|rewrite|events  annotate (the default) passes every record and marks the lines of
                                  an OOM report; rewrite replaces the lines of a report by one record
                                  for each kill; events passes only the kills. A report that ends
                                  without its kill leaves rewrite and events as \"truncated\"
  --input auto|text|kmsg|ndjson   the form of the lines; auto (the default) decides for each line
  --start beginning|end           where to start in /dev/kmsg: at its oldest record (the default;
                                  kills from before the start are marked as replayed) or at its end
  --lost                          tells in a record of its own how many lines are missing where the
                                  numbers of /dev/kmsg have a gap: {\"message\":..., \"kernel_lines_lost\":N}
  --names DIR                     the kubelet's log directory, such as /var/log: adds the names of
                                  pods and containers that are found below it
  --origin any|kernel             whose lines are read: any that may be the kernel's (the default), or
                                  those of which the journal, /dev/kmsg or a facility says that the
                                  kernel wrote them
  --unproven                      reads also what systemd-oomd, earlyoom, nohang, the kubelet, Slurm, PBS,
                                  LSF, HTCondor, YARN, Ray and lmkd write of kills into plain text. Anybody
                                  who may write there can make up a kill, so such records have
                                  \"unproven\": true
  --rules FILE                    your own rules for whose a cgroup is, where the program does not know:
                                  a line is a system and a regular expression over the path, from its
                                  beginning, with groups id and part. The README has examples
  --help, --version
";

/// What the command line asks for.
pub enum Request {
    /// Read lines.
    Run(Options),
    /// Print the usage.
    Help,
    /// Print the version.
    Version,
}

/// How to read lines.
pub struct Options {
    /// Which records leave.
    pub mode: Mode,
    /// The form of the lines.
    pub form: LineFormat,
    /// Where to start in a device.
    pub start: Start,
    /// Gaps in the numbers of a device's records leave as records.
    pub tells_lost: bool,
    /// The kubelet's log directory.
    pub names: Option<PathBuf>,
    /// Whose lines are read.
    pub origin: Origin,
    /// Text of other programs is read that anybody could have written.
    pub reads_unproven: bool,
    /// The file of the user's own rules.
    pub rules: Option<PathBuf>,
    /// The file to read; standard input if absent.
    pub file: Option<PathBuf>,
}

/// Where to start in a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At its oldest record.
    Beginning,
    /// At the first record after the program's start.
    End,
}

/// Whose lines are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Any that may be the kernel's.
    Any,
    /// Those of which something proves it.
    Kernel,
}

/// The words that an option takes, each with its meaning.
type Words<T> = &'static [(&'static str, T)];

const MODES: Words<Mode> = &[
    ("annotate", Mode::Annotate),
    ("rewrite", Mode::Rewrite),
    ("events", Mode::Events),
];
const FORMS: Words<LineFormat> = &[
    ("auto", LineFormat::Auto),
    ("text", LineFormat::Text),
    ("kmsg", LineFormat::Kmsg),
    ("ndjson", LineFormat::Ndjson),
];
const STARTS: Words<Start> = &[("beginning", Start::Beginning), ("end", Start::End)];
const ORIGINS: Words<Origin> = &[("any", Origin::Any), ("kernel", Origin::Kernel)];

/// Reads the command line. An error is a sentence for the user.
pub fn read(mut parser: Parser) -> Result<Request, String> {
    let mut options = Options {
        mode: Mode::Annotate,
        form: LineFormat::Auto,
        start: Start::Beginning,
        tells_lost: false,
        names: None,
        origin: Origin::Any,
        reads_unproven: false,
        rules: None,
        file: None,
    };
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Long("mode") => options.mode = word("--mode", &mut parser, MODES)?,
            Arg::Long("input") => options.form = word("--input", &mut parser, FORMS)?,
            Arg::Long("start") => options.start = word("--start", &mut parser, STARTS)?,
            Arg::Long("origin") => options.origin = word("--origin", &mut parser, ORIGINS)?,
            Arg::Long("lost") => options.tells_lost = true,
            Arg::Long("unproven") => options.reads_unproven = true,
            Arg::Long("names") => options.names = Some(path(&mut parser)?),
            Arg::Long("rules") => options.rules = Some(path(&mut parser)?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Request::Help),
            Arg::Long("version") | Arg::Short('V') => return Ok(Request::Version),
            Arg::Value(file) if options.file.is_none() => options.file = Some(file.into()),
            Arg::Value(file) => {
                return Err(format!(
                    "'{}': one file is read at most",
                    file.to_string_lossy()
                ));
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    if options.reads_unproven && options.origin == Origin::Kernel {
        return Err("--unproven reads what --origin kernel refuses".to_owned());
    }
    Ok(Request::Run(options))
}

fn path(parser: &mut Parser) -> Result<PathBuf, String> {
    let path = parser.value().map_err(|error| error.to_string())?;
    Ok(path.into())
}

fn word<T: Copy>(option: &str, parser: &mut Parser, words: Words<T>) -> Result<T, String> {
    let known = || {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        known.join(", ")
    };
    let value = parser
        .value()
        .map_err(|_| format!("{option} needs one of: {}", known()))?
        .string()
        .map_err(|error| error.to_string())?;
    words
        .iter()
        .find(|(word, _)| *word == value)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| format!("{option} is one of: {}; not '{value}'", known()))
}

#[cfg(test)]
mod tests {
    use super::{Options, Origin, Request, Start, read};
    use oom_filter::Mode;
    use oom_filter::lines::LineFormat;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        match read(lexopt::Parser::from_args(arguments))? {
            Request::Run(options) => Ok(options),
            Request::Help => Err("help".to_owned()),
            Request::Version => Err("version".to_owned()),
        }
    }

    #[test]
    fn takes_every_option() {
        let options = parse(&[]).unwrap();
        assert_eq!(
            (options.mode, options.form),
            (Mode::Annotate, LineFormat::Auto)
        );
        assert_eq!(options.start, Start::Beginning);
        assert!(!options.tells_lost);
        assert!(options.names.is_none() && options.file.is_none());
        assert!(options.rules.is_none());
        assert_eq!(options.origin, Origin::Any);
        assert!(!options.reads_unproven);
        assert!(parse(&["--unproven"]).unwrap().reads_unproven);
        let options = parse(&[
            "--mode=events",
            "/dev/kmsg",
            "--input",
            "kmsg",
            "--start",
            "end",
            "--lost",
            "--names",
            "/var/log",
            "--origin=kernel",
            "--rules",
            "owners.rules",
        ])
        .unwrap();
        assert!(options.tells_lost);
        assert_eq!(options.origin, Origin::Kernel);
        assert_eq!(
            (options.mode, options.form),
            (Mode::Events, LineFormat::Kmsg)
        );
        assert_eq!(options.start, Start::End);
        assert_eq!(options.rules.unwrap().to_str(), Some("owners.rules"));
        assert_eq!(options.names.unwrap().to_str(), Some("/var/log"));
        assert_eq!(options.file.unwrap().to_str(), Some("/dev/kmsg"));
    }

    #[test]
    fn says_what_is_wrong() {
        for (arguments, problem) in [
            (
                &["--mode", "drop"][..],
                "--mode is one of: annotate, rewrite, events; not 'drop'",
            ),
            (
                &["--input"],
                "--input needs one of: auto, text, kmsg, ndjson",
            ),
            (&["--rules"], "missing argument for option '--rules'"),
            (&["--quiet"], "invalid option '--quiet'"),
            (
                &["--unproven", "--origin=kernel"],
                "--unproven reads what --origin kernel refuses",
            ),
            (&["a", "b"], "'b': one file is read at most"),
            (&["--help"], "help"),
            (&["-V"], "version"),
        ] {
            assert_eq!(parse(arguments).err().as_deref(), Some(problem));
        }
    }
}
