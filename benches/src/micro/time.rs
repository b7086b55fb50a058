//! Sleeps.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::peer::Peer;

/// Sleeps that nobody waits for to the end, as those of timeouts are: of 1 to 60 s, in an order that repeats late.
pub(super) fn create_poll_drop<P: Peer>(runtime: &P, operations: u64) {
    runtime.block_on(async move {
        for n in 0..operations {
            let length = Duration::from_millis(1_000 + n.wrapping_mul(7_919) % 59_000);
            let mut sleep = pin!(P::sleep(length));
            let ended = poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx).is_ready())).await;
            assert!(!ended, "a sleep of {length:?} has ended");
        }
    });
}
