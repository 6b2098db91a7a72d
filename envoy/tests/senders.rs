//! Many senders: what is remembered of each, and who is forgotten first.

use oom_envoy::senders::{Sender, Senders, Undo};
use oom_filter::{Mode, Outcome, Rules};

const HEADER: &[u8] =
    br#"{"log":"java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"}"#;
const KILL: &[u8] =
    br#"{"log":"Out of memory: Killed process 42 (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB"}"#;
/// What anybody may write, and what looks like a kill.
const CLAIM: &[u8] = br#"{"log":"an app said: Killed process 42"}"#;

fn read(senders: &mut Senders, sender: (u64, u64), record: &[u8]) -> Outcome {
    let (address, stream) = sender;
    let sender = Sender { address, stream };
    let mut undo = Undo::default();
    let outcome = senders.process(&mut undo, sender, Mode::Annotate, record);
    senders.settle(undo, true);
    outcome
}

/// Whether a kill is told together with what opened its report.
fn is_whole(outcome: &Outcome) -> bool {
    let Outcome::Replaced(text) = outcome else {
        return false;
    };
    String::from_utf8_lossy(text).contains("\"trigger\"")
}

#[test]
fn senders_may_take_turns() {
    // As many addresses of one stream each, as few of many, and more than are remembered.
    for (addresses, streams, forgotten) in [(4096, 1, 0), (4, 1024, 0), (4100, 1, 4), (1, 1030, 6)]
    {
        let mut senders = Senders::new(|| 0);
        let all = || (0..addresses).flat_map(|a| (0..streams).map(move |s| (a, s)));
        for sender in all() {
            read(&mut senders, sender, HEADER);
        }
        assert_eq!(senders.forgotten(), forgotten);
        // The newest are those that are remembered.
        let mut left = all().skip(usize::try_from(forgotten).unwrap());
        assert!(left.all(|sender| is_whole(&read(&mut senders, sender, KILL))));
        assert_eq!(senders.forgotten(), 0);
    }
}

#[test]
fn what_one_sender_makes_up_pushes_nobody_out() {
    // The one who makes it up has another address, or the same and no report open.
    for (address, record, forgotten) in [(2, CLAIM, 0), (2, HEADER, 3000 - 1024), (1, CLAIM, 0)] {
        let mut senders = Senders::new(|| 0);
        read(&mut senders, (1, 1), HEADER);
        for stream in 0..3000 {
            read(&mut senders, (address, 2 + stream), record);
        }
        assert_eq!(senders.forgotten(), forgotten);
        assert!(is_whole(&read(&mut senders, (1, 1), KILL)), "{address}");
    }
}

#[test]
fn only_senders_of_an_address_with_an_open_report_are_read_closely() {
    let mut senders = Senders::new(|| 0);
    read(&mut senders, (1, 1), HEADER);
    assert!(senders.any_needs_reading(1, b"eth0: up"));
    assert!(!senders.any_needs_reading(2, b"eth0: up"));
    // A delivery that is refused opened none.
    let mut undo = Undo::default();
    let sender = Sender {
        address: 3,
        stream: 1,
    };
    senders.process(&mut undo, sender, Mode::Annotate, HEADER);
    assert!(senders.any_needs_reading(3, b"eth0: up"));
    senders.settle(undo, false);
    assert!(!senders.any_needs_reading(3, b"eth0: up"));
}

#[test]
fn every_sender_is_read_by_the_same_rules() {
    let rules = Rules::of(&["grid /grid/(?<id>[0-9]+)"]).unwrap();
    let mut senders = Senders::new(|| 0).with_rules(rules);
    for address in [1, 2] {
        let limit = r#"{"log":"Task in /grid/42 killed as a result of limit of /grid/42"}"#;
        read(&mut senders, (address, 1), limit.as_bytes());
        let kill = r#"{"log":"Memory cgroup out of memory: Killed process 7 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB"}"#;
        let Outcome::Replaced(kill) = read(&mut senders, (address, 1), kill.as_bytes()) else {
            panic!("the kill was not read");
        };
        let kill = String::from_utf8_lossy(&kill);
        let owner = r#""workload":{"system":"grid","id":"42"}"#;
        assert!(kill.contains(owner), "{kill}");
    }
}
