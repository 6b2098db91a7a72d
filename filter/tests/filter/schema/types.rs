//! The types of TypeScript that follow from the schema.

use std::fmt::Write;

use serde_json::Value;

use super::source::Schema;

/// The largest integer that no `number` rounds.
const SAFE: u64 = (1 << 53) - 1;

/// All of them.
pub fn of(schema: &Schema) -> String {
    let mut text = String::from(
        "// Made from filter/schema/oom.schema.json: BLESS=1 cargo test -p oom-filter --test filter schema\n\n\
         /** An integer: a `bigint` where a `number` would round it, above 2^53. */\n\
         export type Integer = number | bigint;\n",
    );
    let title = schema.title.as_deref().expect("a title");
    let all = [(title, schema)];
    let definitions = schema
        .definitions
        .iter()
        .map(|(name, part)| (name.as_str(), part));
    for (name, part) in all
        .into_iter()
        .chain(definitions)
        .filter(|(_, part)| part.is_named())
    {
        text.push('\n');
        comment(
            &mut text,
            "",
            part.description.as_deref().expect("a description"),
        );
        if part.one_of.is_empty() {
            interface(&mut text, name, part, schema);
        } else {
            words(&mut text, name, part);
        }
    }
    text
}

fn interface(text: &mut String, name: &str, part: &Schema, schema: &Schema) {
    let _ = writeln!(text, "export interface {name} {{");
    for (field, of) in &part.properties {
        comment(text, "  ", of.told(schema));
        let may_lack = if part.required.contains(field) {
            ""
        } else {
            "?"
        };
        let _ = writeln!(text, "  {field}{may_lack}: {};", type_of(of, schema));
    }
    text.push_str("}\n");
}

fn words(text: &mut String, name: &str, part: &Schema) {
    let _ = write!(text, "export type {name} =");
    for word in &part.one_of {
        text.push('\n');
        comment(
            text,
            "  ",
            word.description.as_deref().expect("a description"),
        );
        let _ = write!(text, "  | {}", word.constant.as_ref().expect("a word"));
    }
    text.push_str(";\n");
}

fn type_of(part: &Schema, schema: &Schema) -> String {
    if let Some(name) = part.named(schema) {
        return name.to_owned();
    }
    if let Some(definition) = part.name() {
        return type_of(&schema.definitions[definition], schema);
    }
    if let Some(constant) = &part.constant {
        return constant.to_string();
    }
    if !part.words.is_empty() {
        let words: Vec<_> = part
            .words
            .iter()
            .map(|word| Value::from(word.as_str()).to_string())
            .collect();
        return words.join(" | ");
    }
    match part.kind.as_deref().expect("a type") {
        "string" => "string".to_owned(),
        "integer"
            if part
                .maximum
                .as_ref()
                .and_then(serde_json::Number::as_u64)
                .is_some_and(|most| most <= SAFE) =>
        {
            "number".to_owned()
        }
        "integer" => "Integer".to_owned(),
        "array" => format!("{}[]", type_of(part.items.as_ref().expect("items"), schema)),
        other => panic!("no type of TypeScript is known for {other}"),
    }
}

fn comment(text: &mut String, indent: &str, told: &str) {
    let line = format!("{indent}/** {told} */");
    if line.chars().count() <= 116 {
        let _ = writeln!(text, "{line}");
        return;
    }
    let _ = writeln!(text, "{indent}/**");
    let mut line = String::new();
    for word in told.split(' ') {
        if line.chars().count() + word.chars().count() > 110 {
            let _ = writeln!(text, "{indent} *{line}");
            line.clear();
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{indent} *{line}\n{indent} */");
}
