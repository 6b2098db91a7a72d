//! The same scripts for `require`.
//!
//! It knows what our own scripts and wasm-bindgen's have in them: `import { a, b as c } from "./x.js"`,
//! `import * as a from "./x.js"`, `export { a, b }` with and without `from`, and `export` before a class, a
//! function or a constant; each begins a line. Anything else is an error of the build.

use std::error::Error;
use std::fmt::Write;

/// The script of an ES module as one of `CommonJS`.
pub(crate) fn of(script: &str) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("\"use strict\";\n");
    let mut exports = String::new();
    for line in script.lines() {
        let statement = line.trim_start();
        if let Some(import) = statement.strip_prefix("import ") {
            writeln!(text, "{}", imported(import)?)?;
        } else if let Some(export) = statement.strip_prefix("export ") {
            if let Some(names) = export.strip_prefix('{') {
                let (names, from) = names.split_once('}').ok_or_else(|| unknown(line))?;
                exports.push_str(&exported(names, from.trim_end_matches(';').trim())?);
            } else {
                writeln!(text, "{export}")?;
                let name = name_of(export).ok_or_else(|| unknown(line))?;
                writeln!(exports, "exports.{name} = {name};")?;
            }
        } else {
            writeln!(text, "{line}")?;
        }
    }
    Ok(text + &exports)
}

fn unknown(line: &str) -> Box<dyn Error> {
    format!("web/tool/src/commonjs.rs knows no such statement: {line}").into()
}

/// What follows `import`.
fn imported(import: &str) -> Result<String, Box<dyn Error>> {
    let (what, from) = import.split_once(" from ").ok_or_else(|| unknown(import))?;
    let what = match what.strip_prefix("* as ") {
        Some(name) => name.to_owned(),
        None => what.replace(" as ", ": "),
    };
    Ok(format!(
        "const {what} = {};",
        required(from.trim_end_matches(';'))
    ))
}

/// `export { names } from "file"`, or without a file.
fn exported(names: &str, from: &str) -> Result<String, Box<dyn Error>> {
    let mut lines = String::new();
    for name in names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        match from.strip_prefix("from ") {
            Some(file) => writeln!(lines, "exports.{name} = {}.{name};", required(file))?,
            None => writeln!(lines, "exports.{name} = {name};")?,
        }
    }
    Ok(lines)
}

/// `"./x.js"` as it is required.
fn required(file: &str) -> String {
    format!("require({})", file.replace(".js\"", ".cjs\""))
}

/// The name that a declaration gives.
fn name_of(declaration: &str) -> Option<&str> {
    let kinds = [
        "async function* ",
        "async function ",
        "function* ",
        "function ",
        "class ",
        "const ",
    ];
    let rest = kinds
        .iter()
        .find_map(|kind| declaration.strip_prefix(kind))?;
    let end = rest.find(|character: char| {
        !character.is_alphanumeric() && character != '_' && character != '$'
    })?;
    rest.get(..end)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn every_statement_has_its_form() {
        let script = "import { a, b as c } from \"./x.js\";\nimport * as d from \"./y.js\";\n\
                      export { a, c };\nexport { e } from \"./z.js\";\nexport const F = 1;\n  export class G {\n  }\n\
                      export async function* h() {}\n";
        let expected = "\"use strict\";\nconst { a, b: c } = require(\"./x.cjs\");\nconst d = require(\"./y.cjs\");\n\
                        const F = 1;\nclass G {\n  }\nasync function* h() {}\nexports.a = a;\nexports.c = c;\n\
                        exports.e = require(\"./z.cjs\").e;\nexports.F = F;\nexports.G = G;\nexports.h = h;\n";
        assert_eq!(of(script).unwrap(), expected);
    }

    #[test]
    fn what_it_does_not_know_is_an_error() {
        for script in [
            "export default 1;",
            "import \"./x.js\";",
            "export * from \"./x.js\";",
            "export let a = 1;",
        ] {
            assert!(of(script).is_err(), "{script}");
        }
    }
}
