//! The shipped configurations are found good, and each usual mistake is found and named, by the real hosts where they
//! are there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};

use oom_suite::program;
use oom_suite::trial::Tested;
use oom_suite::trials;

fn main() -> ExitCode {
    oom_suite::trial::run([trials![
        fluent_bit_takes_what_ships,
        fluent_bit_is_told_its_mistakes,
        vector_takes_what_ships,
        vector_is_told_its_mistakes,
        envoy_takes_what_ships,
        envoy_is_told_its_mistakes
    ]])
}

/// The top folder of the repository.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("it is there")
}

/// What `oom-check` says of a configuration, and whether it finds nothing wrong.
fn check(host: &str, program: &Path, config: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_oom-check"))
        .args([host, "--program"])
        .arg(program)
        .arg(config)
        .current_dir(top())
        .output()
        .expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// A copy of what ships, with changes, each of which changes something.
fn changed(file: &str, changes: &[(&str, &str)]) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let path = top().join(file);
    let mut text = fs::read_to_string(&path).expect("it ships");
    for (from, to) in changes {
        assert!(text.contains(from), "{file} has no {from}");
        text = text.replace(from, to);
    }
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(number.to_string());
    fs::create_dir_all(&folder).expect("a folder");
    let copy = folder.join(path.file_name().expect("a file"));
    fs::write(&copy, text).expect("written");
    copy
}

/// Each change is found, with these words.
fn mistakes(
    host: &str,
    program: &Path,
    file: &str,
    base: &[(&str, &str)],
    cases: &[(&str, &str, &str)],
) {
    for (from, to, words) in cases {
        let config = changed(file, &[base, &[(*from, *to)]].concat());
        let (is_good, said) = check(host, program, &config);
        assert!(!is_good && said.contains(words), "{from} -> {to}: {said}");
    }
}

fn fluent_bit_takes_what_ships() -> Tested {
    let program = program::find("fluent-bit", "FLUENT_BIT")?;
    for file in ["kmsg.yaml", "kmsg.conf", "systemd.yaml", "tail.conf"] {
        let (is_good, said) = check(
            "fluent-bit",
            &program,
            &top().join("fluentbit/config").join(file),
        );
        assert!(is_good, "{file}: {said}");
        assert!(
            said.contains("one kill came out, with the tag oom.container"),
            "{said}"
        );
        assert!(said.contains("(stdout, oom.*) gets the kill"), "{said}");
    }
    Ok(())
}

fn fluent_bit_is_told_its_mistakes() -> Tested {
    let program = program::find("fluent-bit", "FLUENT_BIT")?;
    mistakes(
        "fluent-bit",
        &program,
        "fluentbit/config/systemd.yaml",
        &[],
        &[
            (
                "dist/oom-fluentbit.wasm",
                "dist/oom.wasm",
                "there is no module at wasm_path dist/oom.wasm",
            ),
            (
                "match: kernel",
                "match: kube.*",
                "the module's filter matches kube.*, and the tag is kernel",
            ),
            (
                "OOM_FUNCTION: oom_annotate",
                "OOM_FUNCTION: oom_kills",
                "function_name is 'oom_kills'",
            ),
            ("match: oom.*", "match: kills.*", "no output gets it"),
            (
                "_TRANSPORT=kernel",
                "_TRANSPORT=syslog",
                "lets none of the kernel's lines in",
            ),
        ],
    );
    mistakes(
        "fluent-bit",
        &program,
        "fluentbit/config/kmsg.conf",
        &[],
        &[
            (
                "[FILTER]\n    name             wasm",
                "[FILTER]\n name grep\n match *\n regex msg Killed\n[FILTER]\n    name             wasm",
                "its pod is not there",
            ),
            (
                "name kmsg",
                "name kmsg\n    prio_level 4",
                "prio_level is 4, which takes",
            ),
        ],
    );
    Ok(())
}

/// In the place of the program, one that is built from this workspace.
fn native() -> PathBuf {
    program::build("oom-vector", env!("CARGO_BIN_EXE_oom-check"))
}

fn vector_takes_what_ships() -> Tested {
    let (vector, program) = (program::find("vector", "VECTOR")?, native());
    let has_socat = Command::new("socat").arg("-V").output().is_ok();
    for file in ["agent.yaml", "pipeline.yaml"]
        .iter()
        .take(if has_socat { 2 } else { 1 })
    {
        let file = format!("vector/config/{file}");
        let config = changed(
            &file,
            &[("/usr/local/bin/oom-vector", &program.display().to_string())],
        );
        let (is_good, said) = check("vector", &vector, &config);
        assert!(is_good && said.contains("gets the kill"), "{file}: {said}");
    }
    Ok(())
}

fn vector_is_told_its_mistakes() -> Tested {
    let (vector, program) = (
        program::find("vector", "VECTOR")?,
        native().display().to_string(),
    );
    let base = [("/usr/local/bin/oom-vector", program.as_str())];
    mistakes(
        "vector",
        &vector,
        "vector/config/agent.yaml",
        &base,
        &[
            (
                "- events",
                "- kills",
                "the program says: oom-vector: --mode is one of",
            ),
            ("exists(.oom)", "exists(.kill)", "no sink gets it"),
        ],
    );
    mistakes(
        "vector",
        &vector,
        "vector/config/agent.yaml",
        &[],
        &[(
            "/usr/local/bin/oom-vector",
            "/nowhere/oom-vector",
            "there is no program /nowhere/oom-vector",
        )],
    );
    Ok(())
}

fn envoy_takes_what_ships() -> Tested {
    let program = program::find("envoy", "OOM_ENVOY")?;
    let (is_good, said) = check("envoy", &program, &top().join("envoy/config/envoy.yaml"));
    assert!(
        is_good
            && said
                .matches("the receiver got the kill, with its level and pod")
                .count()
                == 3,
        "{said}"
    );
    Ok(())
}

fn envoy_is_told_its_mistakes() -> Tested {
    let program = program::find("envoy", "OOM_ENVOY")?;
    mistakes(
        "envoy",
        &program,
        "envoy/config/envoy.yaml",
        &[],
        &[
            (
                "dist/oom-envoy.wasm",
                "dist/oom.wasm",
                "there is no module at dist/oom.wasm",
            ),
            ("\"mode\"", "\"mood\"", "unknown field `mood`"),
            (
                "{\"mode\": \"annotate\"}",
                "{\"formats\": [\"bulk\"]}",
                "the module does not read them",
            ),
        ],
    );
    Ok(())
}
