//! What the module's bytes are.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;

use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::table::thousands;

/// Bytes of each section as it stands in the file, in the file's order.
fn sections(wasm: &[u8]) -> Result<Vec<(String, usize)>, Box<dyn Error>> {
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let name = match &payload {
            Payload::TypeSection(_) => "types",
            Payload::ImportSection(_) => "imports",
            Payload::FunctionSection(_) => "functions",
            Payload::TableSection(_) => "table",
            Payload::MemorySection(_) => "memory",
            Payload::GlobalSection(_) => "globals",
            Payload::ExportSection(_) => "exports",
            Payload::ElementSection(_) => "elements",
            Payload::CodeSectionStart { .. } => "code",
            Payload::DataSection(_) => "data",
            Payload::CustomSection(custom) => custom.name(),
            _ => continue,
        };
        if let Some((_, range)) = payload.as_section() {
            sections.push((name.to_owned(), range.len()));
        }
    }
    Ok(sections)
}

/// Bytes of code by crate, from a module whose functions have names: largest first.
fn crates(wasm: &[u8]) -> Result<Vec<(String, usize)>, Box<dyn Error>> {
    let mut imports = 0;
    let mut bodies = Vec::new();
    let mut names = BTreeMap::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imports += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::CustomSection(custom) => {
                let KnownCustom::Name(subsections) = custom.as_known() else {
                    continue;
                };
                for subsection in subsections {
                    let Name::Function(functions) = subsection? else {
                        continue;
                    };
                    for naming in functions {
                        let naming = naming?;
                        names.insert(naming.index, naming.name);
                    }
                }
            }
            _ => {}
        }
    }
    if names.is_empty() {
        return Err("the functions of the module have no names".into());
    }
    let mut sums: BTreeMap<String, usize> = BTreeMap::new();
    for (index, bytes) in (imports..).zip(bodies) {
        let name = names.get(&index).copied().unwrap_or_default();
        *sums.entry(crate_of(name)).or_default() += bytes;
    }
    let mut sums: Vec<(String, usize)> = sums.into_iter().collect();
    sums.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(sums)
}

/// The crate that wrote a function: the first word before a `::` in its path.
fn crate_of(name: &str) -> String {
    let path = format!("{:#}", demangle(name));
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let Some((start, _)) = path.split_once("::") else {
        return "exports and intrinsics".to_owned();
    };
    start
        .rsplit(|character| !is_word(character))
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Both as a table.
///
/// # Errors
///
/// Where one of them is no module, or the second has no names.
pub fn table(wasm: &[u8], named: &[u8]) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("| part | bytes |\n|---|---:|\n");
    let mut row =
        |part: &str, bytes: usize| writeln!(text, "| {part} | {} |", thousands(bytes as u64));
    let sections = sections(wasm)?;
    row("**the module**", wasm.len())?;
    for (name, bytes) in &sections {
        row(&format!("section: {name}"), *bytes)?;
    }
    for (name, bytes) in crates(named)? {
        row(&format!("code of {name}"), bytes)?;
    }
    Ok(text)
}
