//! Bytes from a file, a pipe or a device, read ahead on a thread of their own: the reader of the
//! records can then tell "nothing more for now" from "nothing more", and let out what it holds.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::thread;
use std::time::Duration;

/// Bytes of one read. `/dev/kmsg` gives a record whole or not at all, so it must hold the longest.
const READ: usize = 64 << 10;
/// Reads ahead of the records.
const AHEAD: usize = 4;

/// What reading came to.
#[derive(Debug)]
pub(crate) enum Event {
    /// The next bytes.
    Bytes(Vec<u8>),
    /// The kernel overwrote records of the device before they were read.
    Overrun,
    /// Reading failed, and is over.
    Failed(io::Error),
    /// There is no more.
    End,
}

/// A reader under way.
pub(crate) struct Source {
    events: Receiver<Event>,
}

impl Source {
    /// Starts to read. `device`: a broken pipe is `/dev/kmsg` saying that records were overwritten.
    pub(crate) fn start(reader: impl Read + Send + 'static, device: bool) -> Self {
        let (sender, events) = mpsc::sync_channel(AHEAD);
        thread::spawn(move || read(reader, device, &sender));
        Self { events }
    }

    /// What has come already.
    pub(crate) fn ready(&self) -> Option<Event> {
        match self.events.try_recv() {
            Ok(event) => Some(event),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Event::End),
        }
    }

    /// What comes within that time.
    pub(crate) fn within(&self, time: Duration) -> Option<Event> {
        match self.events.recv_timeout(time) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Event::End),
        }
    }

    /// What comes next, whenever that is.
    pub(crate) fn next(&self) -> Event {
        self.events.recv().unwrap_or(Event::End)
    }
}

fn read(mut reader: impl Read, device: bool, events: &SyncSender<Event>) {
    let mut buffer = vec![0; READ];
    loop {
        let event = match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => Event::Bytes(buffer[..length].to_vec()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if device && error.kind() == ErrorKind::BrokenPipe => Event::Overrun,
            Err(error) => Event::Failed(error),
        };
        let over = matches!(event, Event::Failed(_));
        // Nobody listens any more once the output is closed.
        if events.send(event).is_err() || over {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind, Read};

    use super::{Event, Source};

    /// A device whose ring buffer wrapped once, and then broke.
    struct Wrapped(u8);

    impl Read for Wrapped {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => Err(ErrorKind::BrokenPipe.into()),
                2 => Err(ErrorKind::Interrupted.into()),
                3 => (&b"record\n"[..]).read(buffer),
                _ => Err(ErrorKind::InvalidInput.into()),
            }
        }
    }

    #[test]
    fn survives_an_overrun() {
        let source = Source::start(Wrapped(0), true);
        assert!(matches!(source.next(), Event::Overrun));
        assert!(matches!(source.next(), Event::Bytes(bytes) if bytes == b"record\n"));
        assert!(matches!(source.next(), Event::Failed(_)));
        assert!(matches!(source.next(), Event::End));
    }

    #[test]
    fn elsewhere_a_broken_pipe_is_a_failure() {
        let source = Source::start(Wrapped(0), false);
        assert!(matches!(source.next(), Event::Failed(_)));
    }
}
