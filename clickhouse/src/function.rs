//! The functions: a block of rows in, as many rows out.

use oom_filter::cgroup::identify;
use oom_filter::lines::{self, LineFormat, Record, Records};
use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};

use crate::columns;
use crate::input::Input;
use crate::kills::{Entry, Kills};
use crate::output::{Output, Row};

/// A function of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `oom_kills(Array(String))`: the kills in the lines of a log, each a text or a record.
    Kills,
    /// `oom_kills_at(Array(Tuple(time, host, line, attributes)))`: the kills in the lines of a table, each a text.
    KillsAt,
    /// `oom_line(String)`: what one line says.
    Line,
    /// `oom_cgroup(String)`: whose a cgroup path is.
    Cgroup,
}

const CUT_OFF: &str = "the rows that ClickHouse handed over end too early";

impl Function {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Kills, Self::KillsAt, Self::Line, Self::Cgroup];

    /// Answers a block of `rows` rows in `RowBinary`, in the same format.
    ///
    /// It never panics, whatever `input` holds. A row that is cut off, and those behind it, say so. Fewer rows
    /// come back only where `input` has not so many bytes, or where there is no memory for them at all.
    pub fn call(self, input: &[u8], rows: u32) -> Vec<u8> {
        // Each row has a byte at least: more of them are a lie, which the engine notices.
        let most = u32::try_from(input.len().saturating_add(1)).unwrap_or(u32::MAX);
        let mut input = Input::new(input);
        let mut output = Output::default();
        let mut is_whole = true;
        for _ in 0..rows.min(most) {
            let answered = match self {
                Self::Kills | Self::KillsAt => {
                    let Some(mut kills) = Kills::begin(&mut output) else {
                        break;
                    };
                    is_whole = is_whole && self.array(&mut input, &mut kills).is_some();
                    if !is_whole {
                        kills.note(CUT_OFF);
                    }
                    kills.end();
                    true
                }
                Self::Line | Self::Cgroup => {
                    let text = input.text().filter(|_| is_whole);
                    is_whole = text.is_some();
                    output.push(self.single(text).bytes())
                }
            };
            if !answered {
                break;
            }
        }
        output.into_bytes()
    }

    /// Reads the array of a row. `None` where it is cut off.
    fn array(self, input: &mut Input<'_>, kills: &mut Kills<'_>) -> Option<()> {
        for _ in 0..input.length()? {
            if self == Self::Kills {
                kills.line(input.text()?);
                continue;
            }
            let entry = Entry {
                time_us: input.number()?,
                host: input.text()?,
                line: input.text()?,
            };
            let count = input.length()?;
            let start = *input;
            for _ in 0..count {
                input.text()?;
                input.text()?;
            }
            // They are read again only where the line is worth it.
            let mut attributes = start;
            let pairs = (0..count).map_while(|_| Some((attributes.text()?, attributes.text()?)));
            kills.entry(&entry, pairs);
        }
        Some(())
    }

    /// The row of one text; of `None` the row that says that there is none.
    fn single(self, text: Option<&[u8]>) -> Row {
        let mut row = Row::default();
        match (self, text) {
            (Self::Cgroup, text) => columns::cgroup(&mut row, &identify(text.unwrap_or_default())),
            (_, None) => columns::note(&mut row, CUT_OFF),
            (_, Some(line)) => match record_of(line) {
                Some(record) => columns::write(&mut row, &record, None, host_of(line)),
                None => columns::nothing(&mut row),
            },
        }
        row
    }
}

/// The record of what a single line says. `None` where it says nothing.
fn record_of(line: &[u8]) -> Option<Vec<u8>> {
    let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
    let context = RecordContext::default();
    if line.len() > crate::kills::MAX_LINE || !filter.needs_reading(line) {
        return None;
    }
    let mut object = Vec::new();
    Records::new(LineFormat::Ndjson).line(line, &mut |record| {
        object = match record {
            Record::Object(object) => object.into_owned(),
            _ => lines::text(line),
        };
    });
    match filter.process(Mode::Annotate, &object, &context) {
        Outcome::Replaced(record) => Some(record),
        Outcome::Unchanged | Outcome::Dropped => None,
    }
}

/// The machine that a syslog prefix names.
fn host_of(line: &[u8]) -> Option<&[u8]> {
    oom_filter::KernelLine::read(line).host
}
