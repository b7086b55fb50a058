//! How late sleeps end, when many tasks sleep at once.

use std::time::{Duration, Instant};

use super::Figures;
use crate::peer::Peer;

/// Tasks that sleep for 1 ms to 1.001 s, evenly spread, spawned in an order that has nothing to do with their ends.
pub(super) fn spread_over_a_second<P: Peer>(runtime: &P, operations: u64) -> Figures {
    let mut late: Vec<Duration> = runtime.block_on(async move {
        let tasks: Vec<_> = (0..operations)
            .map(|n| {
                // A prime, so that each place is taken once, or nearly so.
                let place = n * 7_919 % operations;
                let length =
                    Duration::from_millis(1) + Duration::from_nanos(place * 1_000_000_000 / operations);
                P::spawn(async move {
                    let due = Instant::now() + length;
                    P::sleep(length).await;
                    Instant::now().saturating_duration_since(due)
                })
            })
            .collect();
        let mut late = Vec::with_capacity(tasks.len());
        for task in tasks {
            late.push(task.await);
        }
        late
    });
    late.sort_unstable();
    let at = |part: f64| late[((late.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
    vec![("p50_us", at(0.5)), ("p99_us", at(0.99)), ("max_us", at(1.0))]
}
