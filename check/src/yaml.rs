//! Values of configurations: read from YAML, JSON or TOML, changed, and written as YAML's flow form, which keeps the
//! order of keys.

use std::fs;
use std::path::Path;

use yaml_rust2::{Yaml, YamlLoader};

/// The keys of a map, in their order.
pub type Map = yaml_rust2::yaml::Hash;

/// Reads a file. An error is a sentence.
pub fn read(path: &Path) -> Result<Yaml, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    if path
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        let table: toml::Table =
            toml::from_str(&text).map_err(|error| format!("{name} is no TOML: {error}"))?;
        return Ok(of_toml(&toml::Value::Table(table)));
    }
    let mut documents =
        YamlLoader::load_from_str(&text).map_err(|error| format!("{name} is no YAML: {error}"))?;
    match (documents.len(), documents.pop()) {
        (0, _) => Ok(Yaml::Hash(Map::new())),
        (1, Some(document)) => Ok(document),
        _ => Err(format!(
            "{name} holds more than one document; a host's own configuration is one"
        )),
    }
}

fn of_toml(value: &toml::Value) -> Yaml {
    match value {
        toml::Value::String(text) => text_of(text),
        toml::Value::Integer(number) => Yaml::Integer(*number),
        toml::Value::Float(number) => Yaml::Real(number.to_string()),
        toml::Value::Boolean(is) => Yaml::Boolean(*is),
        toml::Value::Datetime(time) => text_of(&time.to_string()),
        toml::Value::Array(values) => Yaml::Array(values.iter().map(of_toml).collect()),
        toml::Value::Table(table) => Yaml::Hash(
            table
                .iter()
                .map(|(key, value)| (text_of(key), of_toml(value)))
                .collect(),
        ),
    }
}

/// A text as a value.
pub fn text_of(text: &str) -> Yaml {
    Yaml::String(text.to_owned())
}

/// A list of texts.
pub fn list_of(texts: &[&str]) -> Yaml {
    Yaml::Array(texts.iter().map(|text| text_of(text)).collect())
}

/// A map of these.
pub fn map_of<const N: usize>(fields: [(&str, Yaml); N]) -> Yaml {
    Yaml::Hash(
        fields
            .into_iter()
            .map(|(key, value)| (text_of(key), value))
            .collect(),
    )
}

/// A scalar as text.
pub fn text(value: &Yaml) -> Option<String> {
    match value {
        Yaml::Real(text) | Yaml::String(text) => Some(text.clone()),
        Yaml::Integer(number) => Some(number.to_string()),
        Yaml::Boolean(is) => Some(is.to_string()),
        _ => None,
    }
}

/// A scalar, or all of a list of them.
pub fn texts(value: &Yaml) -> Vec<String> {
    match value {
        Yaml::Array(values) => values.iter().filter_map(text).collect(),
        other => text(other).into_iter().collect(),
    }
}

/// A member that may be changed, made where it is missing.
pub fn member<'a>(map: &'a mut Yaml, key: &str) -> &'a mut Yaml {
    if map.as_hash().is_none() {
        *map = Yaml::Hash(Map::new());
    }
    match map {
        Yaml::Hash(map) => map.entry(text_of(key)).or_insert(Yaml::Null),
        other => other,
    }
}

/// Sets a member.
pub fn set(map: &mut Yaml, key: &str, value: Yaml) {
    *member(map, key) = value;
}

/// Takes a member away.
pub fn take(map: &mut Yaml, key: &str) -> Option<Yaml> {
    map.as_mut_hash()?.remove(&text_of(key))
}

/// Every value below this one, itself first, is shown to a function, which may change it.
pub fn walk(value: &mut Yaml, change: &mut dyn FnMut(&mut Yaml)) {
    change(value);
    match value {
        Yaml::Array(values) => values.iter_mut().for_each(|value| walk(value, change)),
        Yaml::Hash(map) => map.iter_mut().for_each(|(_, value)| walk(value, change)),
        _ => {}
    }
}

/// The value as YAML in one line, which is JSON too.
pub fn write(value: &Yaml) -> String {
    match value {
        Yaml::Array(values) => {
            let values: Vec<String> = values.iter().map(write).collect();
            format!("[{}]", values.join(", "))
        }
        Yaml::Hash(map) => {
            let fields: Vec<String> = map
                .iter()
                .map(|(key, value)| {
                    let key = text(key).unwrap_or_default();
                    format!("{}: {}", serde_json::Value::from(key), write(value))
                })
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Yaml::String(text) => serde_json::Value::from(text.as_str()).to_string(),
        other => text(other).unwrap_or_else(|| "null".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{member, of_toml, text_of, walk, write};
    use yaml_rust2::{Yaml, YamlLoader};

    #[test]
    fn keeps_order_and_types() {
        let text = "b: [1, two, true]\na: {c: 'x: \"y\"', d: null, e: 1.50}\n";
        let mut value = YamlLoader::load_from_str(text).unwrap().remove(0);
        assert_eq!(
            write(&value),
            r#"{"b": [1, "two", true], "a": {"c": "x: \"y\"", "d": null, "e": 1.50}}"#
        );
        walk(&mut value, &mut |value| {
            if *value == Yaml::Integer(1) {
                *value = text_of("one");
            }
        });
        *member(member(&mut value, "new"), "f") = Yaml::Boolean(false);
        assert_eq!(
            write(&value),
            r#"{"b": ["one", "two", true], "a": {"c": "x: \"y\"", "d": null, "e": 1.50}, "new": {"f": false}}"#
        );
    }

    #[test]
    fn reads_toml() {
        let table: toml::Table =
            toml::from_str("[sources.a]\ntype = 'file'\nmany = [1, 2]").unwrap();
        assert_eq!(
            write(&of_toml(&toml::Value::Table(table))),
            r#"{"sources": {"a": {"many": [1, 2], "type": "file"}}}"#
        );
    }
}
