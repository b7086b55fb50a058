//! Complaints about peers, whose number is the peers' to choose: so many in a second are told, and the others counted.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::arguments::complain;

/// Lines in a second. Enough to see what is wrong, and too few to fill a disk.
const MOST: u32 = 10;

pub(crate) struct Complaints {
    second: Mutex<Second>,
}

/// The one that runs.
struct Second {
    begin: Instant,
    told: u32,
    left_out: u64,
}

impl Complaints {
    pub(crate) fn new() -> Complaints {
        Complaints { second: Mutex::new(Second { begin: Instant::now(), told: 0, left_out: 0 }) }
    }

    /// Says it on standard error, unless too much was said.
    pub(crate) fn tell(&self, message: impl fmt::Display) {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        match second.count(Instant::now()) {
            Some(0) => complain(message),
            Some(left_out) => complain(format!("{message} ({left_out} lines were left out before)")),
            None => {}
        }
    }
}

impl Second {
    /// Whether there is room for one more, and how many found none before it.
    fn count(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.begin) >= Duration::from_secs(1) {
            (self.begin, self.told) = (now, 0);
        }
        if self.told == MOST {
            self.left_out += 1;
            return None;
        }
        self.told += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}
