//! The command line.

use std::net::{AddrParseError, IpAddr, SocketAddr};
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};

use crate::queue::Limits;

/// What `--help` prints.
pub const USAGE: &str = "\
usage: oom-events --node NAME [options]

Takes OOM kills as JSON over HTTP, an array or one record to a line, and writes Events to Kubernetes.

  --node NAME           the node that the kills are of
  --listen ADDRESS      where kills are taken: 127.0.0.1:2023
  --metrics ADDRESS     where /metrics is, and any other path for a probe; the port may be left out:
                        127.0.0.1:2022
  --api-server URL      another than that of the pod's service account, such as `kubectl proxy`
  --capacity KILLS      how many may wait; of more the oldest are dropped: 2000
  --timeout SECONDS     for a request to the API server: 10
  --interval SECONDS    between two writes for a pod, and before the first: 1
  --unproven            also of kills that anybody can have made up: whose lines nothing proves to be the
                        kernel's, or whose cgroup lies in another container
  --help, --version
";

/// The port of the figures, where none is said.
const METRICS: u16 = 2022;

/// What the command line asks for.
pub enum Request {
    /// Take kills.
    Run(Settings),
    /// Print the usage.
    Help,
    /// Print the version.
    Version,
}

/// How to run.
pub struct Settings {
    /// The node that kills are of.
    pub node: String,
    /// Where kills are taken.
    pub listen: SocketAddr,
    /// Where the figures are.
    pub metrics: SocketAddr,
    /// Another API server than the service account's.
    pub api_server: Option<String>,
    /// The longest time for a request to it.
    pub timeout: Duration,
    /// How much waits, and for how long.
    pub limits: Limits,
    /// Whether kills are told that anybody can have made up.
    pub takes_unproven: bool,
}

/// Reads the command line.
///
/// # Errors
///
/// For what it does not know, a value that is none, and where no node is named.
pub fn parse(mut parser: Parser) -> Result<Request, lexopt::Error> {
    let mut settings = Settings {
        node: String::new(),
        listen: SocketAddr::from(([127, 0, 0, 1], 2023)),
        metrics: SocketAddr::from(([127, 0, 0, 1], METRICS)),
        api_server: None,
        timeout: Duration::from_secs(10),
        limits: Limits::default(),
        takes_unproven: false,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("node") => settings.node = parser.value()?.string()?,
            Arg::Long("listen") => settings.listen = parser.value()?.parse()?,
            Arg::Long("metrics") => settings.metrics = parser.value()?.parse_with(address)?,
            Arg::Long("api-server") => settings.api_server = Some(parser.value()?.string()?),
            Arg::Long("capacity") => settings.limits.capacity = parser.value()?.parse()?,
            Arg::Long("timeout") => settings.timeout = parser.value()?.parse_with(seconds)?,
            Arg::Long("interval") => {
                settings.limits.interval = parser.value()?.parse_with(seconds)?;
            }
            Arg::Long("unproven") => settings.takes_unproven = true,
            Arg::Long("help") => return Ok(Request::Help),
            Arg::Long("version") => return Ok(Request::Version),
            other => return Err(other.unexpected()),
        }
    }
    if settings.node.is_empty() {
        return Err("--node is missing".into());
    }
    Ok(Request::Run(settings))
}

fn address(text: &str) -> Result<SocketAddr, AddrParseError> {
    let address = text.parse::<IpAddr>();
    address.map_or_else(|_| text.parse(), |address| Ok((address, METRICS).into()))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "it is no number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Request, lexopt::Error> {
        parse(Parser::from_args(arguments))
    }

    #[test]
    fn values() {
        let Ok(Request::Run(settings)) =
            parsed(&["--node=n1", "--interval", "0.05", "--metrics=::"])
        else {
            panic!("it is a whole command line");
        };
        assert_eq!(settings.limits.interval, Duration::from_millis(50));
        assert_eq!(settings.metrics.to_string(), "[::]:2022");
        assert!(settings.listen.ip().is_loopback());
    }

    #[test]
    fn refused() {
        for wrong in [&["--node="][..], &["--node=n", "--interval=-1"], &["x"]] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
