//! The page of all fields that follows from the schema.

use std::fmt::Write;

use serde_json::Value;

use super::source::Schema;

/// The page.
pub fn of(schema: &Schema) -> String {
    let version = schema
        .id
        .as_deref()
        .and_then(|id| id.rsplit(':').next())
        .expect("a version");
    let mut page = format!(
        "# The fields of `oom`\n\n\
         Version {version} of [oom.schema.json](../filter/schema/oom.schema.json), a JSON Schema, from which this page is\n\
         made: `BLESS=1 cargo test -p oom-filter --test filter schema`. A newer version may have more fields and more words; one\n\
         that goes, or means something else, makes a new major version.\n\n\
         {}\n\n\
         Always there are {}; on a kill also {}.\n\n",
        told(schema.description.as_deref()),
        list(&schema.required),
        list(
            &schema
                .consequence
                .as_ref()
                .expect("what a kill has")
                .required
        ),
    );
    fields(&mut page, schema, schema);
    for (name, part) in schema
        .definitions
        .iter()
        .filter(|(_, part)| part.is_named())
    {
        let _ = write!(
            page,
            "\n## {name}\n\n{}\n\n",
            told(part.description.as_deref())
        );
        if part.one_of.is_empty() {
            fields(&mut page, part, schema);
        } else {
            page.push_str("| word | meaning |\n|---|---|\n");
            for word in &part.one_of {
                let constant = word
                    .constant
                    .as_ref()
                    .and_then(Value::as_str)
                    .expect("a word");
                let _ = writeln!(
                    page,
                    "| `{constant}` | {} |",
                    told(word.description.as_deref())
                );
            }
        }
    }
    page
}

fn fields(page: &mut String, part: &Schema, schema: &Schema) {
    page.push_str("| field | type | meaning |\n|---|---|---|\n");
    for (field, of) in &part.properties {
        let always = if part.required.contains(field) {
            "; always there"
        } else {
            ""
        };
        let mut meaning = told(Some(of.told(schema)));
        if let Some(example) = of.examples.first() {
            let _ = write!(meaning, " Such as `{}`.", example.as_str().expect("a text"));
        }
        let _ = writeln!(
            page,
            "| `{field}` | {}{always} | {meaning} |",
            type_of(of, schema)
        );
    }
}

fn type_of(part: &Schema, schema: &Schema) -> String {
    if let Some(name) = part.named(schema) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(definition) = part.name() {
        return type_of(&schema.definitions[definition], schema);
    }
    if let Some(constant) = &part.constant {
        return format!("`{constant}`");
    }
    if !part.words.is_empty() {
        return list(&part.words);
    }
    match part.kind.as_deref().expect("a type") {
        "array" => format!(
            "array of {}",
            type_of(part.items.as_ref().expect("items"), schema)
        ),
        plain => plain.to_owned(),
    }
}

fn list(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn told(text: Option<&str>) -> String {
    text.expect("a description").replace('|', "\\|")
}
