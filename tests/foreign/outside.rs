//! Who waits from outside is served by the monitor, and must not feel that it naps for 4 ms between two looks.

use std::future::Future;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use fend::time::sleep;

use crate::shape::Shape;
use crate::{TURNS, echo_and_sleep};

on_every_shape!(undisturbed:
    echoes_from_outside,
    short_sleeps_from_outside,
    sleeps_from_outside_while_all_workers_are_stuck,
);

const NAP: Duration = Duration::from_micros(100);
const NAPS: usize = 30;

/// The time that each of several runs of a future takes under an executor that is not ours, with nobody in `block_on`. Sorted.
fn times<T, F: Future<Output = T>>(runs: usize, mut run: impl FnMut() -> F) -> Vec<Duration> {
    let mut times: Vec<_> = (0..runs)
        .map(|_| {
            let before = Instant::now();
            futures::executor::block_on(run());
            before.elapsed()
        })
        .collect();
    times.sort_unstable();
    times
}

/// 200 turns of 4 ms would be 800 ms.
fn echoes_from_outside(shape: Shape) {
    let runtime = shape.build();
    let _entered = runtime.enter();
    let times = times(5, || async { echo_and_sleep().await.unwrap() });
    assert!(times[0] < Duration::from_millis(200), "{:?} for {TURNS} turns", times[0]);
}

/// Between two sleeps there is nothing to attend, and the monitor naps. The middle one of many: the machine may be busy.
fn short_sleeps_from_outside(shape: Shape) {
    let runtime = shape.build();
    let _entered = runtime.enter();
    let times = times(NAPS, || sleep(NAP));
    assert!(times[NAPS / 2] < Duration::from_millis(2), "{times:?}");
}

/// A driver with sources is always attended: nobody but the monitor can, at each of its looks and not at every other one, which
/// would be 8 ms. The middle one of many.
fn sleeps_from_outside_while_all_workers_are_stuck(shape: Shape) {
    let runtime = shape.build();
    let stuck: Vec<_> = (0..shape.workers)
        .map(|worker| {
            let (stuck, is_stuck) = mpsc::channel();
            let (go_on, goes_on) = mpsc::channel::<()>();
            let blocks = async move {
                stuck.send(()).unwrap();
                let _ = goes_on.recv();
            };
            let handle = runtime.handle();
            let thread = match worker {
                0 => thread::spawn(move || handle.block_on(blocks)),
                _ => thread::spawn(move || futures::executor::block_on(handle.spawn(blocks)).unwrap()),
            };
            is_stuck.recv().unwrap();
            (thread, go_on)
        })
        .collect();
    let _entered = runtime.enter();
    let times = times(NAPS, || sleep(NAP));
    for (thread, go_on) in stuck {
        drop(go_on);
        thread.join().unwrap();
    }
    assert!(times[NAPS / 2] < Duration::from_millis(6), "{times:?}");
}
