//! What a person is told: a sentence for each thing that was looked at.

use std::fmt::Display;

/// What a sentence says of its thing, or that it names it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Head,
    Good,
    Fault,
    Note,
}

/// What was told so far.
#[derive(Default)]
pub struct Report {
    faults: usize,
    /// Sentences that are not shown yet; `None` where each is shown at once.
    held: Option<Vec<(Mark, String)>>,
}

impl Report {
    /// One whose sentences are held back until it is [`added`](Self::add) to another.
    pub fn held() -> Self {
        Self {
            held: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// What the next sentences are about.
    pub fn about(&mut self, what: impl Display) {
        self.say(Mark::Head, what.to_string());
    }

    /// It is as it should be.
    pub fn good(&mut self, what: impl Display) {
        self.say(Mark::Good, what.to_string());
    }

    /// It is not.
    pub fn fault(&mut self, what: impl Display) {
        self.say(Mark::Fault, what.to_string());
    }

    /// What was not looked at, or is neither good nor bad.
    pub fn note(&mut self, what: impl Display) {
        self.say(Mark::Note, what.to_string());
    }

    /// Good or not, in two sentences.
    pub fn either(&mut self, is_good: bool, good: impl Display, fault: impl Display) {
        if is_good {
            self.good(good);
        } else {
            self.fault(fault);
        }
    }

    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.faults == 0
    }

    /// Shows what another one held back. Its faults count where they `matter`.
    pub fn add(&mut self, other: Self, matter: bool) {
        for (mark, what) in other.held.into_iter().flatten() {
            let mark = if mark == Mark::Fault && !matter {
                Mark::Note
            } else {
                mark
            };
            self.say(mark, what);
        }
    }

    fn say(&mut self, mark: Mark, what: String) {
        self.faults += usize::from(mark == Mark::Fault);
        if let Some(held) = &mut self.held {
            held.push((mark, what));
            return;
        }
        let mark = match mark {
            Mark::Head => return println!("\n{what}"),
            Mark::Good => "ok ",
            Mark::Fault => "NOT",
            Mark::Note => "-- ",
        };
        println!("  {mark}  {what}");
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn counts_faults_that_matter() {
        let mut report = Report::default();
        for (matters, is_good) in [(false, true), (true, false)] {
            let mut other = Report::held();
            other.fault("something is wrong");
            assert!(!other.is_good());
            report.add(other, matters);
            assert_eq!(report.is_good(), is_good);
        }
    }
}
