//! The checks that need no engine.

use oom_host_test::Proposals;
use oom_host_test::check;

use crate::guests::guest;

const FUNCTIONS: [&str; 3] = ["oom_annotate", "oom_rewrite", "oom_events"];

#[test]
fn a_module_that_owes_nothing() {
    assert_eq!(check::module(&guest("identity"), &FUNCTIONS), Ok(()));
}

#[test]
fn exports_are_exactly_those() {
    let missing = check::exports(&guest("drops"), &FUNCTIONS).unwrap_err();
    assert_eq!(
        missing,
        ["oom_rewrite is not exported", "oom_events is not exported"]
    );
    let more = check::exports(&guest("identity"), &FUNCTIONS[..2]).unwrap_err();
    assert_eq!(more, ["the function oom_events is exported"]);
    let others = check::exports(&guest("other_types"), &FUNCTIONS).unwrap_err();
    assert_eq!(others.len(), 3, "{others:?}");
    assert!(check::exports(b"no module", &FUNCTIONS).is_err());
}

#[test]
fn the_linkers_globals_are_allowed_and_no_others() {
    let with = |export: &str, global: &str| {
        wat::parse_str(format!(
            r#"(module (memory (export "memory") 1)
                 (func (export "malloc") (param i32) (result i32) (local.get 0))
                 (func (export "free") (param i32))
                 (global (export "{export}") {global}))"#
        ))
        .unwrap()
    };
    assert_eq!(
        check::exports(&with("__heap_base", "i32 (i32.const 9)"), &[]),
        Ok(())
    );
    assert_eq!(
        check::exports(&with("__data_end", "i32 (i32.const 9)"), &[]),
        Ok(())
    );
    for (export, global) in [
        ("__stack_pointer", "i32 (i32.const 9)"),
        ("__heap_base", "(mut i32) (i32.const 9)"),
        ("__data_end", "i64 (i64.const 9)"),
    ] {
        assert!(
            check::exports(&with(export, global), &[]).is_err(),
            "{export} {global}"
        );
    }
}

#[test]
fn malloc_and_free_have_the_types_the_host_looks_for() {
    for (malloc, free) in [
        ("(param i64) (result i32)", "(param i32)"),
        ("(param i32) (result i32)", "(param i64)"),
    ] {
        let wasm = wat::parse_str(format!(
            r#"(module (memory (export "memory") 1)
                 (func (export "malloc") {malloc} unreachable)
                 (func (export "free") {free}))"#
        ))
        .unwrap();
        assert_eq!(check::exports(&wasm, &[]).unwrap_err().len(), 1);
    }
}

#[test]
fn imports_are_none() {
    assert_eq!(check::no_imports(&guest("identity")), Ok(()));
    assert_eq!(
        check::no_imports(&guest("imports")).unwrap_err(),
        ["env.log is imported"]
    );
}

#[test]
fn the_oldest_host_reads_one_byte_for_a_table() {
    // `call_indirect` with its table index padded to five bytes, as LLVM writes it.
    let mut wasm = wat::parse_str(
        r"(module (type (func)) (table 1 funcref)
             (func (call_indirect (type 0) (i32.const 0))))",
    )
    .unwrap();
    assert_eq!(
        check::proposals(&wasm, Proposals::WithoutReferenceTypes),
        Ok(())
    );
    let at = wasm
        .windows(3)
        .position(|bytes| bytes == [0x11, 0x00, 0x00])
        .unwrap();
    wasm.splice(at + 2..at + 3, [0x80, 0x80, 0x80, 0x80, 0x00]);
    // The sizes of the function body and of the code section.
    wasm[at - 4] += 4;
    wasm[at - 6] += 4;
    assert_eq!(
        check::proposals(&wasm, Proposals::WithReferenceTypes),
        Ok(())
    );
    let refused = check::proposals(&wasm, Proposals::WithoutReferenceTypes).unwrap_err();
    assert!(refused[0].contains("zero byte expected"), "{refused:?}");
}

#[test]
fn no_host_has_simd_or_tail_calls() {
    for name in ["simd", "tail_call"] {
        assert!(
            check::proposals(&guest(name), Proposals::WithReferenceTypes).is_err(),
            "{name}"
        );
    }
}
