//! How fast the machine is at this moment.
//!
//! A virtual machine may have two speeds, by where its processors happen to run: a cache line's way between two of them and back takes five times
//! as long in the slow one, and an echo a third more. So each sample stands between two of these measurements, and samples are compared
//! within one state.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread;
use std::time::{Duration, Instant};

use crate::sys;

const ROUNDS: u32 = 20_000;

/// Nothing takes as long as this; a machine that is so busy says nothing.
const LONGEST: Duration = Duration::from_millis(200);

/// Times that differ by more are two states.
const FACTOR: f64 = 1.5;

/// The round trip of a cache line between processors 0 and 1, in nanoseconds; `None` with one processor.
pub(super) fn round_trip() -> Option<f64> {
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        return None;
    }
    let ball = Arc::new(AtomicU32::new(0));
    let start = Instant::now();
    let other = {
        let ball = ball.clone();
        thread::spawn(move || bounce(&ball, 1, start))
    };
    let here = thread::spawn(move || bounce(&ball, 0, start));
    let taken = here.join().ok()?;
    other.join().ok()?;
    taken.map(|taken| taken.as_secs_f64() * 1e9 / f64::from(ROUNDS))
}

/// Adds one whenever the count is this thread's.
fn bounce(ball: &AtomicU32, own: u32, start: Instant) -> Option<Duration> {
    sys::pin_to_core(own as usize).ok()?;
    let mut first = None;
    for round in 0..ROUNDS {
        let mut tries = 0_u32;
        while ball.load(Acquire) != 2 * round + own {
            spin_loop();
            tries += 1;
            if tries.is_multiple_of(1024) && start.elapsed() > LONGEST {
                return None;
            }
        }
        // The other one is there too.
        if round == 1 {
            first = Some(Instant::now());
        }
        ball.store(2 * round + own + 1, Release);
    }
    first.map(|first| first.elapsed())
}

/// Whether two measurements are of one state.
pub(super) fn agree(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one / other < FACTOR && other / one < FACTOR,
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_apart() {
        assert!(agree(Some(80.0), Some(100.0)) && agree(None, None));
        assert!(
            !agree(Some(80.0), Some(390.0)) && !agree(Some(390.0), Some(80.0)) && !agree(None, Some(80.0))
        );
    }

    #[test]
    fn a_round_trip_takes_some_nanoseconds() {
        if let Some(taken) = round_trip() {
            assert!(taken > 1.0, "{taken}");
        }
    }
}
