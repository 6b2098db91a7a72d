//! The native program, as a process.
#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

/// What the program makes of a file, as kills.
fn kills(file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oom-vector"))
        .args(["--mode", "events"])
        .arg(file)
        .output()
        .unwrap()
}

#[test]
fn a_rotated_log_gives_what_it_gave_before() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/demo.kmsg");
    let plain = kills(&demo);
    assert!(plain.stdout.len() > 1000, "the demo has kills");

    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&fs::read(demo).unwrap()).unwrap();
    let gzip = gzip.finish().unwrap();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kern.log.2.gz");
    fs::write(&file, &gzip).unwrap();
    assert_eq!(kills(&file).stdout, plain.stdout);

    // A file that was cut is told, and what stood before the cut is not lost.
    fs::write(&file, &gzip[..gzip.len() - 9]).unwrap();
    let cut = kills(&file);
    assert_eq!(cut.status.code(), Some(1));
    assert!(!cut.stderr.is_empty());
    assert!(!cut.stdout.is_empty());
}

#[test]
fn lines_that_the_kernel_overwrote_are_told() {
    let run = |arguments: &[&str]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_oom-vector"))
            .args(["--mode", "events"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = b"6,1,1,-;a\n6,5,2,-;b\n6,6,3,-;c\n";
        child.stdin.take().unwrap().write_all(input).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    let told = run(&["--lost", "--input", "kmsg"]);
    assert!(told.contains("\"kernel_lines_lost\":3}"), "{told}");
    assert_eq!(told.lines().count(), 1);
    assert_eq!(run(&["--input", "kmsg"]), "", "unless it is asked for");
    assert_eq!(run(&["--lost"]), "", "text can hold any number");
}

#[test]
fn a_users_own_rules_tell_whose_a_cgroup_is() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("owners.rules");
    let run = |rules: &str| {
        fs::write(&file, rules).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_oom-vector"))
            .args(["--mode", "events", "--rules"])
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = "Task in /grid/bunny-7/frame-12 killed as a result of limit of /grid/bunny-7\n\
            Memory cgroup out of memory: Kill process 7 (maya) score 900 or sacrifice child\n\
            Killed process 7 (maya) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n";
        // A program that refuses its rules reads nothing.
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        child.wait_with_output().unwrap()
    };
    let told = run("# ours\ngrid /grid/(?<id>\\w+-\\d+)(/(?<part>frame-\\d+))?\n");
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(
        told.contains(r#""workload":{"system":"grid","id":"bunny-7","part":"frame-12"}"#),
        "{told}"
    );
    let refused = run("grid /a\ngrid /b[\n");
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stdout.is_empty());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("owners.rules: rule `grid /b[` in line 2: "),
        "{said}"
    );
    let missing = Command::new(env!("CARGO_BIN_EXE_oom-vector"))
        .args(["--rules", "no/such/file"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn text_of_other_killers_is_read_where_it_is_asked_for() {
    let file = std::env::temp_dir().join(format!("oom-unproven-{}.log", std::process::id()));
    let line = "Aug  4 23:41:26 n1 systemd-oomd[588]: Killed /system.slice/httpd.service due to memory pressure for \
        /system.slice being 51.07% > 50.00% for > 20s with reclaim activity\n";
    fs::write(&file, line).unwrap();
    let run = |options: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_oom-vector"));
        let output = program
            .args(["--mode", "events"])
            .args(options)
            .arg(&file)
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert_eq!(run(&[]), "");
    let told = run(&["--unproven"]);
    fs::remove_file(&file).unwrap();
    for part in [
        r#""killer":"systemd-oomd""#,
        r#""unit":"httpd.service""#,
        r#""unproven":true"#,
    ] {
        assert!(told.contains(part), "{told}");
    }
}
