//! Memory stays flat, however much comes in.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::ChildStdin;
use std::thread;

use crate::command::command;

/// Bytes of the input.
const INPUT: usize = 48 << 20;
/// Most that the peak may rise over the second half, in KiB.
const SLACK: u64 = 1 << 10;

/// The process's peak of resident memory, in KiB.
fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn feed(stdin: &mut ChildStdin, block: &[u8], bytes: usize) {
    for _ in 0..bytes / block.len() {
        stdin.write_all(block).unwrap();
    }
}

#[test]
fn a_large_input() {
    for engine in ["wamr", "wasmtime"] {
        let mut child = command("identity", &["--engine", engine]).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let stdout = child.stdout.take().unwrap();
        let drain = thread::spawn(move || BufReader::new(stdout).split(b'\n').count());
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        let block = line.repeat(64);
        feed(&mut stdin, &block, INPUT / 2);
        let half = peak(child.id());
        feed(&mut stdin, &block, INPUT / 2);
        let whole = peak(child.id());
        drop(stdin);
        assert!(child.wait().unwrap().success());
        assert_eq!(drain.join().unwrap(), INPUT / line.len());
        println!("{engine}: {half} KiB, {whole} KiB");
        assert!(
            whole <= half + SLACK,
            "{engine}: {half} KiB at half, {whole} KiB at the end"
        );
    }
}

#[test]
fn a_line_above_the_limit_passes_in_pieces() {
    let mut child = command("drops", &[]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let drain = thread::spawn(move || {
        let mut all = Vec::new();
        stdout.read_to_end(&mut all).unwrap();
        all
    });
    stdin.write_all(b"before\n").unwrap();
    let block = vec![b'x'; 1 << 16];
    feed(&mut stdin, &block, INPUT);
    let most = peak(child.id());
    stdin.write_all(b"\nafter\n").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let passed = drain.join().unwrap();
    // The guest drops what it sees: only the long line comes out, and as it was.
    assert_eq!(passed.len(), INPUT + 1);
    assert!(passed.ends_with(b"x\n"));
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        said.matches("standard input:2: longer than 16 MiB").count(),
        1,
        "{said}"
    );
    println!("{most} KiB");
    assert!(most < (INPUT >> 10) as u64, "{most} KiB");
}
