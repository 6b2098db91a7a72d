//! rsyslog and syslog-ng read the kernel's log and hand it to the program.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;

use crate::capture;
use crate::run::{Package, Running, folder, wait_for};

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![rsyslog_tells_each_kill_once, syslog_ng_tells_each_kill_once]
}

/// What ships, with this test's program and its file of kills.
fn shipped(name: &str, folder: &Path) -> (PathBuf, PathBuf) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = fs::read_to_string(file).expect("it ships");
    let kills = folder.join("kills.json");
    let mut adapted = text.clone();
    for (from, to) in [
        ("/usr/local/bin/oom-vector", Path::new(capture::PROGRAM)),
        ("/var/log/oom-kills.json", &kills),
    ] {
        assert_eq!(adapted.matches(from).count(), 1, "{name} names {from}");
        adapted = adapted.replace(from, &to.display().to_string());
    }
    let copy = folder.join("oom.conf");
    fs::write(&copy, adapted).expect("written");
    (copy, kills)
}

/// rsyslog with that configuration, which has read the capture.
pub fn rsyslog(folder: &Path, config: &Path) -> Result<Running, Skip> {
    let package = Package::find("usr/sbin/rsyslogd")?;
    // As /proc/kmsg gives lines. A pipe stands in for it, for it blocks where there is no more.
    let pipe = folder.join("kmsg");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let main = folder.join("rsyslog.conf");
    let text = format!(
        "global(workDirectory=\"{0}\")\nmodule(load=\"imklog\" LogPath=\"{1}\")\ninclude(file=\"{2}\")\n",
        folder.display(),
        pipe.display(),
        config.display()
    );
    fs::write(&main, text).expect("written");
    let child = package
        .command()
        .arg("-n")
        .arg("-f")
        .arg(&main)
        .arg("-i")
        .arg(folder.join("pid"))
        .arg("-M")
        .arg(package.libraries().join("rsyslog"))
        .spawn()
        .expect("it starts");
    let mut log = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&pipe)
        .expect("a pipe");
    for line in capture::lines(&capture::text()) {
        writeln!(log, "<{}>{} {}", line.priority, line.clock(), line.text).expect("written");
    }
    Ok(Running::reading(child, log))
}

fn rsyslog_tells_each_kill_once() -> Tested {
    let folder = folder("rsyslog");
    let (shipped, kills) = shipped("rsyslog/oom.conf", &folder);
    let mut running = rsyslog(&folder, &shipped)?;
    let expected = capture::expected();
    assert_eq!(wait_for(&kills, expected.len(), &mut running), expected);
    Ok(())
}

/// syslog-ng with that configuration, which reads the capture as `s_src`.
pub fn syslog_ng(folder: &Path, config: &Path) -> Result<Running, Skip> {
    let package = Package::find("usr/sbin/syslog-ng")?;
    let modules = package.folder("usr/lib/syslog-ng");
    let version = fs::read_dir(&modules)
        .expect("its modules")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|name| name.starts_with(|first: char| first.is_ascii_digit()))
        .expect("a folder of modules");
    let log = folder.join("kmsg");
    fs::copy(capture::file(), &log).expect("copied");
    let main = folder.join("syslog-ng.conf");
    // As its own system() reads /dev/kmsg.
    let text = format!(
        "@version: {version}\nsource s_src {{ file(\"{}\" flags(kernel) format(\"linux-kmsg\")\n  \
         program-override(\"kernel\") read-old-records(yes)); }};\n@include \"{}\"\n",
        log.display(),
        config.display()
    );
    fs::write(&main, text).expect("written");
    let child = package
        .command()
        .args(["--foreground", "--no-caps"])
        .arg("--cfgfile")
        .arg(&main)
        .arg("--persist-file")
        .arg(folder.join("persist"))
        .arg("--pidfile")
        .arg(folder.join("pid"))
        .arg("--control")
        .arg(folder.join("control"))
        .arg("--module-path")
        .arg(modules.join(version))
        .spawn()
        .expect("it starts");
    Ok(child.into())
}

fn syslog_ng_tells_each_kill_once() -> Tested {
    let folder = folder("syslog-ng");
    let (shipped, kills) = shipped("syslog-ng/oom.conf", &folder);
    let mut running = syslog_ng(&folder, &shipped)?;
    let expected = capture::expected();
    assert_eq!(wait_for(&kills, expected.len(), &mut running), expected);
    Ok(())
}
