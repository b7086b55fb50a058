//! Jobs of the blocking pool that do nothing.

use crate::peer::Peer;

/// All are given, then all awaited.
pub(super) fn all_then_await<P: Peer>(runtime: &P, operations: u64) {
    let sum = runtime.block_on(async move {
        let jobs: Vec<_> = (0..operations).map(|n| P::spawn_blocking(move || n)).collect();
        let mut sum = 0_u64;
        for job in jobs {
            sum += job.await;
        }
        sum
    });
    assert_eq!(sum, (0..operations).sum::<u64>());
}

/// Give one, await it, repeat: by the thread in `block_on`.
pub(super) fn round_trip<P: Peer>(runtime: &P, operations: u64) {
    runtime.block_on(async move {
        for n in 0..operations {
            assert_eq!(P::spawn_blocking(move || n).await, n);
        }
    });
}
