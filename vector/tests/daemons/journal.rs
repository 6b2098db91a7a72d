//! The systemd unit, and the script that it starts, over a journal.

use std::fmt::Write;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;

use crate::capture;
use crate::run::{Package, Running, folder, wait_for};

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        the_journal_is_told_once_across_a_restart,
        systemd_takes_the_unit
    ]
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("systemd")
        .join(name)
}

/// The capture as the entries of a journal, in `journalctl`'s format for export.
fn entries() -> String {
    let mut out = String::new();
    for (number, line) in (1..).zip(capture::lines(&capture::text())) {
        let (at, wall) = (line.at_us, 1_764_360_000_000_000 + line.at_us);
        let (level, facility) = (line.priority & 7, line.priority >> 3);
        let boot = "00112233445566778899aabbccddeeff";
        write!(
            out,
            "__CURSOR=s={boot};i={number:x};b={boot};m={at:x};t={wall:x};x=0\n\
             __REALTIME_TIMESTAMP={wall}\n__MONOTONIC_TIMESTAMP={at}\n_BOOT_ID={boot}\n\
             _TRANSPORT=kernel\n_HOSTNAME=node\nSYSLOG_IDENTIFIER=kernel\nPRIORITY={level}\n\
             SYSLOG_FACILITY={facility}\n_SOURCE_MONOTONIC_TIMESTAMP={at}\nMESSAGE={}\n\n",
            line.text
        )
        .expect("memory");
    }
    out
}

/// The capture as a journal in that folder.
pub fn write(folder: &Path) -> Tested {
    let package = Package::find("lib/systemd/systemd-journal-remote")?;
    if Command::new("journalctl")
        .arg("--version")
        .output()
        .is_err()
    {
        return Err(Skip::new("there is no journalctl"));
    }
    let export = folder.join("capture.export");
    fs::write(&export, entries()).expect("written");
    let written = package
        .command()
        .arg("-o")
        .arg(folder.join("system.journal"))
        .arg(&export)
        .stderr(Stdio::null())
        .status()
        .expect("it runs");
    assert!(written.success());
    Ok(())
}

/// Every process of the script, in a group of its own as systemd has them, ends with the test.
struct Group(Running);

impl Drop for Group {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    }
}

fn the_journal_is_told_once_across_a_restart() -> Tested {
    let folder = folder("journal");
    write(&folder)?;
    let expected = capture::expected();
    let kills = folder.join("kills.json");
    let follow = || {
        let mut command = Command::new(shipped("oom-journal"));
        command
            .arg(&kills)
            .arg(format!("--directory={}", folder.display()))
            .env("OOM_PROGRAM", capture::PROGRAM)
            .stdout(File::create(folder.join("told")).expect("a file"))
            .process_group(0);
        Group(command.spawn().expect("it starts").into())
    };
    let mut first = follow();
    assert_eq!(wait_for(&kills, expected.len(), &mut first.0), expected);
    drop(first);
    let told = fs::read(folder.join("told")).expect("its output");
    assert_eq!(
        capture::kills(&told),
        expected,
        "standard output has them too"
    );

    // It ended while later kills happened: they are told, and none of the earlier ones again.
    let all = fs::read_to_string(&kills).expect("kills");
    let three: Vec<&str> = all.split_inclusive('\n').take(3).collect();
    fs::write(&kills, three.concat()).expect("written");
    let mut again = follow();
    assert_eq!(wait_for(&kills, expected.len(), &mut again.0), expected);
    Ok(())
}

fn systemd_takes_the_unit() -> Tested {
    let folder = folder("unit");
    // What it starts need not be installed here.
    let text = fs::read_to_string(shipped("oom-kills.service")).expect("it ships");
    let script = shipped("oom-journal").display().to_string();
    let unit = folder.join("oom-kills.service");
    fs::write(&unit, text.replace("/usr/local/bin/oom-journal", &script)).expect("written");
    let verified = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&unit)
        .output();
    let Ok(verified) = verified else {
        return Err(Skip::new("there is no systemd-analyze"));
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && said.is_empty(), "{said}");
    Ok(())
}
