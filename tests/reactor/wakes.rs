//! Wakes from outside, more than anybody needs.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use crate::alone::alone;
use crate::process::writes;
use crate::shape::Shape;

on_every_shape!(a_million_wakes_are_one_a_park, every_wake_is_followed_by_a_poll);

/// RE14: a wake that finds the runtime awake, or about to be, makes no system call.
fn a_million_wakes_are_one_a_park(shape: Shape) {
    const WAKES: usize = 1_000_000;
    alone(shape, || {
        let runtime = shape.build();
        let over = Arc::new(AtomicBool::new(false));
        let (send_waker, wakers) = mpsc::channel::<Waker>();
        let waking = {
            let over = over.clone();
            thread::spawn(move || {
                let waker = wakers.recv().expect("the first poll sends it");
                let before = writes();
                (0..WAKES).for_each(|_| waker.wake_by_ref());
                let written = writes() - before;
                over.store(true, SeqCst);
                waker.wake();
                written
            })
        };
        let mut polls = 0_u64;
        runtime.block_on(poll_fn(|cx| {
            polls += 1;
            let _ = send_waker.send(cx.waker().clone());
            if over.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        }));
        let written = waking.join().expect("no panic");
        let metrics = runtime.metrics();
        let parks = metrics.parks();
        assert!(written <= parks + 4, "{written} writes for {parks} parks");
        // While it is awake, or looks about, each poll may take one wake or many.
        let most = WAKES as u64 + parks * 2 + 4;
        assert!(polls <= most, "{polls} polls for {WAKES} wakes and {parks} parks");
    });
}

/// RE14: each number is stored before its wake, so a poll after the wake sees it; a lost wake would hang.
fn every_wake_is_followed_by_a_poll(shape: Shape) {
    const NUMBERS: usize = if cfg!(debug_assertions) { 5_000 } else { 50_000 };
    let stored = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(AtomicUsize::new(0));
    let (send_waker, wakers) = mpsc::channel::<Waker>();
    let waking = {
        let (stored, seen) = (stored.clone(), seen.clone());
        thread::spawn(move || {
            let waker = wakers.recv().expect("the first poll sends it");
            for number in 1..=NUMBERS {
                stored.store(number, SeqCst);
                waker.wake_by_ref();
                while seen.load(SeqCst) < number {
                    thread::yield_now();
                }
            }
        })
    };
    shape.block_on(async {
        let task = fend::spawn(poll_fn(move |cx| {
            let _ = send_waker.send(cx.waker().clone());
            let number = stored.load(SeqCst);
            seen.store(number, SeqCst);
            if number == NUMBERS { Poll::Ready(()) } else { Poll::Pending }
        }));
        task.await.expect("no panic");
    });
    waking.join().expect("no panic");
}
