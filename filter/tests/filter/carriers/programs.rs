//! Which carriers were written by the program itself too. `vector/tests/daemons/carriers.rs` runs each of them here,
//! and takes no row that is missing and none that is too many.

/// Programs, as they were run, and the carriers that they wrote.
#[rustfmt::skip]
pub const PROGRAMS: &[(&str, &[&str])] = &[
    ("systemd 252", &[
        "journalctl", "journalctl --no-hostname", "journalctl -o short-precise", "journalctl -o short-iso",
        "journalctl -o short-iso --no-hostname", "journalctl -o short-iso-precise", "journalctl -o short-full",
        "journalctl -o short-full of a zone", "journalctl -o short-full of a zone without a name",
        "journalctl -o short-full --no-hostname", "journalctl -o with-unit", "journalctl -o short-unix",
        "journalctl -o short-unix --no-hostname", "journalctl -o short-monotonic", "journalctl -o short-delta",
        "journalctl -o short-delta, the first line", "journalctl -o cat", "journalctl in colour",
        "journalctl of a German", "journalctl of a Chinese", "journalctl of a Frenchman", "journalctl -o json",
        "journalctl -o export", "journalctl -o verbose", "journalctl -o json-pretty", "journalctl -o json-seq",
    ]),
    // Not `--json`: of a file, 2.38 writes behind each message all that follows.
    ("util-linux 2.38", &[
        "dmesg", "dmesg -d", "dmesg --time-format delta", "dmesg -x", "dmesg -T", "dmesg -T of a German",
        "dmesg -T of a Japanese", "dmesg -T of a Chinese", "dmesg -T of a Frenchman", "dmesg -T of a Tamil",
        "dmesg -xT", "dmesg -Td", "dmesg -e", "dmesg -e, a new minute", "dmesg --time-format iso",
        "dmesg --time-format iso -x", "dmesg -t", "dmesg -r", "dmesg in colour", "dmesg -T in colour",
        "dmesg -x in colour",
    ]),
    ("rsyslog 8.2302", &["rsyslog", "rsyslog, ISO times", "syslog with its priority", "RFC 5424"]),
    // It reads /dev/kmsg and leaves the kernel's clock out, as a journal has it.
    ("syslog-ng 3.38", &[
        "journalctl", "rsyslog of the journal", "syslog, seconds since 1970", "RFC 5424 with structured data",
    ]),
    ("BusyBox 1.35", &["busybox syslogd"]),
    ("grep 3.8", &[
        "grep -H", "grep -n", "grep -Hn", "grep -H in the folder", "grep -H of ISO times",
        "grep -H of dmesg's output", "grep -n of dmesg's output", "grep -Hn beside a hit", "grep -n beside a hit",
        "grep between hits", "grep of standard input",
    ]),
    ("gzip 1.12", &["zgrep", "zgrep -n"]),
    ("coreutils 9.1", &["cat -n", "a syslog turned round"]),
];
