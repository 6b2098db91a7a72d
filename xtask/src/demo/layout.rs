//! JSON for a person: a line for each value, but what lies in a list on one line, and the keys in
//! the order they came.

use std::io::{self, Write};

use serde_json::ser::{Formatter, Serializer};
use serde_json::value::RawValue;

/// The value in lines, indented, without a newline at the end.
pub(super) fn pretty(value: &RawValue) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    text.extend_from_slice(INDENT);
    let mut from = serde_json::Deserializer::from_str(value.get());
    let mut to = Serializer::with_formatter(&mut text, Layout::default());
    serde_transcode::transcode(&mut from, &mut to)?;
    Ok(text)
}

const INDENT: &[u8] = b"  ";

/// Where the text is in the value.
#[derive(Default)]
struct Layout {
    /// Values that are open.
    depth: usize,
    /// The depth at which an element of a list was begun: all of it stays on one line.
    element: Option<usize>,
    /// Whether the value under way holds something.
    filled: bool,
}

impl Layout {
    fn open(&mut self, to: &mut (impl Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        to.write_all(bracket)
    }

    fn close(&mut self, to: &mut (impl Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.filled && self.element.is_none() {
            self.line(to)?;
        }
        self.filled = true;
        to.write_all(bracket)
    }

    fn next(&self, to: &mut (impl Write + ?Sized), first: bool) -> io::Result<()> {
        match (first, self.element.is_some()) {
            (true, true) => Ok(()),
            (false, true) => to.write_all(b", "),
            (true, false) => self.line(to),
            (false, false) => {
                to.write_all(b",")?;
                self.line(to)
            }
        }
    }

    fn line(&self, to: &mut (impl Write + ?Sized)) -> io::Result<()> {
        to.write_all(b"\n")?;
        // The whole text is indented once.
        (0..=self.depth).try_for_each(|_| to.write_all(INDENT))
    }
}

impl Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.open(to, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.close(to, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.next(to, first)?;
        self.element.get_or_insert(self.depth);
        Ok(())
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        if self.element == Some(self.depth) {
            self.element = None;
        }
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.open(to, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.close(to, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.next(to, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::pretty;

    #[test]
    fn keeps_order_and_numbers_and_puts_elements_on_a_line() {
        let value = r#"{"b":18446744073709551615,"a":[{"x":[1,[]],"y":{}},{"z":"\u0001é"}],"c":{"d":-1.5,"e":{}},"f":[]}"#;
        let value = RawValue::from_string(value.to_owned()).unwrap();
        let expected = "  {
    \"b\": 18446744073709551615,
    \"a\": [
      {\"x\": [1, []], \"y\": {}},
      {\"z\": \"\\u0001é\"}
    ],
    \"c\": {
      \"d\": -1.5,
      \"e\": {}
    },
    \"f\": []
  }";
        assert_eq!(
            String::from_utf8(pretty(&value).unwrap()).unwrap(),
            expected
        );
    }
}
