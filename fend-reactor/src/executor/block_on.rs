//! `block_on`: the calling thread works for the runtime until a future is ready.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::current::Current;
use super::root::WithWaker;
use super::shared::Shared;
use super::worker;
use crate::context;

/// How deep `block_on` may nest on one thread. Each level keeps a task's stack frames alive below it.
const DEEPEST: usize = 32;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Runs `future` on this thread, as worker 0 of the runtime or, when another thread is, beside it.
#[track_caller]
pub(super) fn block_on<F: Future>(shared: &Arc<Shared>, future: F) -> F::Output {
    shared.assert_here();
    let _level = Level::enter();
    // A thread that works for this runtime already goes on doing so from inside the task that called: as another part it would
    // wait for itself.
    match Current::working_for(shared) {
        Some(current) => nested(current, pin!(future)),
        None => outermost(shared, pin!(future)),
    }
}

fn nested<F: Future>(current: Rc<Current>, mut future: Pin<&mut F>) -> F::Output {
    let _entered = context::enter(current.clone());
    let WithWaker { root, waker } = WithWaker::take();
    root.settle(&current);
    let mut cx = Context::from_waker(&waker);
    current.count_poll();
    current.begin_poll(waker.data());
    if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
        return value;
    }
    worker::run_until(&current, &root, &mut cx, |cx| future.as_mut().poll(cx))
}

/// The first poll comes before the thread does: most of the cost of a future that is ready at once would be that of coming and going.
#[inline]
fn outermost<F: Future>(shared: &Arc<Shared>, mut future: Pin<&mut F>) -> F::Output {
    let with_waker = WithWaker::take();
    let mut stay = Stay::begin(shared, &with_waker.waker);
    let mut cx = Context::from_waker(&with_waker.waker);
    if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
        with_waker.give_back();
        return value;
    }
    // In the child of a fork nobody comes.
    shared.assert_here();
    let current = stay.settle(shared);
    with_waker.root.settle(&current);
    worker::run_until(&current, &with_waker.root, &mut cx, |cx| future.as_mut().poll(cx))
}

/// A thread's stay in `block_on`.
struct Stay {
    current: Option<Rc<Current>>,
    entered: context::EnteredWhenAsked,
}

impl Stay {
    #[inline]
    fn begin(shared: &Arc<Shared>, waker: &Waker) -> Stay {
        Stay { current: None, entered: context::enter_when_asked(shared, waker.data()) }
    }

    /// The first poll is over, and not the last one.
    fn settle(&mut self, shared: &Arc<Shared>) -> Rc<Current> {
        let current = self.entered.arrived().or_else(context::arrive).unwrap_or_else(|| {
            // The thread ends: nothing of it leads here any more.
            let current = Current::in_block_on(shared.clone(), None);
            current.arrive();
            current
        });
        self.current.insert(current).clone()
    }
}

impl Drop for Stay {
    #[inline]
    fn drop(&mut self) {
        if let Some(current) = self.current.take().or_else(|| self.entered.arrived()) {
            current.left.set(true);
            current.shared.leave(&current);
        }
    }
}

struct Level;

impl Level {
    #[track_caller]
    fn enter() -> Level {
        let depth = DEPTH.get();
        assert!(
            depth < DEEPEST,
            "block_on is nested {DEEPEST} levels deep on this thread: each level runs tasks that call block_on \
             again; use .await in tasks, or move the blocking call to spawn_blocking"
        );
        DEPTH.set(depth + 1);
        Level
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}
