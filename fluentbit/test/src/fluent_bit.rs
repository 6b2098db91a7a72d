//! A running Fluent Bit, with what ships.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use oom_suite::program;
use oom_suite::trial::Skip;
use serde_json::Value;

use crate::capture::Names;
use crate::folder::{Folder, read};
use crate::http::get;
use crate::tool::Running;

/// Longest time for what a run shall bring.
const PATIENCE: Duration = Duration::from_mins(1);

/// A port that nobody has now.
///
/// # Panics
///
/// Where none is free.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// The program.
#[derive(Clone)]
pub struct FluentBit(PathBuf);

impl FluentBit {
    /// `FLUENT_BIT`, else `fluent-bit` on the PATH. Where there is neither, the test is skipped.
    ///
    /// # Errors
    ///
    /// Why it is skipped.
    ///
    /// # Panics
    ///
    /// Where it is named and cannot be run.
    pub fn find() -> Result<Self, Skip> {
        program::find("fluent-bit", "FLUENT_BIT").map(Self)
    }
}

/// The configuration of one run: the files of a ConfigMap, with what a node has beside them.
pub struct Run {
    folder: PathBuf,
    /// Where the metrics are.
    metrics: u16,
    /// Where the probe asks.
    health: u16,
    /// What starts the program: nothing, or a program that takes it as arguments.
    starter: Vec<OsString>,
    /// Whether records take the place of the input.
    has_records: bool,
    /// What faults in the log say that are meant to be there.
    tolerated: Vec<String>,
    /// The environment of the container.
    variables: Vec<(String, String)>,
}

impl Run {
    /// Puts the files of `base` and of the overlay `source` together, as the ConfigMap does, with
    /// `records` in place of the input, unless there are none, and `names` in place of the kubelet's
    /// directories.
    ///
    /// # Panics
    ///
    /// Where the files cannot be written.
    pub fn new(folder: &Folder, source: &str, records: &[Value], names: &Names) -> Self {
        let path = folder.path.join(format!("run-{source}"));
        let mut run = Self {
            folder: path,
            metrics: free_port(),
            health: free_port(),
            starter: Vec::new(),
            has_records: !records.is_empty(),
            tolerated: Vec::new(),
            variables: Vec::new(),
        };
        run.set("OOM_NODE", &"worker-1");
        run.set("OOM_LISTEN", &Ipv4Addr::LOCALHOST);
        fs::create_dir(&run.folder).expect("it is a new folder");
        for name in ["containers", "pods", "oom"] {
            fs::create_dir(run.folder.join(name)).expect("it is a new folder");
        }
        for name in &names.pods {
            fs::create_dir(run.folder.join("pods").join(name)).expect("it is a new folder");
        }
        for name in &names.containers {
            let link = run.folder.join("containers").join(name);
            // A link of the kubelet's leads to where this process need not be able to look.
            symlink("/nowhere", link).expect("a link can be made");
        }
        let mut lines = String::new();
        for record in records {
            writeln!(lines, "{record}").expect("a string takes all text");
        }
        run.write("records.jsonl", &lines);
        run.write(
            "parsers.conf",
            "[PARSER]\n    name   records\n    format json\n",
        );
        run.add(folder, "base/fluent-bit.yaml");
        run.add(folder, "base/lost.lua");
        run.add(folder, "base/module.yaml");
        run.add(folder, "base/output-stdout.yaml");
        run.add(folder, &format!("{source}/source.yaml"));
        let module = run.folder.join(Folder::MODULE);
        fs::copy(folder.path.join("base").join(Folder::MODULE), &module)
            .expect("the module can be copied");
        run.set("OOM_MODULE", &module.display());
        run
    }

    /// Adds a shipped file, with the paths and ports of this run in place of a node's.
    ///
    /// # Panics
    ///
    /// Where it does not ship.
    pub fn add(&mut self, folder: &Folder, shipped: &str) {
        let own = self.folder.display();
        let mut text = folder
            .read(shipped)
            .replace("/fluent-bit/etc/conf/", &format!("{own}/"))
            .replace("/var/log/containers", &format!("{own}/containers"))
            .replace("/var/log/pods", &format!("{own}/pods"))
            .replace(" /oom/", &format!(" {own}/oom/"))
            .replace("\"/oom/", &format!("\"{own}/oom/"))
            .replace("/proc/sys/kernel/random/boot_id", &format!("{own}/boot_id"))
            .replace("/dev/kmsg\"", &format!("{own}/device\""))
            .replace("http_port: 2020", &format!("http_port: {}", self.health))
            .replace("port: 2021", &format!("port: {}", self.metrics));
        if shipped.ends_with("source.yaml") && self.has_records {
            text = self.with_records(&text);
        }
        let name = Path::new(shipped).file_name().expect("it has a name");
        self.write(name.to_str().expect("ours are text"), &text);
    }

    /// A `source.yaml` that reads the records from their file.
    fn with_records(&self, source: &str) -> String {
        let begin = "  inputs:\n";
        let (before, after) = source.split_once(begin).expect("it has an input");
        let rest = after.split_once("\n\n").map_or("", |(_, rest)| rest);
        let own = self.folder.display();
        format!(
            "{before}{begin}    - name: tail\n      tag: kernel\n      path: {own}/records.jsonl\n      \
             read_from_head: true\n      parser: records\n\n{rest}"
        )
    }

    /// Sets a variable of the container's environment.
    pub fn set(&mut self, name: &str, value: &impl ToString) {
        self.variables.push((name.into(), value.to_string()));
    }

    /// Takes faults whose line in the log has `text` in it for what is meant.
    pub fn tolerate(&mut self, text: &str) {
        self.tolerated.push(text.to_owned());
    }

    /// Runs as a user without a capability, in `groups`, as an unprivileged container does. The kubelet's
    /// directory of pods is root's, and its group's to list; the state is the user's.
    ///
    /// # Panics
    ///
    /// Where this process is not root.
    pub fn as_user(&mut self, setpriv: &Path, user: u32, groups: &str) {
        let (pods, state) = (self.folder.join("pods"), self.folder.join("oom"));
        fs::set_permissions(&pods, fs::Permissions::from_mode(0o750)).expect("it is ours");
        chown(&pods, Some(0), Some(0)).expect("this is root");
        chown(&state, Some(user), Some(user)).expect("this is root");
        self.starter = vec![setpriv.into()];
        let arguments = format!(
            "--reuid={user} --regid={user} --groups={groups} --inh-caps=-all --bounding-set=-all \
             --no-new-privs"
        );
        let arguments = arguments.split_whitespace().map(OsString::from);
        self.starter.extend(arguments);
    }

    /// Whether both servers answer at `address`.
    pub fn answers_at(&self, address: IpAddr) -> bool {
        let answers = |port, path| get(SocketAddr::new(address, port), path).is_some();
        answers(self.metrics, "/metrics") && answers(self.health, "/")
    }

    /// Writes a file beside the configuration.
    ///
    /// # Panics
    ///
    /// Where it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// Adds to a file beside the configuration.
    ///
    /// # Panics
    ///
    /// Where it is not there.
    pub fn append(&self, name: &str, text: &str) {
        let mut options = File::options();
        let file = options.append(true).open(self.folder.join(name));
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// Removes a file beside the configuration, if it is there.
    pub fn forget(&self, name: &str) {
        let _ = fs::remove_file(self.folder.join(name));
    }

    /// What is in a file beside the configuration.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    /// Starts it, waits until `done` of the metrics page and of what was printed holds, and gives both.
    ///
    /// # Panics
    ///
    /// With its log, where it complains, ends early, or `done` does not come to hold.
    pub fn run(
        &self,
        fluent_bit: &FluentBit,
        done: impl Fn(&str, &[Value]) -> bool,
    ) -> (String, Vec<Value>) {
        let (log, printed) = (self.folder.join("log"), self.folder.join("printed"));
        let create = |path| File::create(path).expect("a file of its own");
        let starter = self.starter.iter().map(OsString::as_os_str);
        let words: Vec<&OsStr> = starter.chain([fluent_bit.0.as_os_str()]).collect();
        let (first, rest) = words.split_first().expect("the program is one");
        let mut command = Command::new(first);
        let process = command
            .args(rest)
            .arg("-R")
            .arg(self.folder.join("parsers.conf"))
            .arg("--config")
            .arg(self.folder.join("fluent-bit.yaml"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(create(&printed))
            .stderr(create(&log));
        let mut process = Running::start(process);
        let address = SocketAddr::from(([127, 0, 0, 1], self.metrics));
        let begun = Instant::now();
        let result = loop {
            let metrics = get(address, "/metrics").unwrap_or_default();
            let records = kept(&read(&printed));
            if done(&metrics, &records) {
                break (metrics, records);
            }
            let ended = process.ended();
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "{ended:?}, {} printed\n{}\n{metrics}",
                records.len(),
                read(&log)
            );
            thread::sleep(Duration::from_millis(100));
        };
        drop(process);
        let log = read(&log);
        let faults: Vec<&str> = log
            .lines()
            .filter(|line| !self.tolerated.iter().any(|text| line.contains(text)))
            .filter(|line| {
                ["[error]", "[ warn] [env]", "[ warn] [read_glob]"]
                    .iter()
                    .any(|fault| line.contains(fault))
            })
            .collect();
        assert!(faults.is_empty(), "{log}");
        result
    }
}

/// The records among what was printed. The last line may be half.
fn kept(printed: &str) -> Vec<Value> {
    printed
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(Value::is_object)
        .collect()
}
