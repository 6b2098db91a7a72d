//! Daemons, where they are, and what they run as.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use oom_suite::trial::Skip;

use crate::capture::{Kill, kills};

/// Longest time for a daemon to give all kills.
const PATIENCE: Duration = Duration::from_mins(1);
/// Long enough for a kill that is told twice to come again.
const AGAIN: Duration = Duration::from_secs(2);

/// A program, and the folder below which its package was unpacked: `/` where it was installed.
pub struct Package {
    program: PathBuf,
    root: PathBuf,
}

impl Package {
    /// The package that has this program at `place`, such as `usr/sbin/rsyslogd`.
    pub fn find(place: &str) -> Result<Self, Skip> {
        let place = Path::new(place);
        let name = place.file_name().expect("a name");
        let path = env::var_os("PATH").unwrap_or_default();
        // Debian's users have no /usr/sbin on their PATH.
        let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/lib/systemd".into()]);
        let program = folders
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
            .ok_or_else(|| Skip::new(format!("there is no {}", name.display())))?;
        let depth = place.components().count();
        let root = program.ancestors().nth(depth).unwrap_or(Path::new("/"));
        Ok(Self {
            root: root.to_path_buf(),
            program,
        })
    }

    /// A folder of the package.
    pub fn folder(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The libraries of this machine's processor, below the package's folder.
    pub fn libraries(&self) -> PathBuf {
        let processor = env::consts::ARCH;
        self.folder(&format!("usr/lib/{processor}-linux-gnu"))
    }

    /// A command that finds the package's own libraries.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let places = [
            self.libraries(),
            self.folder("usr/lib/syslog-ng"),
            self.folder(&format!("lib/{}-linux-gnu", env::consts::ARCH)),
        ];
        command.env(
            "LD_LIBRARY_PATH",
            env::join_paths(places).expect("no colon"),
        );
        command
    }
}

/// An empty folder of the test's own.
pub fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("daemon-{test}"));
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("it can be made anew");
    }
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A child that ends with the test.
pub struct Running {
    /// The program.
    pub child: Child,
    /// A pipe that it reads. What was written into a pipe is gone once nobody has it open, and the child may
    /// come to it late.
    _pipe: Option<File>,
}

impl Running {
    /// A child that reads this pipe.
    pub fn reading(child: Child, pipe: File) -> Self {
        Self {
            child,
            _pipe: Some(pipe),
        }
    }
}

impl From<Child> for Running {
    fn from(child: Child) -> Self {
        Self { child, _pipe: None }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for that many kills in a file, and for one that is told twice. Fails at once where the process
/// that writes them ends.
pub fn wait_for(file: &Path, count: usize, running: &mut Running) -> Vec<Kill> {
    let begun = Instant::now();
    let whole = || {
        let bytes = fs::read(file).unwrap_or_default();
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        kills(&bytes[..end.map_or(0, |end| end + 1)])
    };
    while whole().len() < count && begun.elapsed() < PATIENCE {
        let ended = running.child.try_wait().expect("a child");
        assert!(ended.is_none(), "it ended by itself: {ended:?}");
        sleep(Duration::from_millis(50));
    }
    sleep(AGAIN);
    whole()
}
