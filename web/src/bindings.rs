//! What JavaScript sees.

use oom_filter::cgroup::Level;
use oom_filter::{IdentityKeys, Mode, Outcome, RecordContext, Rules};
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

use crate::reader;

/// Names Kubernetes identity as OpenTelemetry does: JavaScript's users have no names of their own.
const KEYS: IdentityKeys = IdentityKeys::OPEN_TELEMETRY;

/// The modes, by the names they have in the package.
const MODES: [(&str, Mode); 3] = [
    ("annotate", Mode::Annotate),
    ("rewrite", Mode::Rewrite),
    ("events", Mode::Events),
];

/// Records in, records out.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Filter {
    filter: oom_filter::Filter,
    mode: Mode,
}

#[wasm_bindgen]
impl Filter {
    /// A filter of that mode; `started_ms`, in milliseconds since 1970, is when it started: older
    /// kills are marked as replayed. `rules` are the user's own, one to a line. `reads_unproven` has it read text of
    /// other programs that anybody could have written.
    ///
    /// # Errors
    ///
    /// Where there is no such mode, and for a rule that is none.
    #[wasm_bindgen(constructor)]
    pub fn new(
        mode: &str,
        started_ms: Option<f64>,
        rules: Option<String>,
        reads_unproven: bool,
    ) -> Result<Self, JsError> {
        let filter = filter_with(rules, reads_unproven)?;
        Ok(Self {
            filter: match started_ms {
                Some(started) => filter.started_at(microseconds(started)),
                None => filter,
            },
            mode: mode_named(mode)?,
        })
    }

    /// Reads one record: `undefined` where it passes as it came, `null` where it is dropped, else
    /// the record that takes its place.
    pub fn process(&mut self, record: &str, tag: &str, time_ms: Option<f64>) -> JsValue {
        let arrival = RecordContext {
            tag: tag.as_bytes(),
            time_us: time_ms.map(microseconds),
            ..RecordContext::default()
        };
        match self.filter.process(self.mode, record.as_bytes(), &arrival) {
            Outcome::Unchanged => JsValue::UNDEFINED,
            Outcome::Dropped => JsValue::NULL,
            Outcome::Replaced(record) => JsValue::from_str(&String::from_utf8_lossy(&record)),
        }
    }

    /// Releases one report that never finished; `undefined` where there is none.
    pub fn release(&mut self) -> Option<String> {
        if self.mode == Mode::Annotate {
            return None;
        }
        let record = self.filter.next_unfinished()?;
        Some(String::from_utf8_lossy(&record).into_owned())
    }
}

/// The bytes of a log in, the records of OOM reports out.
///
/// Every row of what it gives is a line's number, a space, the record, a line end: one string for
/// many lines is what passes to JavaScript cheapest.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Reader(reader::Reader);

#[wasm_bindgen]
impl Reader {
    /// A reader of that mode, with the user's own rules, one to a line. `reads_unproven` as of a filter.
    ///
    /// # Errors
    ///
    /// Where there is no such mode, and for a rule that is none.
    #[wasm_bindgen(constructor)]
    pub fn new(mode: &str, rules: Option<String>, reads_unproven: bool) -> Result<Self, JsError> {
        let filter = filter_with(rules, reads_unproven)?;
        Ok(Self(reader::Reader::new(filter, mode_named(mode)?)))
    }

    /// Reads the next bytes: the rows of the lines that they end.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.0.push(bytes)
    }

    /// There are no more bytes: the rows of the last line, and of reports that never finished.
    pub fn finish(&mut self) -> String {
        self.0.finish()
    }

    /// Lines read so far.
    #[wasm_bindgen(getter)]
    pub fn lines(&self) -> f64 {
        float(self.0.lines())
    }

    /// Rows of lines that look like a kill and could not be read, the first of them: in place of the record
    /// stands the line.
    #[wasm_bindgen(getter)]
    pub fn unread(&self) -> String {
        self.0.unread().to_owned()
    }

    /// How many such lines there are.
    #[wasm_bindgen(getter)]
    pub fn unread_count(&self) -> usize {
        self.0.unread_count()
    }

    /// Lines that were too long to be read.
    #[wasm_bindgen(getter)]
    pub fn skipped(&self) -> f64 {
        float(self.0.skipped())
    }
}

/// The level of a cgroup by its path, as [`oom_filter::cgroup::Level::name`] writes it. A directory
/// inside a container is a cgroup, whatever its limit would be called.
#[wasm_bindgen]
pub fn level_of(path: &str) -> String {
    let identity = oom_filter::cgroup::identify(path.as_bytes());
    let level = match identity.level {
        Level::Container | Level::Pod if identity.is_inside => Level::Cgroup,
        level => level,
    };
    level.name().to_owned()
}

fn filter_with(rules: Option<String>, reads_unproven: bool) -> Result<oom_filter::Filter, JsError> {
    let mut filter = oom_filter::Filter::new(KEYS);
    if reads_unproven {
        filter = filter.read_unproven();
    }
    // A string that may be absent comes as one of its own.
    let Some(rules) = rules else {
        return Ok(filter);
    };
    let rules = Rules::read(&rules).map_err(|problem| JsError::new(&problem.to_string()))?;
    Ok(filter.with_rules(rules))
}

fn mode_named(name: &str) -> Result<Mode, JsError> {
    MODES
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, mode)| mode)
        .ok_or_else(|| JsError::new("the mode must be 'annotate', 'rewrite' or 'events'"))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is no time of this age becomes its beginning or its end"
)]
fn microseconds(milliseconds: f64) -> u64 {
    (milliseconds * 1000.0) as u64
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 lines")]
fn float(count: u64) -> f64 {
    count as f64
}
