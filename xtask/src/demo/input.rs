//! What is read: a bundled log, a file, standard input or the kernel's log.

use std::fs::File;
use std::io::{self, Cursor, IsTerminal, Read};
use std::path::{Path, PathBuf};

use super::Chosen;
use super::form::Form;
use crate::failure::Failure;
use crate::workspace;

/// The kernel's log as a device.
pub(super) const KERNEL_LOG: &str = "/dev/kmsg";

/// Bytes from which the form is guessed.
const START: usize = 64 << 10;

/// A kernel's log with one kill of each kind, cut from a capture of `fixtures/captures`.
const BUNDLED: &str = "fixtures/demo.kmsg";

/// An input that can be opened.
pub(super) enum Input {
    /// A file that comes with the repository.
    Bundled(PathBuf),
    /// A regular file.
    File(PathBuf),
    /// Something that can be read but once: standard input, or a pipe with its name.
    Stream(String, Box<dyn Read + Send>),
    /// The kernel's log.
    Live,
}

/// An input on its way into the harness.
pub(super) struct Feed {
    pub form: Form,
    /// What the harness is to open; `-` where it is fed.
    pub path: PathBuf,
    /// What it is fed with.
    pub stream: Option<Box<dyn Read + Send>>,
}

impl Input {
    /// Finds it, and makes sure that it can be read.
    pub(super) fn find(chosen: Chosen) -> Result<Self, Failure> {
        match chosen {
            Chosen::Bundled => Ok(Self::Bundled(workspace::root().join(BUNDLED))),
            Chosen::File(path) => {
                let cannot = |error: io::Error| Failure::file("read", &path, &error);
                let file = File::open(&path).map_err(cannot)?;
                let metadata = file.metadata().map_err(cannot)?;
                if metadata.is_dir() {
                    let path = path.display();
                    return Err(Failure::Failed(format!("{path} is a folder, not a log")));
                }
                if metadata.is_file() {
                    return Ok(Self::File(path));
                }
                Ok(Self::Stream(path.display().to_string(), Box::new(file)))
            }
            Chosen::StandardInput => {
                let name = if io::stdin().is_terminal() {
                    "what you type (Ctrl-D ends it)"
                } else {
                    "standard input"
                };
                Ok(Self::Stream(name.to_owned(), Box::new(io::stdin())))
            }
            Chosen::Live => match File::open(KERNEL_LOG) {
                Ok(_) => Ok(Self::Live),
                Err(error) => Err(Failure::Missing(refused(&error))),
            },
        }
    }

    /// What it is, for a person.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Bundled(path) => format!(
                "{}, a bundled log; yours: cargo xtask demo FILE, or --live",
                workspace::short(path)
            ),
            Self::File(path) => path.display().to_string(),
            Self::Stream(name, _) => name.clone(),
            Self::Live => format!("{KERNEL_LOG}, and following it: Ctrl-C ends"),
        }
    }

    /// Reads its start, and makes it ready.
    pub(super) fn open(self) -> Result<Feed, Failure> {
        match self {
            Self::Bundled(path) | Self::File(path) => {
                let form = start_of(&path)
                    .map(|start| Form::guess(&start))
                    .map_err(|error| Failure::file("read", &path, &error))?;
                let (path, stream) = (path, None);
                Ok(Feed { form, path, stream })
            }
            Self::Stream(name, mut stream) => {
                let start = first_lines(stream.as_mut())
                    .map_err(|error| Failure::file("read", Path::new(&name), &error))?;
                Ok(Feed {
                    form: Form::guess(&start),
                    path: "-".into(),
                    stream: Some(Box::new(Cursor::new(start).chain(stream))),
                })
            }
            Self::Live => Ok(Feed {
                form: Form::Kmsg,
                path: KERNEL_LOG.into(),
                stream: None,
            }),
        }
    }
}

fn start_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path)?
        .take(START as u64)
        .read_to_end(&mut start)?;
    Ok(start)
}

/// Reads no further than the first line that is not empty, for the next may be long in coming.
fn first_lines(stream: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = match stream.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        start.extend_from_slice(&chunk[..read]);
        let whole = start.trim_ascii_start().contains(&b'\n');
        if read == 0 || whole || start.len() >= START {
            return Ok(start);
        }
    }
}

/// Why the kernel's log cannot be read, and what to do.
fn refused(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "{KERNEL_LOG} may not be read by this user. Either let the superuser read it for \
             you:\n\n    sudo cat {KERNEL_LOG} | cargo xtask demo -\n\nor let every user read it, \
             until the next start of the machine:\n\n    sudo sysctl kernel.dmesg_restrict=0"
        ),
        io::ErrorKind::NotFound => format!(
            "there is no {KERNEL_LOG} here. A container has none unless it is given it \
             (docker run --device {KERNEL_LOG} --cap-add SYSLOG)"
        ),
        _ => format!("cannot read {KERNEL_LOG}: {error}"),
    }
}
