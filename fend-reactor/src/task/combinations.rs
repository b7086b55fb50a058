//! Every combination of where a task panics, what happens to its handle, and how and when it is ended.
//!
//! Each checks the result, that the future and the output are dropped exactly once, that an unseen panic is reported,
//! and that nothing is left allocated.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use super::test_scheduler::TestScheduler;
use super::{AbortHandle, JoinError, JoinHandle};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Panics {
    Nowhere,
    InPoll,
    InFutureDrop,
    InPollAndFutureDrop,
    InOutputDrop,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Handle {
    DroppedAtOnce,
    DroppedWhileWaiting,
    DroppedAtTheEnd,
    AwaitedFromTheStart,
    AwaitedByPanickingWaker,
    AwaitedAtTheEnd,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ended {
    Never,
    BeforeFirstPoll,
    WhileIdle,
    InPollThatIsPending,
    InPollThatIsReady,
    AfterCompletion,
}

#[derive(Debug, Clone, Copy)]
enum By {
    Abort,
    ShutDown,
}

#[derive(Debug, Clone, Copy)]
struct Case {
    panics: Panics,
    handle: Handle,
    ended: Ended,
    by: By,
}

/// What the task's user code did.
#[derive(Default)]
struct Seen {
    polls: AtomicUsize,
    futures_dropped: AtomicUsize,
    outputs_made: AtomicUsize,
    outputs_dropped: AtomicUsize,
    waker: Mutex<Option<Waker>>,
    end: Mutex<Option<End>>,
}

/// Ends the task, in the way of its case.
struct End {
    by: By,
    abort: AbortHandle,
    scheduler: TestScheduler,
}

impl End {
    fn now(&self) {
        match self.by {
            By::Abort => self.abort.abort(),
            By::ShutDown => self.scheduler.0.owned.close_and_shut_down(),
        }
    }
}

/// Pending at its first poll, ready at its second.
struct Probe {
    case: Case,
    seen: Arc<Seen>,
}

struct Output {
    case: Case,
    seen: Arc<Seen>,
}

fn wake(waker: Waker) {
    waker.wake();
}

/// A panic that the hook does not print.
fn quiet_panic(place: &'static str) -> ! {
    resume_unwind(Box::new(place))
}

impl Future for Probe {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let Probe { case, seen } = &*self;
        *seen.waker.lock().unwrap() = Some(cx.waker().clone());
        if seen.polls.fetch_add(1, Relaxed) == 0 {
            return Poll::Pending;
        }
        if matches!(case.ended, Ended::InPollThatIsPending | Ended::InPollThatIsReady) {
            let end = seen.end.lock().unwrap().take().unwrap();
            end.now();
        }
        if matches!(case.panics, Panics::InPoll | Panics::InPollAndFutureDrop) {
            quiet_panic("poll");
        }
        if case.ended == Ended::InPollThatIsPending {
            return Poll::Pending;
        }
        seen.outputs_made.fetch_add(1, Relaxed);
        Poll::Ready(Output { case: *case, seen: seen.clone() })
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.seen.futures_dropped.fetch_add(1, Relaxed);
        if matches!(self.case.panics, Panics::InFutureDrop | Panics::InPollAndFutureDrop) {
            quiet_panic("future drop");
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.seen.outputs_dropped.fetch_add(1, Relaxed);
        if self.case.panics == Panics::InOutputDrop && !std::thread::panicking() {
            quiet_panic("output drop");
        }
    }
}

/// Who awaits the handle.
struct Joiner {
    woken: AtomicUsize,
    panics: bool,
}

impl Wake for Joiner {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Relaxed);
        if self.panics {
            quiet_panic("wake");
        }
    }
}

fn poll_handle(handle: &mut JoinHandle<Output>, waker: &Waker) -> Poll<Result<Output, JoinError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

#[derive(Debug, PartialEq)]
enum Expected {
    Value,
    Cancelled,
    Panic(&'static str),
}

impl Case {
    fn expected(self) -> Expected {
        let polled_twice = !matches!(self.ended, Ended::BeforeFirstPoll | Ended::WhileIdle);
        match self.panics {
            Panics::InPoll | Panics::InPollAndFutureDrop if polled_twice => Expected::Panic("poll"),
            Panics::InFutureDrop | Panics::InPollAndFutureDrop => Expected::Panic("future drop"),
            _ if !polled_twice || self.ended == Ended::InPollThatIsPending => Expected::Cancelled,
            _ => Expected::Value,
        }
    }

    fn check(self) {
        let scheduler = TestScheduler::new();
        let seen = Arc::new(Seen::default());
        let joiner = Arc::new(Joiner {
            woken: AtomicUsize::new(0),
            panics: self.handle == Handle::AwaitedByPanickingWaker,
        });
        let join_waker = Waker::from(joiner.clone());

        let mut handle = Some(scheduler.spawn(Probe { case: self, seen: seen.clone() }));
        assert_eq!(seen.polls.load(Relaxed), 0, "spawn polled inline");
        let abort = handle.as_ref().unwrap().abort_handle();
        let end = End { by: self.by, abort: abort.clone(), scheduler: scheduler.clone() };
        match self.handle {
            Handle::DroppedAtOnce => handle = None,
            Handle::DroppedWhileWaiting | Handle::AwaitedFromTheStart | Handle::AwaitedByPanickingWaker => {
                let handle = handle.as_mut().unwrap();
                assert!(poll_handle(handle, Waker::noop()).is_pending());
                assert!(poll_handle(handle, &join_waker).is_pending());
                assert!(poll_handle(handle, &join_waker).is_pending());
            }
            Handle::DroppedAtTheEnd | Handle::AwaitedAtTheEnd => {}
        }
        if self.ended == Ended::BeforeFirstPoll {
            end.now();
        }
        scheduler.run_all();
        if self.handle == Handle::DroppedWhileWaiting {
            handle = None;
        }
        if self.ended == Ended::WhileIdle {
            end.now();
            scheduler.run_all();
        }
        *seen.end.lock().unwrap() =
            Some(End { by: self.by, abort: abort.clone(), scheduler: scheduler.clone() });
        let waker = seen.waker.lock().unwrap().clone();
        if let Some(waker) = &waker {
            waker.wake_by_ref();
        }
        scheduler.run_all();
        assert!(abort.is_finished());
        if self.ended == Ended::AfterCompletion {
            end.now();
        }

        assert_eq!(scheduler.0.owned.len(), 0, "a finished task is not counted");
        assert_eq!(seen.futures_dropped.load(Relaxed), 1, "dropped before the join is seen");
        let awaited = matches!(
            self.handle,
            Handle::AwaitedFromTheStart | Handle::AwaitedByPanickingWaker | Handle::AwaitedAtTheEnd
        );
        if awaited {
            let Poll::Ready(result) = poll_handle(handle.as_mut().unwrap(), &join_waker) else {
                panic!("a finished task's handle is not ready");
            };
            assert_eq!(classify(result), self.expected());
        }
        let registered = matches!(self.handle, Handle::AwaitedFromTheStart | Handle::AwaitedByPanickingWaker);
        // Ended before the first run, a shut-down wakes at once; the handle was not dropped yet.
        let woken_early = self.handle == Handle::DroppedWhileWaiting && self.ended == Ended::BeforeFirstPoll;
        assert_eq!(joiner.woken.load(Relaxed), usize::from(registered || woken_early));
        drop(handle);
        let unseen_panic = !awaited && matches!(self.expected(), Expected::Panic(_));
        assert_eq!(scheduler.0.unhandled.load(Relaxed), usize::from(unseen_panic));
        assert_eq!(seen.outputs_dropped.load(Relaxed), seen.outputs_made.load(Relaxed));

        // A waker outlives its task: it wakes nobody.
        if let Some(waker) = waker {
            let before = scheduler.0.scheduled.load(Relaxed);
            waker.wake_by_ref();
            wake(waker.clone());
            wake(waker);
            assert_eq!(scheduler.0.scheduled.load(Relaxed), before);
        }
        seen.waker.lock().unwrap().take();
        seen.end.lock().unwrap().take();
        drop((end, abort, join_waker));
        assert_eq!(scheduler.run_all(), 0);
        assert_eq!(Arc::strong_count(&scheduler.0), 1, "the task was freed");
        assert_eq!(Arc::strong_count(&seen), 1, "future and output were dropped");
        assert_eq!(Arc::strong_count(&joiner), 1, "the join waker was dropped");
    }
}

fn classify(result: Result<Output, JoinError>) -> Expected {
    match result {
        Ok(output) => {
            // The caller's output now, and the caller's panic.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(output)));
            Expected::Value
        }
        Err(error) if error.is_cancelled() => Expected::Cancelled,
        Err(error) => Expected::Panic(error.into_panic().downcast_ref::<&'static str>().unwrap()),
    }
}

/// EX6, EX7, EX10
#[test]
fn every_combination_ends_well() {
    use Ended::*;
    use Handle::*;
    use Panics::*;
    let mut cases = 0;
    for panics in [Nowhere, InPoll, InFutureDrop, InPollAndFutureDrop, InOutputDrop] {
        for handle in [
            DroppedAtOnce,
            DroppedWhileWaiting,
            DroppedAtTheEnd,
            AwaitedFromTheStart,
            AwaitedByPanickingWaker,
            AwaitedAtTheEnd,
        ] {
            for ended in
                [Never, BeforeFirstPoll, WhileIdle, InPollThatIsPending, InPollThatIsReady, AfterCompletion]
            {
                for by in [By::Abort, By::ShutDown] {
                    let case = Case { panics, handle, ended, by };
                    eprintln!("{case:?}");
                    case.check();
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 5 * 6 * 6 * 2);
}
