//! JSON objects one behind the other, or as the elements of one array. Complete ones go on as they
//! come.

use super::Forwarded;
use super::reader::{Reader, RecordFate};
use super::scan::Scan;

/// A delivery of objects.
#[derive(Debug)]
pub(super) struct Objects {
    /// Elements of an array, between its brackets.
    is_array: bool,
    /// Where this is.
    place: Place,
    front: Front,
    /// The object under way is above the bound, and its beginning has gone on.
    is_oversized: bool,
    scan: Scan,
}

/// What became of the objects so far: of an array's, whether any is left that needs a separator
/// behind it; elsewhere of the latest, whose line end goes the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    /// There was none.
    None,
    /// It was taken out; in an array all were.
    Emptied,
    /// It went on; in an array one did.
    Kept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In front of the bracket.
    Before,
    /// No object yet.
    First,
    /// Behind an object.
    Behind,
    /// Behind an object and a comma.
    Comma,
    /// Behind the last bracket.
    After,
}

impl Objects {
    pub(super) fn array() -> Self {
        Self {
            is_array: true,
            place: Place::Before,
            front: Front::None,
            is_oversized: false,
            scan: Scan::default(),
        }
    }

    pub(super) fn stream() -> Self {
        Self {
            is_array: false,
            place: Place::First,
            ..Self::array()
        }
    }

    /// Reads what is complete of `data`, which begins with what was held; the rest is put into
    /// `held`. False where it is not what it ought to be: then all of it goes on.
    pub(super) fn read(
        &mut self,
        reader: &mut Reader<'_>,
        mut data: Vec<u8>,
        last: bool,
        held: &mut Vec<u8>,
    ) -> (Forwarded, bool) {
        // Where nothing in it is to be read, it is only looked at for where its objects end.
        let passes = self.front != Front::Emptied && reader.passes(&data);
        let mut out = Vec::with_capacity(if passes { 0 } else { data.len() });
        // What has been dealt with.
        let mut done = 0;
        while let Some(byte) = data.get(self.scan.seen).copied() {
            if self.scan.depth > 0 {
                if !self.scan.goes_to_end(&data) {
                    break;
                }
                if passes {
                    self.pass(reader);
                } else {
                    let before = data.get(done..self.scan.start).unwrap_or_default();
                    let object = data.get(self.scan.start..self.scan.seen);
                    self.complete(reader, before, object.unwrap_or_default(), &mut out);
                }
                done = self.scan.seen;
                continue;
            }
            if !self.step(byte) {
                if passes {
                    return (Forwarded::same(data), false);
                }
                out.extend(data.drain(done..));
                return (Forwarded::changed(out), false);
            }
            self.scan.seen = self.scan.seen.saturating_add(1);
            if byte == b'[' {
                if !passes {
                    out.extend_from_slice(data.get(done..self.scan.seen).unwrap_or_default());
                }
                done = self.scan.seen;
            }
        }
        let rest = data.split_off(done);
        if passes {
            out = data;
        }
        self.scan.forget(done);
        let is_blank = self.scan.depth == 0;
        let is_behind_objects = is_blank && !self.is_array;
        if last || self.place == Place::After || is_behind_objects {
            self.scan = Scan::default();
            if !(is_behind_objects && self.front == Front::Emptied) {
                out.extend(rest);
            }
            let ends = !self.is_array || self.place == Place::After;
            let out = Forwarded {
                bytes: out,
                is_as_it_came: passes,
            };
            return (out, is_blank && ends);
        }
        if self.is_oversized || rest.len() > reader.settings.max_body_bytes {
            self.let_go(reader, &rest, &mut out);
        } else {
            *held = rest;
        }
        let out = Forwarded {
            bytes: out,
            is_as_it_came: passes,
        };
        (out, true)
    }

    /// Goes on by one byte between objects; false where it does not belong there.
    fn step(&mut self, byte: u8) -> bool {
        self.place = match (byte, self.place) {
            (b' ' | b'\t' | b'\r' | b'\n', place) => place,
            (b'[', Place::Before) => Place::First,
            (b',', Place::Behind) if self.is_array => Place::Comma,
            (b']', Place::First | Place::Behind) if self.is_array => Place::After,
            (b'{', Place::First | Place::Comma) => self.begin(),
            (b'{', Place::Behind) if !self.is_array => self.begin(),
            _ => return false,
        };
        true
    }

    fn begin(&mut self) -> Place {
        self.scan.begin();
        Place::Behind
    }

    /// Counts an object that is complete and passes unread.
    fn pass(&mut self, reader: &mut Reader<'_>) {
        if !std::mem::take(&mut self.is_oversized) {
            reader.count_same(1);
            self.front = Front::Kept;
        }
    }

    /// Deals with an object that is complete, and with what stands between it and the last one.
    fn complete(
        &mut self,
        reader: &mut Reader<'_>,
        before: &[u8],
        object: &[u8],
        out: &mut Vec<u8>,
    ) {
        if std::mem::take(&mut self.is_oversized) {
            out.extend_from_slice(object);
            return;
        }
        match reader.record(object) {
            RecordFate::Dropped if self.is_array => {
                if self.front == Front::None {
                    self.front = Front::Emptied;
                }
            }
            RecordFate::Dropped => {
                self.keep(before, b"", out);
                self.front = Front::Emptied;
            }
            RecordFate::Same => self.keep(before, object, out),
            RecordFate::Replaced(text) => self.keep(before, &text, out),
        }
    }

    fn keep(&mut self, before: &[u8], object: &[u8], out: &mut Vec<u8>) {
        // Where those in front of it are gone, so is what divided it from them.
        if self.front != Front::Emptied {
            out.extend_from_slice(before);
        }
        self.front = Front::Kept;
        out.extend_from_slice(object);
    }

    /// Lets the beginning of an object that is too large go on.
    fn let_go(&mut self, reader: &mut Reader<'_>, rest: &[u8], out: &mut Vec<u8>) {
        if self.is_oversized {
            out.extend_from_slice(rest);
        } else {
            let start = match self.scan.depth {
                0 => rest.len(),
                _ => self.scan.start,
            };
            let (before, object) = rest.split_at_checked(start).unwrap_or((rest, b""));
            self.keep(before, object, out);
            if self.scan.depth > 0 {
                self.is_oversized = true;
                reader.tally.too_large = reader.tally.too_large.saturating_add(1);
            }
        }
        self.scan.forget(rest.len());
    }
}
