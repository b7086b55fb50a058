//! A line for each step, with the time that is left.

use std::time::{Duration, Instant};

/// Counts steps.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    done: usize,
    all: usize,
}

impl Progress {
    pub(super) fn new(all: usize) -> Progress {
        Progress { start: Instant::now(), done: 0, all }
    }

    /// A step begins.
    pub(super) fn step(&mut self, what: &str) {
        let passed = self.start.elapsed();
        let left = match self.done {
            0 => String::new(),
            done => {
                let left = passed.mul_f64(self.all.saturating_sub(done) as f64 / done as f64);
                format!(", about {} left", clock(left))
            }
        };
        self.done += 1;
        eprintln!("[{:>4}/{}] {what} ({}{left})", self.done, self.all, clock(passed));
    }
}

fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}
