//! The time of day that a carrier wrote beside a line.

use crate::text::cursor::{Cursor, unsigned};

/// When a line was written, by the clock on the wall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WallTime<'a> {
    /// Nothing says it.
    #[default]
    Unsaid,
    /// Microseconds since 1970: the text has a year and a zone, or counts from 1970.
    Certain(u64),
    /// As it stands in the text, without a year or a zone.
    Written(&'a [u8]),
}

impl<'a> WallTime<'a> {
    /// The time that is written so.
    pub(crate) fn read(text: &'a [u8]) -> Self {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Self::Unsaid;
        }
        since_1970(text).map_or(Self::Written(text), Self::Certain)
    }
}

/// Microseconds since 1970 of a time that leaves no doubt: `2024-05-05T10:11:14.414+02:00`, with a space or
/// a `T`, a comma or a point; `Sun 2024-05-05 10:11:14 UTC`; `1714903874.414`. `None` for all others, and
/// for a time before 1970.
///
/// Of the abbreviations of zones UTC alone means one zone everywhere.
pub(crate) fn since_1970(text: &[u8]) -> Option<u64> {
    unix_seconds(text).or_else(|| date_and_time(text))
}

/// Ten digits, with or without a fraction.
fn unix_seconds(text: &[u8]) -> Option<u64> {
    let (seconds, fraction) = text.split_at_checked(10)?;
    let seconds = unsigned(seconds)?;
    let fraction = match fraction {
        [] => fraction,
        [b'.', digits @ ..] if !digits.is_empty() => digits,
        _ => return None,
    };
    micros(fraction)?.checked_add(seconds.checked_mul(1_000_000)?)
}

fn date_and_time(text: &[u8]) -> Option<u64> {
    let mut cursor = Cursor::new(text);
    // The day of the week.
    if let Some(b'A'..=b'Z') = cursor.peek() {
        cursor.take_some(|byte| byte.is_ascii_alphabetic())?;
        cursor.tag(b" ")?;
    }
    let year = digits(&mut cursor, 4, 1970..=9999)?;
    cursor.tag(b"-")?;
    let month = digits(&mut cursor, 2, 1..=12)?;
    cursor.tag(b"-")?;
    let day = digits(&mut cursor, 2, 1..=days_of(year, month)?)?;
    cursor.tag(b"T").or_else(|| cursor.tag(b" "))?;
    let hour = digits(&mut cursor, 2, 0..=23)?;
    cursor.tag(b":")?;
    let minute = digits(&mut cursor, 2, 0..=59)?;
    cursor.tag(b":")?;
    // A leap second is a part of the minute.
    let second = digits(&mut cursor, 2, 0..=60)?;
    let mut fraction: &[u8] = b"";
    if cursor.tag(b".").or_else(|| cursor.tag(b",")).is_some() {
        fraction = cursor.take_some(|byte| byte.is_ascii_digit())?;
    }
    let (is_east, offset) = zone(cursor.rest())?;
    let minutes = (days_since_1970(year, month, day)?.checked_mul(24)?)
        .checked_add(hour)?
        .checked_mul(60)?
        .checked_add(minute)?;
    let minutes = if is_east {
        minutes.checked_sub(offset)?
    } else {
        minutes.checked_add(offset)?
    };
    let seconds = minutes.checked_mul(60)?.checked_add(second)?;
    micros(fraction)?.checked_add(seconds.checked_mul(1_000_000)?)
}

/// So many digits, of a number in this range.
fn digits(
    cursor: &mut Cursor<'_>,
    count: usize,
    range: core::ops::RangeInclusive<u64>,
) -> Option<u64> {
    let run = cursor.rest().get(..count)?;
    let number = unsigned(run).filter(|number| range.contains(number))?;
    cursor.tag(run)?;
    Some(number)
}

/// Whether a zone lies east of UTC, and by how many minutes it is off.
fn zone(text: &[u8]) -> Option<(bool, u64)> {
    let (sign, offset) = match text {
        b"Z" | b"z" | b" UTC" | b" +0000" | b" +00:00" => return Some((true, 0)),
        [b' ', sign, rest @ ..] | [sign, rest @ ..] => (sign, rest),
        [] => return None,
    };
    let (hours, minutes) = offset.split_at_checked(2)?;
    let minutes = match minutes.strip_prefix(b":").unwrap_or(minutes) {
        b"" => 0,
        minutes => unsigned(minutes).filter(|_| minutes.len() == 2)?,
    };
    // The farthest there are: UTC-12 and UTC+14.
    let hours = unsigned(hours).filter(|hours| *hours <= 14 && minutes < 60)?;
    let is_east = match sign {
        b'+' => true,
        b'-' => false,
        _ => return None,
    };
    Some((is_east, hours.checked_mul(60)?.checked_add(minutes)?))
}

/// Digits behind the point of seconds, as microseconds; what is finer is left out.
fn micros(fraction: &[u8]) -> Option<u64> {
    let mut micros = 0_u64;
    for at in 0..6 {
        let digit = match fraction.get(at) {
            Some(digit @ b'0'..=b'9') => digit & 0x0f,
            Some(_) => return None,
            None => 0,
        };
        micros = micros.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    (fraction.iter().all(u8::is_ascii_digit)).then_some(micros)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

fn days_of(year: u64, month: u64) -> Option<u64> {
    Some(match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    })
}

fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    // Leap years from year 1 up to and with this one.
    let leap_years = |year: u64| {
        (year / 4)
            .saturating_sub(year / 100)
            .saturating_add(year / 400)
    };
    let before = year.checked_sub(1)?;
    let leap_days = leap_years(before).checked_sub(leap_years(1969))?;
    let mut days = (year.checked_sub(1970)?.checked_mul(365)?).checked_add(leap_days)?;
    for earlier in 1..month {
        days = days.checked_add(days_of(year, earlier)?)?;
    }
    days.checked_add(day.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::WallTime;

    #[test]
    fn a_time_is_certain_with_a_year_and_a_zone_alone() {
        const AT_US: u64 = 1_714_903_874_414_000;
        for (text, certain) in [
            ("2024-05-05T10:11:14.414Z", Some(AT_US)),
            ("2024-05-05T12:11:14.414+02:00", Some(AT_US)),
            ("2024-05-05T12:11:14,414000+0200", Some(AT_US)),
            ("2024-05-05 05:11:14.414999999 -05", Some(AT_US + 999)),
            ("2024-05-05T15:56:14.414+05:45", Some(AT_US)),
            ("1714903874.414", Some(AT_US)),
            ("1714903874", Some(AT_US - 414_000)),
            ("Sun 2024-05-05 10:11:14 UTC", Some(AT_US - 414_000)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800_000_000)),
            ("2000-12-31T23:59:60Z", Some(978_307_200_000_000)),
            ("1970-01-01T00:00:00Z", Some(0)),
            // Before 1970 by its zone.
            ("1970-01-01T00:00:00+01:00", None),
            ("2023-02-29T00:00:00Z", None),
            ("2024-13-05T10:11:14Z", None),
            ("2024-05-05T24:11:14Z", None),
            ("2024-05-05T10:11:14", None),
            ("2024-05-05T10:11:14+99:00", None),
            ("Sun 2024-05-05 10:11:14 CEST", None),
            ("Sun May  5 10:11:14 2024", None),
            ("May  5 10:11:14", None),
            ("10:11:14", None),
            ("17149038740", None),
        ] {
            let expected = certain.map_or(WallTime::Written(text.as_bytes()), WallTime::Certain);
            assert_eq!(WallTime::read(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(WallTime::read(b" "), WallTime::Unsaid);
    }
}
