//! Lines that are always written in the same way, as forms.

use crate::text::cursor::Cursor;

/// Most runs of one form.
pub(super) const MOST: usize = 7;

/// The runs of a text that the marks of its form stand for.
pub(super) type Runs<'a> = [&'a [u8]; MOST];

/// Reads a text by the form that it begins with: its runs, and what stands behind.
///
/// In a form `#` stands for a number with the blanks in front of it, `@` for letters, anything else for itself.
// By bytes and not by a cursor: forms are many, and this is once in every module.
#[inline(never)]
pub(super) fn read<'a>(form: &[u8], text: &'a [u8]) -> Option<(Runs<'a>, &'a [u8])> {
    let mut runs: Runs<'a> = [&[]; MOST];
    let mut places = runs.iter_mut();
    let mut rest = text;
    for mark in form {
        if !matches!(mark, b'#' | b'@') {
            rest = rest.strip_prefix(&[*mark])?;
            continue;
        }
        let is_number = *mark == b'#';
        let blanks = rest.iter().take_while(|byte| is_number && **byte == b' ');
        let blanks = blanks.count();
        let length = rest.iter().skip(blanks).take_while(|byte| match byte {
            b'0'..=b'9' | b'.' | b'-' => is_number,
            byte => !is_number && byte.is_ascii_alphabetic(),
        });
        let length = length.count();
        let (run, behind) = rest.split_at_checked(blanks.saturating_add(length))?;
        (length > 0).then_some(())?;
        *places.next()? = run;
        rest = behind;
    }
    Some((runs, rest))
}

/// The same of a whole text.
pub(super) fn whole<'a>(form: &[u8], text: &'a [u8]) -> Option<Runs<'a>> {
    let (runs, behind) = read(form, text)?;
    behind.is_empty().then_some(runs)
}

/// A run that is a number.
#[cfg_attr(feature = "unproven", inline(never))]
pub(super) fn number(run: &[u8]) -> Option<i64> {
    let mut cursor = Cursor::new(run);
    let number = cursor.signed()?;
    cursor.end()?;
    Some(number)
}

/// A run that counts so many bytes.
#[cfg(feature = "more-programs")]
#[inline(never)]
pub(super) fn bytes(run: &[u8], unit: u64) -> Option<u64> {
    u64::try_from(number(run)?).ok()?.checked_mul(unit)
}
