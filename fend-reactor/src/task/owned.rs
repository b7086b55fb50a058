//! The tasks that an executor owns, so that it can end them all.
//!
//! A task is on the list from its spawn to its completion, and the list holds a reference to it. The links lie in the
//! tasks, so spawning allocates nothing here. The list is sharded: each worker spawns into its own shard, and the
//! task remembers which one that was.
//!
//! The rules that SAFETY comments cite are in [`raw`](super::raw). For soundness it does not matter which list
//! [`Schedule::owned`] returns: a task that names no shard of it is not on it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::join::JoinHandle;
use super::raw::{Header, JoinRef, Meta, Runnable, Schedule, TaskRef, UNOWNED};
use super::state::CancelCause;
use crate::sync::Mutex;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::Relaxed;

/// Futures above this size are boxed first, so that they are not moved through many stack frames. Debug builds copy
/// at every step, so there the limit is lower.
const BOX_ABOVE: usize = if cfg!(debug_assertions) { 2 * 1024 } else { 16 * 1024 };

/// The tasks that an executor owns.
pub(crate) struct OwnedTasks {
    shards: Box<[Shard]>,
}

/// One list. Aligned so that two workers do not share a cache line (nor a pair of them, which some processors fetch
/// together).
#[derive(Default)]
#[repr(align(128))]
struct Shard {
    list: Mutex<List>,
    /// The list's length, written under its lock.
    len: AtomicUsize,
}

/// A doubly linked list of tasks.
#[derive(Default)]
struct List {
    head: Option<NonNull<Header>>,
    /// Nothing is added any more.
    closed: bool,
}

// SAFETY: the pointers are references in the sense of rule 1, which may go to any thread (rule 8).
unsafe impl Send for List {}

/// The neighbours of a task on its list.
#[derive(Default)]
pub(super) struct Links {
    previous: Option<NonNull<Header>>,
    next: Option<NonNull<Header>>,
}

impl OwnedTasks {
    /// A list of `shards` parts, rounded up to a power of two.
    pub(crate) fn new(shards: usize) -> Self {
        OwnedTasks { shards: (0..shards.next_power_of_two()).map(|_| Shard::default()).collect() }
    }

    /// Makes a task out of `future` and puts it on the list. The caller passes the `Runnable` on to be run: nothing is
    /// polled here.
    ///
    /// There is no `Runnable` when the list is closed. The future was dropped then, and the handle is ready with an
    /// error: cancelled, or the panic of the future's destructor.
    #[inline(always)]
    pub(crate) fn spawn<F, S>(
        &self,
        shard: usize,
        future: F,
        scheduler: S,
        meta: Meta,
    ) -> (JoinHandle<F::Output>, Option<Runnable>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        S: Schedule,
    {
        // SAFETY: rule 8 asks nothing of a future and an output that are `Send`.
        unsafe { self.spawn_local(shard, future, scheduler, meta) }
    }

    /// As [`spawn`](Self::spawn), for a future that is bound to this thread.
    ///
    /// # Safety
    ///
    /// If the future or its output is not `Send`, then the task's `Runnable`s are run, and this list is shut down
    /// (by `close_and_shut_down`, or by being dropped), on the current thread only. A `Runnable` may be passed around,
    /// and dropped without being run, anywhere.
    #[inline(always)]
    pub(crate) unsafe fn spawn_local<F, S>(
        &self,
        shard: usize,
        future: F,
        scheduler: S,
        meta: Meta,
    ) -> (JoinHandle<F::Output>, Option<Runnable>)
    where
        F: Future + 'static,
        F::Output: 'static,
        S: Schedule,
    {
        // SAFETY: rule 8, which the caller has promised. A future in a box is as `Send` as it was before.
        unsafe {
            if size_of::<F>() > BOX_ABOVE {
                self.bind(shard, Box::pin(future), scheduler, meta)
            } else {
                self.bind(shard, future, scheduler, meta)
            }
        }
    }

    /// # Safety
    ///
    /// As for `spawn_local`.
    #[inline(always)]
    unsafe fn bind<F, S>(
        &self,
        shard: usize,
        future: F,
        scheduler: S,
        meta: Meta,
    ) -> (JoinHandle<F::Output>, Option<Runnable>)
    where
        F: Future + 'static,
        F::Output: 'static,
        S: Schedule,
    {
        let shard = &self.shards[shard & (self.shards.len() - 1)];
        // SAFETY: rule 7: the task goes on the list below, or is shut down. Rule 8: the caller's promise.
        let (task, runnable, join) = unsafe { TaskRef::owned(future, scheduler, meta, shard.address()) };
        let handle = JoinHandle::new(join);
        match shard.push(task) {
            Ok(()) => (handle, Some(runnable)),
            Err(task) => {
                // SAFETY: rule 8: the future has not left this thread yet.
                unsafe { task.shut_down(CancelCause::ShutDown) };
                (handle, None)
            }
        }
    }

    /// Takes a task that is about to complete off the list. Returns the list's reference, or `None` if the task is not
    /// on it, as when a shut-down was faster.
    #[inline(always)]
    pub(super) fn remove(&self, task: &TaskRef) -> Option<TaskRef> {
        self.shard_of(task.header())?.remove(task)
    }

    /// Closes the list: nothing is added any more. Runs no code of users.
    pub(crate) fn close(&self) {
        for shard in &self.shards {
            shard.list.lock().closed = true;
        }
    }

    /// Closes the list, and ends every task on it: each future is dropped once, here, or by the thread that polls it
    /// at this moment, as soon as that poll returns.
    ///
    /// Any thread may call this, and several may at once. Futures are dropped with no lock held, so their destructors
    /// may spawn, wake, block and panic.
    pub(crate) fn close_and_shut_down(&self) {
        // First all are closed, so that a destructor cannot spawn into a shard that was just emptied.
        self.close();
        for shard in &self.shards {
            while let Some(task) = shard.pop() {
                // SAFETY: rule 8: what is not `Send` was spawned with the promise that this is its thread.
                unsafe { task.shut_down(CancelCause::ShutDown) };
            }
        }
    }

    /// How many tasks are alive. Exact when nothing is spawned or completed meanwhile.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len.load(Relaxed)).sum()
    }

    /// The shard that the task names, if it is one of ours.
    #[inline]
    fn shard_of(&self, header: &Header) -> Option<&Shard> {
        let offset = header.shard.wrapping_sub(self.shards[0].address());
        self.shards.get(offset / size_of::<Shard>())
    }
}

impl Drop for OwnedTasks {
    fn drop(&mut self) {
        self.close_and_shut_down();
    }
}

impl fmt::Debug for OwnedTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedTasks").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Shard {
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Adds a task, which names this shard and is on no list. Gives it back when the list is closed.
    #[inline(always)]
    fn push(&self, task: TaskRef) -> Result<(), TaskRef> {
        let mut list = self.list.lock();
        if list.closed {
            // The guard goes first: who gets the task back runs its destructors.
            drop(list);
            return Err(task);
        }
        list.push(task);
        self.count(1);
        Ok(())
    }

    fn pop(&self) -> Option<TaskRef> {
        let mut list = self.list.lock();
        let head = list.head?;
        self.count(-1);
        // SAFETY: rule 6: the lock is held, and the head is on this list.
        Some(unsafe { list.unlink(head) })
    }

    /// `task` names this shard.
    #[inline(always)]
    fn remove(&self, task: &TaskRef) -> Option<TaskRef> {
        let mut list = self.list.lock();
        if !list.contains(task) {
            return None;
        }
        self.count(-1);
        // SAFETY: rule 6: the lock is held, and it is on this list: a task that names a shard is on that one's list or on none.
        Some(unsafe { list.unlink(task.as_raw()) })
    }

    /// Only called under the lock, which is why this need not be one atomic step.
    fn count(&self, change: isize) {
        self.len.store(self.len.load(Relaxed).wrapping_add_signed(change), Relaxed);
    }
}

/// What touches links is called under the lock of the shard that the tasks name.
impl List {
    fn push(&mut self, task: TaskRef) {
        let task = task.into_raw();
        if let Some(head) = self.head {
            // SAFETY: rules 1 and 6: tasks on the list are referenced by it, and its lock is held.
            unsafe { head.as_ref().links.with_mut(|links| (*links).previous = Some(task)) };
        }
        // SAFETY: rules 1 and 6: `task` was a reference.
        unsafe { task.as_ref().links.with_mut(|links| *links = Links { previous: None, next: self.head }) };
        self.head = Some(task);
    }

    /// Whether a task that names this list's shard is on it: one that is has a neighbour before it, or is the head.
    fn contains(&self, task: &TaskRef) -> bool {
        // SAFETY: rule 6: the lock is held.
        let follows = task.header().links.with(|links| unsafe { (*links).previous.is_some() });
        follows || self.head == Some(task.as_raw())
    }

    /// Takes a task off, and returns the list's reference to it.
    ///
    /// # Safety
    ///
    /// The task is on this list.
    unsafe fn unlink(&mut self, task: NonNull<Header>) -> TaskRef {
        // SAFETY: rules 1 and 6: the list holds a reference to the task and to its neighbours, and its lock is held.
        // The reference that `push` gave up is taken back.
        unsafe {
            let Links { previous, next } = task.as_ref().links.with_mut(|links| std::mem::take(&mut *links));
            match previous {
                Some(previous) => previous.as_ref().links.with_mut(|links| (*links).next = next),
                None => self.head = next,
            }
            if let Some(next) = next {
                next.as_ref().links.with_mut(|links| (*links).previous = previous);
            }
            TaskRef::from_raw(task)
        }
    }
}

/// Makes a task that is over: the runtime that was to run it is another process's. The future is dropped, here and now.
#[cold]
pub(crate) fn forked_task<F, S>(future: F, scheduler: S, meta: Meta) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
    S: Schedule,
{
    // SAFETY: rule 7: it is shut down below. Rule 8: the future does not leave this thread.
    let (task, _runnable, join) = unsafe { TaskRef::owned(future, scheduler, meta, UNOWNED) };
    // SAFETY: rule 8, as above.
    unsafe { task.shut_down(CancelCause::Forked) };
    JoinHandle::new(join)
}

/// Makes a task that is on no list, out of a function to be called once: a job of the blocking pool.
///
/// Its scheduler's `schedule` and `reschedule` are never called. Dropping the `Runnable` cancels it.
pub(crate) fn unowned_task<T, S>(
    job: impl FnOnce() -> T + Send + 'static,
    scheduler: S,
    meta: Meta,
) -> (Runnable, JoinHandle<T>)
where
    T: Send + 'static,
    S: Schedule,
{
    // SAFETY: rule 7: the future is ready at its first poll.
    let (runnable, join): (_, JoinRef<T>) = unsafe { TaskRef::unowned(Job(Some(job)), scheduler, meta) };
    (runnable, JoinHandle::new(join))
}

/// A function as a future that is ready at its first poll.
struct Job<F>(Option<F>);

// The function is never pinned.
impl<F> Unpin for Job<F> {}

impl<T, F: FnOnce() -> T> Future for Job<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<T> {
        let job = self.0.take().expect("a task does not poll a future again that was ready");
        Poll::Ready(job())
    }
}
