//! Tasks from their spawn to their end.

use smol::channel::{Sender, bounded};

use crate::peer::Peer;

/// All are spawned, then all awaited.
pub(super) fn all_then_await<P: Peer>(runtime: &P, operations: u64) {
    let sum = runtime.block_on(async move {
        let tasks: Vec<_> = (0..operations).map(|n| P::spawn(async move { n })).collect();
        let mut sum = 0_u64;
        for task in tasks {
            sum += task.await;
        }
        sum
    });
    assert_eq!(sum, (0..operations).sum::<u64>());
}

/// Each task spawns the next; the last one tells the first.
pub(super) fn chain<P: Peer>(runtime: &P, operations: u64) {
    fn link<P: Peer>(left: u64, end: Sender<()>) {
        if left == 0 {
            end.try_send(()).expect("there is room for one");
        } else {
            P::detach(P::spawn(async move { link::<P>(left - 1, end) }));
        }
    }

    runtime.block_on(async move {
        let (end, ended) = bounded(1);
        link::<P>(operations, end);
        ended.recv().await.expect("the last link says so");
    });
}

/// Spawn, await, repeat.
pub(super) fn one_by_one<P: Peer>(runtime: &P, operations: u64) {
    runtime.block_on(async move {
        for n in 0..operations {
            assert_eq!(P::spawn(async move { n }).await, n);
        }
    });
}
