//! Timers that are made and dropped before they fire, as timeouts are.

use std::future::pending;
use std::time::Duration;

use fend::time::{sleep, timeout};
use futures_lite::future::poll_once;

use crate::alone::alone;
use crate::process::resident;
use crate::shape::Shape;

on_every_shape!(dropped_timers_give_their_memory_back);

const TIMERS: usize = if cfg!(debug_assertions) { 1_000_000 } else { 10_000_000 };

/// Armed at the same time.
const BURST: usize = 50_000;

/// What may be left: the allocator's own, and a thread's.
const SLACK: usize = 2 << 20;

/// TM5
fn dropped_timers_give_their_memory_back(shape: Shape) {
    alone(shape, || {
        shape.block_on(async {
            churn(10_000).await;
            let base = resident();
            churn(TIMERS).await;
            let after = resident();
            assert!(after < base + SLACK, "from {base} to {after} bytes");
            burst().await;
            churn(1_000).await;
            let after = resident();
            assert!(after < base + SLACK, "from {base} to {after} bytes, after a burst");
        });
    });
}

async fn churn(count: usize) {
    for number in 0..count / 2 {
        let far = Duration::from_secs(1 + number as u64 % 3600);
        assert!(poll_once(sleep(far)).await.is_none());
        assert!(poll_once(timeout(far, pending::<()>())).await.is_none());
    }
}

async fn burst() {
    let mut sleeps = Vec::with_capacity(BURST);
    for number in 0..BURST {
        let mut timer = sleep(Duration::from_secs(60 + number as u64));
        assert!(poll_once(&mut timer).await.is_none());
        sleeps.push(timer);
    }
}
