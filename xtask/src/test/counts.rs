//! How many tests passed, failed and were skipped.

use std::collections::BTreeMap;
use std::fmt;

use crate::failure::Failure;

/// Tests, or a step that is one.
#[derive(Default)]
pub(super) struct Counts {
    pub passed: u64,
    pub failed: u64,
    /// Name and reason of each that was skipped.
    pub skips: BTreeMap<String, String>,
    /// What a failed run of tests had to say.
    pub trouble: Option<Failure>,
}

impl Counts {
    /// A step that passed.
    pub(super) fn passed() -> Self {
        Self {
            passed: 1,
            ..Self::default()
        }
    }

    /// A step that failed.
    pub(super) fn failed() -> Self {
        Self {
            failed: 1,
            ..Self::default()
        }
    }

    /// A step that was skipped.
    pub(super) fn skipped(name: &str, reason: &str) -> Self {
        Self {
            skips: BTreeMap::from([(name.to_owned(), reason.to_owned())]),
            ..Self::default()
        }
    }

    /// What the test binaries said: their `test result:` lines, and the tests marked `#[ignore]`.
    pub(super) fn of_tests(output: &str) -> Self {
        let mut counts = Self::default();
        for line in output.lines() {
            if let Some(result) = line.strip_prefix("test result: ") {
                counts.passed += before(result, " passed");
                counts.failed += before(result, " failed");
            } else if let Some(test) = line.strip_prefix("test ")
                && let Some((name, reason)) = test.split_once(" ... ignored")
            {
                let reason = reason.trim_start_matches(", ");
                let reason = if reason.is_empty() {
                    "marked #[ignore]"
                } else {
                    reason
                };
                counts.skips.insert(name.to_owned(), reason.to_owned());
            }
        }
        counts
    }

    /// Takes in what the tests themselves noted as skipped: they passed only in name.
    pub(super) fn note(&mut self, skips: BTreeMap<String, String>) {
        let noted = u64::try_from(skips.len()).unwrap_or(u64::MAX);
        self.passed = self.passed.saturating_sub(noted);
        self.skips.extend(skips);
    }

    /// Adds others.
    pub(super) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        let skips = other.skips.iter();
        self.skips
            .extend(skips.map(|(name, reason)| (name.clone(), reason.clone())));
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skipped = self.skips.len();
        match (self.passed, self.failed, skipped) {
            (1, 0, 0) => f.write_str("passed"),
            (0, 1, 0) => f.write_str("FAILED"),
            (0, 0, 1) => f.write_str("SKIPPED"),
            (passed, failed, skipped) => {
                write!(f, "{passed} passed")?;
                if failed > 0 {
                    write!(f, ", {failed} FAILED")?;
                }
                if skipped > 0 {
                    write!(f, ", {skipped} SKIPPED")?;
                }
                Ok(())
            }
        }
    }
}

/// The number that stands right before a word: 3 in `ok. 3 passed; 0 failed`.
fn before(text: &str, word: &str) -> u64 {
    text.split_once(word)
        .and_then(|(before, _)| before.rsplit(' ').next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Counts;

    #[test]
    fn sums_all_binaries() {
        let mut counts = Counts::of_tests(
            "running 3 tests\n\
             test a ... ok\n\
             test b ... ignored\n\
             test c ... ignored, needs a kernel\n\
             test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out\n\
             noise: test result: ok. 9 passed\n\
             test result: FAILED. 20 passed; 3 failed; 0 ignored; 0 measured\n",
        );
        assert_eq!((counts.passed, counts.failed), (21, 3));
        assert_eq!(counts.skips["b"], "marked #[ignore]");
        assert_eq!(counts.skips["c"], "needs a kernel");
        counts.note(BTreeMap::from([("d".to_owned(), "no qemu".to_owned())]));
        assert_eq!(counts.to_string(), "20 passed, 3 FAILED, 3 SKIPPED");

        let mut total = Counts::passed();
        total.add(&counts);
        total.add(&Counts::skipped("e", "no network"));
        assert_eq!((total.passed, total.failed, total.skips.len()), (21, 3, 4));
    }
}
