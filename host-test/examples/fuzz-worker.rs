//! Runs the module for a fuzz target, in the engine that counts fuel.
//!
//! Standard input: `0`, `1` or `2` makes a new instance, to be called in that mode; `c` and two
//! strings, tag and record, hand a record in. Standard output, for each record: a letter (`u`
//! unchanged, `d` dropped, `r` replaced, `e` an error), the fuel it took in eight bytes, and a string.
//! A string is its length in four bytes, then its bytes; numbers have their lowest byte first.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Write};

use oom_host_test::{Options, Verdict, engine};

/// The module's functions by the number of the mode.
const FUNCTIONS: [&str; 3] = ["oom_annotate", "oom_rewrite", "oom_events"];

fn main() -> Result<(), Box<dyn Error>> {
    let module = env::var_os("OOM_MODULE").ok_or("OOM_MODULE names the module's file")?;
    let options = Options {
        fuel: Some(u64::MAX),
        ..Options::default()
    };
    let engine = engine("wasmtime").ok_or("only wasmtime counts fuel")?;
    let mut host = engine.load(&fs::read(module)?, &options)?;
    let mut requests = BufReader::new(io::stdin().lock());
    let mut answers = BufWriter::new(io::stdout().lock());
    let mut function = FUNCTIONS[0];
    let mut kind = [0];
    while requests.read(&mut kind)? > 0 {
        if kind != *b"c" {
            let mode = usize::from(kind[0].wrapping_sub(b'0'));
            function = FUNCTIONS.get(mode).ok_or("no such mode")?;
            host.restart()?;
            continue;
        }
        let (tag, record) = (string(&mut requests)?, string(&mut requests)?);
        let verdict = host.call(function, &tag, (0, 0), &record);
        let fuel = host.fuel_used().unwrap_or_default();
        let (letter, text) = match verdict {
            Ok(Verdict::Unchanged) => (b'u', Vec::new()),
            Ok(Verdict::Dropped) => (b'd', Vec::new()),
            Ok(Verdict::Replaced(text)) => (b'r', text),
            Err(error) => (b'e', error.to_string().into_bytes()),
        };
        answers.write_all(&[letter])?;
        answers.write_all(&fuel.to_le_bytes())?;
        answers.write_all(&u32::try_from(text.len())?.to_le_bytes())?;
        answers.write_all(&text)?;
        answers.flush()?;
    }
    Ok(())
}

fn string(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut text = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut text)?;
    Ok(text)
}
