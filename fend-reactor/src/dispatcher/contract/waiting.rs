//! How a wait ends: timeouts, wakes and signals.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

on_each_dispatcher! {
    short_timeouts,
    timeouts_of_any_precision_are_never_early,
    longest_timeouts,
    wake_before_wait,
    wakes_coalesce,
    no_wake_is_lost,
    interrupted_by_signals,
    what_no_wait_has_fetched_can_be_seen,
}

/// TM10: never early, and not rounded up to a millisecond. A plain sleep takes turns with it: on a busy machine that is late too.
fn short_timeouts(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let timeout = Duration::from_micros(100);
    let late = |wait: &dyn Fn()| {
        let start = Instant::now();
        wait();
        start.elapsed().checked_sub(timeout).expect("ended early")
    };
    let (mut lateness, mut machine): (Vec<_>, Vec<_>) = (0..500)
        .map(|_| (late(&|| assert!(bench.wait(Some(timeout)).is_empty())), late(&|| thread::sleep(timeout))))
        .unzip();
    let [middle, noise] = [&mut lateness, &mut machine].map(|times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    assert!(middle < Duration::from_micros(500) + noise, "median {middle:?} late, a plain sleep {noise:?}");
}

fn timeouts_of_any_precision_are_never_early(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    for nanoseconds in [0, 1, 999, 1_001, 999_999, 1_000_001, 1_999_999, 3_333_333] {
        let timeout = Duration::from_nanos(nanoseconds);
        let start = Instant::now();
        assert!(bench.wait(Some(timeout)).is_empty());
        assert!(start.elapsed() >= timeout, "{timeout:?}");
    }
}

/// TM2
fn longest_timeouts(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let day = Duration::from_secs(24 * 3600);
    let timeouts = [
        Duration::MAX,
        day * 30,
        Duration::from_millis((1 << 31) + 5),
        Duration::from_millis(1 << 36),
        day * 1100,
    ];
    for timeout in timeouts {
        assert!(while_waiting(|| bench.wait(Some(timeout)), || bench.dispatch.wake()).is_empty());
    }
}

fn wake_before_wait(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    for _ in 0..100 {
        bench.dispatch.wake();
        assert!(bench.wait(None).is_empty());
    }
}

/// RE14
fn wakes_coalesce(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    (0..1_000_000).for_each(|_| bench.dispatch.wake());
    assert!(bench.wait(None).is_empty());
    let start = Instant::now();
    assert!(bench.wait(Some(MOMENT)).is_empty());
    assert!(start.elapsed() >= MOMENT, "one wake ended two waits");
}

/// RE14: each published number is seen by a wait that ends because of its wake; a lost one would hang.
fn no_wake_is_lost(dispatcher: Dispatcher) {
    const LAST: u32 = 20_000;
    let bench = Bench::new(dispatcher);
    let (published, seen) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=LAST {
                published.store(number, Ordering::Release);
                bench.dispatch.wake();
                // Most without waiting for the answer, and at changing distances, so that wakes meet every stage of the wait.
                (0..number % 997).for_each(|_| std::hint::spin_loop());
                while number % 4 == 0 && seen.load(Ordering::Acquire) < number {
                    thread::yield_now();
                }
            }
        });
        while seen.load(Ordering::Relaxed) < LAST {
            let before = Instant::now();
            assert!(bench.wait(Some(PATIENCE)).is_empty());
            let lost = before.elapsed() >= PATIENCE;
            // After a loss the other thread is let go, so that the test ends.
            let number = if lost { u32::MAX } else { published.load(Ordering::Acquire) };
            seen.store(number, Ordering::Release);
            assert!(!lost, "a wake was lost");
        }
    });
}

/// RE10
fn interrupted_by_signals(dispatcher: Dispatcher) {
    sys::ignore_without_restart();
    let bench = Bench::new(dispatcher);
    let waiter = thread::spawn(move || {
        for _ in 0..200 {
            assert!(bench.wait(None).is_empty());
        }
    });
    let start = Instant::now();
    while !waiter.is_finished() && sys::interrupt(&waiter) {
        assert!(start.elapsed() < PATIENCE, "signals do not end the wait");
        thread::yield_now();
    }
    waiter.join().unwrap();
}

/// Events for whoever waits, whether or not a thread is in `wait`, and wakes; not what was reported.
fn what_no_wait_has_fetched_can_be_seen(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let token = bench.add_armed(&ours, Direction::Read);
    assert!(
        bench.wait(Some(Duration::ZERO)).iter().all(|event| !event.readiness.intersects(Readiness::READABLE))
    );
    assert!(!bench.dispatch.has_events() && !bench.wait_for_news(Some(MOMENT)));
    let news = while_waiting(|| bench.wait_for_news(None), || theirs.write_all(b"x").unwrap());
    assert!(news && bench.wait_for_news(None), "a wait for news takes nothing");
    assert!(bench.dispatch.has_events() && bench.dispatch.has_events(), "a look takes nothing");
    let events = bench.wait(Some(Duration::ZERO));
    assert!(
        events.iter().any(|event| event.token == token && event.readiness.intersects(Readiness::READABLE)),
        "{events:?}"
    );
    assert!(!bench.dispatch.has_events(), "it was reported");
    let news = while_waiting(|| bench.wait_for_news(None), || bench.dispatch.wake());
    assert!(news && bench.dispatch.has_events());
    bench.wait(None);
    assert!(!bench.dispatch.has_events());
}
