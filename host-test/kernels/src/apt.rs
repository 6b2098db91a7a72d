//! Packages of any Debian suite, without touching the machine's own apt.
//!
//! A private configuration, with its own lists, reads the archive that the machine's apt reads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fallible::{At, Fallible};
use crate::options::Options;
use crate::tools::output;

/// A private apt for one suite.
pub struct Apt {
    folder: PathBuf,
}

impl Apt {
    /// Makes the configuration and reads the suite's lists.
    pub fn open(options: &Options, suite: &str) -> Fallible<Self> {
        let folder = options.cache.join("apt").join(suite);
        for part in ["state/lists/partial", "cache/archives/partial", "empty"] {
            fs::create_dir_all(folder.join(part))?;
        }
        let apt = Self { folder };
        let archives = Archives::find(options)?;
        let keys = options
            .keyring
            .as_ref()
            .map(|file| format!("[signed-by={}] ", file.display()))
            .unwrap_or_default();
        let main = format!("deb {keys}{} {suite} main\n", archives.main);
        // Security updates are newer; suites in development have none, and very old ones have lost
        // theirs.
        let with_security = archives
            .security
            .filter(|_| suite != "sid")
            .map(|security| format!("{main}deb {keys}{security} {suite}-security main\n"));
        let with_security = with_security
            .ok_or("no archive of security updates")
            .at(suite);
        if with_security
            .and_then(|sources| apt.update(&sources))
            .is_err()
        {
            apt.update(&main)?;
        }
        Ok(apt)
    }

    fn update(&self, sources: &str) -> Fallible<()> {
        let at = self.folder.display();
        fs::write(self.folder.join("sources.list"), sources)?;
        fs::write(
            self.folder.join("apt.conf"),
            format!(
                "Dir::State \"{at}/state\";\n\
                 Dir::State::status \"/dev/null\";\n\
                 Dir::Cache \"{at}/cache\";\n\
                 Dir::Etc::SourceList \"{at}/sources.list\";\n\
                 Dir::Etc::SourceParts \"{at}/empty\";\n\
                 Dir::Etc::Preferences \"{at}/empty/none\";\n\
                 Dir::Etc::PreferencesParts \"{at}/empty\";\n\
                 APT::Architecture \"amd64\";\n\
                 APT::Architectures {{ \"amd64\"; }};\n\
                 APT::Sandbox::User \"\";\n\
                 APT::Get::List-Cleanup \"true\";\n\
                 Acquire::Languages \"none\";\n\
                 Acquire::Check-Valid-Until \"false\";\n\
                 Acquire::Retries \"3\";\n"
            ),
        )?;
        output(
            self.command("apt-get")
                .args(["-qq", "-o", "APT::Update::Error-Mode=any", "update"]),
        )
        .map(drop)
    }

    /// What a package depends on.
    pub fn dependencies(&self, package: &str) -> Fallible<Vec<String>> {
        let text = output(
            self.command("apt-cache")
                .args(["depends", "--important", package]),
        )?;
        let text = String::from_utf8_lossy(&text);
        let names = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Depends: "));
        Ok(names.map(str::to_owned).collect())
    }

    /// Version of a package as the suite has it.
    pub fn version(&self, package: &str) -> Fallible<String> {
        let text = output(
            self.command("apt-cache")
                .args(["show", "--no-all-versions", package]),
        )?;
        let text = String::from_utf8_lossy(&text);
        let version = text.lines().find_map(|line| line.strip_prefix("Version: "));
        Ok(version
            .ok_or_else(|| format!("`{package}` has no version"))?
            .to_owned())
    }

    /// Downloads a package into a folder, unless it is there, and says where it is.
    pub fn download(&self, package: &str, version: &str, folder: &Path) -> Fallible<PathBuf> {
        fs::create_dir_all(folder)?;
        let file = folder.join(format!(
            "{package}_{}_amd64.deb",
            version.replace(':', "%3a")
        ));
        if !file.is_file() {
            let wanted = format!("{package}={version}");
            output(
                self.command("apt-get")
                    .args(["-qq", "download", &wanted])
                    .current_dir(folder),
            )?;
        }
        Ok(file)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("APT_CONFIG", self.folder.join("apt.conf"))
            .env("LC_ALL", "C");
        command
    }
}

/// Where the archive is.
struct Archives {
    main: String,
    security: Option<String>,
}

impl Archives {
    /// Takes them from the command line, or from the machine's own apt.
    fn find(options: &Options) -> Fallible<Self> {
        if let Some(main) = &options.mirror {
            return Ok(Self {
                main: main.clone(),
                security: None,
            });
        }
        let format = "$(LABEL) $(REPO_URI)";
        let targets = output(Command::new("apt-get").args(["indextargets", "--format", format]))?;
        let targets = String::from_utf8_lossy(&targets).into_owned();
        let uri = |label: &str| {
            let mut pairs = targets.lines().filter_map(|line| line.split_once(' '));
            pairs
                .find(|(found, _)| *found == label)
                .map(|(_, uri)| uri.to_owned())
        };
        let main = uri("Debian")
            .ok_or("this machine's apt reads no Debian archive: name one with --mirror")?;
        Ok(Self {
            main,
            security: uri("Debian-Security"),
        })
    }
}
