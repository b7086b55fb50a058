//! Pairs of tasks that talk to each other.

use smol::channel::bounded;

use crate::peer::Peer;

const PAIRS: u64 = 1_000;

/// Each pair sends one number back and forth, over two channels with room for one. An operation is a message.
pub(super) fn ping_pong<P: Peer>(runtime: &P, operations: u64) {
    let rounds = operations / PAIRS / 2;
    runtime.block_on(async move {
        let tasks: Vec<_> = (0..PAIRS).flat_map(|_| pair::<P>(rounds)).collect();
        for task in tasks {
            task.await;
        }
    });
}

fn pair<P: Peer>(rounds: u64) -> [P::Task<()>; 2] {
    let (ping, pinged) = bounded(1);
    let (pong, ponged) = bounded(1);
    let first = P::spawn(async move {
        for n in 0..rounds {
            ping.send(n).await.expect("the other one receives");
            assert_eq!(ponged.recv().await, Ok(n));
        }
    });
    let second = P::spawn(async move {
        for _ in 0..rounds {
            let n = pinged.recv().await.expect("the other one sends");
            pong.send(n).await.expect("the other one receives");
        }
    });
    [first, second]
}
