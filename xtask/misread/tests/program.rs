//! The program, called as a person calls it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use oom_suite::{Suite, form};
use serde_json::Value;

/// A folder for the files of one test.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn misread(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oom-misread"))
        .args(arguments)
        .output()
        .unwrap()
}

/// What it prints of a log of this text, and its exit code.
fn shown(name: &str, lines: impl AsRef<[u8]>) -> (String, Option<i32>) {
    let log = folder(name).join("log");
    fs::write(&log, lines).unwrap();
    let output = misread(&[log.to_str().unwrap()]);
    let printed = String::from_utf8(output.stdout).unwrap();
    (printed, output.status.code())
}

/// The text of a fixture that was written, and its form.
fn written(path: &Path) -> (String, String) {
    let text = fs::read_to_string(path).unwrap();
    let (head, rest) = text.split_once("input = '''\n").unwrap();
    let (_, form) = head.split_once("form = \"").unwrap();
    let form = form.split('"').next().unwrap().to_owned();
    (rest.strip_suffix("'''\n").unwrap().to_owned(), form)
}

#[test]
fn every_suite_is_shown_and_its_fixture_tells_the_same() {
    /// These lose something to the fixture by what they are.
    const OTHERS: [&str; 5] = [
        // Of what another program tells over several lines the last alone is concerned.
        "earlyoom",
        // The same.
        "programs-earlyoom-of-old",
        // Whose kill it was is told by units, whose names are replaced, and by times between the lines.
        "witnesses",
        // A table of 4200 rows, of which 400 lines have room.
        "line-budget",
        // The next record tells by a name of one letter where the first of two kills in a record ends.
        "two-kills-in-a-record",
    ];
    let folder = folder("suites");
    let mut kills = 0;
    for suite in Suite::all() {
        let log = folder.join(&suite.name);
        fs::write(&log, &suite.input).unwrap();
        let output = misread(&[log.to_str().unwrap()]);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{}: {printed}",
            suite.name
        );
        let wide = printed.lines().find(|line| line.chars().count() > 120);
        assert_eq!(wide, None, "{}", suite.name);
        let has_kill = printed.contains(" KILL ");
        if !has_kill || OTHERS.contains(&suite.name.as_str()) {
            continue;
        }
        kills += 1;
        let fixture = folder.join(format!("{}.toml", suite.name));
        let output = misread(&[
            "--fixture",
            fixture.to_str().unwrap(),
            log.to_str().unwrap(),
        ]);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(
            printed.contains("it tells the same as the log"),
            "{}: {printed}",
            suite.name
        );
    }
    assert!(kills > 60, "{kills} suites with kills");
}

#[test]
fn the_fixture_of_a_capture_tells_the_same_kill_without_its_names() {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/captures");
    let folder = folder("captures");
    let mut count = 0;
    for capture in fs::read_dir(captures).unwrap() {
        let capture = capture.unwrap().path();
        if capture.extension().is_none_or(|ending| ending != "kmsg") {
            continue;
        }
        count += 1;
        let log = fs::read_to_string(&capture).unwrap();
        let name = capture.file_stem().unwrap().to_string_lossy();
        let fixture = folder.join(format!("{name}.toml"));
        // The first report, that of a container's limit.
        let at = log
            .lines()
            .position(|line| line.contains("Killed process"))
            .unwrap()
            + 1;
        let output = misread(&[
            "--fixture",
            fixture.to_str().unwrap(),
            "--line",
            &at.to_string(),
            capture.to_str().unwrap(),
        ]);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            printed.contains("it tells the same as the log: 1 kill,"),
            "{printed}"
        );
        assert!(!printed.contains("STILL THERE"), "{printed}");
        let (input, form) = written(&fixture);
        assert_eq!(form, "kmsg");
        let constraint = log
            .lines()
            .take(at)
            .find(|line| line.contains("oom_memcg=/") || line.contains("Task in /"))
            .unwrap();
        let id = constraint
            .split("cri-containerd-")
            .nth(1)
            .unwrap()
            .split('.')
            .next()
            .unwrap();
        let uid = constraint
            .split("-pod")
            .nth(1)
            .unwrap()
            .split('.')
            .next()
            .unwrap();
        for name in ["java", id, uid, &uid.replace('_', "-")] {
            assert!(!input.contains(name), "{name} in {input}");
        }
        assert!(input.contains("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"));
        let old = log.lines().nth(at - 1).unwrap();
        let new = input
            .lines()
            .find(|line| line.contains("Killed process"))
            .unwrap();
        let figures = |line: &str| line.split(") total-vm:").nth(1).unwrap().to_owned();
        assert_eq!(figures(old), figures(new));
        assert_eq!(
            form::records(&form, input.as_bytes()).unwrap().len(),
            input.lines().count()
        );
    }
    assert_eq!(count, 6);
}

const KILL: &str = "Out of memory: Killed process 42 (store-web) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0";

#[test]
fn what_the_filter_took_of_a_line_is_shown() {
    let (page, code) = shown(
        "took",
        format!(
            "boot\nMay  5 10:11:12 n1 kernel: [    5.000001][   T42] {KILL} zram:7kB\nMay  5 10:11:13 n1 app: {KILL}\n"
        ),
    );
    for part in [
        "clock 5.000001 s, host n1, caller T42; author: unsaid",
        "KILL 1     kill line   Out of memory: Killed process 42 (store-web)",
        "rest     \" zram:7kB\" was not understood",
        "level    node",
        "author: somebody else, by the prefix",
        "1 kill in 1 report; 1 other record not shown",
        "could not be read: 0",
        "somebody else than the kernel wrote it: 1",
    ] {
        assert!(page.contains(part), "{part:?} in {page}");
    }
    assert_eq!(code, Some(1));
}

#[test]
fn a_record_says_which_of_its_members_disowns_the_kernel() {
    let record = serde_json::json!({"MESSAGE": KILL, "_TRANSPORT": "kernel", "_HOSTNAME": "n1"});
    let (page, code) = shown("of-kernel", record.to_string());
    assert!(page.contains("author: kernel"), "{page}");
    assert_eq!(code, Some(0));
    let record =
        serde_json::json!({"MESSAGE": KILL, "SYSLOG_IDENTIFIER": "app", "_HOSTNAME": "n1"});
    let (page, _) = shown("of-other", record.to_string());
    assert!(
        page.contains("somebody else, by `SYSLOG_IDENTIFIER`"),
        "{page}"
    );
    let record = serde_json::json!({"said": KILL});
    let (page, code) = shown("elsewhere", record.to_string());
    assert!(
        page.contains("in no member of the record that may hold"),
        "{page}"
    );
    assert_eq!(code, Some(1));
}

#[test]
fn a_wording_that_nobody_knows_is_listed() {
    let (page, code) = shown(
        "unknown",
        "a\n[    5.000001] Out of memory: process 42 of store-web was Killed Process\n",
    );
    assert!(page.contains("      2 ! nothing"), "{page}");
    assert!(
        page.contains("looks like a kill, could not be read: 1\n  line 2 "),
        "{page}"
    );
    assert_eq!(code, Some(1));
    let (page, code) = shown("none", "eth0: up\n");
    assert!(page.contains("could not be read: 0"), "{page}");
    assert_eq!(code, Some(0));
}

#[test]
fn errors_have_an_exit_code_of_their_own() {
    let folder = folder("errors");
    let (log, fixture) = (folder.join("log"), folder.join("a.toml"));
    fs::write(&log, "eth0: up\n").unwrap();
    fs::write(&fixture, "mine").unwrap();
    let (log, fixture) = (log.to_str().unwrap(), fixture.to_str().unwrap());
    let packed = folder.join("packed");
    fs::write(&packed, b"BZh91AY&SY...").unwrap();
    for arguments in [
        &[][..],
        &["/nowhere"],
        &[log, log],
        &["--input", "csv", log],
        &["--fixture", fixture, log],
        &["--fixture", "No Name", log],
        &[packed.to_str().unwrap()],
    ] {
        let output = misread(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
    assert_eq!(fs::read_to_string(fixture).unwrap(), "mine");
}

#[test]
fn names_leave_a_fixture_and_everything_else_stays() {
    let folder = folder("names");
    let log = folder.join("log");
    let id = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";
    let path = format!("/system.slice/docker-{id}.scope");
    let lines = [
        "May  5 10:11:12 db-07.corp.example kernel: [    5.000001] store-web invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0".to_owned(),
        "May  5 10:11:12 db-07.corp.example app[7]: jane.doe@corp.example from 10.20.30.40, 0a:1b:2c:3d:4e:5f, store-web at db-07.corp.example, the store of storekeeper".to_owned(),
        format!("May  5 10:11:12 db-07.corp.example kernel: [    5.000002] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={path},task_memcg={path},task=store-web,pid=42,uid=0"),
        format!("May  5 10:11:12 db-07.corp.example kernel: [    5.000003] Memory cgroup o{}", &KILL[1..]),
        "May  5 10:11:12 db-07.corp.example kernel: [    5.000004] oom_reaper: reaped process 42 (store-web) at last".to_owned(),
    ];
    fs::write(&log, lines.join("\n")).unwrap();
    let fixture = folder.join("f.toml");
    let output = misread(&[
        "--fixture",
        fixture.to_str().unwrap(),
        log.to_str().unwrap(),
    ]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("it tells the same as the log: 1 kill,"),
        "{printed}"
    );
    assert!(
        printed.contains("1 host name, 1 process name, 1 id, 2 addresses, 1 e-mail address"),
        "{printed}"
    );
    let (input, _) = written(&fixture);
    for name in [
        "store-web",
        "the store ",
        "db-07",
        "corp",
        "jane",
        "10.20.30.40",
        "0a:1b:2c",
        id,
    ] {
        assert!(!input.contains(name), "{name} in {input}");
    }
    for kept in [
        "/system.slice/docker-",
        ".scope,task_memcg=",
        "total-vm:8kB",
        "pid=42,uid=0",
        "[    5.000003]",
        "00:00:5e:00:53:",
        " of storekeeper",
    ] {
        assert!(input.contains(kept), "{kept} in {input}");
    }
    for (old, new) in lines
        .iter()
        .zip(input.lines())
        .filter(|(line, _)| !line.contains('@'))
    {
        assert_eq!(old.len(), new.len(), "{new}");
    }
}

#[test]
fn records_keep_their_members() {
    let folder = folder("records");
    let log = folder.join("log");
    let line = format!(
        r#"{{"_TRANSPORT":"kernel","_HOSTNAME":"db-07","_BOOT_ID":"0123456789abcdef0123456789abcdef", "MESSAGE":"{KILL}","kubernetes":{{"pod_name":"shop-1"}}}}"#
    );
    fs::write(&log, &line).unwrap();
    let fixture = folder.join("f.toml");
    misread(&[
        "--fixture",
        fixture.to_str().unwrap(),
        log.to_str().unwrap(),
    ]);
    let (input, form) = written(&fixture);
    assert_eq!(
        (form.as_str(), input.trim_end().len()),
        ("ndjson", line.len())
    );
    let record: Value = serde_json::from_str(&input).unwrap();
    assert_eq!(record["_TRANSPORT"], "kernel");
    for name in ["db-07", "0123456789abcdef", "store-web", "shop"] {
        assert!(!input.contains(name), "{name} in {input}");
    }
}
