//! What each module can reach in its host: everything it imports, by name.
//!
//! SECURITY.md says what these mean. A new import is a decision, and a line here.

use std::fs;

use wasmparser::{Parser, Payload};

use crate::runs::top;

/// Every module, by its package, and all that it may import.
const ALLOWED: &[(&str, &[&str])] = &[
    // Bytes come in, bytes go out.
    ("oom-fluentbit", &[]),
    // WASI preview 1: the standard streams, a clock, the command line, and reading of the folders that
    // the host opens for it. Nothing writes a file, removes one or reaches a network.
    (
        "oom-vector",
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
        ],
    ),
    // proxy-wasm: its SDK names every function of the host, called or not; what Envoy lets the module
    // call is the configuration's business. WASI for the standard library's last words.
    (
        "oom-envoy",
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

#[test]
fn a_module_reaches_nothing_but_what_is_listed() {
    let mut wrong = Vec::new();
    for package in handed_out() {
        let file = top().join(format!("dist/{package}.wasm"));
        let Ok(wasm) = fs::read(&file) else {
            wrong.push(format!(
                "dist/{package}.wasm is not there: `cargo xtask dist` builds it"
            ));
            continue;
        };
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == package) else {
            wrong.push(format!("what {package} may import is not listed"));
            continue;
        };
        for import in imports(&wasm) {
            if !allowed.contains(&import.as_str()) {
                wrong.push(format!("{package} imports {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The packages whose modules are handed out, from the table that builds them.
fn handed_out() -> Vec<String> {
    let file = top().join("xtask/src/module.rs");
    let table = fs::read_to_string(file).expect("the table of modules can be read");
    let packages: Vec<String> = table
        .lines()
        .filter_map(|line| line.trim().strip_prefix("package: \"")?.strip_suffix("\","))
        .map(str::to_owned)
        .collect();
    assert!(!packages.is_empty(), "no module is listed");
    packages
}

/// `module.name` of each import.
fn imports(wasm: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ImportSection(section) = payload.expect("a module") {
            for import in section.into_imports() {
                let import = import.expect("an import");
                names.push(format!("{}.{}", import.module, import.name));
            }
        }
    }
    names
}
