//! The table of scenarios and kernels in `docs/filled.md`.

use std::fs;

use super::{Boot, Kill, top};

/// Where the table begins in its page.
const HEAD: &str = "| filled with |";

/// Holds the page to what was found, or writes it.
pub fn check(filled: &[Boot], others: &[Boot]) {
    let file = top().join("docs/filled.md");
    let page = fs::read_to_string(&file).expect("the page can be read");
    let (before, known) = page.split_at(page.find(HEAD).expect("the table's head"));
    let table = table(filled, others);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, [before, &table].concat()).expect("the page can be written");
    } else {
        assert_eq!(
            known, table,
            "docs/filled.md: `BLESS=1 cargo test -p oom-filter --test filter filled` writes it"
        );
    }
}

fn table(filled: &[Boot], others: &[Boot]) -> String {
    let row = |name: &str, cells: Vec<String>| format!("| {name} | {} |\n", cells.join(" | "));
    let cells = |cell: &dyn Fn(&Boot) -> String| filled.iter().map(cell).collect::<Vec<_>>();
    let mut text = row(HEAD.trim_matches(['|', ' ']), cells(&name));
    text += &row("---", cells(&|_| "---".to_owned()));
    let mut scenarios: Vec<&str> = Vec::new();
    for kill in filled.iter().flat_map(|boot| &boot.kills) {
        let scenario = scenario(kill);
        if !scenarios.contains(&scenario) {
            scenarios.push(scenario);
        }
    }
    // In the order in which they were run, whatever the first boot left out.
    let longest = filled.iter().max_by_key(|boot| boot.kills.len());
    let order = |name: &&str| {
        let kills = longest.map_or(&[][..], |boot| &boot.kills);
        kills.iter().position(|kill| scenario(kill) == *name)
    };
    scenarios.sort_by_key(order);
    for name in scenarios {
        text += &row(name, cells(&|boot| cell(boot, name)));
    }
    let range = |boot: &Boot| {
        let is_same = |other: &&Boot| name(other) == name(boot);
        let kills = others.iter().filter(is_same).flat_map(|boot| &boot.kills);
        let shares = kills.filter(|kill| !kill.is_of_node()).map(share);
        let shares: Vec<u64> = shares.collect();
        let (least, most) = (shares.iter().min(), shares.iter().max());
        match (least, most) {
            (Some(least), Some(most)) => {
                format!(
                    "{} kills, {} to {}",
                    shares.len(),
                    percent(*least),
                    percent(*most)
                )
            }
            _ => "-".to_owned(),
        }
    };
    text += &row("all other scenarios", cells(&range));
    let mut reasons = Vec::new();
    for boot in filled {
        for skipped in boot.manifest["skipped"].as_array().expect("a list") {
            let text = |field: &str| skipped[field].as_str().expect("a text").to_owned();
            let (scenario, why) = (text("scenario"), text("why"));
            reasons.push(format!("- {}, {scenario}: {why}\n", name(boot)));
        }
    }
    if !reasons.is_empty() {
        text += "\nNot to be had, and why:\n\n";
        text += &reasons.concat();
    }
    text
}

/// `6.1, v2`
fn name(boot: &Boot) -> String {
    let kernel = boot.manifest["kernel"].as_str().expect("a release");
    let release: Vec<&str> = kernel.splitn(3, '.').collect();
    format!(
        "{}.{}, v{}",
        release[0], release[1], boot.manifest["cgroup"]
    )
}

fn scenario(kill: &Kill) -> &str {
    kill.truth["scenario"].as_str().expect("a scenario")
}

fn cell(boot: &Boot, name: &str) -> String {
    let kill = boot.kills.iter().find(|kill| scenario(kill) == name);
    kill.map_or_else(
        || "-".to_owned(),
        |kill| {
            let mostly = kill.record["memory"]["mostly"].as_str();
            format!("{} {}", mostly.unwrap_or("not told"), percent(share(kill)))
        },
    )
}

/// What the kinds are of the usage, in tenths of a percent, rounded down.
fn share(kill: &Kill) -> u64 {
    let (kinds, whole) = kill.sums();
    kinds * 1000 / whole
}

fn percent(tenths: u64) -> String {
    format!("{}.{} %", tenths / 10, tenths % 10)
}
