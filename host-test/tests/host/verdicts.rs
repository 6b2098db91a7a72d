//! Every engine judges as Fluent Bit does.

use oom_host_test::{HostError, Options, Verdict};

use crate::guests::{FUNCTION, RECORD, TAG, TIME, call, each_engine, guest, load};

/// What one record comes to in a guest, in every engine.
fn outcome(name: &str, expected: impl Fn(&Result<Verdict, HostError>) -> bool) {
    each_engine(|engine| {
        let outcome = call(load(engine, name, &Options::default()).as_mut());
        assert!(
            expected(&outcome),
            "{name} in {}: {outcome:?}",
            engine.name()
        );
    });
}

fn replaced(name: &str, text: &[u8]) {
    outcome(name, |outcome| {
        *outcome == Ok(Verdict::Replaced(text.to_vec()))
    });
}

#[test]
fn what_a_host_accepts() {
    outcome("identity", |outcome| *outcome == Ok(Verdict::Unchanged));
    outcome("drops", |outcome| *outcome == Ok(Verdict::Dropped));
    outcome("pointer_zero", |outcome| *outcome == Ok(Verdict::Dropped));
    replaced("replaces", b"{\"oom\":\n{\"event\":\"kill\"}}");
    replaced("nul_after_object", br#"{"a":1}"#);
}

#[test]
fn what_a_host_cannot_use() {
    outcome("two_objects", |outcome| {
        *outcome == Err(HostError::SeveralValues(br#"{"a":1}{"b":2}"#.to_vec()))
    });
    outcome("array", |outcome| {
        *outcome == Err(HostError::NotAnObject(br#"[{"a":1}]"#.to_vec()))
    });
    outcome(
        "nul_in_string",
        |outcome| matches!(outcome, Err(HostError::NotJson { text, .. }) if text == br#"{"a":"x"#),
    );
    outcome(
        "edits",
        |outcome| matches!(outcome, Err(HostError::NotJson { text, .. }) if text == br#"["a":1}"#),
    );
    outcome("unterminated", |outcome| {
        matches!(outcome, Err(HostError::OutOfMemoryPointer(65534)))
    });
}

#[test]
fn a_pointer_outside_memory_loses_one_record() {
    each_engine(|engine| {
        let mut instance = load(engine, "pointer_outside", &Options::default());
        assert_eq!(
            call(instance.as_mut()),
            Err(HostError::OutOfMemoryPointer(65536))
        );
        assert_eq!(call(instance.as_mut()), Ok(Verdict::Unchanged));
    });
}

#[test]
fn a_trap_poisons_the_instance() {
    each_engine(|engine| {
        let mut instance = load(engine, "traps", &Options::default());
        assert_eq!(call(instance.as_mut()), Ok(Verdict::Unchanged));
        let long = instance.call(FUNCTION, TAG, TIME, br#"{"long":"yes"}"#);
        assert!(
            matches!(&long, Err(HostError::Trap(text)) if text.contains("unreachable")),
            "{long:?}"
        );
        assert_eq!(call(instance.as_mut()), Err(HostError::Poisoned));
        assert_eq!(call(instance.as_mut()), Err(HostError::Poisoned));
        instance.restart().unwrap();
        assert_eq!(call(instance.as_mut()), Ok(Verdict::Unchanged));
    });
}

#[test]
fn a_trap_anywhere_in_the_call_is_one() {
    for name in ["malloc_traps", "free_traps", "recurses"] {
        outcome(name, |outcome| matches!(outcome, Err(HostError::Trap(_))));
    }
}

#[test]
fn a_missing_function_loses_the_record_and_no_more() {
    each_engine(|engine| {
        let mut instance = load(engine, "identity", &Options::default());
        let missing = instance.call("no_such", TAG, TIME, RECORD);
        assert_eq!(missing, Err(HostError::MissingExport("no_such".to_owned())));
        let nul = instance.call("oom\0", TAG, TIME, RECORD);
        assert_eq!(nul, Err(HostError::MissingExport("oom\0".to_owned())));
        assert_eq!(call(instance.as_mut()), Ok(Verdict::Unchanged));
    });
}

#[test]
fn a_function_of_another_type_is_not_called() {
    each_engine(|engine| {
        let mut instance = load(engine, "other_types", &Options::default());
        for name in ["oom_annotate", "oom_rewrite"] {
            let outcome = instance.call(name, TAG, TIME, RECORD);
            assert_eq!(outcome, Err(HostError::WrongType(name.to_owned())));
        }
        let global = instance.call("oom_events", TAG, TIME, RECORD);
        assert_eq!(
            global,
            Err(HostError::MissingExport("oom_events".to_owned()))
        );
    });
}

#[test]
fn malloc_may_fail_but_not_lie() {
    replaced("malloc_zero", br#"{"null":true}"#);
    outcome("malloc_outside", |outcome| {
        matches!(outcome, Err(HostError::OutOfMemoryAllocation(_)))
    });
}

#[test]
fn a_record_may_be_anything_without_a_nul() {
    each_engine(|engine| {
        let mut instance = load(engine, "identity", &Options::default());
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(20_000_000));
        for record in [&b""[..], b"{}", b"\xff\xfe", large.as_bytes()] {
            let outcome = instance.call(FUNCTION, b"", TIME, record);
            assert!(outcome == Ok(Verdict::Unchanged), "{} bytes", record.len());
        }
        // The host would read it up to its NUL.
        let cut = instance.call(FUNCTION, TAG, TIME, b"{}\0{}");
        assert_eq!(cut, Ok(Verdict::Replaced(b"{}".to_vec())));
    });
}

#[test]
fn the_order_of_calls_is_the_hosts() {
    each_engine(|engine| {
        let mut instance = load(engine, "arguments", &Options::default());
        let first = br#"{"order":"mmc           "}"#.to_vec();
        assert_eq!(call(instance.as_mut()), Ok(Verdict::Replaced(first)));
        let second = br#"{"order":"mmctrmmc      "}"#.to_vec();
        assert_eq!(call(instance.as_mut()), Ok(Verdict::Replaced(second)));
    });
}

#[test]
fn what_is_no_module_is_not_loaded() {
    each_engine(|engine| {
        for bytes in [&b""[..], b"\0asm", b"{}"] {
            let refused = engine.load(bytes, &Options::default()).err();
            assert!(matches!(refused, Some(HostError::Load(_))), "{refused:?}");
        }
        let refused = engine.load(&guest("imports"), &Options::default()).err();
        assert_eq!(
            refused,
            Some(HostError::Load("env.log is imported".to_owned()))
        );
    });
}

#[test]
fn threads_have_instances_of_their_own() {
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                each_engine(|engine| {
                    for _ in 0..20 {
                        let mut instance = load(engine, "identity", &Options::default());
                        for _ in 0..100 {
                            assert_eq!(call(instance.as_mut()), Ok(Verdict::Unchanged));
                        }
                    }
                });
            });
        }
    });
}
