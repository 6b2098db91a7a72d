//! Carriers that write a line for a line.

use super::carrier::{Carrier, clocked, unclocked, unmarked};
use super::log::Entry;

/// `[   12.345678] text`, what the others are held against.
pub fn dmesg(entry: &Entry) -> String {
    format!("{} {}", clock(entry), entry.text)
}

/// What carriers without the kernel's clock are held against.
pub fn journal(entry: &Entry) -> String {
    format!("May 05 {} n1 kernel: {}", time(entry), entry.text)
}

/// The text alone.
pub fn bare(entry: &Entry) -> String {
    entry.text.clone()
}

fn clock(entry: &Entry) -> String {
    format!(
        "[{:5}.{:06}]",
        entry.at_us / 1_000_000,
        entry.at_us % 1_000_000
    )
}

/// With a fraction of so many decimals.
fn clock_of(entry: &Entry, decimals: u32) -> String {
    let scale = 10_u64.pow(6 - decimals);
    let fraction = entry.at_us % 1_000_000 / scale;
    format!(
        "[{:5}.{fraction:0width$}]",
        entry.at_us / 1_000_000,
        width = decimals as usize
    )
}

/// `hh:mm:ss`, of a machine that was booted at ten.
pub fn time(entry: &Entry) -> String {
    let seconds = entry.at_us / 1_000_000;
    format!("10:{:02}:{:02}", seconds / 60 % 60, seconds % 60)
}

pub fn micros(entry: &Entry) -> u64 {
    entry.at_us % 1_000_000
}

pub fn epoch(entry: &Entry) -> u64 {
    1_714_903_200 + entry.at_us / 1_000_000
}

pub fn level(entry: &Entry) -> &'static str {
    [
        "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
    ][entry.priority]
}

/// As `/dev/kmsg` writes it.
pub fn escaped(entry: &Entry) -> String {
    let bytes = entry.text.bytes();
    bytes
        .map(|byte| match byte {
            b' '..=b'~' if byte != b'\\' => char::from(byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        })
        .collect()
}

/// A terminal's log has no escapes of a name's, which would move its cursor.
fn visible(text: &str) -> String {
    text.replace('\x1b', "\\x1b")
}

/// What `dmesg` takes for a subsystem has a colour of its own.
fn coloured(entry: &Entry) -> String {
    visible(&entry.text).replacen(": ", ": \x1b[0m\x1b[1m", 1)
}

pub fn syslog(entry: &Entry) -> String {
    format!("May  5 {} n1 kernel: {}", time(entry), dmesg(entry))
}

pub fn iso_syslog(entry: &Entry) -> String {
    format!(
        "2024-05-05T{}.{:06}+00:00 n1 kernel: {}",
        time(entry),
        micros(entry),
        dmesg(entry)
    )
}

pub const CARRIERS: &[Carrier] = &[
    unclocked("journalctl", journal),
    unclocked("journalctl --no-hostname", |entry| {
        format!("May 05 {} kernel: {}", time(entry), entry.text)
    }),
    unclocked("journalctl -o short-precise", |entry| {
        format!(
            "May 05 {}.{:06} n1 kernel: {}",
            time(entry),
            micros(entry),
            entry.text
        )
    }),
    unclocked("journalctl -o short-iso", |entry| {
        format!("2024-05-05T{}+0000 n1 kernel: {}", time(entry), entry.text)
    }),
    unclocked("journalctl -o short-iso --no-hostname", |entry| {
        format!("2024-05-05T{}+0000 kernel: {}", time(entry), entry.text)
    }),
    unclocked("journalctl -o short-iso-precise", |entry| {
        format!(
            "2024-05-05T{}.{:06}+0000 n1 kernel: {}",
            time(entry),
            micros(entry),
            entry.text
        )
    }),
    unclocked("journalctl -o short-full", |entry| {
        format!(
            "Sun 2024-05-05 {} UTC n1 kernel: {}",
            time(entry),
            entry.text
        )
    }),
    unclocked("journalctl -o short-full of a zone", |entry| {
        format!(
            "Sun 2024-05-05 {} CEST n1 kernel: {}",
            time(entry),
            entry.text
        )
    }),
    unclocked(
        "journalctl -o short-full of a zone without a name",
        |entry| {
            format!(
                "Sun 2024-05-05 {} +0530 n1 kernel: {}",
                time(entry),
                entry.text
            )
        },
    ),
    unclocked("journalctl -o short-full --no-hostname", |entry| {
        format!("Sun 2024-05-05 {} CEST kernel: {}", time(entry), entry.text)
    }),
    unclocked("journalctl -o with-unit", |entry| {
        format!(
            "Sun 2024-05-05 {} UTC n1 kernel: {}",
            time(entry),
            entry.text
        )
    }),
    unclocked("journalctl -o short-unix", |entry| {
        format!(
            "{}.{:06} n1 kernel: {}",
            epoch(entry),
            micros(entry),
            entry.text
        )
    }),
    unclocked("journalctl -o short-unix --no-hostname", |entry| {
        format!(
            "{}.{:06} kernel: {}",
            epoch(entry),
            micros(entry),
            entry.text
        )
    }),
    clocked("journalctl -o short-monotonic", |entry| {
        format!("{} n1 kernel: {}", clock(entry), entry.text)
    }),
    clocked("journalctl -o short-delta", |entry| {
        format!(
            "{} <    0.000218 >] n1 kernel: {}",
            clock(entry).trim_end_matches(']'),
            entry.text
        )
    }),
    clocked("journalctl -o short-delta, the first line", |entry| {
        format!(
            "{}                ] n1 kernel: {}",
            clock(entry).trim_end_matches(']'),
            entry.text
        )
    }),
    unmarked("journalctl -o cat", bare),
    unclocked("journalctl in colour", |entry| {
        format!(
            "May 05 {} n1 kernel: \x1b[0;1;31m\x1b[0;1;39m\x1b[0;1;31m{}\x1b[0m",
            time(entry),
            visible(&entry.text)
        )
    }),
    unclocked("journalctl of a German", |entry| {
        format!("Mär 05 {} n1 kernel: {}", time(entry), entry.text)
    }),
    unclocked("journalctl of a Chinese", |entry| {
        format!("5月 05 {} n1 kernel: {}", time(entry), entry.text)
    }),
    unclocked("journalctl of a Frenchman", |entry| {
        format!("févr. 05 {} n1 kernel: {}", time(entry), entry.text)
    }),
    clocked("dmesg", dmesg),
    clocked("dmesg -d", |entry| {
        format!(
            "{} <    0.000218>] {}",
            clock(entry).trim_end_matches(']'),
            entry.text
        )
    }),
    unclocked("dmesg --time-format delta", |entry| {
        format!("[<    0.000218>] {}", entry.text)
    }),
    clocked("dmesg -x", |entry| {
        format!("kern  :{:<6}: {}", level(entry), dmesg(entry))
    }),
    unclocked("dmesg -T", |entry| {
        format!("[Sun May  5 {} 2024] {}", time(entry), entry.text)
    }),
    unclocked("dmesg -T of a German", |entry| {
        format!("[So Mai  5 {} 2024] {}", time(entry), entry.text)
    }),
    unclocked("dmesg -T of a Japanese", |entry| {
        format!("[日  5月  5 {} 2024] {}", time(entry), entry.text)
    }),
    unclocked("dmesg -T of a Chinese", |entry| {
        format!("[四 4月 17 {} 2025] {}", time(entry), entry.text)
    }),
    unclocked("dmesg -T of a Frenchman", |entry| {
        format!("[dim. févr.  5 {} 2024] {}", time(entry), entry.text)
    }),
    unclocked("dmesg -T of a Tamil", |entry| {
        format!("[ஞாயிறு பிப்ரவரி  5 {} 2024] {}", time(entry), entry.text)
    }),
    unclocked("dmesg -xT", |entry| {
        format!(
            "kern  :{:<6}: [Sun May  5 {} 2024] {}",
            level(entry),
            time(entry),
            entry.text
        )
    }),
    unclocked("dmesg -Td", |entry| {
        format!(
            "[Sun May  5 {} 2024 <    0.000218>] {}",
            time(entry),
            entry.text
        )
    }),
    unclocked("dmesg -e", |entry| format!("[  +0.000218] {}", entry.text)),
    unclocked("dmesg -e, a new minute", |entry| {
        format!("[May 5 10:11] {}", entry.text)
    }),
    unclocked("dmesg --time-format iso", |entry| {
        format!(
            "2024-05-05T{},{:06}+00:00 {}",
            time(entry),
            micros(entry),
            entry.text
        )
    }),
    unclocked("dmesg --time-format iso -x", |entry| {
        format!(
            "kern  :{:<6}: 2024-05-05T{},{:06}+00:00 {}",
            level(entry),
            time(entry),
            micros(entry),
            entry.text
        )
    }),
    unmarked("dmesg -t", bare),
    clocked("dmesg -r", |entry| {
        format!("<{}>{}", entry.priority, dmesg(entry))
    }),
    clocked("dmesg in colour", |entry| {
        format!(
            "\x1b[32m{} \x1b[0m\x1b[33m{}\x1b[0m",
            clock(entry),
            coloured(entry)
        )
    }),
    unclocked("dmesg -T in colour", |entry| {
        format!(
            "\x1b[32m[Sun May  5 {} 2024] \x1b[0m\x1b[33m{}\x1b[0m",
            time(entry),
            coloured(entry)
        )
    }),
    clocked("dmesg -x in colour", |entry| {
        format!(
            "kern  :{:<6}: \x1b[32m{} \x1b[0m\x1b[33m{}\x1b[0m",
            level(entry),
            clock(entry),
            coloured(entry)
        )
    }),
    clocked("a kernel that prints milliseconds", |entry| {
        format!("{} {}", clock_of(entry, 3), entry.text)
    }),
    clocked("a kernel that prints hundredths", |entry| {
        format!("{} {}", clock_of(entry, 2), entry.text)
    }),
    clocked("/dev/kmsg", |entry| {
        format!(
            "{},{},{},-;{}",
            entry.priority,
            entry.sequence,
            entry.at_us,
            escaped(entry)
        )
    }),
    clocked("netconsole", |entry| {
        format!(
            "{},{},{},-,ncfrag=0/33;{}",
            entry.priority,
            entry.sequence,
            entry.at_us,
            escaped(entry)
        )
    }),
    clocked("rsyslog", syslog),
    clocked("rsyslog, ISO times", iso_syslog),
    unclocked("rsyslog of the journal", |entry| {
        format!(
            "2024-05-05T{}.{:06}+00:00 n1 kernel: {}",
            time(entry),
            micros(entry),
            entry.text
        )
    }),
    clocked("syslog without a machine", |entry| {
        format!("May  5 {} kernel: {}", time(entry), dmesg(entry))
    }),
    unclocked("syslog whose machine was cut out", |entry| {
        format!("May  5 {}  kernel: {}", time(entry), entry.text)
    }),
    clocked("syslog without a space behind the program", |entry| {
        format!("May  5 {} n1 kernel:{}", time(entry), dmesg(entry))
    }),
    clocked("syslog, date and time", |entry| {
        format!("2024-05-05 {} n1 kernel: {}", time(entry), dmesg(entry))
    }),
    clocked(
        "syslog, date and time with milliseconds and zone",
        |entry| {
            format!(
                "2024-05-05 {}.123+0200 n1 kernel: {}",
                time(entry),
                dmesg(entry)
            )
        },
    ),
    clocked("syslog, date with slashes", |entry| {
        format!("2024/05/05 {} n1 kernel: {}", time(entry), dmesg(entry))
    }),
    clocked("syslog, the year behind", |entry| {
        format!("05/05/2024 {} n1 kernel: {}", time(entry), dmesg(entry))
    }),
    unclocked("syslog, the time alone", |entry| {
        format!("{} kernel: {}", time(entry), entry.text)
    }),
    unclocked("syslog, the time alone, with a machine", |entry| {
        format!("{} n1 kernel: {}", time(entry), entry.text)
    }),
    clocked("syslog, seconds since 1970", |entry| {
        format!("{} n1 kernel: {}", epoch(entry), dmesg(entry))
    }),
    clocked("syslog-ng of a platform, without a program", |entry| {
        format!("{} n1 {}", epoch(entry), dmesg(entry))
    }),
    clocked("the same with a fraction", |entry| {
        format!(
            "{}.{:03} n1 {}",
            epoch(entry),
            micros(entry) / 1000,
            dmesg(entry)
        )
    }),
    clocked("syslog, facility and level", |entry| {
        format!(
            "May  5 {} n1 kern.{} kernel: {}",
            time(entry),
            level(entry),
            dmesg(entry)
        )
    }),
    clocked("syslog, facility and level in front", |entry| {
        format!("kern.{} {}", level(entry), syslog(entry))
    }),
    clocked(
        "syslog, facility and level in front with a colon",
        |entry| format!("kern.{}: {}", level(entry), iso_syslog(entry)),
    ),
    clocked("syslog of FreeBSD, numbers", |entry| {
        format!(
            "May  5 {} <0.{}> n1 kernel: {}",
            time(entry),
            entry.priority,
            dmesg(entry)
        )
    }),
    clocked("syslog of FreeBSD, names", |entry| {
        format!(
            "May  5 {} <kern.{}> n1 kernel: {}",
            time(entry),
            level(entry),
            dmesg(entry)
        )
    }),
    clocked("syslog with its priority", |entry| {
        format!("<{}>{}", entry.priority, syslog(entry))
    }),
    clocked("syslog over TCP", |entry| {
        format!(
            "{} <{}>{}",
            syslog(entry).len() + 3,
            entry.priority,
            syslog(entry)
        )
    }),
    clocked("RFC 5424", |entry| {
        format!(
            "<{}>1 2024-05-05T{}.{:06}+00:00 n1 kernel - - - {}",
            entry.priority,
            time(entry),
            micros(entry),
            dmesg(entry)
        )
    }),
    clocked("RFC 5424 with structured data", |entry| {
        format!(
            "<{}>1 2024-05-05T{}.{:06}+00:00 n1 kernel - ID47 [origin ip=\"10.0.0.1\"][meta sequenceId=\"2\" x=\"a\\\\]b\"] {}",
            entry.priority,
            time(entry),
            micros(entry),
            dmesg(entry)
        )
    }),
    clocked("RFC 5424 with a mark of bytes", |entry| {
        format!(
            "<{}>1 2024-05-05T{}Z n1 kernel - - - \u{feff}{}",
            entry.priority,
            time(entry),
            dmesg(entry)
        )
    }),
    clocked("RFC 5424 without priority", |entry| {
        format!(
            "1 2024-05-05T{}Z n1 kernel - - - {}",
            time(entry),
            dmesg(entry)
        )
    }),
    clocked("RFC 5424 over TCP", |entry| {
        format!(
            "{} <{}>1 2024-05-05T{}Z n1 kernel - - - {}",
            900,
            entry.priority,
            time(entry),
            dmesg(entry)
        )
    }),
    clocked("RFC 5424 without a machine", |entry| {
        format!(
            "<{}>1 2024-05-05T{}Z - kernel - - - {}",
            entry.priority,
            time(entry),
            dmesg(entry)
        )
    }),
    clocked("logread of OpenWrt", |entry| {
        format!(
            "Sun May  5 {} 2024 kern.{} kernel: {}",
            time(entry),
            level(entry),
            dmesg(entry)
        )
    }),
    clocked("logread -t of OpenWrt", |entry| {
        format!(
            "Sun May  5 {} 2024 [{}.{:03}] kern.{} kernel: {}",
            time(entry),
            epoch(entry),
            micros(entry) / 1000,
            level(entry),
            dmesg(entry)
        )
    }),
    clocked("busybox syslogd", |entry| {
        format!(
            "May  5 {} n1 kern.{} kernel: {}",
            time(entry),
            level(entry),
            dmesg(entry)
        )
    }),
    clocked("a program's name alone", |entry| {
        format!("kernel: {}", dmesg(entry))
    }),
    clocked("facility, level and program", |entry| {
        format!("kern.{} kernel: {}", level(entry), dmesg(entry))
    }),
    unclocked("Talos", |entry| {
        format!(
            "kern: {:>7}: [2024-05-05T{}.{:09}Z]: {}",
            level(entry),
            time(entry),
            micros(entry) * 1000,
            entry.text
        )
    }),
    unclocked("talosctl", |entry| {
        format!(
            "172.16.0.11: kern: {:>7}: [2024-05-05T{}.{:09}Z]: {}",
            level(entry),
            time(entry),
            micros(entry) * 1000,
            entry.text
        )
    }),
    unclocked("talosctl of a node with a name", |entry| {
        format!(
            "cp-1: kern: {:>7}: [2024-05-05T{}.{:09}Z]: {}",
            level(entry),
            time(entry),
            micros(entry) * 1000,
            entry.text
        )
    }),
    clocked("macOS's unified log", |entry| {
        format!(
            "2024-05-05 {}.{:06}+0200 0x1f0f     Default     0x0                  737    0    com.docker.hyperkit: {}",
            time(entry),
            micros(entry),
            dmesg(entry)
        )
    }),
    clocked("ESXi", |entry| {
        format!(
            "2024-05-05T{}.127Z In(05) vcpu-5 - Guest: <{}>{}",
            time(entry),
            entry.priority,
            dmesg(entry)
        )
    }),
    clocked("ESXi before 8.0", |entry| {
        format!(
            "2024-05-05T{}.127Z| vcpu-5| I125: Guest: <{}>{}",
            time(entry),
            entry.priority,
            dmesg(entry)
        )
    }),
    clocked("logcat", |entry| {
        format!(
            "05-05 {}.345     0     0 E kernel  : {}",
            time(entry),
            dmesg(entry)
        )
    }),
    clocked("logcat -v time", |entry| {
        format!(
            "05-05 {}.345 E/kernel  (    0): {}",
            time(entry),
            dmesg(entry)
        )
    }),
    clocked("logcat -v brief", |entry| {
        format!("E/kernel  (    0): {}", dmesg(entry))
    }),
    clocked("a container's log, CRI", |entry| {
        format!(
            "2024-05-05T{}.{:09}Z stdout F {}",
            time(entry),
            micros(entry) * 1000,
            dmesg(entry)
        )
    }),
    clocked("kubectl logs --timestamps", |entry| {
        format!(
            "2024-05-05T{}.{:09}Z {}",
            time(entry),
            micros(entry) * 1000,
            dmesg(entry)
        )
    }),
    clocked("kubectl logs --timestamps of a syslog", |entry| {
        format!(
            "2024-05-05T{}.{:09}Z {}",
            time(entry),
            micros(entry) * 1000,
            syslog(entry)
        )
    }),
    clocked("kubectl logs --prefix", |entry| {
        format!("[pod/dmesg-7xk2p/dmesg] {}", dmesg(entry))
    }),
    clocked("kubectl logs --prefix --timestamps", |entry| {
        format!(
            "[pod/dmesg-7xk2p/dmesg] 2024-05-05T{}.{:09}Z {}",
            time(entry),
            micros(entry) * 1000,
            dmesg(entry)
        )
    }),
    clocked("stern", |entry| {
        format!("dmesg-7xk2p dmesg {}", dmesg(entry))
    }),
    clocked("stern of all namespaces", |entry| {
        format!("kube-system dmesg-7xk2p dmesg {}", dmesg(entry))
    }),
    clocked("stern in colour", |entry| {
        format!(
            "\x1b[36mdmesg-7xk2p\x1b[0m \x1b[96mdmesg\x1b[0m {}",
            visible(&dmesg(entry))
        )
    }),
    clocked("docker compose logs", |entry| {
        format!("dmesg-1  | {}", dmesg(entry))
    }),
    clocked("docker compose logs in colour", |entry| {
        format!("\x1b[36mdmesg-1  | \x1b[0m{}", visible(&dmesg(entry)))
    }),
    clocked("docker compose logs --timestamps", |entry| {
        format!(
            "dmesg-1  | 2024-05-05T{}.{:09}Z {}",
            time(entry),
            micros(entry) * 1000,
            dmesg(entry)
        )
    }),
    clocked("grep -H", |entry| {
        format!("/var/log/kern.log:{}", syslog(entry))
    }),
    clocked("grep -n", |entry| {
        format!("{}:{}", entry.sequence + 1, syslog(entry))
    }),
    clocked("grep -Hn", |entry| {
        format!("/var/log/kern.log:{}:{}", entry.sequence + 1, syslog(entry))
    }),
    clocked("grep -H in the folder", |entry| {
        format!("messages:{}", syslog(entry))
    }),
    clocked("grep -H of ISO times", |entry| {
        format!("/var/log/syslog:{}", iso_syslog(entry))
    }),
    clocked("grep -H of dmesg's output", |entry| {
        format!("dmesg.txt:{}", dmesg(entry))
    }),
    clocked("grep -n of dmesg's output", |entry| {
        format!("{}:{}", entry.sequence + 1, dmesg(entry))
    }),
    clocked("grep -Hn beside a hit", |entry| {
        format!("/var/log/kern.log-{}-{}", entry.sequence + 1, syslog(entry))
    }),
    clocked("grep -n beside a hit", |entry| {
        format!("{}-{}", entry.sequence + 1, syslog(entry))
    }),
    clocked("zgrep", |entry| {
        format!("/var/log/messages-20240505.gz:{}", syslog(entry))
    }),
    clocked("zgrep -n", |entry| {
        format!(
            "/var/log/syslog.2.gz:{}:{}",
            entry.sequence + 1,
            syslog(entry)
        )
    }),
    clocked("grep between hits", |entry| {
        format!("{}\n--", syslog(entry))
    }),
    clocked("grep of standard input", |entry| {
        format!("(standard input):{}", syslog(entry))
    }),
    clocked("grep -H of a container's log", |entry| {
        format!(
            "/var/log/pods/kube-system_dmesg-7xk2p_94eb36cd-29e1-478b-b365-4cb5dfc7d6fb/dmesg/0.log:2024-05-05T{}.{:09}Z stdout F {}",
            time(entry),
            micros(entry) * 1000,
            dmesg(entry)
        )
    }),
    clocked("Ansible's list", |entry| {
        format!("        \"{}\",", dmesg(entry))
    }),
    clocked("cat -n", |entry| {
        format!("{:6}\t{}", entry.sequence + 1, syslog(entry))
    }),
    clocked("quoted mail", |entry| format!("> {}", dmesg(entry))),
    clocked("quoted mail twice", |entry| {
        format!(">> > {}", dmesg(entry))
    }),
    clocked("quoted syslog", |entry| format!("> {}", syslog(entry))),
    clocked("quotes", |entry| format!("\"{}\"", dmesg(entry))),
    clocked("single quotes", |entry| format!("'{}'", dmesg(entry))),
    clocked("back quotes", |entry| format!("     `{}`", dmesg(entry))),
    clocked("tabs in front", |entry| format!("\t\t{}", dmesg(entry))),
    clocked("a carriage return behind", |entry| {
        format!("{}\r", dmesg(entry))
    }),
    clocked("blanks behind", |entry| format!("{}   ", dmesg(entry))),
    unmarked("blanks behind the bare text", |entry| {
        format!("{}  ", entry.text)
    }),
    clocked("tabs behind", |entry| format!("{}\t", dmesg(entry))),
    clocked("a colour around the line", |entry| {
        format!("\x1b[1;31m{}\x1b[0m", visible(&dmesg(entry)))
    }),
    clocked("a colour around syslog", |entry| {
        format!("\x1b[1;31m{}\x1b[0m", visible(&syslog(entry)))
    }),
    clocked("a no-break space in front", |entry| {
        format!("\u{a0}{}", dmesg(entry))
    }),
    clocked("no-break spaces for blanks", |entry| {
        dmesg(entry).replace(' ', "\u{a0}")
    }),
    clocked("no-break spaces behind", |entry| {
        format!("{}\u{a0}", dmesg(entry))
    }),
    clocked("a mark of bytes in front", |entry| {
        format!("\u{feff}{}", dmesg(entry))
    }),
    unclocked("no-break spaces for blanks of syslog", |entry| {
        format!("May  5 {} n1 kernel: {}", time(entry), entry.text).replace(' ', "\u{a0}")
    }),
];
