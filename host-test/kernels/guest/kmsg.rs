//! The kernel's message buffer.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Longest record that `/dev/kmsg` hands out, with room to spare.
const RECORD: usize = 16 * 1024;
/// How long to wait for a line of the kernel's.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open `/dev/kmsg`, standing at the oldest record.
pub struct Kmsg {
    device: File,
}

impl Kmsg {
    /// Opens the device for marks and for one reading.
    pub fn open() -> Result<Self, Failure> {
        let device = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(nix::libc::O_NONBLOCK)
            .open("/dev/kmsg")
            .map_err(|error| Failure::at("/dev/kmsg", error))?;
        Ok(Self { device })
    }

    /// Writes the mark that begins a scenario.
    pub fn mark(&mut self, scenario: &str) -> Result<(), Failure> {
        write_line(&mut self.device, &format!("<13>@@SCENARIO {scenario}"))
    }

    /// Everything from the oldest record on, byte for byte as the kernel hands it out.
    pub fn read_all(&mut self) -> Result<Vec<u8>, Failure> {
        let mut all = Vec::new();
        let mut record = vec![0; RECORD];
        loop {
            match self.device.read(&mut record) {
                Ok(0) => return Ok(all),
                Ok(length) => all.extend_from_slice(&record[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(all),
                Err(error) if error.raw_os_error() == Some(nix::libc::EPIPE) => {
                    return Err(Failure::Wrong(
                        "the message buffer ran over: log_buf_len is too small".to_owned(),
                    ));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Lets `cause` act and waits until it has made the kernel say something that begins like this.
pub fn wait_for(
    beginning: &str,
    cause: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut kmsg = Kmsg::open()?;
    kmsg.device.seek(SeekFrom::End(0))?;
    cause()?;
    let wanted = format!(";{beginning}").into_bytes();
    let start = Instant::now();
    let mut said = Vec::new();
    while start.elapsed() < PATIENCE {
        said.append(&mut kmsg.read_all()?);
        if said.windows(wanted.len()).any(|window| window == wanted) {
            return Ok(());
        }
        sleep(Duration::from_millis(1));
    }
    Err(Failure::Wrong(format!(
        "the kernel never said `{beginning}`"
    )))
}

/// Writes one line as a program of user space would.
pub fn say(text: &str) -> Result<(), Failure> {
    write_line(&mut OpenOptions::new().write(true).open("/dev/kmsg")?, text)
}

/// One write is one record. Without the newline the record would stay open for a continuation, and
/// unread.
fn write_line(device: &mut File, text: &str) -> Result<(), Failure> {
    device
        .write_all(format!("{text}\n").as_bytes())
        .map_err(|error| Failure::at("a line for /dev/kmsg", error))
}
