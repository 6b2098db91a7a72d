//! The compiled module in an engine that counts fuel: it does what the library does, never traps, and
//! its work is linear.
//!
//! libFuzzer is led by the library, which is the same code and runs beside the module. The engine is
//! in another program, the one that `OOM_FUZZ_WORKER` names: instrumented, it would be slow to build
//! and tell nothing, as the code of the module is made when it runs.

#![no_main]

use std::cell::RefCell;
use std::io::{BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use libfuzzer_sys::fuzz_target;
use oom_filter::Filter;
use oom_fuzz::{After, KEYS, MODES, records, run};

/// What a record may cost in fuel: so much, and so much for each byte. The tests of the module hold its
/// worst records to the same.
const BASE: u64 = 3_000_000;
const PER_BYTE: u64 = 1500;

/// The other program.
struct Worker {
    _process: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    fn start() -> Self {
        let program = std::env::var_os("OOM_FUZZ_WORKER").expect("OOM_FUZZ_WORKER names a program");
        let mut process = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the worker starts");
        let requests = BufWriter::new(process.stdin.take().expect("a pipe"));
        let answers = BufReader::new(process.stdout.take().expect("a pipe"));
        Self {
            _process: process,
            requests,
            answers,
        }
    }

    /// Makes a new instance, to be called in the mode of that number.
    fn restart(&mut self, mode: usize) {
        let mode = u8::try_from(mode).expect("few modes");
        self.requests.write_all(&[b'0' + mode]).expect("a worker");
    }

    /// Hands a record in: what leaves, and the fuel it took.
    fn call(&mut self, tag: &[u8], record: &[u8]) -> (After, u64) {
        self.requests.write_all(b"c").expect("a worker");
        self.put(tag);
        self.put(record);
        self.requests.flush().expect("a worker");
        let [kind] = self.take::<1>();
        let fuel = u64::from_le_bytes(self.take());
        let mut text = vec![0; u32::from_le_bytes(self.take()) as usize];
        self.answers.read_exact(&mut text).expect("a worker");
        let after = match kind {
            b'u' => After::Same,
            b'd' => After::Nothing,
            b'r' => After::Written(text),
            _ => panic!("the module: {}", String::from_utf8_lossy(&text)),
        };
        (after, fuel)
    }

    fn put(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).expect("a short input");
        let mut write = |bytes: &[u8]| self.requests.write_all(bytes).expect("a worker");
        write(&length.to_le_bytes());
        write(bytes);
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.answers.read_exact(&mut bytes).expect("a worker");
        bytes
    }
}

thread_local! {
    static WORKER: RefCell<Worker> = RefCell::new(Worker::start());
}

fuzz_target!(
    // The engine compiles the module, which no input is to be blamed for.
    init: WORKER.with_borrow_mut(|worker| {
        worker.restart(0);
        worker.call(b"", b"{}");
    }),
    |data: &[u8]| {
        // A host's record ends at its NUL, and none is empty: that asks for a release.
        let records: Vec<_> = records(data)
            .into_iter()
            .filter(|tagged| !tagged.record.is_empty() && !tagged.record.contains(&0))
            .collect();
        WORKER.with_borrow_mut(|worker| {
            for (number, mode) in MODES.into_iter().enumerate() {
                let mut filter = Filter::new(KEYS);
                worker.restart(number);
                for tagged in &records {
                    let (after, fuel) = worker.call(tagged.tag, &tagged.record);
                    let library = run(&mut filter, mode, tagged);
                    assert_eq!(after, library, "not what the library does");
                    let allowed = BASE + PER_BYTE * tagged.record.len() as u64;
                    assert!(fuel <= allowed, "{fuel} fuel where {allowed} are allowed");
                }
            }
        });
    }
);
