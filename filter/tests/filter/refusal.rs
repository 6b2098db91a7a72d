//! A filter that refuses what nobody vouches for.

use oom_filter::{Filter, IdentityKeys, KernelLine, Mode, Outcome, RecordContext};

const KILL: &str = "Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB";

fn refusing() -> Filter {
    Filter::new(IdentityKeys::OPEN_TELEMETRY).refuse_unsaid()
}

#[test]
fn only_what_the_carrier_proves_is_told() {
    let context = RecordContext::default();
    for (before, others, is_told) in [
        ("3,505,3136498470,-;", "", true),
        ("<3>[    1.000000] ", "", true),
        ("kern  :err   : ", "", true),
        ("", r#","_TRANSPORT":"kernel""#, true),
        ("", r#","facility":"kern""#, true),
        ("", r#","priority":3,"sequence":7,"sec":2,"usec":5"#, true),
        ("", "", false),
        ("kernel: ", "", false),
        ("Dec 13 07:23:21 n1 kernel: ", "", false),
        ("", r#","ident":"kernel""#, false),
        ("", r#","PRIORITY":"3""#, false),
        ("", r#","pri":"3""#, true),
        ("", r#","pri":3"#, false),
        ("<13>", "", false),
    ] {
        let record = format!(r#"{{"msg":"{before}{KILL}"{others}}}"#);
        let told = |mode, context| refusing().process(mode, record.as_bytes(), context);
        let annotated = told(Mode::Annotate, &context);
        if is_told {
            assert!(matches!(annotated, Outcome::Replaced(_)), "{record}");
        } else {
            assert_eq!(annotated, Outcome::Unchanged, "{record}");
            assert_eq!(
                told(Mode::Rewrite, &context),
                Outcome::Unchanged,
                "{record}"
            );
            assert_eq!(told(Mode::Events, &context), Outcome::Dropped, "{record}");
        }
        if others.is_empty() {
            let line = format!("{before}{KILL}");
            let line = KernelLine::read(line.as_bytes());
            let object = || record.clone().into_bytes();
            let of_line = refusing().process_line(Mode::Annotate, &line, &context, &object);
            assert_eq!(matches!(of_line, Outcome::Replaced(_)), is_told, "{before}");
        }
    }
}

#[test]
fn an_oom_that_arrives_is_no_proof() {
    let context = RecordContext::default();
    for (others, in_events) in [
        (r#","_TRANSPORT":"kernel""#, Outcome::Unchanged),
        ("", Outcome::Dropped),
    ] {
        let oom = r#""oom":{"event":"kill","tag":"oom.node","id":"0123456789abcdef","victim":{"pid":42}}"#;
        let record = format!(r#"{{"MESSAGE":"{KILL}"{others},{oom}}}"#);
        let outcome = refusing().process(Mode::Events, record.as_bytes(), &context);
        assert_eq!(outcome, in_events, "{others}");
    }
}

#[test]
fn a_line_that_is_refused_keeps_the_record() {
    let header = "<3>[    1.000000] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";
    let context = RecordContext::default();
    for (behind, outcome) in [
        (KILL, Outcome::Unchanged),
        ("", Outcome::Dropped),
        ("<3>[    1.000001] Call Trace:", Outcome::Dropped),
    ] {
        let record = format!(r#"{{"msg":"{header}\n{behind}"}}"#);
        let left = refusing().process(Mode::Rewrite, record.as_bytes(), &context);
        assert_eq!(left, outcome, "{record}");
    }
}
