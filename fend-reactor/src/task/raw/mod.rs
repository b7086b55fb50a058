//! The allocation of a task, and who may touch which part of it when.
//!
//! A task is one allocation: a [`Header`] whose type does not depend on the future, then the scheduler, then the
//! stage, which holds first the future and then the output. Wakers, run queues and handles point to the header and
//! reach the rest through its [`Vtable`].
//!
//! # Life cycle
//!
//! ```text
//!     spawn                       wake (4), abort (5)
//!       |         +----------------------------------------------+
//!       v         v                                              |
//!     +-----------+    start (1)    +---------+  suspend (2)  +------+
//!     | SCHEDULED |---------------->| RUNNING |-------------->| idle |
//!     +-----------+                 +---------+               +------+
//!       |       ^     suspend (2),    |     |                    |
//!       |       +---------------------+     | ready, panicked    |
//!       |             woken meanwhile       | or aborted         |
//!       |                                   v                    |
//!       |          shut_down (3)    +---------------+            |
//!       +-------------------------->|  the future   |<-----------+
//!                                   |  is dropped   |  shut_down (3)
//!                                   +---------------+
//!                                           | complete (6)
//!                                           v
//!                                     +----------+
//!                                     | COMPLETE |  the JoinHandle takes the output, or detaches (7)
//!                                     +----------+
//!                                           | the last reference is dropped (8)
//!                                           v
//!                                         freed
//! ```
//!
//! The numbers are [`State`]'s transitions: 1 `start`, 2 `suspend`, 3 `shut_down` (the task is RUNNING on that thread
//! from then on), 4 `wake_by_ref` and `wake_by_value`, 5 `abort` (sets ABORT, which 1 and 2 obey), 6 `complete`,
//! 7 `detach`, 8 `drop_refs` (and `wake_by_value`). SCHEDULED and RUNNING may be set together: woken while it runs, or
//! shut down while it is queued.
//!
//! # Rules
//!
//! SAFETY comments in this folder, in `waker.rs` and in `owned.rs` cite these by number.
//!
//! 1. **Existence.** Whoever holds a counted reference (a [`TaskRef`], a `Runnable`, a waker, a [`JoinRef`], the
//!    place on an owned list) may use the header, the vtable and, shared, the scheduler. Whoever drops the last one
//!    frees the task, and nobody else does.
//! 2. **Types.** A vtable is made for one pair of future and scheduler, together with the cell; its functions are
//!    only called with that cell. A [`JoinRef<T>`] is only made for a task whose future's output is `T`.
//! 3. **Stage.** The thread that set RUNNING owns the stage until it sets COMPLETE. It finds the future there and
//!    leaves the output. The future is never moved, and is dropped in place.
//! 4. **Output.** Once COMPLETE is set, the output belongs to the `JoinHandle` if there still was one at that moment,
//!    else to the thread that completed the task. The owner takes it once; a `JoinHandle` remembers that it did. So
//!    the stage is empty when the task is freed.
//! 5. **Join waker.** While JOIN_WAKER is not set the field belongs to the `JoinHandle`, and to nobody when there is
//!    none; while it is set nobody touches it. If it is set when COMPLETE gets set, the field belongs from then on
//!    to the thread that completed the task.
//! 6. **Links.** They belong to whoever holds the lock of the shard that `Header::shard` names.
//! 7. **No future is left behind.** A task that is not complete is on its owned list, which counts as a reference, or
//!    a thread with a reference is about to complete it. A task on no list completes when its only `Runnable` is run
//!    or dropped. So there is no future in a task that is freed.
//! 8. **Threads.** A future that is not `Send` is polled and dropped only by `Runnable::run` and by the shut-down of
//!    its owned list; who spawns it promises that both happen on the thread it was spawned on. All other references
//!    may go to any thread: they touch the header and the scheduler, which are `Sync`. An output is touched by the
//!    thread that completes the task and through the [`JoinRef`], which is `Send` only if the output is.

mod joining;
mod running;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::Waker;

use super::error::JoinError;
use super::owned::{Links, OwnedTasks};
use super::state::{CancelCause, Notify, ShutDown, State};
use crate::fork;
use crate::sync::UnsafeCell;

pub(super) use joining::JoinRef;
use running::Outcome;
pub(crate) use running::{Ran, Runnable};

/// What a task needs of the executor that runs it. Usually a newtype around an `Arc`: every task holds one.
pub(crate) trait Schedule: Send + Sync + Sized + 'static {
    /// The task was woken or aborted while it was idle.
    fn schedule(&self, task: Runnable);

    /// Whether the executor is this process's, and not that of one that this was forked from. A task of such a one is never run.
    fn is_here(&self) -> bool {
        true
    }

    /// The tasks that this executor owns: a task leaves them when it completes. `None` if it owns none.
    fn owned(&self) -> Option<&OwnedTasks>;

    /// The pool that runs it, of a task that is a job of one.
    fn pool(&self) -> Option<&PoolInfo> {
        None
    }

    /// A task on no list was aborted before it was run, on this thread. Its `Runnable` is still to come by.
    fn withdrawn(&self) {}

    /// A task panicked and nobody awaits it: its `JoinHandle` was dropped before it delivered the panic. A panic in
    /// here is dropped.
    fn unhandled_panic(&self, info: TaskInfo<'_>, payload: Box<dyn Any + Send>);
}

/// What a job's error tells of the pool that it was given to.
#[derive(Debug, Clone)]
pub(crate) struct PoolInfo {
    /// `None`: a runtime's own.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) max_queued: usize,
}

/// What is known about a task when it is spawned.
#[derive(Debug)]
pub(crate) struct Meta {
    pub(crate) name: Option<Box<str>>,
    pub(crate) spawned_at: &'static Location<'static>,
}

impl Meta {
    /// No name, and the caller's place.
    #[track_caller]
    pub(crate) fn here() -> Self {
        Meta { name: None, spawned_at: Location::caller() }
    }
}

/// What is known about a task while it lives.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct TaskInfo<'a> {
    /// The name it was given with [`Builder::name`](crate::task::Builder::name).
    pub name: Option<&'a str>,
    /// The place in the source that spawned it.
    pub spawned_at: &'static Location<'static>,
}

/// The part of a task that is the same for every future.
pub(super) struct Header {
    pub(super) state: State,
    vtable: &'static Vtable,
    spawned_at: &'static Location<'static>,
    extra: Option<Box<Extra>>,
    /// Which shard of which owned list the task was spawned on: the shard's address, or [`UNOWNED`]. It is compared
    /// and never followed.
    pub(super) shard: usize,
    pub(super) links: UnsafeCell<Links>,
    join_waker: UnsafeCell<Option<Waker>>,
}

/// The `shard` of a task that is on no list.
pub(super) const UNOWNED: usize = 0;

/// What few tasks have.
struct Extra {
    name: Box<str>,
}

/// What depends on the type of the future.
struct Vtable {
    /// Passes a `Runnable`, which takes over one reference, to the scheduler. The caller keeps another one.
    schedule: unsafe fn(NonNull<Header>),
    /// Runs the task; takes over one reference, unless it shall run again.
    run: unsafe fn(NonNull<Header>) -> Outcome,
    /// Drops the future and completes the task; the thread has set RUNNING.
    cancel: unsafe fn(NonNull<Header>),
    /// Moves the output to the pointer, which is to a `Result<T, JoinError>`.
    take_output: unsafe fn(NonNull<Header>, *mut ()),
    /// Drops the output.
    drop_output: unsafe fn(NonNull<Header>),
    /// [`Schedule::is_here`].
    is_here: unsafe fn(NonNull<Header>) -> bool,
    /// Frees the task.
    free: unsafe fn(NonNull<Header>),
}

/// A whole task.
#[repr(C)]
struct Cell<F: Future, S> {
    // First, so that a pointer to the cell is one to the header.
    header: Header,
    scheduler: S,
    stage: UnsafeCell<Stage<F>>,
}

/// First the future, then the output. The state word says which.
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Result<F::Output, JoinError>>,
}

impl<F: Future, S: Schedule> Cell<F, S> {
    const VTABLE: &'static Vtable = &Vtable {
        schedule: running::schedule::<F, S>,
        run: running::run::<F, S>,
        cancel: running::cancel::<F, S>,
        take_output: joining::take_output::<F, S>,
        drop_output: joining::drop_output::<F, S>,
        is_here: is_here::<F, S>,
        free: free::<F, S>,
    };

    /// The cell behind a header.
    ///
    /// # Safety
    ///
    /// Rules 1 and 2: the header is that of a `Cell<F, S>`, and there is a reference to it for as long as `'a`.
    unsafe fn of<'a>(task: NonNull<Header>) -> &'a Self {
        // SAFETY: rules 1 and 2, as the caller promises; the header is the cell's first field, and the pointer was
        // made from one to the whole cell.
        unsafe { task.cast::<Self>().as_ref() }
    }
}

/// [`Vtable::is_here`].
///
/// # Safety
///
/// Rules 1 and 2.
unsafe fn is_here<F: Future, S: Schedule>(task: NonNull<Header>) -> bool {
    // SAFETY: rules 1 and 2, which the caller has promised.
    unsafe { Cell::<F, S>::of(task) }.scheduler.is_here()
}

/// Frees a task.
///
/// # Safety
///
/// Rules 1 and 2, and the last reference is gone.
unsafe fn free<F: Future, S: Schedule>(task: NonNull<Header>) {
    // SAFETY: rules 1 and 2; `TaskRef::allocate` made it from a box. Rules 4 and 7: the stage is empty.
    drop(unsafe { Box::from_raw(task.cast::<Cell<F, S>>().as_ptr()) });
}

/// A counted reference to a task of any type.
pub(super) struct TaskRef(NonNull<Header>);

// SAFETY: rule 8: through a reference of this kind only the header and the scheduler are reached, but for `cancel` in
// `shut_down`, whose caller answers for the thread.
unsafe impl Send for TaskRef {}
// SAFETY: rule 8: as above.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    /// Makes a task with `refs` references, of which the one returned is one.
    #[inline(always)]
    fn allocate<F: Future, S: Schedule>(
        future: F,
        scheduler: S,
        meta: Meta,
        shard: usize,
        refs: usize,
    ) -> Self {
        let extra = meta.name.map(|name| Box::new(Extra { name }));
        // Written where it stays: through `Box::new` it would be made on the stack and copied.
        let mut cell = Box::<Cell<F, S>>::new_uninit();
        cell.write(Cell {
            header: Header {
                state: State::new(refs),
                vtable: Cell::<F, S>::VTABLE,
                spawned_at: meta.spawned_at,
                extra,
                shard,
                links: UnsafeCell::new(Links::default()),
                join_waker: UnsafeCell::new(None),
            },
            scheduler,
            stage: UnsafeCell::new(Stage { future: ManuallyDrop::new(future) }),
        });
        TaskRef(NonNull::from(Box::leak(cell)).cast())
    }

    /// Makes a task that a list and its handle share. Not scheduled yet: the `Runnable` does that.
    ///
    /// # Safety
    ///
    /// Rules 7 and 8: `shard` is a shard's address and the first of the three goes on that shard's list or is shut
    /// down; a future or an output that is not `Send` is run and shut down on this thread only.
    #[inline]
    pub(super) unsafe fn owned<F, S>(
        future: F,
        scheduler: S,
        meta: Meta,
        shard: usize,
    ) -> (TaskRef, Runnable, JoinRef<F::Output>)
    where
        F: Future + 'static,
        F::Output: 'static,
        S: Schedule,
    {
        let task = Self::allocate(future, scheduler, meta, shard, 3);
        let raw = task.0;
        // SAFETY: rule 1: three references were counted. Rule 2: the output is this future's.
        unsafe { (task, Runnable::from_ref(TaskRef(raw)), JoinRef::from_ref(TaskRef(raw))) }
    }

    /// Makes a task that is on no list.
    ///
    /// # Safety
    ///
    /// Rule 7: the future is ready at its first poll.
    pub(super) unsafe fn unowned<F, S>(future: F, scheduler: S, meta: Meta) -> (Runnable, JoinRef<F::Output>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        S: Schedule,
    {
        let task = Self::allocate(future, scheduler, meta, UNOWNED, 2);
        let raw = task.0;
        // SAFETY: rule 1: two references were counted. Rule 2: the output is this future's.
        unsafe { (Runnable::from_ref(task), JoinRef::from_ref(TaskRef(raw))) }
    }

    /// Takes over a reference.
    ///
    /// # Safety
    ///
    /// Rule 1: it was counted, and given up by `into_raw`.
    pub(super) unsafe fn from_raw(task: NonNull<Header>) -> Self {
        TaskRef(task)
    }

    /// The pointer, for as long as the reference is kept.
    pub(super) fn as_raw(&self) -> NonNull<Header> {
        self.0
    }

    /// Gives the reference up, still counted.
    pub(super) fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).0
    }

    pub(super) fn header(&self) -> &Header {
        // SAFETY: rule 1: `self` is a reference.
        unsafe { self.0.as_ref() }
    }

    pub(super) fn info(&self) -> TaskInfo<'_> {
        self.header().info()
    }

    /// The error of a task that was told to end, and did.
    #[cold]
    fn cancelled(&self, scheduler: &impl Schedule) -> JoinError {
        JoinError::cancelled(
            self.info(),
            self.header().state.load().cancel_cause(),
            scheduler.pool().cloned(),
        )
    }

    pub(super) fn is_finished(&self) -> bool {
        self.header().state.load().is_complete()
    }

    /// Whether the task may still run in this process. Only the child of a fork has to ask the task.
    #[inline]
    pub(super) fn is_here(&self) -> bool {
        // SAFETY: rule 1: `self` is a reference; rule 2: it is the vtable of this task's own cell.
        !fork::is_child() || unsafe { (self.header().vtable.is_here)(self.0) }
    }

    /// The error of a task that is another process's.
    #[cold]
    pub(super) fn forked(&self) -> JoinError {
        JoinError::cancelled(self.info(), CancelCause::Forked, None)
    }

    /// A task on no list that waits ends here and now: its `Runnable` may wait for long. Others end on their own thread.
    pub(super) fn abort(&self) {
        if self.header().shard == UNOWNED {
            // SAFETY: rule 8: futures on no list are `Send`.
            unsafe { self.shut_down(CancelCause::Abort) };
            return;
        }
        match self.header().state.abort() {
            Notify::Nothing => {}
            // SAFETY: rule 1: `abort` counted a reference for the `Runnable`.
            Notify::Schedule => unsafe { self.schedule() },
        }
    }

    /// Wakes, and keeps the reference.
    #[inline]
    pub(super) fn wake_by_ref(&self) {
        match self.header().state.wake_by_ref() {
            Notify::Nothing => {}
            // SAFETY: rule 1: `wake_by_ref` counted a reference for the `Runnable`.
            Notify::Schedule => unsafe { self.schedule() },
        }
    }

    /// Passes a new `Runnable` to the scheduler.
    ///
    /// # Safety
    ///
    /// Rule 1: a reference was counted for it.
    #[inline]
    pub(super) unsafe fn schedule(&self) {
        // SAFETY: rule 2: the vtable is that of the cell. `self` keeps the cell while the function runs, and the
        // caller counted the reference that it passes on.
        unsafe { (self.header().vtable.schedule)(self.0) }
    }

    /// Ends the task now, on this thread; or, if another thread runs it at this moment, when its poll returns. True: it has
    /// ended the task.
    ///
    /// # Safety
    ///
    /// Rule 8: this is a thread that may drop the future.
    pub(super) unsafe fn shut_down(&self, cause: CancelCause) -> bool {
        match self.header().state.shut_down(cause) {
            ShutDown::Flagged => false,
            ShutDown::Cancel => {
                // SAFETY: rule 2; rule 3: `shut_down` has set RUNNING for this thread. Rule 8: the caller's promise.
                unsafe { (self.header().vtable.cancel)(self.0) };
                true
            }
        }
    }

    /// Frees the task.
    ///
    /// # Safety
    ///
    /// Rule 1: the last reference is gone. The task must not be used any more.
    pub(super) unsafe fn free(task: NonNull<Header>) {
        // SAFETY: rules 1 and 2: nobody else can reach the task now.
        unsafe { (task.as_ref().vtable.free)(task) }
    }
}

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        self.header().state.add_ref();
        TaskRef(self.0)
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        if self.header().state.drop_refs(1) {
            // SAFETY: rule 1: it was the last.
            unsafe { TaskRef::free(self.0) }
        }
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.header().state.load();
        let state = match () {
            () if now.is_complete() => "finished",
            () if now.is_running() => "running",
            () if now.is_scheduled() => "scheduled",
            () => "idle",
        };
        let info = self.info();
        f.debug_struct("Task")
            .field("name", &info.name)
            .field("spawned_at", &format_args!("{}", info.spawned_at))
            .field("state", &format_args!("{state}"))
            .finish()
    }
}

impl Header {
    pub(super) fn info(&self) -> TaskInfo<'_> {
        TaskInfo { name: self.extra.as_ref().map(|extra| &*extra.name), spawned_at: self.spawned_at }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    struct Ignore(#[expect(dead_code, reason = "as large as an executor's")] std::sync::Arc<()>);

    impl Schedule for Ignore {
        fn schedule(&self, _task: Runnable) {}
        fn owned(&self) -> Option<&OwnedTasks> {
            None
        }
        fn unhandled_panic(&self, _info: TaskInfo<'_>, _payload: Box<dyn Any + Send>) {}
    }

    fn cell_size<F: Future>(_future: &F) -> usize {
        size_of::<Cell<F, Ignore>>()
    }

    #[test]
    fn a_task_with_eight_bytes_of_state_is_small() {
        let captured = Box::new(7_u64);
        let small = async move {
            super::super::yield_now().await;
            drop(captured);
        };
        assert!(size_of_val(&small) <= 32);
        let over = cell_size(&small) - size_of_val(&small);
        assert!(over <= 80, "{over} bytes around the future");
        let value = 7_u64;
        let smallest = async move { value };
        assert!(cell_size(&smallest) <= 96, "{} bytes", cell_size(&smallest));
        assert_eq!(size_of::<Header>(), 72);
    }
}
