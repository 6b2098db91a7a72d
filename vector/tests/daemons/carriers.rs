//! Files as the real programs write them: of each row of `docs/carriers.md` that names a program, the kills that
//! `oom-vector` finds in what that program wrote are those of the kernel's own records.

use std::collections::HashMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;

use crate::capture::{self, Kill, kills};
use crate::programs::PROGRAMS;
use crate::run::{Running, folder};
use crate::{journal, syslog};

/// Longest time for a daemon to write all lines.
const PATIENCE: Duration = Duration::from_mins(1);

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        what_journalctl_writes_is_read,
        what_dmesg_writes_is_read,
        what_rsyslog_writes_is_read,
        what_syslog_ng_writes_is_read,
        what_busybox_writes_is_read,
        what_grep_writes_is_read,
        what_zgrep_writes_is_read,
        what_coreutils_write_is_read,
    ]
}

/// The carriers that a program writes, by its row of [`PROGRAMS`].
fn carriers(program: &str) -> &'static [&'static str] {
    let row = PROGRAMS.iter().find(|(name, _)| *name == program);
    row.unwrap_or_else(|| panic!("{program} has no row")).1
}

/// Reads what `write` gives for each carrier of a program.
fn check(program: &str, folder: &Path, write: impl Fn(&str) -> Vec<u8>) {
    let expected = capture::expected();
    let wrong: Vec<String> = carriers(program)
        .iter()
        .filter_map(|carrier| {
            let file = folder.join("carried.log");
            fs::write(&file, write(carrier)).expect("written");
            let found = told(&file);
            let same = found.iter().zip(&expected).take_while(|(a, b)| a == b);
            let same = same.count();
            let differs = same < expected.len() || found.len() != expected.len();
            differs.then(|| {
                format!(
                    "{carrier}: {} kills of {}; the first that differs: {:#?}, not {:#?}",
                    found.len(),
                    expected.len(),
                    found.get(same),
                    expected.get(same)
                )
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The kills that the program finds in a file.
fn told(file: &Path) -> Vec<Kill> {
    let output = Command::new(capture::PROGRAM)
        .args(["--mode", "events"])
        .arg(file)
        .output()
        .expect("it runs");
    kills(&output.stdout)
}

/// What a command writes.
fn output(command: &mut Command) -> Vec<u8> {
    let output = command.stderr(Stdio::inherit()).output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    output.stdout
}

/// Skips the test where that program is not there.
fn needs(program: &str) -> Tested {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if is_there {
        return Ok(());
    }
    Err(Skip::new(format!("there is no {program}")))
}

/// What is said of a carrier behind its command, and the variable that makes it so.
const WAYS: [(&str, &str, &str); 11] = [
    (" of a German", "LC_ALL", "de_DE.UTF-8"),
    (" of a Japanese", "LC_ALL", "ja_JP.UTF-8"),
    (" of a Chinese", "LC_ALL", "zh_CN.UTF-8"),
    (" of a Frenchman", "LC_ALL", "fr_FR.UTF-8"),
    (" of a Tamil", "LC_ALL", "ta_IN.UTF-8"),
    (" of a zone without a name", "TZ", "<+0530>-5:30"),
    (" of a zone", "TZ", "Europe/Berlin"),
    (" in colour", "SYSTEMD_COLORS", "1"),
    // Every output has such a line.
    (", the first line", "TZ", "UTC"),
    (", a new minute", "TZ", "UTC"),
    ("", "TZ", "UTC"),
];

/// The command by which a carrier is named, in the way that is said behind it.
fn by_name(carrier: &str, locales: &Path) -> Command {
    let ways = WAYS.iter();
    let mut ways = ways.filter_map(|(said, key, value)| {
        let command = carrier.strip_suffix(said)?;
        Some((command, said, key, value))
    });
    let (line, said, key, value) = ways.next().expect("the last one fits all");
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().expect("a program"));
    command
        .args(words)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env("LOCPATH", locales)
        .env(key, value);
    if line.starts_with("dmesg") && *said == " in colour" {
        command.arg("--color=always");
    }
    if *key == "LC_ALL" {
        let locale = locales.join(value);
        assert!(locale.is_dir(), "{} was made", locale.display());
    }
    command
}

/// Makes the locales that the carriers need, and says where.
fn locales(folder: &Path) -> Result<PathBuf, Skip> {
    needs("localedef")?;
    let locales = folder.join("locales");
    fs::create_dir(&locales).expect("a folder");
    for (_, key, name) in WAYS {
        if key != "LC_ALL" {
            continue;
        }
        let source = name.trim_end_matches(".UTF-8");
        if !Path::new("/usr/share/i18n/locales").join(source).exists() {
            return Err(Skip::new(format!("there is no source of {source}")));
        }
        // It warns of what that source lacks.
        let made = Command::new("localedef")
            .args(["--force", "--no-archive", "-f", "UTF-8", "-i", source])
            .arg(locales.join(name))
            .stderr(Stdio::null())
            .status();
        made.expect("it runs");
    }
    Ok(locales)
}

fn what_journalctl_writes_is_read() -> Tested {
    let folder = folder("carriers-journal");
    journal::write(&folder)?;
    let locales = locales(&folder)?;
    check("systemd 252", &folder, |carrier| {
        let mut directory = OsString::from("--directory=");
        directory.push(&folder);
        let mut command = by_name(carrier, &locales);
        output(command.args([OsStr::new("--no-pager"), &directory]))
    });
    Ok(())
}

fn what_dmesg_writes_is_read() -> Tested {
    needs("dmesg")?;
    let folder = folder("carriers-dmesg");
    let locales = locales(&folder)?;
    // As syslog(2) gives the kernel's buffer.
    let buffer = folder.join("buffer");
    let mut text = String::new();
    for line in capture::lines(&capture::text()) {
        let (priority, clock, message) = (line.priority, line.clock(), line.text);
        writeln!(text, "<{priority}>{clock} {message}").expect("memory");
    }
    fs::write(&buffer, text).expect("written");
    check("util-linux 2.38", &folder, |carrier| {
        output(by_name(carrier, &locales).arg("--file").arg(&buffer))
    });
    Ok(())
}

/// What a daemon wrote into a file, once it has the line of the last kill.
fn lines_of(file: &Path, running: &mut Running) -> Vec<u8> {
    let kills = |text: &str| text.matches("Killed process").count();
    let wanted = kills(&capture::text());
    let begun = Instant::now();
    loop {
        let bytes = fs::read(file).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        if text.ends_with('\n') && kills(&text) >= wanted {
            return bytes;
        }
        let ended = running.child.try_wait().expect("a child");
        assert!(
            ended.is_none() && begun.elapsed() < PATIENCE,
            "{}: {ended:?}, {} bytes",
            file.display(),
            bytes.len()
        );
        sleep(Duration::from_millis(50));
    }
}

/// The file of a carrier, as the daemon's configuration names it.
fn file_of(folder: &Path, carrier: &str) -> PathBuf {
    folder.join(carrier.replace(|char: char| !char.is_ascii_alphanumeric(), "-"))
}

fn what_rsyslog_writes_is_read() -> Tested {
    let folder = folder("carriers-rsyslog");
    let templates = carriers("rsyslog 8.2302").iter().map(|carrier| {
        let template = match *carrier {
            "rsyslog" => "RSYSLOG_TraditionalFileFormat",
            "rsyslog, ISO times" => "RSYSLOG_FileFormat",
            "syslog with its priority" => "with_priority",
            "RFC 5424" => "RSYSLOG_SyslogProtocol23Format",
            other => panic!("there is no template for {other}"),
        };
        let file = file_of(&folder, carrier);
        format!(
            "*.* action(type=\"omfile\" file=\"{}\" template=\"{template}\")\n",
            file.display()
        )
    });
    // As it forwards, which has no line ends by itself.
    let forward = "template(name=\"with_priority\" type=\"string\" string=\"<%PRI%>%TIMESTAMP% %HOSTNAME% \
                   %syslogtag%%msg:::sp-if-no-1st-sp%%msg%\\n\")\n";
    let config = folder.join("carriers.conf");
    let text: String = [forward.to_owned()].into_iter().chain(templates).collect();
    fs::write(&config, text).expect("written");
    let mut running = syslog::rsyslog(&folder, &config)?;
    let written = carriers("rsyslog 8.2302").iter().map(|carrier| {
        let written = lines_of(&file_of(&folder, carrier), &mut running);
        (*carrier, written)
    });
    let written: HashMap<&str, Vec<u8>> = written.collect();
    check("rsyslog 8.2302", &folder, |carrier| {
        written[carrier].clone()
    });
    Ok(())
}

fn what_syslog_ng_writes_is_read() -> Tested {
    let folder = folder("carriers-syslog-ng");
    let mut text = String::new();
    for (number, carrier) in carriers("syslog-ng 3.38").iter().enumerate() {
        let options = match *carrier {
            "journalctl" => "",
            "rsyslog of the journal" => "ts-format(iso) frac-digits(6)",
            "syslog, seconds since 1970" => "template(\"$UNIXTIME $HOST $MSGHDR$MSG\\n\")",
            "RFC 5424 with structured data" => "flags(syslog-protocol)",
            other => panic!("there is no destination for {other}"),
        };
        let file = file_of(&folder, carrier);
        writeln!(
            text,
            "destination d_{number} {{ file(\"{}\" {options}); }};\n\
             log {{ source(s_src); destination(d_{number}); }};",
            file.display()
        )
        .expect("memory");
    }
    let config = folder.join("carriers.conf");
    fs::write(&config, text).expect("written");
    let mut running = syslog::syslog_ng(&folder, &config)?;
    let written = carriers("syslog-ng 3.38").iter().map(|carrier| {
        let written = lines_of(&file_of(&folder, carrier), &mut running);
        (*carrier, written)
    });
    let written: HashMap<&str, Vec<u8>> = written.collect();
    check("syslog-ng 3.38", &folder, |carrier| {
        written[carrier].clone()
    });
    Ok(())
}

/// In a namespace of its own: it listens at `/dev/log` and nowhere else.
fn what_busybox_writes_is_read() -> Tested {
    needs("busybox")?;
    needs("unshare")?;
    let folder = folder("carriers-busybox");
    let file = folder.join("messages");
    let child = Command::new("unshare")
        .args(["--mount", "sh", "-c"])
        .arg("mount -t tmpfs tmpfs /dev && exec busybox syslogd -n -O \"$0\"")
        .arg(&file)
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut running = Running::from(child);
    let process = PathBuf::from(format!("/proc/{}", running.child.id()));
    let socket = UnixDatagram::unbound().expect("a socket");
    let begun = Instant::now();
    // The machine's own stands there until the namespace has its /dev.
    let is_started =
        || fs::read_link(process.join("exe")).is_ok_and(|program| program.ends_with("busybox"));
    while !is_started() || socket.connect(process.join("root/dev/log")).is_err() {
        if running.child.try_wait().expect("a child").is_some() || begun.elapsed() > PATIENCE {
            return Err(Skip::new("no mount namespace can be made"));
        }
        sleep(Duration::from_millis(20));
    }
    for line in capture::lines(&capture::text()) {
        let (priority, clock, message) = (line.priority, line.clock(), line.text);
        let datagram = format!("<{priority}>kernel: {clock} {message}");
        socket.send(datagram.as_bytes()).expect("it is taken");
    }
    let written = lines_of(&file, &mut running);
    check("BusyBox 1.35", &folder, |_| written.clone());
    Ok(())
}

/// Logs as a machine has them, below `folder`.
fn logs(folder: &Path) {
    let var = folder.join("var/log");
    fs::create_dir_all(&var).expect("a folder");
    let write = |name: &str, front: &dyn Fn(&capture::Line) -> String| {
        let mut text = String::new();
        for line in capture::lines(&capture::text()) {
            writeln!(text, "{}{} {}", front(&line), line.clock(), line.text).expect("memory");
        }
        fs::write(var.join(name), text).expect("written");
    };
    let traditional = |line: &capture::Line| {
        let seconds = line.at_us / 1_000_000;
        let (minute, second) = (seconds / 60 % 60, seconds % 60);
        format!("May  5 10:{minute:02}:{second:02} n1 kernel: ")
    };
    let iso = |line: &capture::Line| {
        let seconds = line.at_us / 1_000_000;
        let (minute, second) = (seconds / 60 % 60, seconds % 60);
        format!("2024-05-05T10:{minute:02}:{second:02}.000000+00:00 n1 kernel: ")
    };
    write("kern.log", &traditional);
    write("messages", &traditional);
    write("messages-20240505", &traditional);
    write("syslog", &iso);
    write("dmesg.txt", &|_| String::new());
}

/// What a shell's line writes in a folder.
fn shell(folder: &Path, line: &str) -> Vec<u8> {
    output(Command::new("sh").args(["-c", line]).current_dir(folder))
}

fn what_grep_writes_is_read() -> Tested {
    needs("grep")?;
    let folder = folder("carriers-grep");
    logs(&folder);
    check("grep 3.8", &folder, |carrier| {
        let line = match carrier {
            "grep -H" => "grep -H '' var/log/kern.log",
            "grep -n" => "grep -n '' var/log/kern.log",
            "grep -Hn" => "grep -Hn '' var/log/kern.log",
            "grep -H in the folder" => "cd var/log && grep -H '' messages",
            "grep -H of ISO times" => "grep -H '' var/log/syslog",
            "grep -H of dmesg's output" => "cd var/log && grep -H '' dmesg.txt",
            "grep -n of dmesg's output" => "grep -n '' var/log/dmesg.txt",
            "grep -Hn beside a hit" => "grep -Hn -B 150 'Killed process' var/log/kern.log",
            "grep -n beside a hit" => "grep -n -B 150 'Killed process' var/log/kern.log",
            "grep between hits" => "grep -C 0 . var/log/kern.log",
            "grep of standard input" => "grep -H '' < var/log/kern.log",
            other => panic!("there is no command for {other}"),
        };
        shell(&folder, line)
    });
    Ok(())
}

fn what_zgrep_writes_is_read() -> Tested {
    needs("zgrep")?;
    let folder = folder("carriers-zgrep");
    logs(&folder);
    shell(&folder, "gzip --keep var/log/messages-20240505");
    check("gzip 1.12", &folder, |carrier| {
        let line = match carrier {
            "zgrep" => "zgrep -H '' var/log/messages-20240505.gz",
            "zgrep -n" => "zgrep -Hn '' var/log/messages-20240505.gz",
            other => panic!("there is no command for {other}"),
        };
        shell(&folder, line)
    });
    Ok(())
}

fn what_coreutils_write_is_read() -> Tested {
    needs("tac")?;
    let folder = folder("carriers-coreutils");
    logs(&folder);
    check("coreutils 9.1", &folder, |carrier| {
        let line = match carrier {
            "cat -n" => "cat -n var/log/kern.log",
            "a syslog turned round" => "tac var/log/kern.log",
            other => panic!("there is no command for {other}"),
        };
        shell(&folder, line)
    });
    Ok(())
}
