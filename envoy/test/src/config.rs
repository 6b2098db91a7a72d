//! The configuration that ships, with what a test sets in it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The repository's top.
///
/// # Panics
///
/// Never: the package lies in it.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the package lies in the repository")
        .to_path_buf()
}

/// A configuration of Envoy.
#[derive(Clone)]
pub struct Config(String);

impl Config {
    /// `envoy/config/envoy.yaml`, on ports that are free.
    ///
    /// # Panics
    ///
    /// Where the file is not as it should be.
    pub fn shipped() -> Self {
        let path = top().join("envoy/config/envoy.yaml");
        let text = fs::read_to_string(&path).expect("the configuration ships");
        Self(text)
            .replace(
                "address: 0.0.0.0, port_value: 8080",
                "address: 127.0.0.1, port_value: 0",
            )
            .replace("port_value: 9901", "port_value: 0")
    }

    /// Replaces a piece of it.
    ///
    /// # Panics
    ///
    /// Unless it stands there once.
    #[must_use]
    pub fn replace(self, from: &str, to: &str) -> Self {
        assert_eq!(self.0.matches(from).count(), 1, "{from}");
        Self(self.0.replace(from, to))
    }

    /// With that receiver.
    #[must_use]
    pub fn receiver(self, address: SocketAddr) -> Self {
        self.replace(
            "port_value: 9000",
            &format!("port_value: {}", address.port()),
        )
    }

    /// With that module.
    #[must_use]
    pub fn module(self, path: &Path) -> Self {
        self.replace("dist/oom-envoy.wasm", &path.display().to_string())
    }

    /// With that plugin configuration, a JSON object in one line.
    #[must_use]
    pub fn plugin(self, json: &str) -> Self {
        self.replace(r#"{"mode": "annotate"}"#, json)
    }

    /// With `envoy/config/capabilities.yaml` where it says that it belongs.
    ///
    /// # Panics
    ///
    /// Where the file is not there.
    #[must_use]
    pub fn with_capabilities(self) -> Self {
        let path = top().join("envoy/config/capabilities.yaml");
        let text = fs::read_to_string(path).expect("the capabilities ship");
        let vm = "                        vm_config:\n";
        let indent = vm.len() - vm.trim_start().len();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lines: Vec<String> = lines
            .map(|line| format!("{}{line}", " ".repeat(indent)))
            .collect();
        self.replace(vm, &format!("{}\n{vm}", lines.join("\n")))
    }

    /// Without the module.
    ///
    /// # Panics
    ///
    /// Where its filter is not found.
    #[must_use]
    pub fn without_filter(self) -> Self {
        let begin = self
            .0
            .find("                  - name: oom\n")
            .expect("the filter");
        let end = self
            .0
            .find("                  - name: envoy.filters.http.router");
        let end = end.expect("the router behind it");
        Self(format!("{}{}", &self.0[..begin], &self.0[end..]))
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.0
    }
}
