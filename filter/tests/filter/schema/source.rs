//! The schema as types: only what it uses is known, anything else is an error.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Number, Value};

/// A schema, or a part of one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schema {
    #[serde(rename = "$schema")]
    pub dialect: Option<String>,
    #[serde(rename = "$id")]
    pub id: Option<String>,
    #[serde(rename = "$comment")]
    pub comment: Option<String>,
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    #[serde(rename = "$defs")]
    pub definitions: IndexMap<String, Schema>,
    pub title: Option<String>,
    pub description: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub properties: IndexMap<String, Schema>,
    pub required: Vec<String>,
    pub items: Option<Box<Schema>>,
    #[serde(rename = "enum")]
    pub words: Vec<String>,
    #[serde(rename = "oneOf")]
    pub one_of: Vec<Schema>,
    #[serde(rename = "const")]
    pub constant: Option<Value>,
    pub minimum: Option<Number>,
    pub maximum: Option<Number>,
    #[serde(rename = "minItems")]
    pub min_items: Option<u32>,
    #[serde(rename = "maxItems")]
    pub max_items: Option<u32>,
    pub pattern: Option<String>,
    pub examples: Vec<Value>,
    #[serde(rename = "if")]
    pub condition: Option<Box<Schema>>,
    #[serde(rename = "then")]
    pub consequence: Option<Box<Schema>>,
}

impl Schema {
    /// The name of the definition that it refers to.
    pub fn name(&self) -> Option<&str> {
        self.reference.as_deref()?.strip_prefix("#/$defs/")
    }

    /// Whether it has a definition of its own in what is made: an object, or words with meanings.
    pub fn is_named(&self) -> bool {
        !self.properties.is_empty() || !self.one_of.is_empty()
    }

    /// The definition that this part of the schema refers to, where what is made names it.
    pub fn named<'a>(&'a self, of: &Self) -> Option<&'a str> {
        let name = self.name()?;
        of.definitions
            .get(name)
            .expect("a definition")
            .is_named()
            .then_some(name)
    }

    /// What it says of itself, or its definition does.
    pub fn told<'a>(&'a self, of: &'a Self) -> &'a str {
        let named = self.name().and_then(|name| of.definitions.get(name));
        let told = self.description.as_deref();
        let told = told.or_else(|| named.and_then(|named| named.description.as_deref()));
        told.expect("every field is described")
    }
}
