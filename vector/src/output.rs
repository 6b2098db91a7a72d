//! Standard output.

use std::io::{self, Write};

/// Bytes gathered before they are written.
const MOST: usize = 64 << 10;

/// Gathers lines, and keeps the fault that ended it.
pub struct Output {
    gathered: Vec<u8>,
    fault: Option<io::Error>,
    /// Whatever is behind a fault would be out of order.
    is_broken: bool,
}

impl Output {
    pub fn new() -> Self {
        Self {
            gathered: Vec::with_capacity(MOST),
            fault: None,
            is_broken: false,
        }
    }

    /// Adds bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= MOST {
            self.write();
        }
    }

    /// Adds a line.
    pub fn line(&mut self, line: &[u8]) {
        self.gathered.extend_from_slice(line);
        self.raw(b"\n");
    }

    /// Writes what was gathered; gives the fault once.
    pub fn flush(&mut self) -> io::Result<()> {
        self.write();
        self.fault.take().map_or(Ok(()), Err)
    }

    fn write(&mut self) {
        if !self.is_broken && !self.gathered.is_empty() {
            let mut out = io::stdout().lock();
            let written = out.write_all(&self.gathered).and_then(|()| out.flush());
            self.is_broken = written.is_err();
            self.fault = written.err();
        }
        self.gathered.clear();
        self.gathered.shrink_to(MOST);
    }
}

/// Whether an error of the output says that nobody reads it any more.
pub fn is_closed(error: &io::Error) -> bool {
    /// `EIO` of WASI preview 1, which is what wasmtime gives for a closed pipe.
    const IO: i32 = 29;
    error.kind() == io::ErrorKind::BrokenPipe || error.raw_os_error() == Some(IO)
}

/// Prints a text that was asked for.
pub fn say_out(text: &str) {
    let mut output = Output::new();
    output.raw(text.as_bytes());
    // A reader that has gone away wants no text.
    let _ = output.flush();
}
