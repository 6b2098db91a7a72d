//! What a caller can set does what it says, in every engine that can.

use oom_host_test::{
    Frees, HostError, Length, Lifetime, Options, Pointer, Proposals, Verdict, engine,
};

use crate::guests::{FUNCTION, RECORD, TAG, TIME, call, each_engine, guest, load};

const PAGE: usize = 65536;

fn replaced(text: &str) -> Verdict {
    Verdict::Replaced(text.as_bytes().to_vec())
}

#[test]
fn an_instance_for_every_record_remembers_nothing() {
    each_engine(|engine| {
        let mut lasting = load(engine, "counts", &Options::default());
        assert_eq!(call(lasting.as_mut()), Ok(replaced(r#"{"n":1}"#)));
        assert_eq!(call(lasting.as_mut()), Ok(replaced(r#"{"n":2}"#)));
        lasting.restart().unwrap();
        assert_eq!(call(lasting.as_mut()), Ok(replaced(r#"{"n":1}"#)));

        let options = Options {
            lifetime: Lifetime::Record,
            ..Options::default()
        };
        let mut fresh = load(engine, "counts", &options);
        assert_eq!(call(fresh.as_mut()), Ok(replaced(r#"{"n":1}"#)));
        assert_eq!(call(fresh.as_mut()), Ok(replaced(r#"{"n":1}"#)));

        let mut fresh = load(engine, "traps", &options);
        let long = fresh.call(FUNCTION, TAG, TIME, br#"{"long":"yes"}"#);
        assert!(matches!(long, Err(HostError::Trap(_))));
        assert_eq!(call(fresh.as_mut()), Ok(Verdict::Unchanged));
    });
}

#[test]
fn a_leaky_host_never_frees() {
    each_engine(|engine| {
        let leaky = Options {
            frees: Frees::Never,
            ..Options::default()
        };
        for (options, grows) in [(Options::default(), false), (leaky, true)] {
            let mut instance = load(engine, "identity", &options);
            let before = instance.memory_bytes();
            for _ in 0..10_000 {
                assert_eq!(call(instance.as_mut()), Ok(Verdict::Unchanged));
            }
            assert_eq!(instance.memory_bytes() > before, grows, "{options:?}");
        }
    });
}

#[test]
fn the_order_of_frees_can_be_turned() {
    each_engine(|engine| {
        for (frees, order) in [
            (Frees::InOrder, "mmctrmmc      "),
            (Frees::Reversed, "mmcrtmmc      "),
            (Frees::Never, "mmcmmc        "),
        ] {
            let mut instance = load(
                engine,
                "arguments",
                &Options {
                    frees,
                    ..Options::default()
                },
            );
            call(instance.as_mut()).unwrap();
            let expected = Ok(replaced(&format!(r#"{{"order":"{order}"}}"#)));
            assert_eq!(call(instance.as_mut()), expected, "{frees:?}");
        }
    });
}

#[test]
fn pointers_can_be_null() {
    each_engine(|engine| {
        let both = Options {
            tag_pointer: Pointer::Null,
            record_pointer: Pointer::Null,
            ..Options::default()
        };
        // This guest traps where either pointer is not 0 or a length is not the true one.
        assert_eq!(
            call(load(engine, "malloc_zero", &both).as_mut()),
            Ok(replaced(r#"{"null":true}"#))
        );
        let tag = Options {
            tag_pointer: Pointer::Null,
            ..Options::default()
        };
        assert_eq!(
            call(load(engine, "identity", &tag).as_mut()),
            Ok(Verdict::Unchanged)
        );
        // The record's pointer is 0, and so is what comes back: the host reads "" there.
        let record = Options {
            record_pointer: Pointer::Null,
            ..Options::default()
        };
        assert_eq!(
            call(load(engine, "identity", &record).as_mut()),
            Ok(Verdict::Dropped)
        );
    });
}

#[test]
fn the_length_can_be_a_lie() {
    each_engine(|engine| {
        for (record_length, told) in [
            (Length::True, b"07"),
            (Length::More(4), b"11"),
            (Length::Fewer(4), b"03"),
            (Length::Fewer(100), b"00"),
            (Length::Exactly(99), b"99"),
        ] {
            let options = Options {
                record_length,
                ..Options::default()
            };
            let mut instance = load(engine, "length", &options);
            let outcome = instance.call(FUNCTION, told, TIME, RECORD);
            assert_eq!(outcome, Ok(Verdict::Unchanged), "{record_length:?}");
        }
    });
}

#[test]
fn memory_can_be_capped() {
    each_engine(|engine| {
        let options = Options {
            memory_pages: Some(4),
            ..Options::default()
        };
        let mut instance = load(engine, "leaks", &options);
        assert_eq!(instance.memory_bytes(), PAGE);
        for _ in 0..10 {
            assert_eq!(call(instance.as_mut()), Ok(Verdict::Unchanged));
        }
        assert_eq!(instance.memory_bytes(), 4 * PAGE);
        // malloc gives 0 for both, the host goes on, and this guest returns the 0 it got.
        let large = vec![b' '; 5 * PAGE];
        assert_eq!(
            instance.call(FUNCTION, &large, TIME, &large),
            Ok(Verdict::Dropped)
        );

        let mut free = load(engine, "leaks", &Options::default());
        for _ in 0..10 {
            call(free.as_mut()).unwrap();
        }
        assert_eq!(free.memory_bytes(), 11 * PAGE);

        let none = Options {
            memory_pages: Some(0),
            ..Options::default()
        };
        let refused = engine.load(&guest("identity"), &none).err();
        assert!(
            matches!(refused, Some(HostError::Instantiate(_))),
            "{refused:?}"
        );
    });
}

#[test]
fn fuel_is_counted_and_ends() {
    let wasmtime = engine("wasmtime").unwrap();
    let mut counted = load(
        wasmtime,
        "identity",
        &Options {
            fuel: Some(u64::MAX),
            ..Options::default()
        },
    );
    call(counted.as_mut()).unwrap();
    let first = counted.fuel_used().unwrap();
    call(counted.as_mut()).unwrap();
    assert!(first > 0);
    assert_eq!(
        counted.fuel_used(),
        Some(first),
        "each record is counted from zero"
    );

    let mut spinning = load(
        wasmtime,
        "spins",
        &Options {
            fuel: Some(100_000),
            ..Options::default()
        },
    );
    let outcome = call(spinning.as_mut());
    assert!(
        matches!(&outcome, Err(HostError::Trap(text)) if text.contains("fuel")),
        "{outcome:?}"
    );
    assert_eq!(call(spinning.as_mut()), Err(HostError::Poisoned));

    assert_eq!(
        load(wasmtime, "identity", &Options::default()).fuel_used(),
        None
    );
    let wamr = engine("wamr").unwrap();
    let refused = wamr.load(
        &guest("spins"),
        &Options {
            fuel: Some(1),
            ..Options::default()
        },
    );
    let unsupported = HostError::Unsupported {
        engine: "wamr",
        option: "fuel",
    };
    assert_eq!(refused.err(), Some(unsupported));
}

#[test]
fn the_stack_has_the_size_asked_for() {
    each_engine(|engine| {
        for stack_bytes in [None, Some(16 << 10)] {
            let options = Options {
                stack_bytes,
                ..Options::default()
            };
            let outcome = call(load(engine, "recurses", &options).as_mut());
            assert!(
                matches!(&outcome, Err(HostError::Trap(text)) if text.contains("stack")),
                "{outcome:?}"
            );
        }
    });
    // How deep the guest came: fuel tells.
    let wasmtime = engine("wasmtime").unwrap();
    let depth = |stack_bytes| {
        let options = Options {
            stack_bytes,
            fuel: Some(u64::MAX),
            ..Options::default()
        };
        let mut instance = load(wasmtime, "recurses", &options);
        call(instance.as_mut()).unwrap_err();
        instance.fuel_used().unwrap()
    };
    assert!(depth(Some(16 << 10)) * 4 < depth(None));
}

#[test]
fn proposals_are_refused_where_the_host_has_none() {
    each_engine(|engine| {
        let newer = Options::default();
        let older = Options {
            proposals: Proposals::WithoutReferenceTypes,
            ..Options::default()
        };
        for (name, in_newer) in [
            ("identity", true),
            ("reference_types", true),
            ("simd", false),
            ("tail_call", false),
        ] {
            let loaded = engine.load(&guest(name), &newer);
            // wasmtime is built without external references, which no module of ours has.
            if !(name == "reference_types" && engine.name() == "wasmtime") {
                assert_eq!(loaded.is_ok(), in_newer, "{name}: {:?}", loaded.err());
            }
            let loaded = engine.load(&guest(name), &older);
            assert_eq!(
                loaded.is_ok(),
                name == "identity",
                "{name}: {:?}",
                loaded.err()
            );
        }
    });
}
