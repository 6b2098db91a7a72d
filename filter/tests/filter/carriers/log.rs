//! Logs of kernels, as the kernel printed them.

use std::fs;
use std::path::Path;

use oom_filter::KernelLine;
use oom_suite::Suite;

/// Kernels that were booted.
const CAPTURES: [&str; 2] = ["debian-5.10.262-cgroup1", "debian-6.1.192-cgroup2"];
/// Suites with reports of older kernels, and with names that look like what stands around them.
const SUITES: [&str; 5] = [
    "node",
    "two-line-kill",
    "sacrificed-child",
    "task-in-three-records",
    "hostile-names",
];

/// A line that the kernel printed.
pub struct Entry {
    /// Level and facility.
    pub priority: usize,
    pub sequence: u64,
    /// Microseconds since boot.
    pub at_us: u64,
    /// Without line ends.
    pub text: String,
}

/// A log.
pub struct Log {
    pub name: String,
    pub entries: Vec<Entry>,
}

impl Log {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let captures = CAPTURES.iter().map(|name| Self::capture(name));
        captures
            .chain(SUITES.iter().map(|name| Self::suite(name)))
            .collect()
    }

    fn capture(name: &str) -> Self {
        // Some of the scenarios after each change, most of them in CI.
        let most = match std::env::var_os("CI") {
            Some(_) => 600,
            None => 100,
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/captures");
        let bytes = fs::read(folder.join(format!("{name}.kmsg"))).expect("the capture");
        let mut log = Self::empty(name);
        for line in bytes.split(|byte| *byte == b'\n') {
            let fields = String::from_utf8_lossy(line);
            let priority = fields.split(',').next().and_then(|it| it.parse().ok());
            let kernel_line = KernelLine::read(line);
            // What user space wrote is no kernel line. Frames of the stack and most statistics are told by
            // their place alone, and take most of the time.
            let is_frame = holds(&kernel_line.text, b"+0x");
            if let (Some(priority @ 0..8), Some(at_us), false) =
                (priority, kernel_line.at_us, is_frame)
            {
                log.add(priority, at_us, &kernel_line.text);
            }
            if log.entries.len() >= most {
                break;
            }
        }
        log
    }

    /// The log of a suite.
    pub fn suite(name: &str) -> Self {
        let suite = Suite::named(name);
        let mut log = Self::empty(name);
        for line in suite.lines() {
            let kernel_line = KernelLine::read(line);
            let at_us = kernel_line.at_us.expect("the kernel's clock");
            log.add(3, at_us, &kernel_line.text);
        }
        log
    }

    /// Whether it is the whole log of a kernel that was booted.
    pub fn is_capture(&self) -> bool {
        CAPTURES.contains(&self.name.as_str())
    }

    fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            entries: Vec::new(),
        }
    }

    /// A record of the kernel's. Of those with line ends each line is one of its own, as klogd has it.
    fn add(&mut self, priority: usize, at_us: u64, text: &[u8]) {
        /// Lines that are kept of one record.
        const MOST: usize = 12;
        for line in String::from_utf8_lossy(text).split('\n').take(MOST) {
            self.entries.push(Entry {
                priority,
                sequence: self.entries.len() as u64,
                at_us,
                text: line.to_owned(),
            });
        }
    }

    /// The log, line by line.
    pub fn written(&self, line: fn(&Entry) -> String) -> Vec<u8> {
        let lines = self.entries.iter().map(|entry| line(entry) + "\n");
        lines.collect::<String>().into_bytes()
    }
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
