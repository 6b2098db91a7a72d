//! One kernel text, as the parser alone sees it and as a record's.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oom_filter::kernel::{Message, parse};
use oom_filter::{Filter, NameBytes};
use oom_fuzz::{KEYS, MODES, Tagged, log, run};

/// Most bytes of a process name of kernels to come, and of one that a carrier wrote as escapes.
const LONGEST_COMM: [(NameBytes, usize); 2] =
    [(NameBytes::Exact, 63), (NameBytes::MaybeEscaped, 252)];

fuzz_target!(|text: &[u8]| {
    for (name_bytes, longest) in LONGEST_COMM {
        let comm = match parse(text, name_bytes) {
            Some(Message::Killed(killed)) => Some(killed.comm),
            Some(Message::Selected(selected)) => Some(selected.comm),
            Some(Message::Invoked(invoked)) => invoked.comm,
            Some(Message::StackHead(head)) => Some(head.comm),
            Some(Message::Constraint(constraint)) => {
                constraint.reading().and_then(|reading| reading.comm)
            }
            _ => None,
        };
        assert!(comm.is_none_or(|comm| comm.len() <= longest), "{comm:?}");
    }
    let tagged = Tagged {
        tag: b"tag",
        record: log(text),
    };
    for mode in MODES {
        let mut filter = Filter::new(KEYS);
        run(&mut filter, mode, &tagged);
        while filter.next_unfinished().is_some() {}
    }
});
