//! How long to wait before the next accept(2), when the last has failed for want of something.

use std::time::{Duration, Instant};

/// The first pause. Each is twice as long as the one before it.
pub(super) const SHORTEST: Duration = Duration::from_millis(5);
pub(super) const LONGEST: Duration = Duration::from_secs(1);

/// Errors that need no pause, in a row, before one is taken all the same: what refuses everything, a security module for example,
/// and leaves it in the queue, would keep a worker busy for ever.
pub(super) const MOST_AT_ONCE: u32 = 64;

/// The state between two connections that were taken.
#[derive(Debug, Default)]
pub(super) struct BackOff {
    /// The pause that is on, or was last.
    pause: Option<Pause>,
    at_once: u32,
}

/// A pause, and what ends it early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) length: Duration,
    pub(super) until: Instant,
    /// How many connections had ended when it began. One more has given a descriptor back.
    pub(super) ended: u64,
}

impl BackOff {
    /// Whether there was a pause since the last connection.
    pub(super) fn is_on(&self) -> bool {
        self.pause.is_some()
    }

    /// The pause that is on at `now`.
    pub(super) fn current(&self, now: Instant, ended: u64) -> Option<Pause> {
        self.pause.filter(|pause| now < pause.until && pause.ended == ended)
    }

    /// `pause` is over, if it is the one that is on.
    pub(super) fn finish(&mut self, pause: Pause) {
        if let Some(on) = self.pause.as_mut().filter(|on| **on == pause) {
            on.until = on.until.min(pause.until - pause.length);
        }
    }

    /// Something has run out. Whoever fails while a pause is on waits for its end: several tasks that accept take one step
    /// together. `None` then, else the length of the new pause.
    pub(super) fn step(&mut self, now: Instant, ended: u64) -> Option<Duration> {
        if self.current(now, ended).is_some() {
            return None;
        }
        let length = self.pause.map_or(SHORTEST, |pause| LONGEST.min(pause.length * 2));
        self.pause = Some(Pause { length, until: now + length, ended });
        Some(length)
    }

    /// An error that needs no pause; true when there were too many of them.
    pub(super) fn retry(&mut self) -> bool {
        self.at_once += 1;
        self.at_once > MOST_AT_ONCE
    }

    /// A connection was taken.
    pub(super) fn reset(&mut self) {
        *self = BackOff::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_5_ms_to_1_s() {
        let mut back_off = BackOff::default();
        let mut now = Instant::now();
        let mut lengths = Vec::new();
        for _ in 0..10 {
            let length = back_off.step(now, 0).expect("no pause is on");
            assert_eq!(back_off.current(now, 0).map(|pause| pause.length), Some(length));
            lengths.push(length.as_millis());
            now += length;
            assert_eq!(back_off.current(now, 0), None);
        }
        assert_eq!(lengths, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        back_off.reset();
        assert_eq!(back_off.step(now, 0), Some(SHORTEST));
    }

    #[test]
    fn a_pause_that_was_waited_for_is_over_whatever_the_clock_says() {
        let (mut back_off, now) = (BackOff::default(), Instant::now());
        back_off.step(now, 0);
        let pause = back_off.current(now, 0).expect("a pause is on");
        back_off.finish(pause);
        assert_eq!(back_off.current(now, 0), None);
        assert_eq!(back_off.step(now, 0), Some(SHORTEST * 2), "the row goes on");
        back_off.finish(pause);
        assert!(back_off.current(now, 0).is_some(), "another one");
    }

    #[test]
    fn a_second_failure_within_a_pause_is_no_step() {
        let (mut back_off, now) = (BackOff::default(), Instant::now());
        assert_eq!(back_off.step(now, 0), Some(SHORTEST));
        assert_eq!(back_off.step(now, 0), None);
    }

    #[test]
    fn a_connection_that_ends_ends_the_pause() {
        let (mut back_off, now) = (BackOff::default(), Instant::now());
        back_off.step(now, 3);
        assert!(back_off.current(now, 3).is_some());
        assert_eq!(back_off.current(now, 4), None);
        assert_eq!(back_off.step(now, 4), Some(SHORTEST * 2));
    }

    #[test]
    fn errors_without_a_pause_are_bounded() {
        let mut back_off = BackOff::default();
        assert!((0..MOST_AT_ONCE).all(|_| !back_off.retry()));
        assert!(back_off.retry());
    }
}
