//! Sleeps and what is made of them, on a driver whose turns the test runs, and mostly on a clock that stands.

use std::future::{Future, pending, poll_fn, ready};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_core::FusedStream;
use futures_core::future::FusedFuture;
use futures_util::StreamExt;

use super::*;
use crate::clock::{Clock, NEVER, Nanos};
use crate::dispatcher::Dispatcher;
use crate::driver::Driver;
use crate::random::Random;

const MS: Nanos = 1_000_000;
const SECOND: Nanos = 1_000 * MS;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A driver and its clock, and a task that is polled by hand.
struct Bench {
    driver: Arc<Driver>,
    count: Arc<Count>,
    waker: Waker,
}

impl Bench {
    fn new() -> Self {
        let driver = Driver::new(0, Dispatcher::Epoll, Arc::new(Clock::new())).unwrap();
        let count = Arc::new(Count::default());
        Bench { driver, waker: count.clone().into(), count }
    }

    fn paused() -> Self {
        let bench = Bench::new();
        bench.clock().pause();
        bench
    }

    fn clock(&self) -> &Clock {
        self.driver.clock()
    }

    fn sleep(&self, nanos: Nanos) -> Sleep {
        Sleep::on(self.driver.clone(), self.clock().now().saturating_add(nanos))
    }

    fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(&self.waker))
    }

    fn turn(&self) -> usize {
        self.driver.try_attend().unwrap().turn(Some(Duration::ZERO)).unwrap().timers
    }

    /// Moves the clock and runs the timers. Returns how many fired.
    fn advance(&self, nanos: Nanos) -> usize {
        self.clock().advance_to(self.clock().now() + nanos);
        self.turn()
    }
}

#[test]
fn auto_traits() {
    fn all<T: Send + Sync + Unpin + std::fmt::Debug>() {}
    all::<Sleep>();
    all::<Interval>();
    all::<Timer>();
    all::<Elapsed>();
    all::<Timeout<std::future::Ready<()>>>();
}

#[test]
fn a_sleep_is_ready_at_its_deadline_and_not_before() {
    let bench = Bench::paused();
    let mut sleep = bench.sleep(MS);
    assert!(bench.poll(&mut sleep).is_pending());
    assert_eq!(bench.advance(MS - 1), 0);
    assert!(bench.poll(&mut sleep).is_pending());
    assert_eq!((bench.advance(1), bench.count.get()), (1, 1));
    assert!(bench.poll(&mut sleep).is_ready());
    assert!(bench.poll(&mut sleep).is_ready(), "it stays ready");
}

/// TM4
#[test]
fn zero_and_the_past_are_ready_at_once() {
    let bench = Bench::new();
    assert!(bench.poll(&mut bench.sleep(0)).is_ready());
    assert!(bench.poll(&mut Sleep::on(bench.driver.clone(), 0)).is_ready());
    assert_eq!(bench.driver.next_deadline(), None);
}

/// TM2
#[test]
fn long_durations_neither_come_nor_panic() {
    const YEAR: u64 = 365 * 24 * 3600;
    let bench = Bench::paused();
    let durations = [
        Duration::from_millis((1 << 31) + 5),
        Duration::from_secs(30 * 24 * 3600),
        Duration::from_millis(1 << 36),
        Duration::from_secs(3 * YEAR),
        Duration::from_secs(600 * YEAR),
        Duration::MAX,
    ];
    let mut sleeps = durations.map(|duration| {
        let mut sleep = bench.sleep(0);
        sleep.reset_after(duration);
        assert!(bench.poll(&mut sleep).is_pending());
        sleep
    });
    for (index, duration) in durations[..4].iter().enumerate() {
        let left = sleeps[index].deadline_nanos() - bench.clock().now();
        assert_eq!(bench.advance(left - 1), 0, "{duration:?} came early");
        assert_eq!(bench.advance(1), 1, "{duration:?} did not come");
        assert!(bench.poll(&mut sleeps[index]).is_ready());
    }
    bench.clock().advance_to(NEVER);
    assert_eq!(bench.turn(), 0);
    assert!(bench.poll(&mut sleeps[4]).is_pending());
    assert!(bench.poll(&mut sleeps[5]).is_pending());
}

#[test]
fn a_dropped_sleep_leaves_nothing_behind() {
    let bench = Bench::paused();
    let mut sleep = bench.sleep(MS);
    assert!(bench.poll(&mut sleep).is_pending());
    assert_eq!(bench.driver.next_deadline(), Some(sleep.deadline_nanos()));
    assert_eq!(Arc::strong_count(&bench.count), 3);
    drop(sleep);
    assert_eq!(bench.driver.next_deadline(), None);
    assert_eq!(Arc::strong_count(&bench.count), 2, "the waker is still held");
}

#[test]
fn the_last_poll_decides_who_is_woken() {
    let bench = Bench::paused();
    let mut sleep = bench.sleep(MS);
    assert!(bench.poll(&mut sleep).is_pending());
    let other = Arc::new(Count::default());
    let waker = Waker::from(other.clone());
    assert!(pin!(&mut sleep).poll(&mut Context::from_waker(&waker)).is_pending());
    bench.advance(MS);
    assert_eq!((bench.count.get(), other.get()), (0, 1));
}

#[test]
fn a_reset_moves_the_timer_of_whoever_waits() {
    let bench = Bench::paused();
    let mut sleep = bench.sleep(10 * MS);
    assert!(bench.poll(&mut sleep).is_pending());
    sleep.reset_after(Duration::from_millis(2));
    assert_eq!((bench.advance(2 * MS), bench.count.get()), (1, 1));
    assert!(sleep.is_elapsed());
    sleep.reset_after(Duration::from_millis(3));
    assert!(!sleep.is_elapsed());
    assert!(bench.poll(&mut sleep).is_pending());
    sleep.reset_after(Duration::from_millis(9));
    assert_eq!(bench.advance(3 * MS), 0);
    assert_eq!((bench.advance(6 * MS), bench.count.get()), (1, 2));
    assert!(bench.poll(&mut sleep).is_ready());
}

/// TM7: reset to earlier while a thread waits for the later deadline.
#[test]
fn a_reset_ends_the_wait_of_the_driver() {
    let bench = Bench::new();
    let mut sleep = bench.sleep(3_600 * SECOND);
    assert!(bench.poll(&mut sleep).is_pending());
    let (fired, firing) = mpsc::channel();
    let driver = bench.driver.clone();
    let attendant = thread::spawn(move || {
        while driver.try_attend().unwrap().turn(Some(Duration::from_secs(60))).unwrap().timers == 0 {}
        fired.send(()).unwrap();
    });
    while !bench.driver.is_attended() {
        thread::yield_now();
    }
    sleep.reset_after(Duration::from_millis(1));
    firing.recv_timeout(Duration::from_secs(30)).expect("the driver slept on");
    assert!(bench.poll(&mut sleep).is_ready());
    attendant.join().unwrap();
}

/// TM1: random deadlines on the real clock, a third of them reset by another thread; none is early, none lost.
#[test]
fn never_early_and_none_lost() {
    const SLEEPS: usize = 3_000;
    let bench = Bench::new();
    let mut random = Random::from_seed(7);
    let sleeps: Vec<_> =
        (0..SLEEPS).map(|_| Mutex::new(bench.sleep(random.below(30_000_000) as Nanos))).collect();
    let poll = |sleep: &Mutex<Sleep>| bench.poll(&mut *sleep.lock().unwrap()).is_ready();
    let mut waiting: Vec<_> = sleeps.iter().filter(|sleep| !poll(sleep)).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random::from_seed(8);
            for sleep in sleeps.iter().step_by(3) {
                sleep.lock().unwrap().reset_after(Duration::from_nanos(random.below(20_000_000) as u64));
            }
        });
        while !waiting.is_empty() {
            bench.driver.try_attend().unwrap().turn(Some(Duration::from_secs(10))).unwrap();
            waiting.retain(|sleep| {
                let mut sleep = sleep.lock().unwrap();
                let ready = bench.poll(&mut *sleep).is_ready();
                assert!(!ready || sleep.deadline_nanos() <= bench.clock().now(), "early");
                !ready
            });
        }
    });
}

/// SD3: the runtime of a sleep is gone; the default one takes over what is left of the wait.
#[test]
fn a_sleep_outlives_its_driver() {
    let bench = Bench::paused();
    bench.clock().advance_to(365 * 24 * 3_600 * SECOND);
    let mut sleep = bench.sleep(5 * MS);
    assert!(bench.poll(&mut sleep).is_pending());
    bench.driver.close();
    assert_eq!(bench.count.get(), 1, "closing wakes");
    crate::block_on(&mut sleep);
    assert!(sleep.is_elapsed());
}

/// Says when it is dropped.
struct OnDrop<'a>(&'a AtomicUsize);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// TM9
#[test]
fn a_timed_out_future_is_dropped_before_the_error_is_seen() {
    let bench = Bench::paused();
    let dropped = AtomicUsize::new(0);
    let held = OnDrop(&dropped);
    let mut timed = Box::pin(Timeout::new(bench.sleep(MS), Duration::from_millis(1), async move {
        let _held = held;
        pending::<()>().await;
    }));
    assert!(bench.poll(&mut timed).is_pending());
    bench.advance(MS);
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    assert!(matches!(bench.poll(&mut timed), Poll::Ready(Err(_))));
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

/// TM9
#[test]
fn a_ready_future_gives_its_value_even_at_zero() {
    let bench = Bench::paused();
    let mut timed = Timeout::new(bench.sleep(0), Duration::ZERO, ready(7));
    assert_eq!(bench.poll(&mut timed), Poll::Ready(Ok(7)));
}

#[test]
fn a_future_that_is_always_busy_times_out() {
    let bench = Bench::paused();
    let mut timed = Timeout::new(
        bench.sleep(MS),
        Duration::from_millis(1),
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }),
    );
    assert!(bench.poll(&mut timed).is_pending());
    bench.clock().advance_to(bench.clock().now() + MS);
    assert!(matches!(bench.poll(&mut timed), Poll::Ready(Err(_))));
}

/// TM6: a stall of one second, seen through the interval itself.
#[test]
fn an_interval_after_a_stall() {
    for (behavior, expected) in [
        (MissedTickBehavior::Burst, [0, 300, 600, 900, 1200]),
        (MissedTickBehavior::Delay, [0, 300, 1300, 1600, 1900]),
        (MissedTickBehavior::Skip, [0, 300, 1200, 1500, 1800]),
    ] {
        let bench = Bench::paused();
        let start = bench.clock().now_instant();
        let mut interval = Interval::new(bench.sleep(0), Duration::from_millis(300));
        interval.set_missed_tick_behavior(behavior);
        let mut ticks = Vec::new();
        while ticks.len() < expected.len() {
            match interval.poll_tick(&mut Context::from_waker(&bench.waker)) {
                Poll::Ready(tick) => {
                    ticks.push((tick - start).as_millis());
                    if ticks.len() == 1 {
                        bench.advance(SECOND);
                    }
                }
                Poll::Pending => assert_eq!(
                    bench.advance(bench.clock().nanos(interval.next_tick()) - bench.clock().now()),
                    1
                ),
            }
        }
        assert_eq!(ticks, expected, "{behavior:?}");
    }
}

#[test]
fn a_timer_counts_what_was_not_waited_for() {
    let bench = Bench::paused();
    let mut timer = Timer::with(bench.sleep(NEVER));
    let poll = |timer: &mut Timer| timer.poll_wait(&mut Context::from_waker(&bench.waker));
    assert!(poll(&mut timer).is_pending());
    timer.set(Duration::from_millis(5), Duration::from_millis(10));
    assert_eq!(
        timer.status(),
        TimerStatus { left: Duration::from_millis(5), interval: Duration::from_millis(10) }
    );
    assert!(poll(&mut timer).is_pending());
    bench.advance(28 * MS);
    assert_eq!(timer.status().left, Duration::from_millis(7));
    assert_eq!(poll(&mut timer), Poll::Ready(3));
    assert_eq!(timer.status().left, Duration::from_millis(7));
    assert!(poll(&mut timer).is_pending());
    timer.disarm();
    assert_eq!(timer.status(), TimerStatus::default());
    assert_eq!((bench.advance(SECOND), bench.driver.next_deadline()), (0, None));
    timer.set(Duration::ZERO, Duration::ZERO);
    assert_eq!(poll(&mut timer), Poll::Ready(1));
    assert!(poll(&mut timer).is_pending());
    assert_eq!(timer.status(), TimerStatus::default());
}

#[test]
#[should_panic(expected = "`Timeout` polled after it has returned")]
fn a_timeout_that_has_returned_panics_when_polled() {
    let bench = Bench::paused();
    let mut timed = Timeout::new(bench.sleep(MS), Duration::from_millis(1), ready(()));
    assert!(bench.poll(&mut timed).is_ready());
    let _ = bench.poll(&mut timed);
}

#[test]
fn all_survive_a_panic_around_them() {
    fn is_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    is_unwind_safe::<Sleep>();
    is_unwind_safe::<Interval>();
    is_unwind_safe::<Timer>();
    is_unwind_safe::<Timeout<()>>();
}

/// In `select!`, without `.fuse()`.
#[test]
fn select_knows_what_is_over() {
    let bench = Bench::paused();
    let mut seven = Timeout::new(bench.sleep(MS), Duration::from_millis(1), ready(7));
    let mut interval = Interval::new(bench.sleep(0), Duration::from_millis(300));
    let mut timer = Timer::with(bench.sleep(NEVER));
    let mut selected = pin!(async {
        let (mut value, mut ticks) = (None, 0);
        while value.is_none() || ticks == 0 {
            futures_util::select! {
                done = seven => value = Some(done),
                _tick = interval.select_next_some() => ticks += 1,
                _count = timer.select_next_some() => unreachable!("it is disarmed"),
            }
        }
        (value, ticks)
    });
    let (value, ticks) = match bench.poll(&mut selected) {
        Poll::Ready(end) => end,
        Poll::Pending => panic!("both were ready"),
    };
    assert_eq!((value, ticks), (Some(Ok(7)), 1));
    assert!(seven.is_terminated() && !interval.is_terminated() && !timer.is_terminated());
}
