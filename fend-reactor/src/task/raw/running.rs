//! Running a task: one poll, and what comes of it.
//!
//! The rules that SAFETY comments cite are in [`raw`](super).

use std::fmt;
use std::future::Future;
use std::mem::{ManuallyDrop, needs_drop};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::{Cell, Header, Schedule, Stage, TaskRef, UNOWNED};
use crate::task::error::JoinError;
use crate::task::state::{CancelCause, Completed, Start, Suspend};
use crate::task::unwind::{Payload, catch, discard, swallow};
use crate::task::waker;

/// The right to poll a task once. There is at most one per task.
///
/// One pointer, which holds one reference. Dropping it without running it forgets the wake-up: the task is then
/// never polled again, and ends with its owned list. A task on no list has no such second end, so it is cancelled.
pub(crate) struct Runnable(TaskRef);

/// What came of running a task.
#[derive(Debug)]
#[must_use = "a task that goes on must be scheduled"]
pub(crate) enum Ran {
    /// Nothing: it was over.
    Over,
    /// It waits, or has ended.
    Once,
    /// It was woken while it ran, and goes behind the others.
    Again(Runnable),
}

/// [`Ran`], where the reference stays the caller's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Over,
    Once,
    Again,
}

impl Runnable {
    /// # Safety
    ///
    /// Rule 1: the task is scheduled, and `task` is the one reference that was counted for it.
    pub(super) unsafe fn from_ref(task: TaskRef) -> Self {
        Runnable(task)
    }

    /// Polls the task once, or drops its future if it was aborted. Panics of the task do not come out.
    ///
    /// A task that is not `Send` must be run on the thread that it was spawned on; who spawned it has promised that.
    #[inline]
    pub(crate) fn run(self) -> Ran {
        let task = self.into_ref().into_raw();
        // SAFETY: rule 1: the reference goes to `run`, which leaves it if it says `Again`; rule 2: it is the vtable of this task's own cell.
        unsafe {
            match (task.as_ref().vtable.run)(task) {
                Outcome::Over => Ran::Over,
                Outcome::Once => Ran::Once,
                Outcome::Again => Ran::Again(Runnable(TaskRef::from_raw(task))),
            }
        }
    }

    /// The data of the wakers that the task's polls get to see.
    #[inline]
    pub(crate) fn waker_data(&self) -> *const () {
        self.0.as_raw().as_ptr().cast_const().cast()
    }

    /// Gives the `Runnable` up, as one word for a queue.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<()> {
        self.into_ref().into_raw().cast()
    }

    /// Takes back what [`into_raw`](Self::into_raw) gave.
    ///
    /// # Safety
    ///
    /// `task` came from `into_raw`, and this is done once.
    #[inline]
    pub(crate) unsafe fn from_raw(task: NonNull<()>) -> Self {
        // SAFETY: rule 1: `into_raw` left the reference counted.
        Runnable(unsafe { TaskRef::from_raw(task.cast()) })
    }

    /// Cancels a task on no list, for this reason. False: it was aborted before.
    pub(crate) fn refuse(self, cause: CancelCause) -> bool {
        // Its drop finds the task over.
        self.cancel_unowned(cause)
    }

    /// Whether the task is over: somebody has aborted it.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_finished()
    }

    fn cancel_unowned(&self, cause: CancelCause) -> bool {
        // SAFETY: rule 8: futures on no list are `Send`.
        self.0.header().shard == UNOWNED && unsafe { self.0.shut_down(cause) }
    }

    fn into_ref(self) -> TaskRef {
        let runnable = ManuallyDrop::new(self);
        // SAFETY: rule 1: the reference moves; `runnable` is not used again and not dropped.
        unsafe { std::ptr::read(&raw const runnable.0) }
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        self.cancel_unowned(CancelCause::ShutDown);
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runnable").field(&self.0).finish()
    }
}

/// [`Vtable::schedule`](super::Vtable).
///
/// # Safety
///
/// Rules 1 and 2: one reference is given, another one kept until this returns.
pub(super) unsafe fn schedule<F: Future, S: Schedule>(task: NonNull<Header>) {
    // SAFETY: rules 1 and 2. The scheduler lies in the task: the kept reference is what keeps it in place while the
    // `Runnable` may already run elsewhere.
    unsafe { Cell::<F, S>::of(task).scheduler.schedule(Runnable(TaskRef::from_raw(task))) }
}

/// [`Vtable::run`](super::Vtable).
///
/// # Safety
///
/// Rules 1, 2 and 8: one reference is given, on a thread that may touch the future. With [`Outcome::Again`] it is given back.
pub(super) unsafe fn run<F: Future, S: Schedule>(task: NonNull<Header>) -> Outcome {
    // SAFETY: rule 1: the reference given.
    let task = unsafe { TaskRef::from_raw(task) };
    match task.header().state.start() {
        // SAFETY: rule 3: `start` has set RUNNING for this thread.
        Start::Poll => unsafe { poll::<F, S>(task) },
        // SAFETY: rule 3: as above.
        Start::Cancel => unsafe { finish_cancelled::<F, S>(task) },
        Start::Over => Outcome::Over,
    }
}

/// The task was told to end.
///
/// # Safety
///
/// Rules 2, 3 and 8: this thread has set RUNNING.
#[cold]
unsafe fn finish_cancelled<F: Future, S: Schedule>(task: TaskRef) -> Outcome {
    // SAFETY: rules 1 and 2.
    let error = task.cancelled(unsafe { &Cell::<F, S>::of(task.0).scheduler });
    // SAFETY: rules 2, 3 and 8, which the caller has promised.
    unsafe { finish::<F, S>(task, Err(error)) };
    Outcome::Once
}

/// The poll panicked.
///
/// # Safety
///
/// Rules 2, 3 and 8: this thread has set RUNNING.
#[cold]
unsafe fn finish_panicked<F: Future, S: Schedule>(task: TaskRef, payload: Payload) -> Outcome {
    let error = JoinError::panicked(task.info(), payload);
    // SAFETY: rules 2, 3 and 8, which the caller has promised.
    unsafe { finish::<F, S>(task, Err(error)) };
    Outcome::Once
}

/// [`Vtable::cancel`](super::Vtable).
///
/// # Safety
///
/// Rules 1, 2, 3 and 8: there is a reference, and this thread has set RUNNING.
#[cold]
pub(super) unsafe fn cancel<F: Future, S: Schedule>(task: NonNull<Header>) {
    // SAFETY: rule 1: the clone counts another reference for `finish`, and the caller's stays untouched.
    let task = TaskRef::clone(&ManuallyDrop::new(unsafe { TaskRef::from_raw(task) }));
    // SAFETY: rules 1 and 2.
    let scheduler = unsafe { &Cell::<F, S>::of(task.0).scheduler };
    if task.header().shard == UNOWNED && task.header().state.load().cancel_cause() == CancelCause::Abort {
        scheduler.withdrawn();
    }
    let error = task.cancelled(scheduler);
    // SAFETY: rules 2, 3 and 8, which the caller has promised.
    unsafe { finish::<F, S>(task, Err(error)) }
}

/// Polls once.
///
/// # Safety
///
/// Rules 2, 3 and 8: this thread has set RUNNING.
#[inline(always)]
unsafe fn poll<F: Future, S: Schedule>(task: TaskRef) -> Outcome {
    // SAFETY: rules 1 and 2.
    let cell = unsafe { Cell::<F, S>::of(task.0) };
    let polled = {
        let waker = waker::borrow(&task);
        let mut cx = Context::from_waker(&waker);
        // SAFETY: rules 3 and 8, which the caller has promised.
        catch(|| unsafe { cell.poll_future(&mut cx) })
    };
    match polled {
        Ok(Poll::Ready(output)) => {
            // SAFETY: rule 3: RUNNING is still set.
            unsafe { finish::<F, S>(task, Ok(output)) };
            Outcome::Once
        }
        Ok(Poll::Pending) => match cell.header.state.suspend() {
            Suspend::Idle => {
                // `suspend` has taken the reference off the count.
                std::mem::forget(task);
                Outcome::Once
            }
            Suspend::Reschedule => {
                // Rule 1: the reference goes back to the caller.
                std::mem::forget(task);
                Outcome::Again
            }
            // SAFETY: rule 3: as above.
            Suspend::Cancel => unsafe { finish_cancelled::<F, S>(task) },
        },
        // SAFETY: rule 3: as above.
        Err(payload) => unsafe { finish_panicked::<F, S>(task, payload) },
    }
}

/// Drops the future, stores the result, completes the task and tells who waits for it.
///
/// The task leaves its owned list before its end is seen, so that who awaited it no longer finds it counted.
///
/// # Safety
///
/// Rules 2, 3 and 8: this thread has set RUNNING.
#[inline(always)]
unsafe fn finish<F: Future, S: Schedule>(task: TaskRef, result: Result<F::Output, JoinError>) {
    // SAFETY: rules 1 and 2.
    let cell = unsafe { Cell::<F, S>::of(task.0) };
    // SAFETY: rule 3.
    let dropped = if needs_drop::<F>() { catch(|| unsafe { cell.drop_future() }) } else { Ok(()) };
    let result = match dropped {
        Ok(()) => result,
        Err(payload) => destructor_panicked(&task, result, payload),
    };
    let listed = cell.scheduler.owned().and_then(|owned| owned.remove(&task));
    // SAFETY: rule 3: the future is gone, the output takes its place.
    unsafe { cell.store_output(result) };
    match cell.header.state.complete() {
        // SAFETY: rule 4: there is no `JoinHandle`.
        Completed::Unwanted => unsafe { cell.discard_output() },
        Completed::Wanted => {}
        // SAFETY: rule 5.
        Completed::Awaited => swallow(|| unsafe { cell.header.wake_joiner() }),
    }
    drop_both(task, listed);
}

/// The future's destructor panicked: the task panicked, unless its poll had done so before.
#[cold]
fn destructor_panicked<T>(
    task: &TaskRef,
    result: Result<T, JoinError>,
    payload: Payload,
) -> Result<T, JoinError> {
    match result {
        Err(error) if error.is_panic() => {
            discard(payload);
            Err(error)
        }
        result => {
            swallow(|| drop(result));
            Err(JoinError::panicked(task.info(), payload))
        }
    }
}

/// Drops the runner's and the list's reference in one step.
#[inline]
fn drop_both(task: TaskRef, listed: Option<TaskRef>) {
    let count = 1 + usize::from(listed.is_some());
    std::mem::forget(listed);
    let task = task.into_raw();
    // SAFETY: rule 1: the references are counted until `drop_refs`, and if they were the last, so is this use.
    unsafe {
        if task.as_ref().state.drop_refs(count) {
            TaskRef::free(task);
        }
    }
}

impl<F: Future, S: Schedule> Cell<F, S> {
    /// # Safety
    ///
    /// Rule 3: this thread has set RUNNING, and the future has not been dropped.
    #[inline]
    unsafe fn poll_future(&self, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.stage.with_mut(|stage| {
            // SAFETY: rule 3: exclusive, holds the future, which is never moved.
            let future = unsafe { Pin::new_unchecked(&mut *(*stage).future) };
            future.poll(cx)
        })
    }

    /// # Safety
    ///
    /// As for `poll_future`; afterwards the stage is empty, even after a panic.
    #[inline]
    unsafe fn drop_future(&self) {
        // SAFETY: rule 3: exclusive, holds the future, which is dropped in place.
        self.stage.with_mut(|stage| unsafe { ManuallyDrop::drop(&mut (*stage).future) });
    }

    /// # Safety
    ///
    /// Rule 3: this thread has set RUNNING, and the future was dropped.
    #[inline]
    unsafe fn store_output(&self, result: Result<F::Output, JoinError>) {
        let output = Stage { output: ManuallyDrop::new(result) };
        // SAFETY: rule 3: exclusive and empty.
        self.stage.with_mut(|stage| unsafe { stage.write(output) });
    }

    /// Moves the output out.
    ///
    /// # Safety
    ///
    /// Rule 4: the output belongs to the caller, and is there.
    #[inline]
    pub(super) unsafe fn load_output(&self) -> Result<F::Output, JoinError> {
        // SAFETY: rule 4: exclusive, holds the output, which is not used again.
        self.stage.with_mut(|stage| unsafe { ManuallyDrop::take(&mut (*stage).output) })
    }

    /// Drops the output, whose destructor may panic, and reports a panic of the task that nobody will hear of.
    ///
    /// # Safety
    ///
    /// As for `load_output`.
    pub(super) unsafe fn discard_output(&self) {
        // SAFETY: rule 4, which the caller has promised.
        let result = unsafe { self.load_output() };
        swallow(|| {
            if let Err(Ok(payload)) = result.map_err(JoinError::try_into_panic) {
                self.scheduler.unhandled_panic(self.header.info(), payload);
            }
        });
    }
}

impl Header {
    /// Wakes who awaits the task.
    ///
    /// # Safety
    ///
    /// Rule 5: this thread completed the task and JOIN_WAKER was set.
    unsafe fn wake_joiner(&self) {
        // SAFETY: rule 5: the field belongs to this thread.
        let waker = self.join_waker.with_mut(|field| unsafe { (*field).take() });
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
