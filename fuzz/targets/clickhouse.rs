//! A block of rows as ClickHouse hands it over, whose lengths may lie, and the same bytes as honest lines.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oom_clickhouse::{Function, push_length, push_text};

/// The columns of a row: a text, a number that may be missing, four bytes, one byte.
const KILL: &str = "totttttttttttttnooottttbotttt";
const CGROUP: &str = "tttttttttb";

/// The bytes of what leaves.
struct Answer<'a>(&'a [u8]);

impl<'a> Answer<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(count).expect("a row is cut off");
        self.0 = rest;
        taken
    }

    fn length(&mut self) -> usize {
        let mut length = 0;
        for place in 0.. {
            let byte = self.take(1)[0];
            length |= usize::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                break;
            }
        }
        length
    }

    fn row(&mut self, columns: &str) {
        for column in columns.chars() {
            match column {
                't' => {
                    let length = self.length();
                    self.take(length);
                }
                'o' => match self.take(1)[0] {
                    0 => _ = self.take(8),
                    missing => assert_eq!(missing, 1),
                },
                'n' => _ = self.take(4),
                _ => assert!(self.take(1)[0] < 2),
            }
        }
    }
}

fn call(function: Function, input: &[u8], rows: u32) -> Vec<u8> {
    let bytes = function.call(input, rows);
    let mut answer = Answer(&bytes);
    let mut count = 0;
    while !answer.0.is_empty() {
        match function {
            Function::Kills | Function::KillsAt => {
                for _ in 0..answer.length() {
                    answer.row(KILL);
                }
            }
            Function::Line => answer.row(KILL),
            Function::Cgroup => answer.row(CGROUP),
        }
        count += 1;
    }
    let most = u32::try_from(input.len() + 1).unwrap_or(u32::MAX);
    assert_eq!(count, rows.min(most), "as many rows leave as came");
    bytes
}

fuzz_target!(|data: &[u8]| {
    let Some(([choice, rows], data)) = data.split_first_chunk() else {
        return;
    };
    let function = Function::ALL[usize::from(*choice) % 4];
    call(function, data, u32::from(*rows));

    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let mut row = Vec::new();
    match function {
        Function::Line | Function::Cgroup => push_text(&mut row, data),
        Function::Kills | Function::KillsAt => push_length(&mut row, lines.len()),
    }
    for (number, line) in (0_u64..).zip(&lines) {
        match function {
            Function::Line | Function::Cgroup => {}
            Function::Kills => push_text(&mut row, line),
            Function::KillsAt => {
                row.extend_from_slice(&(1_700_000_000_000_000 + number * 1000).to_le_bytes());
                push_text(&mut row, if number % 7 == 3 { b"n2" } else { b"n1" });
                push_text(&mut row, line);
                push_length(&mut row, 1);
                push_text(&mut row, b"_TRANSPORT");
                push_text(&mut row, if number % 5 == 4 { line } else { b"kernel" });
            }
        }
    }
    let once = call(function, &row, 1);
    let twice = call(function, &row.repeat(2), 2);
    assert_eq!(twice, once.repeat(2), "a row tells of the one before it");
});
