//! Keeping clear of the kernel's limit on reports: ten in five seconds, for the whole machine.

use std::collections::VecDeque;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The kernel's window, with a margin.
const WINDOW: Duration = Duration::from_millis(5200);
/// Reports that surely fit into a window, one less than the kernel's ten.
const REPORTS: usize = 9;

/// When the latest kills happened.
#[derive(Default)]
pub struct Pace {
    kills: VecDeque<Instant>,
}

impl Pace {
    /// Notes a kill.
    pub fn note(&mut self) {
        self.kills.push_back(Instant::now());
    }

    /// Waits until the kernel will surely report `reports` more kills.
    pub fn wait_for(&mut self, reports: usize) {
        loop {
            while self
                .kills
                .front()
                .is_some_and(|kill| kill.elapsed() > WINDOW)
            {
                self.kills.pop_front();
            }
            match self.kills.front() {
                Some(oldest) if self.kills.len() + reports > REPORTS => {
                    sleep(WINDOW.saturating_sub(oldest.elapsed()) + Duration::from_millis(10));
                }
                _ => return,
            }
        }
    }

    /// Waits until a new window is sure to begin with the next kill.
    pub fn wait_for_new_window(&mut self) {
        self.wait_for(REPORTS);
    }
}
