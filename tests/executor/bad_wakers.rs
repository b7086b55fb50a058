//! Foreign wakers that panic, and ones that re-enter what they wait for.

use std::future::{Future, poll_fn};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use fend::io::AsyncFd;
use fend::runtime::Builder;
use fend::task::CancellationToken;
use fend::time::Sleep;

on_every_shape!(
    a_panic_in_wake_or_drop_leaves_other_waiters_alone,
    a_waker_that_re_enters_does_not_deadlock,
    a_join_waker_that_panics_leaves_the_worker_alone,
);

type Waiting = Pin<Box<dyn Future<Output = ()>>>;

/// Something that several tasks wait for, and what makes it happen.
struct Event {
    waiters: Vec<Waiting>,
    fire: Box<dyn FnOnce()>,
}

fn token() -> Event {
    let token = CancellationToken::new();
    let waiter = || -> Waiting {
        let token = token.clone();
        Box::pin(async move { token.cancelled().await })
    };
    Event { waiters: vec![waiter(), waiter(), waiter()], fire: Box::new(move || token.cancel()) }
}

fn source() -> Event {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let ours = Arc::new(AsyncFd::new(ours).unwrap());
    let waiter = || -> Waiting {
        let ours = ours.clone();
        Box::pin(async move { ours.readable().await.unwrap() })
    };
    let fire = move || drop(theirs);
    Event { waiters: vec![waiter(), waiter(), waiter()], fire: Box::new(fire) }
}

fn timers() -> Event {
    let (sleeps, waiters): (Vec<_>, _) = [(); 3].into_iter().map(|()| far_timer()).unzip();
    let fire = move || {
        let deadline = fend::time::now() + Duration::from_millis(2);
        sleeps.iter().for_each(|sleep| sleep.lock().unwrap().reset(deadline));
    };
    Event { waiters, fire: Box::new(fire) }
}

/// A sleep that is far from over, so that it is pending however slow the machine is, to be reset; and what waits for it.
fn far_timer() -> (Arc<Mutex<Sleep>>, Waiting) {
    let sleep = Arc::new(Mutex::new(fend::time::sleep(Duration::from_secs(3600))));
    let waiting = sleep.clone();
    (sleep, Box::pin(poll_fn(move |cx| Pin::new(&mut *waiting.lock().unwrap()).poll(cx))))
}

const EVENTS: [fn() -> Event; 3] = [token, source, timers];

/// Counts its wake-ups.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Panics when woken, or when its last clone goes.
struct Panics {
    in_wake: bool,
}

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        if self.in_wake {
            resume_unwind(Box::new("in wake"));
        }
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        if !self.in_wake {
            resume_unwind(Box::new("in drop"));
        }
    }
}

/// EX8: of three waiters the one between two others has the bad waker.
fn a_panic_in_wake_or_drop_leaves_other_waiters_alone(builder: Builder) {
    let runtime = builder.build().unwrap();
    for event in EVENTS {
        for in_wake in [true, false] {
            runtime.block_on(async {
                let Event { mut waiters, fire } = event();
                let good: [Arc<Counter>; 2] = Default::default();
                let bad = Waker::from(Arc::new(Panics { in_wake }));
                poll(&mut waiters[0], &Waker::from(good[0].clone()));
                poll(&mut waiters[1], &bad);
                poll(&mut waiters[2], &Waker::from(good[1].clone()));
                // The event's own clone is the last one.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(bad)));
                // Whose thread fires may meet the panic; nobody else does.
                let _ = catch_unwind(AssertUnwindSafe(fire));
                while good.iter().any(|counter| counter.0.load(SeqCst) == 0) {
                    fend::time::sleep(Duration::from_millis(1)).await;
                }
                let _ = catch_unwind(AssertUnwindSafe(|| drop(waiters)));
            });
            // Nothing is poisoned: the same again with nothing bad in it.
            runtime.block_on(async {
                let Event { waiters, fire } = event();
                fire();
                for waiter in waiters {
                    waiter.await;
                }
            });
        }
    }
}

fn poll(waiter: &mut Waiting, waker: &Waker) {
    assert!(waiter.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
}

type Action = Box<dyn FnOnce() + Send>;

/// Does something to what it waits for when it is woken, or else when it is dropped.
struct ReEnters {
    action: Mutex<Option<Action>>,
    done: Arc<AtomicUsize>,
}

impl ReEnters {
    fn waker(done: &Arc<AtomicUsize>, action: impl FnOnce() + Send + 'static) -> Waker {
        Waker::from(Arc::new(ReEnters { action: Mutex::new(Some(Box::new(action))), done: done.clone() }))
    }

    fn re_enter(&self) {
        let action = self.action.lock().unwrap().take();
        if let Some(action) = action {
            action();
            self.done.fetch_add(1, SeqCst);
        }
    }
}

impl Wake for ReEnters {
    fn wake(self: Arc<Self>) {
        self.re_enter();
    }
}

impl Drop for ReEnters {
    fn drop(&mut self) {
        self.re_enter();
    }
}

/// Polls `future` once, with a waker that does nothing.
fn poll_once<F: Future>(future: F) {
    let _ = std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}

/// EX9: each primitive is used again from its waker's wake and from its waker's drop, in all the ways in which it lets go of a
/// waker: by firing, by another waker taking its place, and by being dropped.
fn a_waker_that_re_enters_does_not_deadlock(builder: Builder) {
    let runtime = builder.build().unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        for way in [Way::Fires, Way::Replaced, Way::Dropped] {
            let token = CancellationToken::new();
            let again = token.clone();
            let waker = ReEnters::waker(&done, move || {
                poll_once(again.cancelled());
                drop(again.child_token());
                again.cancel();
            });
            let waiting = token.clone();
            let waiting = async move { waiting.cancelled().await };
            way.take(Box::pin(waiting), waker, || token.cancel(), &done).await;

            let (ours, theirs) = UnixStream::pair().unwrap();
            ours.set_nonblocking(true).unwrap();
            let ours = Arc::new(AsyncFd::new(ours).unwrap());
            let again = ours.clone();
            let waker = ReEnters::waker(&done, move || {
                poll_once(again.readable());
                poll_once(again.writable());
                drop(AsyncFd::new(UnixStream::pair().unwrap().0));
            });
            let waiting = async move { ours.readable().await.unwrap() };
            way.take(Box::pin(waiting), waker, || drop(theirs), &done).await;

            let (sleep, waiting) = far_timer();
            // Due in the same turn, unless the machine is slow.
            let due = fend::time::now() + Duration::from_millis(10);
            let mut again = fend::time::sleep_until(due);
            poll_once(&mut again);
            let waker = ReEnters::waker(&done, move || {
                again.reset_after(Duration::from_millis(5));
                poll_once(&mut again);
                drop(again);
                poll_once(fend::time::sleep(Duration::ZERO));
            });
            way.take(waiting, waker, move || sleep.lock().unwrap().reset(due), &done).await;
        }
    });
    assert_eq!(done.load(SeqCst), 9);
}

/// How a primitive lets go of a waker.
#[derive(Clone, Copy)]
enum Way {
    Fires,
    Replaced,
    Dropped,
}

impl Way {
    async fn take(self, mut waiting: Waiting, waker: Waker, fire: impl FnOnce(), done: &AtomicUsize) {
        poll(&mut waiting, &waker);
        drop(waker);
        match self {
            Way::Fires => {
                let before = done.load(SeqCst);
                fire();
                while done.load(SeqCst) == before {
                    fend::time::sleep(Duration::from_millis(1)).await;
                }
            }
            Way::Replaced => {
                poll(&mut waiting, Waker::noop());
            }
            // A timer is also held by what would fire it.
            Way::Dropped => drop((waiting, fire)),
        }
    }
}

/// EX8: of a task's `JoinHandle`.
fn a_join_waker_that_panics_leaves_the_worker_alone(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        for in_wake in [true, false] {
            let (end, ends) = futures::channel::oneshot::channel::<()>();
            let mut task = fend::spawn(async move {
                let _ = ends.await;
                7
            });
            let bad = Waker::from(Arc::new(Panics { in_wake }));
            assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&bad)).is_pending());
            let _ = catch_unwind(AssertUnwindSafe(|| drop(bad)));
            end.send(()).unwrap();
            while !task.is_finished() {
                fend::yield_now().await;
            }
            assert_eq!(task.await.unwrap(), 7);
        }
        assert_eq!(fend::spawn(async { 7 }).await.unwrap(), 7);
    });
}
