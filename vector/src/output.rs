//! Standard output.

use std::io::{self, Write};

/// This many gathered bytes are written at once.
const MOST: usize = 64 << 10;

/// Gathers lines and writes them. Keeps the first error until [`Output::flush`] returns it.
pub struct Output {
    gathered: Vec<u8>,
    fault: Option<io::Error>,
    /// Nothing is written after an error: what follows would have a gap before it.
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

    /// Adds bytes without a line end.
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

    /// Writes what was gathered. Returns an error once.
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

/// Whether an error of the output means that its reader has gone.
pub fn is_closed(error: &io::Error) -> bool {
    /// `EIO` of WASI preview 1. wasmtime gives it for a closed pipe.
    const WASI_IO: i32 = 29;
    error.kind() == io::ErrorKind::BrokenPipe
        || cfg!(target_os = "wasi") && error.raw_os_error() == Some(WASI_IO)
}

/// Prints a text, such as the usage.
pub fn say_out(text: &str) {
    let mut output = Output::new();
    output.raw(text.as_bytes());
    // If the reader has gone, nobody needs the text.
    let _ = output.flush();
}
