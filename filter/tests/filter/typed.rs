//! The `oom` objects of every suite are read as [`Oom`], and written as they were.

use oom_filter::Oom;
use oom_suite::{Identity, Mode, Suite};
use serde_json::{Map, Value, json};

#[test]
fn every_record_is_read_and_written_again() {
    let mut count = 0;
    // What arrives as `oom` may be anything.
    let arrives = |suite: &Suite| suite.input.windows(5).any(|text| text == b"\"oom\"");
    for suite in Suite::all().into_iter().filter(|suite| !arrives(suite)) {
        for mode in Mode::ALL {
            for record in suite.expected(mode, &Identity::FLUENT_BIT) {
                let Some(written) = record.get("oom") else {
                    continue;
                };
                let oom: Oom = serde_json::from_value(written.clone())
                    .unwrap_or_else(|error| panic!("{}: {error}: {written}", suite.name));
                let again = serde_json::to_value(&oom).unwrap();
                assert_eq!(again, *written, "{}", suite.name);
                count += 1;
            }
        }
    }
    assert!(count > 1000, "{count}");
}

#[test]
fn a_wrong_type_is_refused() {
    let kill = json!({"event": "kill", "tag": "oom.node", "id": "1", "victim": {"pid": 1}});
    assert!(serde_json::from_value::<Oom>(kill.clone()).is_ok());
    for (pointer, wrong) in [
        ("/event", json!("killed")),
        ("/tag", json!("oom.everything")),
        ("/id", json!(1)),
        ("/victim", json!([])),
        ("/victim/pid", json!("1")),
    ] {
        let mut bad = kill.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        let read = serde_json::from_value::<Oom>(bad);
        assert!(read.is_err(), "{pointer}");
    }
    let unknown =
        json!({"event": "kill", "tag": "oom.node", "id": "1", "memory": {"new_bytes": 1}});
    let read: Oom = serde_json::from_value(unknown).unwrap();
    assert_eq!(
        read.memory
            .map(|memory| serde_json::to_value(memory).unwrap()),
        Some(Value::Object(Map::new()))
    );
}
