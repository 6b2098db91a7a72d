//! The expressions in the configurations. Whether Vector takes a configuration as a whole, only Vector
//! can tell: `host-test/tests/vector.rs` asks it, where it is there.

use serde_json::{Value, json};

use crate::{Program, text_of};

#[test]
fn every_expression_compiles() {
    // How many programs and conditions each configuration has at least.
    for (name, least) in [("agent.yaml", 9), ("pipeline.yaml", 3)] {
        let text = text_of(&format!("config/{name}"));
        // The language's own YAML reader.
        let (_, config) = Program::compile("parse_yaml!(.text)").run(&json!({ "text": text }));
        let parts: Vec<&Value> = ["transforms", "sinks"]
            .iter()
            .filter_map(|kind| config[kind].as_object())
            .flat_map(|parts| parts.values())
            .collect();
        let mut compiled = 0;
        for part in &parts {
            let routes = part["route"].as_object();
            let sources = ["source", "condition"].map(|key| &part[key]);
            let sources = sources
                .into_iter()
                .chain(routes.into_iter().flat_map(|routes| routes.values()));
            for source in sources.filter_map(Value::as_str) {
                Program::compile(source);
                compiled += 1;
            }
            for input in part["inputs"].as_array().expect("inputs") {
                let input = input.as_str().expect("a name");
                let is_there = match input.split_once('.') {
                    Some((route, "_unmatched")) => config["transforms"][route].get("route"),
                    Some((route, way)) => config["transforms"][route]["route"].get(way),
                    None => config["sources"]
                        .get(input)
                        .or(config["transforms"].get(input)),
                };
                assert!(is_there.is_some(), "{name}: there is no {input}");
            }
        }
        assert!(compiled >= least, "{name}: {compiled} expressions");
    }
}
