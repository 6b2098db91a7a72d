//! The step that tests the page in a browser and the npm package in Node.

use std::collections::BTreeMap;
use std::process::Command;

use super::Outcome;
use super::counts::Counts;
use crate::failure::Failure;
use crate::work::Work;
use crate::{tools, web, workspace};

/// Builds both and runs their tests.
pub(super) fn tests(work: &Work) -> Result<Outcome, Failure> {
    let built = web::build(work)?;
    // Without a browser alone, the tests that need it say so themselves.
    if let Err(failure) = tools::browser(work)
        && !["node", "npm"]
            .into_iter()
            .all(|name| tools::runs(name.into()))
    {
        let words: Vec<&str> = failure.text().split_whitespace().collect();
        return Ok(Outcome::Skipped(words.join(" ")));
    }
    let folder = workspace::root().join("web/tests");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    work.run(npm.current_dir(&folder))?;

    let mut node = Command::new("node");
    node.args([
        "--test",
        "--test-reporter=tap",
        "package.test.mjs",
        "page.test.mjs",
    ]);
    node.current_dir(&folder);
    node.env("OOM_WEB", &built.folder);
    node.env("OOM_WEB_TOOL", &built.tool);
    let result = work.run(&mut node);
    let mut counts = of_tap(&work.log());
    if result.is_err() && counts.failed == 0 {
        counts.failed = 1;
    }
    counts.trouble = result.err();
    Ok(Outcome::Tests(counts))
}

/// What Node's test runner said: `# pass 3`, `# fail 1`, and `ok 4 - name # SKIP reason`.
fn of_tap(output: &str) -> Counts {
    let count = |word: &str| {
        output
            .lines()
            .filter_map(|line| line.strip_prefix(word)?.trim().parse::<u64>().ok())
            .sum()
    };
    let skips: BTreeMap<String, String> = output
        .lines()
        .filter_map(|line| {
            let (_, test) = line.trim_start().strip_prefix("ok ")?.split_once(" - ")?;
            let (name, reason) = test.split_once(" # SKIP")?;
            Some((name.to_owned(), reason.trim().to_owned()))
        })
        .collect();
    Counts {
        passed: count("# pass "),
        failed: count("# fail "),
        skips,
        trouble: None,
    }
}

#[cfg(test)]
mod tests {
    use super::of_tap;

    #[test]
    fn reads_what_node_says() {
        let counts = of_tap(
            "TAP version 13\nok 1 - a\n    ok 1 - b # SKIP no browser\nnot ok 2 - c\n1..2\n\
             # tests 3\n# pass 1\n# fail 1\n# skipped 1\n",
        );
        assert_eq!((counts.passed, counts.failed), (1, 1));
        assert_eq!(counts.skips["b"], "no browser");
    }
}
