//! Gaps in the numbers of `/dev/kmsg` records: lines that were lost before they were read.

use memchr::memchr_iter;

/// Watches the numbers of the records as they come.
#[derive(Default)]
pub struct Gaps {
    /// The number of the newest record.
    newest: Option<u64>,
}

impl Gaps {
    /// Takes whole lines. Returns how many records are missing before or between them.
    ///
    /// A number that is not above the one before it belongs to another boot or another reader: counting
    /// begins anew there.
    pub fn missing(&mut self, lines: &[u8]) -> u64 {
        let mut missing = 0_u64;
        let mut start = 0;
        for end in memchr_iter(b'\n', lines) {
            let line = lines.get(start..end).unwrap_or_default();
            start = end.saturating_add(1);
            let Some(number) = number(line) else { continue };
            let before = self.newest.replace(number);
            let gap = before.and_then(|before| number.checked_sub(before)?.checked_sub(1));
            missing = missing.saturating_add(gap.unwrap_or(0));
        }
        missing
    }
}

/// The number of a record: `priority,number,microseconds,flags;text`. None where the line goes on with a
/// record, or is no record.
fn number(line: &[u8]) -> Option<u64> {
    let head = line.split(|byte| *byte == b';').next()?;
    let mut fields = head.split(|byte| *byte == b',');
    let [priority, number, time] = [fields.next()?, fields.next()?, fields.next()?];
    decimal(priority)?;
    decimal(time)?;
    decimal(number)
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The record that tells of missing lines.
///
/// Its key stands beside the kernel's `message` as the other numbers of a record do, and not in `oom`: it is
/// no kill and no line of a report.
pub fn record(missing: u64) -> Vec<u8> {
    format!(
        "{{\"message\":\"{missing} lines of the kernel's log were lost before they were read\",\
         \"kernel_lines_lost\":{missing}}}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Gaps, record};

    #[test]
    fn a_gap_is_counted_once() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.missing(b"6,7,1,-;a\n SUBSYSTEM=x\n6,8,2,-;b\n"), 0);
        assert_eq!(gaps.missing(b"6,12,3,-;c\n"), 3);
        assert_eq!(gaps.missing(b"6,13,3,-,caller=T1;d\n6,15,3,-;e\n"), 1);
    }

    #[test]
    fn what_is_no_next_record_counts_nothing() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.missing(b"6,900,1,-;the last of a boot\n"), 0);
        assert_eq!(
            gaps.missing(b"6,0,1,-;the first of the next\n6,0,1,-;twice\n"),
            0
        );
        for line in [
            &b"x,9,1,-;\n"[..],
            b"6,+9,1,-;\n",
            b"6,9;1,\n",
            b" 6,9,1,-;\n",
            b"6,99999999999999999999999,1,-;\n",
        ] {
            assert_eq!(gaps.missing(line), 0);
        }
        assert_eq!(
            gaps.missing(b"6,1,1,-;a\n"),
            0,
            "none of them was taken for a record"
        );
    }

    #[test]
    fn the_record_is_json() {
        assert_eq!(
            String::from_utf8(record(3)).unwrap(),
            r#"{"message":"3 lines of the kernel's log were lost before they were read","kernel_lines_lost":3}"#
        );
    }
}
