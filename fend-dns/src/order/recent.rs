//! [`Recent`]: what was found out a moment ago, and still counts.

use std::time::{Duration, Instant};

/// How long the order of addresses may go by what was found out. That is most of what an order costs, and it is for a preference only.
pub(super) const RECENT: Duration = Duration::from_secs(1);

/// A value, and since when it is known.
#[derive(Debug)]
pub(super) struct Recent<T> {
    since: Instant,
    value: T,
}

impl<T> Recent<T> {
    pub(super) fn new(value: T, now: Instant) -> Recent<T> {
        Recent { since: now, value }
    }

    /// The value, while it still counts.
    pub(super) fn get(&self, now: Instant) -> Option<&T> {
        // Paused clocks differ: a time to come is none of ours.
        let age = now.checked_duration_since(self.since)?;
        (age < RECENT).then_some(&self.value)
    }

    /// The value, to add to.
    pub(super) fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
