//! Tasks that a thread of no runtime spawns, and whose answers it waits for.

use std::sync::mpsc;
use std::thread;

use smol::channel::bounded;

use crate::peer::Peer;

/// The answer comes over a channel of std's.
pub(super) fn spawn_and_receive<P: Peer>(runtime: &P, operations: u64) {
    from_outside(runtime, move |spawner: P::Spawner| {
        let (sender, receiver) = mpsc::channel();
        for n in 0..operations {
            let sender = sender.clone();
            let answer = async move { sender.send(n).expect("the receiver waits") };
            P::detach(P::spawn_from(&spawner, answer));
            assert_eq!(receiver.recv(), Ok(n));
        }
    });
}

/// The answer is what the task gives, which the thread awaits.
pub(super) fn spawn_and_await<P: Peer>(runtime: &P, operations: u64) {
    from_outside(runtime, move |spawner: P::Spawner| {
        for n in 0..operations {
            let task = P::spawn_from(&spawner, async move { n });
            assert_eq!(futures_lite::future::block_on(task), n);
        }
    });
}

/// Runs `body` on a thread of its own while this one works for the runtime.
fn from_outside<P: Peer>(runtime: &P, body: impl FnOnce(P::Spawner) + Send + 'static) {
    let (end, ended) = bounded(1);
    let spawner = runtime.spawner();
    let outside = thread::spawn(move || {
        body(spawner);
        end.try_send(()).expect("there is room for one");
    });
    runtime.block_on(async move { ended.recv().await.expect("the thread says when it is through") });
    outside.join().expect("the thread did not panic");
}
