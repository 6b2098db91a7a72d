//! The configurations: what of them is the language's.

use oom_vrl_test::Program;
use serde_json::Value;

use crate::input::text_of;

/// Every configuration, and how many programs and conditions it has.
const CONFIGURATIONS: [(&str, usize); 3] =
    [("agent.yaml", 6), ("pipeline.yaml", 0), ("vrl.yaml", 8)];

/// A configuration, read by the language's own YAML reader.
pub fn config(name: &str) -> Value {
    let mut program = Program::compile("parse_yaml!(.text)").expect("it compiles");
    let text = text_of(&format!("config/{name}"));
    let mut event = serde_json::json!({ "text": text }).into();
    let config = program.run(&mut event).expect("the configuration is YAML");
    config.try_into().expect("it is JSON too")
}

/// A condition: a program that gives true or false.
pub fn condition(source: &str) -> Program {
    Program::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"))
}

#[test]
fn every_program_and_condition_compiles() {
    for (name, least) in CONFIGURATIONS {
        let config = config(name);
        let checked = check(&config);
        assert!(
            checked >= least,
            "{name}: {checked} programs and conditions"
        );
    }
}

/// Compiles what there is to compile, and looks that every input is there.
fn check(config: &Value) -> usize {
    let mut checked = 0;
    let parts = ["transforms", "sinks"].into_iter();
    for (name, part) in parts.filter_map(|kind| config[kind].as_object()).flatten() {
        for key in ["source", "ends_when", "condition"] {
            if let Some(source) = part[key].as_str() {
                condition(source);
                checked += 1;
            }
        }
        for source in part["route"]
            .as_object()
            .into_iter()
            .flat_map(|routes| routes.values())
        {
            condition(source.as_str().expect("a condition"));
            checked += 1;
        }
        if let Some(file) = part["file"].as_str() {
            let name = file.strip_prefix("/etc/vector/").expect("a file beside it");
            crate::input::program(name);
            checked += 1;
        }
        for input in part["inputs"].as_array().expect("inputs") {
            let input = input.as_str().expect("a name");
            // Of a `route`, one way.
            let (input, way) = input.split_once('.').unwrap_or((input, ""));
            let is_known = if way.is_empty() {
                ["sources", "transforms"]
                    .iter()
                    .any(|kind| config[kind].get(input).is_some())
            } else {
                config["transforms"][input]["route"].get(way).is_some()
            };
            assert!(is_known, "{name} reads {input} {way}, which is nothing");
        }
    }
    checked
}
