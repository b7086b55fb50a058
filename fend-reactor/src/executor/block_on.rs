//! `block_on`: the calling thread works for the runtime until a future is ready.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::current::Current;
use super::root::RootWaker;
use super::shared::Shared;
use super::worker;
use crate::context::{self, FirstPoll};

/// How deep `block_on` may nest on one thread. Each level keeps a task's stack frames alive below it.
const DEEPEST: usize = 32;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Runs `future` on this thread, as worker 0 of the runtime or, when another thread is, beside it.
#[track_caller]
pub(super) fn block_on<F: Future>(shared: &Arc<Shared>, future: F) -> F::Output {
    shared.assert_here();
    let mut future = pin!(future);
    if let Some(first) = FirstPoll::begin(shared) {
        // The first poll comes before the thread does: most of the cost of a future that is ready at once would be that of coming and going.
        let mut cx = Context::from_waker(first.root().waker());
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            first.end();
            return value;
        }
        // In the child of a fork nobody comes.
        shared.assert_here();
        return run(&first.settle(), first.root(), future);
    }
    // A thread that works for this runtime already goes on doing so from inside the task that called: as another part it would
    // wait for itself.
    match Current::working_for(shared) {
        Some(current) => {
            let _level = Level::enter();
            let _entered = context::enter(current.clone());
            current.count_poll();
            poll_and_run(&current, future)
        }
        None => {
            Level::check();
            let seat = Seat::take(shared);
            poll_and_run(&seat.current, future)
        }
    }
}

fn poll_and_run<F: Future>(current: &Rc<Current>, mut future: Pin<&mut F>) -> F::Output {
    let root = RootWaker::new();
    current.begin_poll(root.waker().data());
    match future.as_mut().poll(&mut Context::from_waker(root.waker())) {
        Poll::Ready(value) => value,
        Poll::Pending => run(current, &root, future),
    }
}

/// Runs a future that has been polled once.
fn run<F: Future>(current: &Current, root: &RootWaker, mut future: Pin<&mut F>) -> F::Output {
    root.root().settle(current);
    let mut cx = Context::from_waker(root.waker());
    worker::run_until(current, root.root(), &mut cx, |cx| future.as_mut().poll(cx))
}

/// A thread's stay in `block_on`, which came from another runtime.
struct Seat {
    current: Rc<Current>,
    entered: Option<context::Entered>,
}

impl Seat {
    fn take(shared: &Arc<Shared>) -> Seat {
        let current = Current::in_block_on(shared.clone());
        let entered = Some(context::enter(current.clone()));
        current.arrive();
        Seat { current, entered }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.current.leave();
        self.entered.take();
    }
}

/// One `block_on` in another. A thread that comes to a runtime counts from its [arrival](Current::arrive) to its leave.
pub(super) struct Level;

impl Level {
    /// # Panics
    /// When there are too many.
    #[track_caller]
    fn check() {
        assert!(
            DEPTH.get() < DEEPEST,
            "block_on is nested {DEEPEST} levels deep on this thread: each level runs tasks that call block_on \
             again; use .await in tasks, or move the blocking call to spawn_blocking"
        );
    }

    #[track_caller]
    fn enter() -> Level {
        Level::check();
        Level::count();
        Level
    }

    pub(super) fn count() {
        DEPTH.set(DEPTH.get() + 1);
    }

    pub(super) fn count_out() {
        DEPTH.set(DEPTH.get() - 1);
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        Level::count_out();
    }
}
