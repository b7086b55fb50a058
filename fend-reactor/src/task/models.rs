//! loom models of the state word with its waker, its joiner and abort: each explores every interleaving (up to a
//! number of preemptions) of a few threads around one task.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed as StdRelaxed;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use loom::thread;

use super::JoinHandle;
use super::test_scheduler::TestScheduler;

fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// Ready when `target` is set. Counts its drops.
struct Probe {
    seen: Arc<Seen>,
    waker: Arc<Mutex<Option<Waker>>>,
}

struct Seen {
    /// Written before the wake-up, relaxed: only the wake-up publishes it.
    target: AtomicBool,
    drops: AtomicUsize,
}

impl Seen {
    fn new() -> Arc<Self> {
        Arc::new(Seen { target: AtomicBool::new(false), drops: AtomicUsize::new(0) })
    }
}

impl Future for Probe {
    type Output = Arc<Seen>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Arc<Seen>> {
        if self.seen.target.load(Relaxed) {
            return Poll::Ready(self.seen.clone());
        }
        self.waker.lock().unwrap().get_or_insert_with(|| cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.seen.drops.fetch_add(1, Relaxed);
    }
}

/// A task that was polled once, or not at all.
struct Model {
    scheduler: TestScheduler,
    seen: Arc<Seen>,
    waker: Arc<Mutex<Option<Waker>>>,
}

impl Model {
    fn new() -> Self {
        Model { scheduler: TestScheduler::new(), seen: Seen::new(), waker: Arc::default() }
    }

    fn spawn(&self) -> JoinHandle<Arc<Seen>> {
        self.scheduler.spawn(Probe { seen: self.seen.clone(), waker: self.waker.clone() })
    }

    fn waker(&self) -> Waker {
        self.waker.lock().unwrap().take().unwrap()
    }

    /// Everything was dropped once, and the task is freed.
    fn check_freed(self) {
        self.waker.lock().unwrap().take();
        self.scheduler.run_all();
        assert_eq!(self.seen.drops.load(Relaxed), 1);
        assert_eq!(self.scheduler.0.owned.len(), 0);
        assert_eq!(self.scheduler.0.unhandled.load(StdRelaxed), 0);
        assert_eq!(Arc::strong_count(&self.seen), 1);
        assert_eq!(Arc::strong_count(&self.scheduler.0), 1);
    }
}

/// Counts wake-ups.
struct Joiner(AtomicUsize);

impl Wake for Joiner {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn poll<T>(handle: &mut JoinHandle<T>, waker: &Waker) -> Poll<Result<T, super::JoinError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

/// A wake-up from another thread meets a poll, a queued or an idle task: the task is polled after it, and sees what
/// the waking thread wrote.
#[test]
fn loom_wake_against_poll() {
    model(|| {
        let model = Model::new();
        let mut handle = model.spawn();
        model.scheduler.run_all();
        let waker = model.waker();
        // Scheduled already: the other thread's wake-up coalesces with this one, or does not.
        waker.wake_by_ref();
        let other = thread::spawn({
            let (seen, waker) = (model.seen.clone(), waker.clone());
            move || {
                seen.target.store(true, Relaxed);
                waker.wake();
            }
        });
        model.scheduler.run_all();
        other.join().unwrap();
        drop(waker);
        model.scheduler.run_all();
        assert!(matches!(poll(&mut handle, Waker::noop()), Poll::Ready(Ok(_))), "a wake-up was lost");
        drop(handle);
        model.check_freed();
    });
}

/// Without a join in between that would order things: the poll that a coalesced wake-up relies on sees its cause.
#[test]
fn loom_coalesced_wake_publishes() {
    model(|| {
        let model = Model::new();
        let handle = model.spawn();
        model.scheduler.run_all();
        let waker = model.waker();
        waker.wake_by_ref();
        let runner = thread::spawn({
            let scheduler = model.scheduler.clone();
            move || scheduler.run_one()
        });
        let before = model.scheduler.0.scheduled.load(StdRelaxed);
        model.seen.target.store(true, Relaxed);
        waker.wake_by_ref();
        drop(waker);
        runner.join().unwrap();
        let scheduler = &model.scheduler;
        let again =
            scheduler.0.scheduled.load(StdRelaxed) - before + scheduler.0.rescheduled.load(StdRelaxed);
        if again == 0 {
            assert!(handle.is_finished(), "coalesced with a poll that did not see the cause");
        }
        scheduler.run_all();
        drop(handle);
        model.check_freed();
    });
}

/// The last waker is dropped or used up while the task completes.
#[test]
fn loom_last_waker_against_complete() {
    model(|| {
        let model = Model::new();
        drop(model.spawn());
        model.scheduler.run_all();
        let waker = model.waker();
        model.seen.target.store(true, Relaxed);
        waker.wake_by_ref();
        let other = thread::spawn(move || {
            drop(waker.clone());
            waker.wake();
        });
        model.scheduler.run_all();
        other.join().unwrap();
        model.check_freed();
    });
}

/// The handle is polled, twice and with different wakers, while the task completes: it is ready, or the last waker it
/// was polled with is woken.
#[test]
fn loom_join_against_complete() {
    model(|| {
        let model = Model::new();
        model.seen.target.store(true, Relaxed);
        let mut handle = model.spawn();
        let runner = thread::spawn({
            let scheduler = model.scheduler.clone();
            move || scheduler.run_all()
        });
        let joiners = [(); 2].map(|()| Arc::new(Joiner(AtomicUsize::new(0))));
        let mut ready = false;
        for joiner in &joiners {
            if !ready {
                ready = poll(&mut handle, &Waker::from(joiner.clone())).is_ready();
            }
        }
        runner.join().unwrap();
        if !ready {
            assert_eq!(joiners[1].0.load(Relaxed), 1, "the joiner was not woken");
            let result = poll(&mut handle, Waker::noop());
            assert!(matches!(result, Poll::Ready(Ok(_))));
        }
        drop(handle);
        assert!(joiners.iter().all(|joiner| Arc::strong_count(joiner) == 1));
        model.check_freed();
    });
}

/// Abort meets a run that completes: the value or "cancelled", and one drop.
#[test]
fn loom_abort_against_run_and_complete() {
    model(|| {
        let model = Model::new();
        let mut handle = model.spawn();
        model.scheduler.run_all();
        model.seen.target.store(true, Relaxed);
        model.waker().wake();
        let other = thread::spawn({
            let abort = handle.abort_handle();
            move || abort.abort()
        });
        model.scheduler.run_all();
        other.join().unwrap();
        model.scheduler.run_all();
        match poll(&mut handle, Waker::noop()) {
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => assert!(error.is_cancelled()),
            Poll::Pending => panic!("neither finished nor aborted"),
        }
        drop(handle);
        model.check_freed();
    });
}

/// Abort meets a run that stays pending, and a wake-up.
#[test]
fn loom_abort_against_pending_and_wake() {
    model(|| {
        let model = Model::new();
        let handle = model.spawn();
        model.scheduler.run_all();
        let waker = model.waker();
        let waking = thread::spawn(move || waker.wake());
        let aborting = thread::spawn({
            let abort = handle.abort_handle();
            move || abort.abort()
        });
        model.scheduler.run_all();
        waking.join().unwrap();
        aborting.join().unwrap();
        model.scheduler.run_all();
        assert!(handle.is_finished());
        drop(handle);
        model.check_freed();
    });
}

/// The list is shut down while the task runs.
#[test]
fn loom_shut_down_against_run() {
    model(|| {
        let model = Model::new();
        let handle = model.spawn();
        let runner = thread::spawn({
            let scheduler = model.scheduler.clone();
            move || scheduler.run_all()
        });
        model.scheduler.0.owned.close_and_shut_down();
        runner.join().unwrap();
        assert!(handle.is_finished());
        drop(handle);
        model.check_freed();
    });
}

/// The handle, with its waker registered, is dropped while the task completes: output and waker are dropped once.
#[test]
fn loom_detach_against_complete() {
    model(|| {
        let model = Model::new();
        model.seen.target.store(true, Relaxed);
        let mut handle = model.spawn();
        let joiner = Arc::new(Joiner(AtomicUsize::new(0)));
        assert!(poll(&mut handle, &Waker::from(joiner.clone())).is_pending());
        let runner = thread::spawn({
            let scheduler = model.scheduler.clone();
            move || scheduler.run_all()
        });
        drop(handle);
        runner.join().unwrap();
        assert_eq!(Arc::strong_count(&joiner), 1);
        model.check_freed();
    });
}
