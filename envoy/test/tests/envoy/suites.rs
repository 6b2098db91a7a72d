//! The suites that every host shares, in every form of delivery, in every mode.

use oom_envoy_test::{
    Behaviour, Config, Form, Post, Program, Upstream, apart, module, native, oom_of, runtime, told,
};
use oom_filter::Mode;
use oom_suite::Suite;
use oom_suite::trial::{Tested, Trial};
use oom_suite::trials;
use serde_json::{Value, json};

/// The modes, as the suites have them too.
const MODES: [(oom_suite::Mode, Mode); 3] = [
    (oom_suite::Mode::Annotate, Mode::Annotate),
    (oom_suite::Mode::Rewrite, Mode::Rewrite),
    (oom_suite::Mode::Events, Mode::Events),
];

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![every_suite_gives_its_records_in_every_form]
}

fn every_suite_gives_its_records_in_every_form() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Echo).await;
        let mut wrong = Vec::new();
        for (suite_mode, mode) in MODES {
            let name = suite_mode.name();
            let config = Config::shipped()
                .receiver(upstream.address)
                .module(&module)
                .plugin(&format!(r#"{{"mode":"{name}"}}"#));
            let envoy = program.start(&format!("suites-{name}"), &config);
            let address = envoy.listener("logs");
            for suite in Suite::all() {
                let all = suite.records();
                for form in Form::ALL {
                    // Where each record meets a filter that knows nothing, each has its own sender.
                    let deliveries: Vec<&[Vec<u8>]> = if suite.fresh {
                        all.chunks(1).collect()
                    } else {
                        vec![&all]
                    };
                    let mut ooms = Vec::new();
                    for (number, records) in deliveries.into_iter().enumerate() {
                        let records = &form.fitting(records);
                        let path = form.path(&format!("{}-{number}", suite.name));
                        let post = Post::new(&path, form.content_type(), form.body(records));
                        let answer = post.send(address).await.expect("an answer");
                        assert_eq!(answer.status, 200, "{path}\n{}", envoy.log());
                        let found = compare(form, mode, records, &answer.body);
                        match found {
                            Ok(found) => ooms.extend(found),
                            Err(text) => wrong.push(format!("{name} {path}: {text}")),
                        }
                    }
                    // And these are what Fluent Bit's module adds to the same records; those that
                    // are released at the end of an input follow there.
                    if form == Form::Ndjson
                        && let Some(expected) = suite.ooms(suite_mode)
                        && expected.get(..ooms.len()) != Some(&ooms)
                    {
                        wrong.push(format!("{name} {}: not as in Fluent Bit", suite.name));
                    }
                }
            }
            let log = envoy.log();
            assert!(!log.contains("oom"), "{log}");
        }
        assert!(
            wrong.is_empty(),
            "{} wrong\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    });
    Ok(())
}

/// Compares what arrived with what the filter makes of the same records as a Rust library, and gives
/// the `oom` objects.
fn compare(
    form: Form,
    mode: Mode,
    records: &[Vec<u8>],
    arrived: &[u8],
) -> Result<Vec<Value>, String> {
    if Form::OF_TEXTS.contains(&form) {
        return compare_texts(form, mode, records, arrived);
    }
    let left: Vec<Vec<u8>> = native(mode, records).into_iter().flatten().collect();
    let expected = form.body(&left);
    if arrived != expected {
        let expected = String::from_utf8_lossy(&expected);
        let arrived = String::from_utf8_lossy(arrived);
        let end = |text: &str| text.chars().take(3000).collect::<String>();
        return Err(format!(
            "\n  expected {}\n  arrived  {}",
            end(&expected),
            end(&arrived)
        ));
    }
    let records = left
        .iter()
        .filter_map(|record| serde_json::from_slice(record).ok());
    Ok(records.filter_map(oom_of).collect())
}

fn compare_texts(
    form: Form,
    mode: Mode,
    records: &[Vec<u8>],
    arrived: &[u8],
) -> Result<Vec<Value>, String> {
    let sent = form.texts(&form.body(records));
    let mut expected = Vec::new();
    // Those of one host stand together, and are a stream.
    for group in sent.chunk_by(|a, b| a.host == b.host) {
        let records: Vec<Vec<u8>> = group
            .iter()
            .map(|entry| json!({ "body": entry.text }).to_string().into_bytes())
            .collect();
        for record in native(mode, &records).into_iter().flatten() {
            let record: Value = serde_json::from_slice(&record).expect("a record");
            expected.push(told(form, &group[0].host, &record));
        }
    }
    let ((expected, expected_apart), (found, found_apart)) =
        (apart(expected), apart(form.texts(arrived)));
    for (expected, found) in [(expected, found), (expected_apart, found_apart)] {
        for (expected, found) in expected.iter().zip(&found) {
            if expected != found {
                return Err(format!("\n  expected {expected:?}\n  arrived  {found:?}"));
            }
        }
        if expected.len() != found.len() {
            return Err(format!(
                "{} expected, {} arrived",
                expected.len(),
                found.len()
            ));
        }
    }
    Ok(Vec::new())
}
