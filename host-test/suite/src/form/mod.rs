//! How lines become records: one file for each input form.

mod auto;
mod kmsg;
mod ndjson;
mod text;

/// Makes a form ready for a new input.
pub type NewForm = fn() -> Box<dyn Form>;

/// Every form, by the name the command line takes. A new one is a file beside this one and a row
/// here.
pub const FORMS: &[(&str, NewForm)] = &[
    ("text", || Box::new(text::Text)),
    ("ndjson", || Box::new(ndjson::Ndjson)),
    ("kmsg", || Box::new(kmsg::Kmsg::default())),
    ("auto", || Box::new(auto::Auto::default())),
];

/// The records of a whole input, as the form named makes them of its lines; a line that is not of
/// this form is left as it is. `None` where there is no such form.
///
/// For suites, which hold their input in memory; the command streams.
pub fn records(form: &str, input: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (_, new_form) = FORMS.iter().find(|(name, _)| *name == form)?;
    let mut form = new_form();
    let mut items = Vec::new();
    for (number, line) in (1..).zip(lines(input)) {
        items.extend(form.line(number, line));
    }
    items.extend(form.flush());
    Some(
        items
            .into_iter()
            .map(|item| match item.content {
                Content::Record(record) => record.json,
                Content::Foreign(line) => line,
            })
            .collect(),
    )
}

/// The lines of a whole input, without their line ends.
pub fn lines(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let input = input.strip_suffix(b"\n").unwrap_or(input);
    input.split(|byte| *byte == b'\n')
}

/// What a line, or several, came to, and the number of the first.
#[derive(Debug, Eq, PartialEq)]
pub struct Item {
    /// The line's number, from 1.
    pub line: u64,
    /// What it came to.
    pub content: Content,
}

/// What a line, or several, came to.
#[derive(Debug, Eq, PartialEq)]
pub enum Content {
    /// A record for the module.
    Record(Record),
    /// A line that is not of this form.
    Foreign(Vec<u8>),
}

/// A record for the module.
#[derive(Debug, Eq, PartialEq)]
pub struct Record {
    /// The JSON object.
    pub json: Vec<u8>,
    /// Microseconds since boot, where the line says.
    pub uptime_us: Option<u64>,
}

/// An input form.
pub trait Form {
    /// Takes the next line, with its number and without its newline, and gives what is now complete.
    fn line(&mut self, number: u64, line: &[u8]) -> Option<Item>;

    /// Nothing follows what was taken so far: gives what was held back for more.
    fn flush(&mut self) -> Option<Item> {
        None
    }
}

/// Appends `text` as a JSON string. Bytes that are not UTF-8 become U+FFFD: JSON has no way to carry
/// them, and Fluent Bit does not keep them either.
fn push_string(json: &mut Vec<u8>, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    serde_json::to_writer(json, text.as_ref()).expect("a string can be written to memory");
}
