//! Tasks that let each other run.

use crate::peer::Peer;

const TASKS: u64 = 1_000;

/// Tasks that do nothing but let others run.
pub(super) fn yield_now<P: Peer>(runtime: &P, operations: u64) {
    runtime.block_on(async move {
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                P::spawn(async move {
                    for _ in 0..operations / TASKS {
                        P::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
    });
}

/// A future that has its value already.
pub(super) fn block_on_ready<P: Peer>(runtime: &P, operations: u64) {
    let mut sum = 0_u64;
    for n in 0..operations {
        sum = sum.wrapping_add(runtime.block_on(async move { std::hint::black_box(n) }));
    }
    std::hint::black_box(sum);
}
