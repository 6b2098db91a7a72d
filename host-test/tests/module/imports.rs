//! What each module can reach in its host: everything it imports, by name.
//!
//! SECURITY.md says what these mean. A new import is a decision, and a line here.

use std::fs;

use oom_host_test::check;

use crate::runs::top;
use oom_suite::trial::Trial;
use oom_suite::trials;

/// Every module, by its file, and all that it may import.
const ALLOWED: &[(&str, &[&str])] = &[
    // Bytes come in, bytes go out.
    ("oom-fluentbit.wasm", &[]),
    // The same, and the names in the folders that the host opens for it. Nothing reads a file.
    ("oom-fluentbit-names.wasm", &check::READS_DIRECTORIES),
    // WASI preview 1: the standard streams, a clock, the command line, random numbers (the hash map in which a
    // rule's named groups are found wants some), and reading of the folders that the host opens for it. Nothing
    // writes a file, removes one or reaches a network.
    (
        "oom-vector.wasm",
        &[
            "wasi_snapshot_preview1.args_get",
            "wasi_snapshot_preview1.args_sizes_get",
            "wasi_snapshot_preview1.clock_time_get",
            "wasi_snapshot_preview1.environ_get",
            "wasi_snapshot_preview1.environ_sizes_get",
            "wasi_snapshot_preview1.fd_close",
            "wasi_snapshot_preview1.fd_fdstat_get",
            "wasi_snapshot_preview1.fd_filestat_get",
            "wasi_snapshot_preview1.fd_prestat_dir_name",
            "wasi_snapshot_preview1.fd_prestat_get",
            "wasi_snapshot_preview1.fd_read",
            "wasi_snapshot_preview1.fd_readdir",
            "wasi_snapshot_preview1.fd_seek",
            "wasi_snapshot_preview1.fd_write",
            "wasi_snapshot_preview1.path_filestat_get",
            "wasi_snapshot_preview1.path_open",
            "wasi_snapshot_preview1.proc_exit",
            "wasi_snapshot_preview1.random_get",
        ],
    ),
    // Rows come in, rows go out.
    ("oom-clickhouse.wasm", &[]),
    // proxy-wasm: its SDK names every function of the host, called or not; what Envoy lets the module
    // call is the configuration's business. WASI for the standard library's last words.
    (
        "oom-envoy.wasm",
        &[
            "env.proxy_add_header_map_value",
            "env.proxy_call_foreign_function",
            "env.proxy_close_stream",
            "env.proxy_continue_stream",
            "env.proxy_define_metric",
            "env.proxy_dequeue_shared_queue",
            "env.proxy_done",
            "env.proxy_enqueue_shared_queue",
            "env.proxy_get_buffer_bytes",
            "env.proxy_get_current_time_nanoseconds",
            "env.proxy_get_header_map_pairs",
            "env.proxy_get_header_map_value",
            "env.proxy_get_property",
            "env.proxy_get_shared_data",
            "env.proxy_get_status",
            "env.proxy_grpc_call",
            "env.proxy_grpc_cancel",
            "env.proxy_grpc_close",
            "env.proxy_grpc_send",
            "env.proxy_grpc_stream",
            "env.proxy_http_call",
            "env.proxy_increment_metric",
            "env.proxy_log",
            "env.proxy_register_shared_queue",
            "env.proxy_remove_header_map_value",
            "env.proxy_replace_header_map_value",
            "env.proxy_resolve_shared_queue",
            "env.proxy_send_local_response",
            "env.proxy_set_buffer_bytes",
            "env.proxy_set_effective_context",
            "env.proxy_set_header_map_pairs",
            "env.proxy_set_property",
            "env.proxy_set_shared_data",
            "env.proxy_set_tick_period_milliseconds",
            "wasi_snapshot_preview1.environ_get",
            "wasi_snapshot_preview1.environ_sizes_get",
            "wasi_snapshot_preview1.fd_write",
            "wasi_snapshot_preview1.proc_exit",
        ],
    ),
];

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![a_module_reaches_nothing_but_what_is_listed]
}

fn a_module_reaches_nothing_but_what_is_listed() {
    let mut wrong = Vec::new();
    for name in handed_out() {
        let file = top().join("dist").join(&name);
        let Ok(wasm) = fs::read(&file) else {
            wrong.push(format!(
                "dist/{name} is not there: `cargo xtask dist` builds it"
            ));
            continue;
        };
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!("what {name} may import is not listed"));
            continue;
        };
        for import in check::imports(&wasm).expect("a module") {
            if !allowed.contains(&import.as_str()) {
                wrong.push(format!("{name} imports {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules that are handed out, from the table that builds them.
fn handed_out() -> Vec<String> {
    let file = top().join("xtask/src/module.rs");
    let table = fs::read_to_string(file).expect("the table of modules can be read");
    let files: Vec<String> = table
        .lines()
        // The native program, which stands there too, ends otherwise.
        .filter_map(|line| {
            line.trim()
                .strip_prefix("file: \"")?
                .strip_suffix(".wasm\",")
        })
        .map(|name| format!("{name}.wasm"))
        .collect();
    assert!(!files.is_empty(), "no module is listed");
    files
}
