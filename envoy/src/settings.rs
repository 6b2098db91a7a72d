//! The plugin's configuration.

use std::fmt;

use oom_filter::{Mode, Rules};
use serde::Deserialize;

use crate::tally::Format;

/// Bytes up to which a delivery or a record is held, where nothing is configured.
const MAX_BODY_BYTES: usize = 1 << 20;
/// The smallest and the largest bound that is accepted.
const BOUNDS: std::ops::RangeInclusive<usize> = 1 << 10..=8 << 20;

/// What is configured, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What becomes of lines that are no kill.
    pub mode: Mode,
    /// The members of a record that may hold the kernel's text, in the order they are tried; the
    /// filter's own where there are none.
    pub text_keys: Vec<String>,
    /// The formats that are read; every other passes.
    pub formats: Vec<Format>,
    /// Most bytes held of one delivery, or of one record where records go on as they come.
    pub max_body_bytes: usize,
    /// Only lines are read whose carrier proves that the kernel wrote them.
    pub refuses_unsaid: bool,
    /// Text of other programs than the kernel is read that anybody could have written.
    pub reads_unproven: bool,
    /// The user's own, of whose a cgroup is.
    pub rules: Option<Rules>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Annotate,
            text_keys: Vec::new(),
            formats: Format::ALL.to_vec(),
            max_body_bytes: MAX_BODY_BYTES,
            refuses_unsaid: false,
            reads_unproven: false,
            rules: None,
        }
    }
}

/// What a configuration cannot be read for.
#[derive(Debug)]
pub struct BadSettings(String);

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadSettings {}

/// The configuration as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    mode: Option<WrittenMode>,
    text_keys: Option<Vec<String>>,
    formats: Option<Vec<Format>>,
    max_body_bytes: Option<usize>,
    origin: Option<WrittenOrigin>,
    unproven: Option<bool>,
    rules: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenOrigin {
    Any,
    Kernel,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenMode {
    Annotate,
    Rewrite,
    Events,
}

impl Settings {
    /// Reads a configuration: a JSON object, or nothing at all for the defaults.
    ///
    /// ```
    /// use oom_envoy::settings::Settings;
    ///
    /// let settings = Settings::read(br#"{"mode":"rewrite"}"#).unwrap();
    /// assert_eq!(settings.max_body_bytes, 1 << 20);
    ///
    /// let error = Settings::read(br#"{"modes":"rewrite"}"#).unwrap_err();
    /// assert!(error.to_string().contains("unknown field `modes`"));
    /// ```
    ///
    /// # Errors
    ///
    /// For anything unknown or out of range, with a sentence that names it.
    pub fn read(text: &[u8]) -> Result<Self, BadSettings> {
        let mut settings = Self::default();
        if text.trim_ascii().is_empty() {
            return Ok(settings);
        }
        let written: Written =
            serde_json::from_slice(text).map_err(|error| BadSettings(error.to_string()))?;
        if let Some(mode) = written.mode {
            settings.mode = match mode {
                WrittenMode::Annotate => Mode::Annotate,
                WrittenMode::Rewrite => Mode::Rewrite,
                WrittenMode::Events => Mode::Events,
            };
        }
        settings.refuses_unsaid = matches!(written.origin, Some(WrittenOrigin::Kernel));
        settings.reads_unproven = written.unproven.unwrap_or_default();
        if settings.reads_unproven && settings.refuses_unsaid {
            return Err(BadSettings(
                "`unproven` reads what the `origin` \"kernel\" refuses".to_owned(),
            ));
        }
        if let Some(rules) = written.rules {
            let rules =
                Rules::of(&rules).map_err(|problem| BadSettings(format!("`rules`: {problem}")))?;
            settings.rules = Some(rules);
        }
        if let Some(text_keys) = written.text_keys {
            if text_keys.is_empty() || text_keys.iter().any(String::is_empty) {
                return Err(BadSettings(
                    "`text_keys` must name at least one key, and no empty one".to_owned(),
                ));
            }
            settings.text_keys = text_keys;
        }
        if let Some(formats) = written.formats {
            if formats.is_empty() {
                return Err(BadSettings(
                    "`formats` must name at least one format".to_owned(),
                ));
            }
            settings.formats = formats;
        }
        if let Some(max_body_bytes) = written.max_body_bytes {
            if !BOUNDS.contains(&max_body_bytes) {
                return Err(BadSettings(format!(
                    "`max_body_bytes` is {max_body_bytes}, but must be from {} to {}",
                    BOUNDS.start(),
                    BOUNDS.end()
                )));
            }
            settings.max_body_bytes = max_body_bytes;
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        for text in ["", "  ", "{}"] {
            assert_eq!(
                Settings::read(text.as_bytes()).unwrap(),
                Settings::default()
            );
        }
        let all = br#"{"mode":"events","text_keys":["event","log"],
            "formats":["ndjson","loki"],"max_body_bytes":4096,"origin":"kernel",
            "rules":["grid /grid/(?<id>[0-9]+)"]}"#;
        let expected = Settings {
            mode: Mode::Events,
            text_keys: vec!["event".to_owned(), "log".to_owned()],
            formats: vec![Format::Ndjson, Format::Loki],
            max_body_bytes: 4096,
            refuses_unsaid: true,
            reads_unproven: false,
            rules: Some(Rules::of(&["grid /grid/(?<id>[0-9]+)"]).unwrap()),
        };
        let any = Settings::read(br#"{"origin":"any"}"#).unwrap();
        assert_eq!(any, Settings::default());
        let unproven = Settings::read(br#"{"unproven":true}"#).unwrap();
        assert!(unproven.reads_unproven);
        assert_eq!(Settings::read(all).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            (r#"{"modes":"annotate"}"#, "unknown field `modes`"),
            (r#"{"mode":"drop"}"#, "unknown variant `drop`"),
            (r#"{"origin":"unsaid"}"#, "unknown variant `unsaid`"),
            (
                r#"{"rules":["grid /a","grid /b("]}"#,
                "`rules`: rule 2, `grid /b(`: ",
            ),
            (r#"{"rules":["/a"]}"#, "rule 1, `/a`: it names no system"),
            (
                r#"{"origin":"kernel","unproven":true}"#,
                "`unproven` reads what",
            ),
            (r#"{"unproven":"yes"}"#, "invalid type: string"),
            (r#"{"formats":["xml"]}"#, "unknown variant `xml`"),
            (r#"{"formats":[]}"#, "`formats`"),
            (r#"{"text_keys":[]}"#, "`text_keys`"),
            (r#"{"text_keys":[""]}"#, "`text_keys`"),
            (r#"{"max_body_bytes":0}"#, "`max_body_bytes` is 0"),
            (
                r#"{"max_body_bytes":99999999}"#,
                "`max_body_bytes` is 99999999",
            ),
            (r#"{"max_body_bytes":-1}"#, "-1"),
            ("[]", "expected struct"),
            ("annotate", "expected value"),
        ] {
            let said = Settings::read(text.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(named), "{text}: {said}");
        }
    }
}
