//! How late a timer is, on a machine with time to spare.
//!
//! Other programs may take the processors at any moment, so a limit holds for the best, or for the middle, of several attempts.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use fend::time::sleep;

use crate::alone::alone;
use crate::process::cpu_time;
use crate::shape::Shape;

on_every_shape!(undisturbed: an_earlier_deadline_reaches_a_sleeping_runtime, short_sleeps_are_short_and_do_not_spin);

/// TM7: while the runtime sleeps towards an hour, another thread sets, or resets, a timer to 5 ms.
fn an_earlier_deadline_reaches_a_sleeping_runtime(shape: Shape) {
    const SOON: Duration = Duration::from_millis(5);
    let runtime = shape.build();
    let (send, sleeps) = mpsc::channel();
    let waiting = runtime.handle();
    let attendant = thread::spawn(move || {
        waiting.block_on(async {
            let (done, wait) = std::os::unix::net::UnixStream::pair().expect("sockets");
            send.send(done).expect("the test waits");
            let hour = fend::spawn(sleep(Duration::from_secs(3600)));
            fend::io::AsyncFd::new(wait).expect("registers").peer_closed().await.expect("the end");
            hour.abort();
        });
    });
    let done = sleeps.recv().expect("the attendant lives");
    let handle = runtime.handle();
    let mut lateness: Vec<_> = (0..15)
        .map(|_| {
            let moved = handle.block_on(async {
                let mut timer = sleep(Duration::from_secs(1800));
                assert!(futures_lite::future::poll_once(&mut timer).await.is_none());
                let start = Instant::now();
                timer.reset(start + SOON);
                let ended = fend::spawn(async move {
                    timer.await;
                    Instant::now()
                });
                ended.await.expect("no panic") - start
            });
            moved.checked_sub(SOON).expect("not early")
        })
        .collect();
    drop(done);
    attendant.join().expect("no panic");
    lateness.sort_unstable();
    // A runtime that does not hear of it sleeps on for half an hour.
    assert!(lateness[lateness.len() / 2] < Duration::from_millis(50), "late by {lateness:?}");
}

/// TM10. A plain thread takes the same naps in between: on a busy machine they are late too.
fn short_sleeps_are_short_and_do_not_spin(shape: Shape) {
    const NAP: Duration = Duration::from_micros(100);
    const NAPS: u32 = 400;
    let late = |start: Instant| start.elapsed().checked_sub(NAP).expect("not early");
    alone(shape, || {
        let (mut elapsed, mut used) = (Duration::ZERO, Duration::ZERO);
        let (mut lateness, mut machine) = (Vec::new(), Vec::new());
        shape.block_on(async {
            for _ in 0..NAPS / 20 {
                let (start, before) = (Instant::now(), cpu_time());
                for _ in 0..20 {
                    let start = Instant::now();
                    sleep(NAP).await;
                    lateness.push(late(start));
                }
                elapsed += start.elapsed();
                used += cpu_time() - before;
                for _ in 0..20 {
                    let start = Instant::now();
                    thread::sleep(NAP);
                    machine.push(late(start));
                }
            }
        });
        let [middle, noise] = [&mut lateness, &mut machine].map(|times| {
            times.sort_unstable();
            times[times.len() / 2]
        });
        assert!(middle < Duration::from_micros(500) + noise, "p50 is {middle:?}, a thread's {noise:?}");
        assert!(elapsed >= NAPS * NAP);
        // Far from cheap without optimization, but a spinning thread would use all of it.
        assert!(used < elapsed * 9 / 10, "{used:?} of {elapsed:?} were spent on the processor");
    });
}
