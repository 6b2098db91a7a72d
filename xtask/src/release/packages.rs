//! The packages of Debian and RPM.

use std::path::Path;

use super::{TIME, VERSION, copy, read, repository, settle, write};
use crate::failure::Failure;
use crate::module::{MODULES, PROGRAMS};
use crate::{dist, workspace};

/// Files of the repository, and where they are installed.
const FILES: &[(&str, &str)] = &[
    ("vector/systemd/oom-journal", "usr/bin/oom-journal"),
    (
        "vector/systemd/oom-kills.service",
        "usr/lib/systemd/system/oom-kills.service",
    ),
    (
        "fluentbit/config/kmsg.yaml",
        "usr/share/oom-kills/fluent-bit/kmsg.yaml",
    ),
    (
        "fluentbit/config/kmsg.conf",
        "usr/share/oom-kills/fluent-bit/kmsg.conf",
    ),
    (
        "fluentbit/config/systemd.yaml",
        "usr/share/oom-kills/fluent-bit/systemd.yaml",
    ),
    (
        "fluentbit/config/systemd.conf",
        "usr/share/oom-kills/fluent-bit/systemd.conf",
    ),
    (
        "fluentbit/config/tail.yaml",
        "usr/share/oom-kills/fluent-bit/tail.yaml",
    ),
    (
        "fluentbit/config/tail.conf",
        "usr/share/oom-kills/fluent-bit/tail.conf",
    ),
    (
        "fluentbit/config/parsers.conf",
        "usr/share/oom-kills/fluent-bit/parsers.conf",
    ),
    (
        "fluentbit/kubernetes/kmsg/once.lua",
        "usr/share/oom-kills/fluent-bit/once.lua",
    ),
    (
        "vector/config/agent.yaml",
        "usr/share/oom-kills/vector/agent.yaml",
    ),
    (
        "vector/config/pipeline.yaml",
        "usr/share/oom-kills/vector/pipeline.yaml",
    ),
    ("vector/oom.vrl", "usr/share/oom-kills/vector/oom.vrl"),
    (
        "vector/rsyslog/oom.conf",
        "usr/share/oom-kills/rsyslog/oom.conf",
    ),
    (
        "vector/syslog-ng/oom.conf",
        "usr/share/oom-kills/syslog-ng/oom.conf",
    ),
    (
        "clickhouse/engine.py",
        "usr/share/oom-kills/clickhouse/engine.py",
    ),
    (
        "clickhouse/history.py",
        "usr/share/oom-kills/clickhouse/history.py",
    ),
    (
        "clickhouse/sql/continuous.sql",
        "usr/share/oom-kills/clickhouse/sql/continuous.sql",
    ),
    (
        "clickhouse/sql/files.sql",
        "usr/share/oom-kills/clickhouse/sql/files.sql",
    ),
    (
        "clickhouse/sql/fluentbit.sql",
        "usr/share/oom-kills/clickhouse/sql/fluentbit.sql",
    ),
    (
        "clickhouse/sql/functions.sql",
        "usr/share/oom-kills/clickhouse/sql/functions.sql",
    ),
    (
        "clickhouse/sql/otel.sql",
        "usr/share/oom-kills/clickhouse/sql/otel.sql",
    ),
    (
        "clickhouse/sql/plain.sql",
        "usr/share/oom-kills/clickhouse/sql/plain.sql",
    ),
    (
        "clickhouse/sql/questions.sql",
        "usr/share/oom-kills/clickhouse/sql/questions.sql",
    ),
    (
        "clickhouse/sql/vector.sql",
        "usr/share/oom-kills/clickhouse/sql/vector.sql",
    ),
    ("CHANGELOG.md", "usr/share/doc/oom-kills/CHANGELOG.md"),
    ("LICENSE-APACHE", "usr/share/doc/oom-kills/LICENSE-APACHE"),
    ("LICENSE-MIT", "usr/share/doc/oom-kills/copyright"),
];

/// Paths in these files as they stand in the repository, and as they are once installed.
const PATHS: &[(&str, &str)] = &[
    ("/usr/local/bin/", "/usr/bin/"),
    (
        "fluentbit/kubernetes/kmsg/once.lua",
        "/usr/share/oom-kills/fluent-bit/once.lua",
    ),
    ("fluentbit/config/", "/usr/share/oom-kills/fluent-bit/"),
    ("dist/oom-", "/usr/share/oom-kills/oom-"),
    ("# What `cargo xtask dist` builds.", "# The module."),
];

/// Builds both into `folder`.
pub(super) fn build(folder: &Path) -> Result<(), Failure> {
    let staged = workspace::fresh(workspace::target().join("staged/packages"))?;
    for (from, to) in FILES {
        let mut text = read(&workspace::root().join(from))?;
        for (here, there) in PATHS {
            text = text.replace(here, there);
        }
        write(&staged.join(to), text)?;
    }
    for module in MODULES {
        let to = Path::new("usr/share/oom-kills").join(module.file);
        copy(&dist::path(module), &staged.join(to))?;
    }
    for program in PROGRAMS {
        copy(&program.path(), &staged.join("usr/bin").join(program.built))?;
    }
    for name in ["nfpm.yaml", "postinstall.sh", "preremove.sh"] {
        copy(
            &workspace::root().join("packages").join(name),
            &staged.join(name),
        )?;
    }
    settle(&staged)?;
    for (kind, name) in [
        ("deb", format!("oom-kills_{VERSION}_amd64.deb")),
        ("rpm", format!("oom-kills-{VERSION}.x86_64.rpm")),
    ] {
        let mut nfpm = workspace::command("nfpm");
        nfpm.args(["package", "--packager", kind, "--target"]);
        nfpm.arg(folder.join(name)).current_dir(&staged);
        nfpm.env("VERSION", VERSION).env("REPOSITORY", repository());
        workspace::run(nfpm.env("SOURCE_DATE_EPOCH", TIME))?;
    }
    Ok(())
}
