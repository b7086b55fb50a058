//! Who waits from outside is served by the monitor, and must not feel that it naps for 4 ms between two looks.

use std::future::Future;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, mpsc};
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

/// Between two looks of the monitor.
const PERIOD: Duration = Duration::from_millis(4);

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

/// Measures beside a thread that asks another one for naps of `period`: a busy machine adds as much to these. Gives the result, and what
/// the middle one of the naps took.
fn beside_naps<T>(period: Duration, measured: impl FnOnce() -> T) -> (T, Duration) {
    let (ask, asked) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let napper = thread::spawn(move || {
        for () in asked {
            thread::sleep(period);
            answer.send(()).unwrap();
        }
    });
    let over = Arc::new(AtomicBool::new(false));
    let watch = thread::spawn({
        let over = over.clone();
        move || {
            let mut times = Vec::new();
            while times.is_empty() || !over.load(Relaxed) {
                let before = Instant::now();
                ask.send(()).unwrap();
                answers.recv().unwrap();
                times.push(before.elapsed());
            }
            times.sort_unstable();
            times[times.len() / 2]
        }
    });
    let result = measured();
    over.store(true, Relaxed);
    let nap = watch.join().unwrap();
    napper.join().unwrap();
    (result, nap)
}

/// The time that two plain threads take for as many turns of an echo: a busy machine adds to these too.
fn plain_echo() -> Duration {
    let before = Instant::now();
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    let server = thread::spawn(move || {
        let mut buf = [0; 1];
        while theirs.read(&mut buf).unwrap() > 0 {
            theirs.write_all(&buf).unwrap();
        }
    });
    for turn in 0..TURNS {
        ours.write_all(&[turn]).unwrap();
        ours.read_exact(&mut [0]).unwrap();
    }
    drop(ours);
    server.join().unwrap();
    before.elapsed()
}

/// 200 turns of 4 ms would be 800 ms, each time.
fn echoes_from_outside(shape: Shape) {
    let runtime = shape.build();
    let _entered = runtime.enter();
    let mut slow = Vec::new();
    for _ in 0..5 {
        let ours = times(1, || async { echo_and_sleep().await.unwrap() })[0];
        let plain = plain_echo();
        if ours < Duration::from_millis(200) + 4 * plain {
            return;
        }
        slow.push((ours, plain));
    }
    panic!("for {TURNS} turns, and for those of plain threads: {slow:?}");
}

/// Between two sleeps there is nothing to attend, and the monitor naps. The middle one of many: the machine may be busy.
fn short_sleeps_from_outside(shape: Shape) {
    let runtime = shape.build();
    let _entered = runtime.enter();
    let (times, nap) = beside_naps(NAP, || times(NAPS, || sleep(NAP)));
    assert!(times[NAPS / 2] < nap + Duration::from_millis(2), "a nap of a thread: {nap:?}, {times:?}");
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
    let (times, nap) = beside_naps(PERIOD, || times(NAPS, || sleep(NAP)));
    for (thread, go_on) in stuck {
        drop(go_on);
        thread.join().unwrap();
    }
    assert!(times[NAPS / 2] < nap.mul_f64(1.5), "a nap of a thread: {nap:?}, {times:?}");
}
