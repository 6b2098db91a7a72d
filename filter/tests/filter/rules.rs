//! A user's own rules: what they tell, and what they are refused for.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::common::KEYS;
use oom_filter::{Filter, Mode, Outcome, RecordContext, Rules};
use serde_json::{Value, json};

fn rules(text: &str) -> Rules {
    Rules::read(text).unwrap_or_else(|problem| panic!("{problem}"))
}

/// What leaves of a report whose victim and limit have these paths.
fn kill(rules: &Rules, victim: &str, limit: &str) -> Value {
    let mut filter = Filter::new(KEYS).with_rules(rules.clone());
    let lines = [
        "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0".to_owned(),
        "memory: usage 4kB, limit 4kB, failcnt 1".to_owned(),
        format!("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={limit},task_memcg={victim},task=a,pid=7,uid=0"),
        "Memory cgroup out of memory: Killed process 7 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0".to_owned(),
    ];
    let mut last = Value::Null;
    for line in lines {
        let record = json!({ "log": line }).to_string();
        let context = RecordContext::default();
        if let Outcome::Replaced(record) =
            filter.process(Mode::Annotate, record.as_bytes(), &context)
        {
            last = serde_json::from_slice(&record).unwrap();
        }
    }
    last["oom"].take()
}

#[test]
fn a_rule_tells_whose_a_kill_is() {
    let rules = rules(
        "# the grid's own layout\n\ngrid /grid/(?<id>[a-z]+-[0-9]+)(/(?<part>frame-\\d+))?\n\
         \t^/(?<system>shop|mail)\\.slice/(?<id>.+)\\.service$\n",
    );
    let oom = kill(&rules, "/grid/bunny-7/frame-12/render", "/grid/bunny-7");
    assert_eq!(
        oom["workload"],
        json!({ "system": "grid", "id": "bunny-7", "part": "frame-12" })
    );
    assert_eq!(
        oom["summary"],
        "'a' (pid 7) was killed in grid bunny-7 (frame-12): cgroup /grid/bunny-7 reached its memory limit of 4.0 KiB; the process itself held 4.0 KiB."
    );
    let oom = kill(&rules, "/grid/bunny-7", "/grid/bunny-7");
    assert_eq!(
        oom["workload"],
        json!({ "system": "grid", "id": "bunny-7" })
    );
    let oom = kill(&rules, "/shop.slice/cart.service", "/shop.slice");
    assert_eq!(oom["workload"], json!({ "system": "shop", "id": "cart" }));
}

#[test]
fn what_the_filter_knows_itself_comes_first() {
    let rules = rules("mine /.*");
    let oom = kill(&rules, "/slurm/uid_1/job_42", "/slurm/uid_1/job_42");
    assert_eq!(oom["workload"], json!({ "system": "slurm", "id": "42" }));
    let oom = kill(&rules, "/leaker", "/leaker");
    assert_eq!(oom["workload"], json!({ "system": "mine" }));
}

#[test]
fn a_rule_fits_from_the_root_and_to_the_end_of_a_name() {
    let rules = rules("grid /grid/(?<id>[0-9]+)");
    for path in ["/grid/42", "/grid/42/", "/grid/42/x"] {
        assert_eq!(
            rules.owner(path).unwrap().id.as_deref(),
            Some("42"),
            "{path}"
        );
    }
    for path in [
        "/grid/42a",
        "/x/grid/42",
        "grid/42",
        "/user.slice/grid/42",
        "",
        "/grid/",
    ] {
        assert!(rules.owner(path).is_none(), "{path}");
    }
}

#[test]
fn only_kills_have_an_owner_by_a_rule() {
    let rules = rules("grid /grid/(?<id>[0-9]+)");
    let mut filter = Filter::new(KEYS).with_rules(rules);
    let line = "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/grid/4,task_memcg=/grid/4,task=a,pid=7,uid=0";
    let record = json!({ "log": line }).to_string();
    let Outcome::Replaced(record) =
        filter.process(Mode::Annotate, record.as_bytes(), &RecordContext::default())
    else {
        panic!("the line was not read");
    };
    let record: Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(record["oom"]["event"], "constraint");
    assert!(record["oom"].get("workload").is_none());
}

#[test]
fn what_is_no_rule_is_refused_by_name_and_line() {
    let long = format!("grid /{}", "a".repeat(600));
    let many = "grid /a\n".repeat(65);
    let deep = format!("grid {}a{}", "(".repeat(40), ")".repeat(40));
    for (text, line, problem) in [
        ("\n# x\ngrid /grid/(?<id>[0-9]+", 3, "without closing"),
        ("grid /a\ngrid /b[", 2, "rule `grid /b[` in line 2: "),
        ("/grid/(?<id>[0-9]+)", 1, "it names no system"),
        ("grid /(?<system>x)", 1, "it names two systems"),
        ("grid /(?<job>x)", 1, "a group `job`"),
        ("grid /(a{1000}){1000}", 1, "size limit"),
        (&deep, 1, "nest"),
        (&long, 1, "longer than 512 bytes"),
        (&many, 65, "more than 64 rules"),
    ] {
        let refused = Rules::read(text).unwrap_err();
        let said = refused.to_string();
        assert_eq!(refused.number, line, "{said}");
        assert!(
            said.contains(problem) && said.contains(&format!("in line {line}")),
            "{said}"
        );
        assert!(said.len() < 400, "{said}");
    }
}

#[test]
fn the_dearest_rules_take_a_bounded_time() {
    let mut text = String::new();
    for _ in 0..64 {
        writeln!(text, "grid (/?[a-z/]*){{1,9}}x+y").unwrap();
    }
    let rules = rules(&text);
    let path = "/abc".repeat(1024);
    let start = Instant::now();
    assert!(rules.owner(&path).is_none());
    let first = start.elapsed();
    assert!(
        rules.owner(&format!("{path}/")).is_none(),
        "longer than any path"
    );
    // Some hundred milliseconds where nothing is compiled for speed.
    assert!(first < Duration::from_secs(20), "{first:?}");
    println!("64 rules over {} bytes: {first:?}", path.len());
}
