//! The module that looks for names, over a made-up `/var/log`: whatever is wrong with that, the kill
//! leaves, and all else of it is as the first module has it.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use oom_host_test::{
    Engine, HostError, Instance, Options, Proposals, Verdict, check, directory_engines,
};
use oom_suite::trial::Trial;
use oom_suite::trials;
use serde_json::{Value, json};

use crate::logs::{ID, Logs, UID, kill};
use crate::runs::{module, names_module};

/// Another container, of another pod.
const OTHER_UID: &str = "00000000-0000-0000-0000-000000000007";
const OTHER_ID: &str = "0000000000000000000000000000000000000000000000000000000000000007";

fn wasm() -> &'static [u8] {
    names_module().expect("`cargo xtask dist` builds oom-fluentbit-names.wasm beside the first")
}

/// The module with names, which may read these folders.
pub fn host(engine: &dyn Engine, accessible_paths: &[PathBuf]) -> Box<dyn Instance> {
    let options = Options {
        accessible_paths: accessible_paths.to_vec(),
        ..Options::default()
    };
    engine.load(wasm(), &options).expect("the module loads")
}

/// The module with names, and the first one to compare it with.
struct Hosts {
    names: Box<dyn Instance>,
    plain: Box<dyn Instance>,
}

impl Hosts {
    fn new(engine: &dyn Engine, accessible_paths: &[PathBuf]) -> Self {
        Self {
            names: host(engine, accessible_paths),
            plain: engine
                .load(module(), &Options::default())
                .expect("the module loads"),
        }
    }

    /// The `kubernetes` object of a kill.
    fn kill(&mut self, uid: &str, id: &str) -> Value {
        self.kill_in(uid, id, &json!({}))
    }

    /// The same of a kill whose records have these fields beside the text.
    fn kill_in(&mut self, uid: &str, id: &str, fields: &Value) -> Value {
        let [with, without] = [&mut self.names, &mut self.plain].map(|host| {
            let left: Vec<Value> = kill(uid, id, 41)
                .iter()
                .filter_map(|line| {
                    let mut record = fields.clone();
                    record["log"] = json!(line);
                    hand_in(&mut **host, &record)
                })
                .collect();
            let [kill] = <[Value; 1]>::try_from(left).expect("one record of one kill");
            assert_eq!(kill["oom"]["event"], "kill");
            kill
        });
        assert_eq!(with["oom"], without["oom"]);
        with["kubernetes"].clone()
    }
}

fn hand_in(host: &mut dyn Instance, record: &Value) -> Option<Value> {
    let record = record.to_string();
    match host.call("oom_events", b"kernel", (0, 0), record.as_bytes()) {
        Ok(Verdict::Dropped) => None,
        Ok(Verdict::Replaced(text)) => Some(serde_json::from_slice(&text).expect("JSON")),
        other => panic!("{record}: {other:?}"),
    }
}

/// What the kernel's lines alone tell.
fn nameless() -> Value {
    json!({"pod_id": UID, "docker_id": ID})
}

/// What the container's file adds.
fn named() -> Value {
    json!({
        "pod_id": UID,
        "pod_name": "web-7f9c",
        "namespace_name": "shop",
        "container_name": "app",
        "docker_id": ID,
    })
}

fn other() -> Value {
    json!({
        "pod_id": OTHER_UID,
        "pod_name": "pod-7",
        "namespace_name": "other",
        "container_name": "app",
        "docker_id": OTHER_ID,
    })
}

fn file() -> String {
    format!("web-7f9c_shop_app-{ID}.log")
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        every_host_with_wasi_accepts_the_module,
        a_container_is_found_among_a_thousand_pods,
        a_container_that_is_gone_leaves_its_pod,
        the_only_container_of_a_pod_needs_no_file,
        an_answer_is_kept_while_the_container_is_the_same,
        what_is_no_folder_or_may_not_be_read_names_nothing,
        odd_names_hide_no_other,
        what_the_record_says_already_stays,
        folders_that_come_and_go_while_they_are_read_cost_names_alone,
        listings_take_no_memory_that_was_not_set_aside,
        a_folder_of_another_name_is_not_looked_into,
        a_root_of_cgroups_is_believed_where_it_is_named
    ]
}

fn every_host_with_wasi_accepts_the_module() {
    let functions = ["oom_annotate", "oom_rewrite", "oom_events"];
    assert_eq!(check::exports(wasm(), &functions), Ok(()));
    assert_eq!(
        check::no_imports_but(&check::READS_DIRECTORIES, wasm()),
        Ok(())
    );
    let oldest = Proposals::WithoutReferenceTypes;
    assert_eq!(check::proposals(wasm(), oldest), Ok(()));
}

fn a_container_is_found_among_a_thousand_pods() {
    let logs = Logs::new("wasi-names-found");
    logs.container(file());
    let [containers, pods] = logs.folders();
    let elsewhere = logs
        .0
        .join("pods/other_pod-1_00000000-0000-0000-0000-000000000001");
    let slash = PathBuf::from(format!("{}/", containers.display()));
    let cases: [(&[&PathBuf], Value); 7] = [
        (&[&containers, &pods], named()),
        (&[&pods, &containers], named()),
        (&[&elsewhere, &logs.0], named()),
        (&[&slash], named()),
        // Not where it could be found.
        (&[], nameless()),
        (&[&pods], nameless()),
        (&[&elsewhere], nameless()),
    ];
    for engine in directory_engines() {
        for (paths, expected) in &cases {
            let paths: Vec<PathBuf> = paths.iter().copied().cloned().collect();
            let mut hosts = Hosts::new(engine, &paths);
            assert_eq!(hosts.kill(UID, ID), *expected, "{paths:?}");
        }
    }
}

fn a_container_that_is_gone_leaves_its_pod() {
    let logs = Logs::new("wasi-names-gone");
    logs.pod("shop", "web-7f9c", UID);
    for engine in directory_engines() {
        for paths in [logs.folders().to_vec(), vec![logs.0.clone()]] {
            let expected = json!({
                "pod_id": UID,
                "pod_name": "web-7f9c",
                "namespace_name": "shop",
                "docker_id": ID,
            });
            assert_eq!(Hosts::new(engine, &paths).kill(UID, ID), expected);
        }
    }
}

fn the_only_container_of_a_pod_needs_no_file() {
    for engine in directory_engines() {
        let logs = Logs::new(&format!("wasi-names-only-{}", engine.name()));
        logs.pod("shop", "web-7f9c", UID);
        logs.begun("shop", "web-7f9c", UID, "app");
        for paths in [logs.folders().to_vec(), vec![logs.0.clone()]] {
            assert_eq!(Hosts::new(engine, &paths).kill(UID, ID), named());
        }
        logs.begun("shop", "web-7f9c", UID, "sidecar");
        let kubernetes = Hosts::new(engine, &logs.folders()).kill(UID, ID);
        assert_eq!(kubernetes["pod_name"], "web-7f9c");
        assert_eq!(kubernetes.get("container_name"), None, "one of two");
    }
}

fn an_answer_is_kept_while_the_container_is_the_same() {
    for engine in directory_engines() {
        let logs = Logs::new(&format!("wasi-names-kept-{}", engine.name()));
        logs.container(file());
        for paths in [logs.folders().to_vec(), vec![logs.0.clone()]] {
            if !logs.0.exists() {
                logs.fill();
                logs.container(file());
            }
            let mut hosts = Hosts::new(engine, &paths);
            assert_eq!(hosts.kill(UID, ID), named());
            assert_eq!(hosts.kill(OTHER_UID, OTHER_ID), other());
            assert_eq!(hosts.kill(UID, ID), named());
            fs::remove_dir_all(&logs.0).expect("gone");
            assert_eq!(hosts.kill(UID, ID), named(), "not listed again");
            let unknown = json!({"pod_id": OTHER_UID, "docker_id": OTHER_ID});
            assert_eq!(hosts.kill(OTHER_UID, OTHER_ID), unknown, "listed");
        }
        // What is made anew is found where the folder above it is open.
        logs.fill();
        let mut hosts = Hosts::new(engine, std::slice::from_ref(&logs.0));
        fs::remove_dir_all(logs.0.join("containers")).expect("gone");
        assert_eq!(hosts.kill(UID, ID), nameless());
        fs::create_dir(logs.0.join("containers")).expect("a folder");
        logs.container(format!("pod-7_other_app-{OTHER_ID}.log"));
        assert_eq!(hosts.kill(OTHER_UID, OTHER_ID), other());
    }
}

fn what_is_no_folder_or_may_not_be_read_names_nothing() {
    for engine in directory_engines() {
        let logs = Logs::new(&format!("wasi-names-refused-{}", engine.name()));
        logs.container(file());
        let kill = || Hosts::new(engine, std::slice::from_ref(&logs.0)).kill(UID, ID);
        let containers = logs.0.join("containers");
        fs::set_permissions(&containers, Permissions::from_mode(0o000)).expect("it is ours");
        // Root may read it all the same.
        let expected = match fs::read_dir(&containers) {
            Ok(_) => named(),
            Err(_) => nameless(),
        };
        assert_eq!(kill(), expected, "no permission");
        fs::set_permissions(&containers, Permissions::from_mode(0o700)).expect("it is ours");
        fs::remove_dir_all(&containers).expect("gone");
        assert_eq!(kill(), nameless(), "no folder");
        fs::write(&containers, "").expect("a file");
        assert_eq!(kill(), nameless(), "a file");
        fs::remove_file(&containers).expect("gone");
        std::os::unix::fs::symlink("containers", &containers).expect("a link");
        assert_eq!(kill(), nameless(), "a link to itself");

        let missing = Options {
            accessible_paths: vec![logs.0.join("missing")],
            ..Options::default()
        };
        let refused = engine.load(wasm(), &missing).err();
        assert!(
            matches!(refused, Some(HostError::Instantiate(_))),
            "{refused:?}"
        );
    }
}

fn odd_names_hide_no_other() {
    for engine in directory_engines() {
        let logs = Logs::new(&format!("wasi-names-odd-{}", engine.name()));
        for odd in [
            format!("we\"b_shop_app-{ID}.log"),
            format!("we\nb_shop_app-{ID}.log"),
            format!("_{ID}.log"),
            format!("wéb_shop_app-{ID}.log"),
            "w".repeat(255),
            format!("{}_s_a-{ID}.log", "w".repeat(255 - 9 - 64)),
        ] {
            logs.container(odd);
        }
        logs.pod("sh\"op", "web", UID);
        let mut hosts = Hosts::new(engine, &logs.folders());
        // The longest name that a file can have is a name like any other.
        let longest = "w".repeat(255 - 9 - 64);
        assert_eq!(hosts.kill(UID, ID)["pod_name"], longest);
        let [containers, _] = logs.folders();
        fs::remove_file(containers.join(format!("{longest}_s_a-{ID}.log"))).expect("gone");
        let mut hosts = Hosts::new(engine, &logs.folders());
        assert_eq!(hosts.kill(UID, ID), nameless());

        for number in 0..50_u8 {
            let end = format!("{number}_shop_app-{ID}.log").into_bytes();
            logs.container(OsStr::from_bytes(&[&b"\xff\xfe"[..], &end].concat()));
        }
        logs.container(file());
        let found = Hosts::new(engine, &logs.folders()).kill(UID, ID);
        // wasmtime refuses to list a folder with a name that is no text.
        let refused = engine.name() == "wasmtime" && found == nameless();
        assert!(refused || found == named(), "{}: {found}", engine.name());
    }
}

fn what_the_record_says_already_stays() {
    let logs = Logs::new("wasi-names-present");
    logs.container(file());
    for engine in directory_engines() {
        let mut hosts = Hosts::new(engine, &logs.folders());
        // One that names a pod is a container's own, and no kernel line.
        let host = json!({"kubernetes": {"host": "node1"}});
        let mut expected = named();
        expected["host"] = json!("node1");
        assert_eq!(hosts.kill_in(UID, ID, &host), expected);
        let text = json!({"kubernetes": "text"});
        assert_eq!(hosts.kill_in(UID, ID, &text), "text");
    }
}

fn folders_that_come_and_go_while_they_are_read_cost_names_alone() {
    for engine in directory_engines() {
        let logs = Logs::new(&format!("wasi-names-vanish-{}", engine.name()));
        let mut hosts = Hosts::new(engine, std::slice::from_ref(&logs.0));
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for folder in logs.folders() {
                        fs::remove_dir_all(folder).expect("gone");
                    }
                    logs.fill();
                    logs.container(file());
                }
            });
            for _ in 0..100 {
                let found = [hosts.kill(UID, ID), hosts.kill(OTHER_UID, OTHER_ID)];
                for (found, uid, name) in [
                    (&found[0], UID, "web-7f9c"),
                    (&found[1], OTHER_UID, "pod-7"),
                ] {
                    assert_eq!(found["pod_id"], uid);
                    let pod = &found["pod_name"];
                    assert!(pod.is_null() || pod == name, "{found}");
                }
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}

fn listings_take_no_memory_that_was_not_set_aside() {
    let logs = Logs::new("wasi-names-memory");
    logs.container(file());
    for engine in directory_engines() {
        let mut hosts = Hosts::new(engine, &logs.folders());
        hosts.kill(UID, ID);
        hosts.kill(OTHER_UID, OTHER_ID);
        let before = hosts.names.memory_bytes();
        for _ in 0..20 {
            assert_eq!(hosts.kill(UID, ID), named());
            assert_eq!(hosts.kill(OTHER_UID, OTHER_ID), other());
        }
        assert_eq!(hosts.names.memory_bytes(), before, "{}", engine.name());

        let least = engine.load(wasm(), &Options::default()).expect("it loads");
        let least = u32::try_from(least.memory_bytes() / 65_536).expect("pages");
        let mut written = 0;
        for more in 0..16 {
            let options = Options {
                accessible_paths: logs.folders().to_vec(),
                memory_pages: Some(least + more),
                ..Options::default()
            };
            let mut host = engine.load(wasm(), &options).expect("it loads");
            for line in kill(UID, ID, 41) {
                let record = json!({ "log": line }).to_string();
                match host.call("oom_events", b"kernel", (0, 0), record.as_bytes()) {
                    Ok(Verdict::Replaced(text)) => {
                        let record: Value = serde_json::from_slice(&text).expect("JSON");
                        assert_eq!(record["kubernetes"], named());
                        written += 1;
                    }
                    Ok(Verdict::Unchanged | Verdict::Dropped) => {}
                    Err(error) => panic!("{more} pages more in {}: {error}", engine.name()),
                }
            }
        }
        assert!(
            (1..16).contains(&written),
            "{written}: the cap does nothing"
        );
    }
}

fn a_folder_of_another_name_is_not_looked_into() {
    let logs = Logs::new("wasi-names-elsewhere");
    logs.container(file());
    let moved = logs.0.with_file_name("elsewhere");
    if moved.exists() {
        fs::remove_dir_all(&moved).expect("gone");
    }
    fs::rename(&logs.0, &moved).expect("it moves");
    for engine in directory_engines() {
        let above: &Path = moved.parent().expect("a folder");
        let paths = [moved.clone(), above.to_path_buf()];
        assert_eq!(Hosts::new(engine, &paths).kill(UID, ID), nameless());
    }
}

/// The module may read a folder that ends with `/mygroup/kubepods`: so its administrator says that pods are there.
fn a_root_of_cgroups_is_believed_where_it_is_named() {
    let logs = Logs::new("wasi-names-root");
    logs.pod("shop", "web-7f9c", UID);
    logs.container(file());
    let [containers, pods] = logs.folders();
    let named_root = |name: &str| {
        let root = logs.0.join(name);
        fs::create_dir_all(&root).expect("a folder");
        root
    };
    for engine in directory_engines() {
        for (root, expected) in [
            ("mygroup/kubepods", named()),
            ("cgroups/mygroup/kubepods/", named()),
            ("amygroup/kubepods", Value::Null),
            ("group/kubepods", Value::Null),
            ("mygroup", Value::Null),
            ("mygroup/kubepods/burstable", Value::Null),
        ] {
            let paths = [containers.clone(), pods.clone(), named_root(root)];
            let mut host = host(engine, &paths);
            let left: Vec<Value> = kill(UID, ID, 41)
                .iter()
                .map(|line| line.replace("=/kubepods", "=/mygroup/kubepods"))
                .filter_map(|line| hand_in(&mut *host, &json!({"log": line})))
                .collect();
            let [kill] = <[Value; 1]>::try_from(left).expect("one record of one kill");
            assert_eq!(kill["kubernetes"], expected, "{root}");
            let uid = expected["pod_id"].clone();
            assert_eq!(kill["oom"]["pod"]["uid"], uid, "{root}");
        }
    }
}
