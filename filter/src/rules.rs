//! A user's own rules for whose a cgroup is.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use once_cell::sync::OnceCell;
use regex_lite::{Regex, RegexBuilder};

use crate::cgroup::Workload;
use crate::oom::{Event, Oom, summary};

/// Most rules.
const MOST_RULES: usize = 64;
/// Longest rule, in bytes.
const LONGEST_RULE: usize = 512;
/// Longest path that is tried: no kernel prints a longer one.
const LONGEST_PATH: usize = 4096;
/// Most memory that an expression may take once it is compiled. It bounds the time of a search too, which is
/// at most the path's length times the expression's.
const MOST_COMPILED: usize = 16 << 10;
/// How deep an expression's groups may stand in each other.
const DEEPEST: u32 = 16;

/// Rules that tell whose a cgroup is by its path, where the filter's own table of systems does not know it.
///
/// A rule is an expression of [`regex_lite`](https://docs.rs/regex-lite/0.1/regex_lite/#syntax), with the
/// groups `id` and `part` for what they mean in [`Workload`]. The system stands in front of it with a blank
/// between, or is its group `system`. It is held against the path of the victim's cgroup, or the limit's
/// where the kernel printed that alone, as [`Cgroup`](crate::oom::Cgroup) has it.
///
/// It is read from the path's beginning and up to the end of a directory's name, whatever follows. So no
/// rule fits a path that somebody made below a directory of his own, unless it names that directory.
///
/// Rules are tried in their order, for kills alone. They are compiled when the first kill comes whose owner
/// is not known.
///
/// ```
/// use oom_filter::Rules;
///
/// let rules = Rules::read(concat!(
///     "# Flux runs as user 500.\n",
///     r"flux /user\.slice/user-500\.slice/user@500\.service/(app\.slice/)?imp-shell-(?<part>\d+)-(?<id>\w+)\.service",
///     "\n",
///     r"/grid/(?<system>maya|nuke)/(?<id>\d+)",
/// ))
/// .unwrap();
/// let owner = rules.owner("/grid/nuke/42/worker").unwrap();
/// assert_eq!((&*owner.system, owner.id.as_deref()), ("nuke", Some("42")));
/// assert!(rules.owner("/leaker/grid/nuke/42").is_none());
///
/// let problem = Rules::read("grid /grid/(?<id>[0-9]+").unwrap_err();
/// assert!(problem.to_string().starts_with("rule `grid /grid/(?<id>[0-9]+` in line 1: "));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Arc<[Rule]>);

#[derive(Debug)]
struct Rule {
    /// Where the expression has no group for it.
    system: Option<String>,
    expression: String,
    compiled: OnceCell<Option<Regex>>,
}

/// Why a rule is refused. What it says names the rule and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRule {
    /// Its line in the text, or its place in the list, from 1.
    pub number: usize,
    text: String,
}

impl fmt::Display for BadRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl core::error::Error for BadRule {}

impl Rules {
    /// Reads a text of one rule to a line. Empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    ///
    /// For the first rule that is none, and where there are more than 64.
    pub fn read(text: &str) -> Result<Self, BadRule> {
        let rules = (1..).zip(text.lines().map(str::trim));
        let rules = rules.filter(|(_, rule)| !rule.is_empty() && !rule.starts_with('#'));
        Self::collect(rules, |line, rule| format!("rule `{rule}` in line {line}"))
    }

    /// Reads a list of rules.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn of<T: AsRef<str>>(rules: &[T]) -> Result<Self, BadRule> {
        let rules = (1..).zip(rules.iter().map(|rule| rule.as_ref().trim()));
        Self::collect(rules, |number, rule| format!("rule {number}, `{rule}`"))
    }

    /// `named` is what a message calls a rule.
    fn collect<'a>(
        rules: impl Iterator<Item = (usize, &'a str)>,
        named: impl Fn(usize, &str) -> String,
    ) -> Result<Self, BadRule> {
        let mut found = Vec::new();
        for (number, rule) in rules {
            let read = if found.len() < MOST_RULES {
                Rule::read(rule)
            } else {
                Err(format!("there are more than {MOST_RULES} rules"))
            };
            found.push(read.map_err(|problem| BadRule {
                number,
                text: format!("{}: {problem}", named(number, &shown(rule))),
            })?);
        }
        Ok(Self(found.into()))
    }

    /// Whose that cgroup is, by the first rule that fits.
    pub fn owner(&self, path: &str) -> Option<Workload> {
        if path.len() > LONGEST_PATH {
            return None;
        }
        self.0.iter().find_map(|rule| rule.owner(path))
    }

    /// Adds the owner to a kill that has none.
    pub(crate) fn add_to(&self, kill: &mut Oom) {
        if kill.event != Event::Kill || kill.workload.is_some() {
            return;
        }
        let Some(cgroup) = &kill.cgroup else {
            return;
        };
        let path = cgroup.victim.as_deref().or(cgroup.limit.as_deref());
        kill.workload = path.and_then(|path| self.owner(path));
        if kill.workload.is_some() {
            kill.summary = Some(summary::of(kill));
        }
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        (&self.system, &self.expression) == (&other.system, &other.expression)
    }
}

impl Eq for Rule {}

impl Rule {
    fn read(rule: &str) -> Result<Self, String> {
        if rule.len() > LONGEST_RULE {
            return Err(format!("it is longer than {LONGEST_RULE} bytes"));
        }
        let (system, expression) = match rule.split_once([' ', '\t']) {
            Some((system, expression)) if is_system(system) => {
                (Some(system.to_owned()), expression.trim_start())
            }
            _ => (None, rule),
        };
        let rule = Self {
            system,
            expression: expression.to_owned(),
            compiled: OnceCell::new(),
        };
        let compiled = rule.compile().map_err(|problem| problem.to_string())?;
        let mut groups = compiled.capture_names().flatten();
        if let Some(group) = groups.find(|group| !["system", "id", "part"].contains(group)) {
            return Err(format!(
                "it has a group `{group}`; there are `system`, `id` and `part`"
            ));
        }
        let has_group = compiled
            .capture_names()
            .any(|group| group == Some("system"));
        match (&rule.system, has_group) {
            (None, false) => Err(
                "it names no system: write one in front, or a group `(?<system>...)`".to_owned(),
            ),
            (Some(_), true) => {
                Err("it names two systems: one in front, and a group `system`".to_owned())
            }
            _ => Ok(rule),
        }
    }

    fn compile(&self) -> Result<Regex, regex_lite::Error> {
        RegexBuilder::new(&format!("^(?:{})(?:/|$)", self.expression))
            .size_limit(MOST_COMPILED)
            .nest_limit(DEEPEST)
            .build()
    }

    fn owner(&self, path: &str) -> Option<Workload> {
        // It was compiled once before, to be refused if it was none.
        let compiled = self.compiled.get_or_init(|| self.compile().ok());
        let groups = compiled.as_ref()?.captures(path)?;
        let group = |name| {
            let text = groups.name(name)?.as_str();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let system = self.system.clone().or_else(|| group("system"))?;
        Some(Workload::of_rule(system, group("id"), group("part")))
    }
}

/// A word in front of an expression, which begins with none of these.
fn is_system(word: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !word.is_empty() && word.bytes().all(is_word)
}

/// As much of a rule as a message can hold.
fn shown(rule: &str) -> String {
    const LONGEST_SHOWN: usize = 80;
    match rule.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}...", rule.get(..end).unwrap_or(rule)),
        None => rule.to_owned(),
    }
}
