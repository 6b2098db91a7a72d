//! Findings, as a person reads them.

use std::collections::HashSet;
use std::fmt::Write;

use oom_filter::Author;
use oom_filter::kernel::{self, Role, Section};

use crate::finding::{Became, Finding, Findings, Said};

/// Most columns of a line.
const WIDTH: usize = 118;
/// Columns in front of a line's text.
const INDENT: usize = 33;
/// A longer word is cut in its middle.
const LONGEST_WORD: usize = 48;

/// Everything about a log.
pub fn page(
    name: &str,
    line_count: usize,
    is_turned: bool,
    too_long: usize,
    found: &Findings,
) -> String {
    let mut page = String::new();
    let name = middle_cut(name, WIDTH - 20);
    let _ = writeln!(page, "{name}: {}", count(line_count, "line"));
    if is_turned {
        page.push_str("Its newest line stands first: it is read from its end.\n");
    }
    let mut rows = HashSet::new();
    let mut carrier = None;
    for finding in &found.lines {
        let shape = shape(finding);
        if carrier.as_ref() != Some(&shape) {
            carrier = Some(shape);
            let _ = writeln!(page, "\n{}", carrier_of(finding));
        }
        line(&mut page, finding, &mut rows);
    }
    if !found.lines.is_empty() {
        page.push('\n');
    }
    let others = count(found.others, "other record");
    let _ = writeln!(
        page,
        "{} in {}; {others} not shown",
        count(found.kills.len(), "kill"),
        count(found.reports, "report"),
    );
    if too_long > 0 {
        let _ = writeln!(
            page,
            "{} longer than 1 MiB, which no host reads",
            count(too_long, "line")
        );
    }
    for (is_others, heading) in [
        (false, "looks like a kill, could not be read"),
        (
            true,
            "looks like a kill, but somebody else than the kernel wrote it",
        ),
    ] {
        let of_kind: Vec<&Finding> = (found.unread())
            .filter(|finding| (finding.said.author == Author::Other) == is_others)
            .collect();
        if of_kind.is_empty() && is_others {
            continue;
        }
        let _ = writeln!(page, "{heading}: {}", of_kind.len());
        for finding in of_kind {
            let _ = writeln!(
                page,
                "  line {:<6} {}",
                finding.number,
                cut(&finding.text, WIDTH - 14)
            );
            let _ = writeln!(page, "              {}", why_unread(finding));
        }
    }
    page
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// What is printed anew where it changes: the form of the prefix, and who wrote the line.
fn shape(finding: &Finding) -> (Option<Vec<u8>>, Author, Option<String>, Option<String>) {
    let digits_alike = |prefix: &Vec<u8>| {
        let mut shape: Vec<u8> = Vec::new();
        for byte in prefix {
            let byte = if byte.is_ascii_digit() { b'0' } else { *byte };
            // Numbers grow, and are padded by blanks.
            if !(matches!(byte, b'0' | b' ')
                && shape.last().is_some_and(|last| matches!(last, b'0' | b' ')))
            {
                shape.push(byte);
            }
        }
        shape
    };
    let Said {
        author, why, host, ..
    } = &finding.said;
    (
        finding.prefix.as_ref().map(digits_alike),
        *author,
        why.clone(),
        host.clone(),
    )
}

/// What stands around the lines that follow.
fn carrier_of(finding: &Finding) -> String {
    let Said {
        author,
        why,
        at_us,
        host,
        caller,
    } = &finding.said;
    let prefix = match &finding.prefix {
        Some(prefix) if prefix.is_empty() => "none".to_owned(),
        Some(prefix) => format!("\"{}\"", cut(prefix, WIDTH - 10)),
        None => "the text stands in a record, or more was taken off than a prefix".to_owned(),
    };
    let clock = at_us.map(|at_us| format!("{}.{:06} s", at_us / 1_000_000, at_us % 1_000_000));
    let or_none = |said: Option<&String>| said.cloned().unwrap_or_else(|| "-".to_owned());
    let mut said = format!(
        "clock {}, host {}, caller {}; author: {}",
        or_none(clock.as_ref()),
        or_none(host.as_ref()),
        or_none(caller.as_ref()),
        match author {
            Author::Kernel => "kernel",
            Author::Unsaid => "unsaid",
            Author::Other => "somebody else",
        }
    );
    if let Some(why) = why {
        said = said + ", " + why;
    }
    format!(
        "prefix: {prefix}\n        {}",
        cut(said.as_bytes(), WIDTH - 8)
    )
}

fn line(page: &mut String, finding: &Finding, rows: &mut HashSet<String>) {
    let became = match &finding.became {
        Became::Nothing => "nothing".to_owned(),
        Became::Line { report, .. } => format!("report {report}"),
        Became::Kill { report, .. } => format!("KILL {report}"),
    };
    let mark = if finding.is_unread { '!' } else { ' ' };
    let _ = writeln!(
        page,
        "{:>7} {mark} {became:<10} {:<11} {}",
        finding.number,
        took(finding),
        cut(&finding.text, WIDTH - INDENT)
    );
    let mut detail = |name: &str, text: &str| {
        let _ = writeln!(
            page,
            "{:INDENT$}{name:<8} {}",
            "",
            cut(text.as_bytes(), WIDTH - INDENT - 9)
        );
    };
    if let Some(row) = &finding.row
        && rows.insert(row.form.clone())
    {
        detail("row", &row.form);
    }
    if !finding.rest.trim_ascii().is_empty() {
        let rest = oom_filter::printable(&finding.rest);
        detail("rest", &format!("\"{rest}\" was not understood"));
    }
    if let Became::Kill { oom, .. } = &finding.became {
        let level = oom["level"].as_str().unwrap_or("unknown");
        detail("level", level);
        if let Some(summary) = oom["summary"].as_str() {
            detail("told", summary);
        }
    }
}

/// The message that was read, in a word.
fn took(finding: &Finding) -> &'static str {
    let of_section = |section: Section| match section {
        Section::Header => "header",
        Section::Stack => "stack",
        Section::Memory => "memory",
        Section::Tasks => "task table",
        Section::Kill => "constraint",
    };
    if let Some(row) = &finding.row {
        return match row.role {
            Role::Kills => "kill line",
            Role::Follows => "follower",
            Role::Boots => "boot",
            Role::Ends => "no kill",
            Role::Opens | Role::Continues => of_section(row.section),
        };
    }
    match (&finding.became, finding.section) {
        (Became::Nothing, _) => "nothing",
        (_, Some(section)) => of_section(section),
        (Became::Line { event, .. }, None) if event == "task" => "task row",
        (_, None) => "row below",
    }
}

/// Why a line that looks like a kill was not read.
fn why_unread(finding: &Finding) -> String {
    if finding.said.author == Author::Other {
        let why = finding.said.why.as_deref().unwrap_or_default();
        return why.to_owned();
    }
    if let Some(why) = &finding.said.why {
        return why.clone();
    }
    match nearest(&finding.text) {
        Some((form, missing)) => {
            let form = cut(form.as_bytes(), WIDTH - 48);
            let missing = match missing {
                Some(text) => format!("which goes on with \"{}\"", cut(text.as_bytes(), 40)),
                None => "whose values it does not hold".to_owned(),
            };
            format!("no row reads it; the nearest is {form},\n              {missing}")
        }
        None => "no row reads it, and none is near".to_owned(),
    }
}

/// The row that has most of its words in a text, and the first of them that is missing.
fn nearest(text: &[u8]) -> Option<(String, Option<String>)> {
    let mut best: Option<(usize, String, Option<String>)> = None;
    for row in kernel::wordings() {
        let mut rest = text;
        let mut found = 0;
        let mut missing = None;
        for word in &row.texts {
            let at = rest
                .windows(word.len().max(1))
                .position(|part| part == *word);
            let Some(at) = at else {
                missing = Some(oom_filter::printable(word));
                break;
            };
            found += word.len();
            rest = &rest[at + word.len()..];
        }
        if found >= 8 && best.as_ref().is_none_or(|(most, ..)| found > *most) {
            best = Some((found, row.form, missing));
        }
    }
    best.map(|(_, form, missing)| (form, missing))
}

/// A text of at most so many columns: its long words are cut in the middle, then the whole at its end.
fn cut(text: &[u8], width: usize) -> String {
    let text = oom_filter::printable(text);
    let words = text.split_inclusive([' ', ',', '=']);
    let text: String = words.map(|word| middle_cut(word, LONGEST_WORD)).collect();
    if text.chars().count() <= width {
        return text;
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

fn middle_cut(word: &str, most: usize) -> String {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() <= most {
        return word.to_owned();
    }
    let half = most / 2;
    let end = &letters[letters.len() - half + 1..];
    letters[..half].iter().chain(&['…']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_to_the_width() {
        let path = format!("/{}/end", "a".repeat(90));
        let shown = cut(path.as_bytes(), 80);
        assert_eq!(shown.chars().count(), LONGEST_WORD);
        assert!(
            shown.starts_with("/aaa") && shown.ends_with("/end"),
            "{shown}"
        );
        assert_eq!(cut("x ".repeat(90).as_bytes(), 20).chars().count(), 20);
    }

    #[test]
    fn the_nearest_row_is_named() {
        let (form, missing) = nearest(b"Out of memory: Killed process 42 of java").unwrap();
        assert!(form.contains("Killed process"), "{form}");
        assert!(missing.is_some());
        assert!(nearest(b"eth0: link up").is_none());
    }
}
