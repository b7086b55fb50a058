//! Which request is the next, and when it is due.
//!
//! Without a rate each connection sends as soon as its last answer is there: a server that stands still is then asked less, and the requests
//! that users would have sent meanwhile appear in no latency ("coordinated omission"). With a rate the times of all requests are fixed
//! beforehand, and a latency begins at that time, sent or not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::command_line::Load;

#[derive(Debug)]
pub(crate) struct Schedule {
    start: Instant,
    /// No request begins at this time or later.
    end: Option<Instant>,
    /// Seconds between two requests.
    step: Option<f64>,
    most: u64,
    given: AtomicU64,
}

impl Schedule {
    pub(crate) fn new(load: &Load, start: Instant) -> Schedule {
        Schedule {
            start,
            end: load.duration.map(|duration| start + duration),
            step: load.rate.map(|rate| 1.0 / rate),
            most: load.requests.map_or(u64::MAX, |requests| requests as u64),
            given: AtomicU64::new(0),
        }
    }

    pub(crate) fn start(&self) -> Instant {
        self.start
    }

    pub(crate) fn end(&self) -> Option<Instant> {
        self.end
    }

    /// When the next request is due: a time that has come, or that is to be waited for. `None` when there is none any more.
    pub(crate) fn next(&self) -> Option<Instant> {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        if number >= self.most {
            return None;
        }
        let due = match self.step {
            Some(step) => self.start + Duration::from_secs_f64(step * number as f64),
            None => Instant::now(),
        };
        self.end.is_none_or(|end| due < end).then_some(due)
    }

    /// How many requests were due before `now` and never sent, since all connections were busy.
    pub(crate) fn missed(&self, now: Instant) -> u64 {
        let Some(step) = self.step else { return 0 };
        let end = self.end.map_or(now, |end| end.min(now));
        let due = (end.duration_since(self.start).as_secs_f64() / step).ceil() as u64;
        due.min(self.most).saturating_sub(self.given.load(Ordering::Relaxed))
    }
}
