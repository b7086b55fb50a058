//! `block_on`: the calling thread works for the runtime until a future is ready.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};

use super::current::Current;
use super::shared::Shared;
use super::worker::{self, Root};
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
        Some(current) => {
            let _entered = context::enter(current.clone());
            run(&current, pin!(future))
        }
        None => {
            let seat = Seat::take(shared);
            run(&seat.current, pin!(future))
        }
    }
}

fn run<F: Future>(current: &Rc<Current>, mut future: Pin<&mut F>) -> F::Output {
    let root = Root::new(current);
    let waker = Waker::from(root.clone());
    let mut cx = Context::from_waker(&waker);
    worker::run_until(current, &root, &mut cx, |cx| future.as_mut().poll(cx))
}

/// A thread's stay in `block_on`.
struct Seat {
    current: Rc<Current>,
    entered: Option<context::Entered>,
}

impl Seat {
    fn take(shared: &Arc<Shared>) -> Seat {
        let current = Current::in_block_on(shared.clone());
        let entered = Some(context::enter(current.clone()));
        shared.arrive(&current);
        Seat { current, entered }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.current.left.set(true);
        self.current.shared.leave(&self.current);
        self.entered.take();
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
