//! Reads kernel log lines from standard input and prints one JSON object per
//! kill: `dmesg | cargo run --example lines`.

use std::io::{BufRead, Write};

use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};

fn main() -> std::io::Result<()> {
    let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
    let mode = match std::env::args().nth(1).as_deref() {
        Some("annotate") => Mode::Annotate,
        Some("rewrite") => Mode::Rewrite,
        _ => Mode::Events,
    };
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        let record = serde_json::json!({ "log": line }).to_string();
        match filter.process(mode, record.as_bytes(), &RecordContext::default()) {
            Outcome::Replaced(kill) => writeln!(out, "{}", String::from_utf8_lossy(&kill))?,
            Outcome::Unchanged => writeln!(out, "{record}")?,
            Outcome::Dropped => {}
        }
    }
    if mode != Mode::Annotate {
        while let Some(cut) = filter.next_unfinished() {
            writeln!(out, "{}", String::from_utf8_lossy(&cut))?;
        }
    }
    Ok(())
}
