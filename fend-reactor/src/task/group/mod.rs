//! Many tasks, joined in the order in which they end.
//!
//! Each child has a [`Bell`], the waker that its `JoinHandle` is polled with. When the child ends, the bell puts the
//! child's key on the list of those that have news, and wakes whoever waits for the group. A join therefore looks
//! only at children that have ended: its cost does not grow with the number that still run.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures_core::{FusedStream, Stream};
use slab::Slab;

use crate::executor::{self, Handle};
use crate::fork::Origin;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::task::{AbortHandle, JoinError, JoinHandle};

#[cfg(all(test, not(loom)))]
mod tests;

/// A set of tasks that end with it: joined one by one as they finish, aborted together when the group is dropped.
///
/// All tasks of a group give the same type. A group may grow while it is joined, which makes it the usual way for a
/// server to hold its connections. Where children should also end on the first error, see
/// [`try_scope`](crate::task::try_scope).
///
/// As a [`Stream`], a group gives the results that [`join_next`](TaskGroup::join_next) gives.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::task::TaskGroup;
///
/// # fend::block_on(async {
/// let mut group = TaskGroup::new();
/// for n in 1..=10 {
///     group.spawn(async move { n * n });
/// }
/// let mut sum = 0;
/// while let Some(square) = group.join_next().await {
///     sum += square?;
/// }
/// assert_eq!(sum, 385);
/// # Ok::<(), fend::task::JoinError>(()) }).unwrap();
/// ```
#[must_use = "dropping a group aborts its tasks"]
pub struct TaskGroup<T> {
    /// Where what is in `children` was put in.
    origin: Origin,
    children: Slab<Child<T>>,
    /// Results of tasks that were over when they joined the group.
    early: VecDeque<Result<T, JoinError>>,
    news: Arc<Mutex<News>>,
}

/// A task of the group.
struct Child<T> {
    handle: JoinHandle<T>,
    bell: Arc<Bell>,
}

/// What the bells tell the group.
#[derive(Debug, Default)]
struct News {
    /// Keys of children to look at, in the order in which they rang.
    rung: VecDeque<usize>,
    /// Who waits in `join_next`.
    waiter: Option<Waker>,
}

/// The waker given to one child.
struct Bell {
    key: usize,
    /// Set while the key is on the list, so that it stands there once; and for good when the child has left.
    rung: AtomicBool,
    news: Arc<Mutex<News>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.rung.swap(true, Ordering::AcqRel) {
            return;
        }
        let waiter = {
            let mut news = self.news.lock();
            news.rung.push_back(self.key);
            news.waiter.take()
        };
        wake(waiter);
    }
}

/// Wakes outside the lock under which the waker was taken.
fn wake(waiter: Option<Waker>) {
    if let Some(waiter) = waiter {
        waiter.wake();
    }
}

impl<T> Child<T> {
    fn poll(&mut self) -> Poll<Result<T, JoinError>> {
        // First, so that a ring during the poll is a new one.
        self.bell.rung.store(false, Ordering::Release);
        let waker = Waker::from(self.bell.clone());
        Pin::new(&mut self.handle).poll(&mut Context::from_waker(&waker))
    }
}

impl<T> TaskGroup<T> {
    /// A group without tasks.
    pub fn new() -> Self {
        TaskGroup {
            origin: Origin::here(),
            children: Slab::new(),
            early: VecDeque::new(),
            news: Arc::default(),
        }
    }

    /// How many tasks were put in and not yet joined, whether they run or are over.
    pub fn len(&self) -> usize {
        self.children.len() + self.early.len()
    }

    /// Whether there is nothing to join.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a task in that was spawned elsewhere, for instance by a [`Builder`](crate::task::Builder).
    ///
    /// From now on the task is the group's: joined by it, aborted with it.
    pub fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        self.leave_parent();
        let abort = handle.abort_handle();
        let slot = self.children.vacant_entry();
        let bell = Bell { key: slot.key(), rung: AtomicBool::new(false), news: self.news.clone() };
        let mut child = Child { handle, bell: Arc::new(bell) };
        match child.poll() {
            Poll::Pending => {
                slot.insert(child);
            }
            Poll::Ready(result) => {
                child.retire();
                self.early.push_back(result);
                let waiter = self.news.lock().waiter.take();
                wake(waiter);
            }
        }
        abort
    }

    /// Waits for a task to end and removes it: its value, or why there is none. `None` when the group is empty.
    ///
    /// Tasks come in the order in which they ended. The cost is that of the tasks that ended, not of those that run.
    ///
    /// # Errors
    ///
    /// The inner result is a [`JoinError`] when the task panicked or was cancelled. The group goes on with the others.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a task leaves the group in the moment in which this gives its result. Dropped before that, it has
    /// taken nothing, and the next call gives the same task.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::task::TaskGroup;
    ///
    /// # fend::block_on(async {
    /// let mut group = TaskGroup::new();
    /// group.spawn(async { panic!("no luck") });
    /// let error = group.join_next().await.unwrap().unwrap_err();
    /// assert!(error.is_panic());
    /// assert!(group.join_next().await.is_none());
    /// # });
    /// ```
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// [`join_next`](TaskGroup::join_next) for code that polls by hand.
    ///
    /// After `Pending`, the waker of the last call is woken when a task ends, also one that is put in later.
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        if let Some(result) = self.try_join_next() {
            return Poll::Ready(Some(result));
        }
        if self.is_empty() {
            return Poll::Ready(None);
        }
        self.wait(cx.waker());
        // A child may have rung before the waker was in place.
        match self.try_join_next() {
            Some(result) => Poll::Ready(Some(result)),
            None => {
                self.keep_ringing(cx);
                Poll::Pending
            }
        }
    }

    /// The result of a task that is over, without waiting. `None` when no task is, or none is left.
    ///
    /// A task that has just ended may be seen a moment later, when its thread has told the group.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.leave_parent();
        if let Some(result) = self.early.pop_front() {
            return Some(result);
        }
        // Not more rounds than there was news at the start: a handle that rings without being ready (its task has
        // used up its budget) would hold us here.
        let mut rounds = self.news.lock().rung.len();
        while rounds > 0 {
            let key = self.news.lock().rung.pop_front()?;
            if let Some(result) = self.join(key) {
                return Some(result);
            }
            rounds -= 1;
        }
        None
    }

    /// In the child of a fork, what was put in before will not end, and threads that are not there may have held the lock of the news.
    /// So this comes before anything else that is done with a group.
    fn leave_parent(&mut self) {
        if self.origin.is_here() {
            return;
        }
        self.origin = Origin::here();
        self.news = Arc::default();
        for (_, mut child) in mem::take(&mut self.children) {
            // None waits: those that are not over give an error.
            if let Poll::Ready(result) = child.poll() {
                child.retire();
                self.early.push_back(result);
            }
        }
    }

    /// Joins the child `key` if it is over.
    fn join(&mut self, key: usize) -> Option<Result<T, JoinError>> {
        let Poll::Ready(result) = self.children.get_mut(key)?.poll() else { return None };
        self.children.remove(key).retire();
        Some(result)
    }

    /// Leaves the waker of who waits. It is cloned, and the one before it dropped, outside the lock.
    fn wait(&self, waker: &Waker) {
        if self.news.lock().waiter.as_ref().is_some_and(|waiter| waiter.will_wake(waker)) {
            return;
        }
        let waiter = Some(waker.clone());
        let _before = mem::replace(&mut self.news.lock().waiter, waiter);
    }

    /// Comes back at once for news that came while we looked, since it found no waiter, or the one it woke was us.
    fn keep_ringing(&self, cx: &Context<'_>) {
        if !self.news.lock().rung.is_empty() {
            cx.waker().wake_by_ref();
        }
    }

    /// Waits for all tasks and gives their results, in the order in which they ended.
    ///
    /// A task that panicked or was cancelled is an `Err` among the results and changes nothing for the others; this itself
    /// does not panic, as `JoinSet::join_all` of tokio does.
    ///
    /// To stop at the first failure instead, loop over [`join_next`](TaskGroup::join_next) and drop the group, or use
    /// [`try_scope`](crate::task::try_scope).
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the group goes with the future. When that is dropped early, results are lost and the tasks
    /// that still run are aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::task::TaskGroup;
    ///
    /// # fend::block_on(async {
    /// let group: TaskGroup<u32> = (0..3).map(|n| async move { n }).collect();
    /// let mut values: Vec<u32> = group.join_all().await.into_iter().map(Result::unwrap).collect();
    /// values.sort();
    /// assert_eq!(values, [0, 1, 2]);
    /// # });
    /// ```
    pub async fn join_all(mut self) -> Vec<Result<T, JoinError>> {
        let mut results = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next().await {
            results.push(result);
        }
        results
    }

    /// Asks every task to end. They stay in the group, and are joined as cancelled, or with their value when they were
    /// over already.
    ///
    /// A job given to the blocking pool ends early only if it has not begun.
    pub fn abort_all(&mut self) {
        self.leave_parent();
        for (_, child) in &self.children {
            child.handle.abort();
        }
    }

    /// Aborts all tasks and waits until each has ended. Results and panics are dropped.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the tasks are aborted in the first poll; called again, it waits for those that are left.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Lets all tasks go: they run on, and nobody will see their results. The group is empty afterwards.
    pub fn detach_all(&mut self) {
        self.leave_parent();
        for child in self.children.drain() {
            child.retire();
        }
        self.early.clear();
        self.news.lock().rung.clear();
    }
}

impl<T> Child<T> {
    /// The child has left: its bell must not ring for the next one with its key.
    fn retire(self) {
        self.bell.rung.store(true, Ordering::Release);
    }
}

impl<T: Send + 'static> TaskGroup<T> {
    /// Spawns a task on the current runtime, as [`spawn`](crate::spawn) does.
    ///
    /// # Examples
    ///
    /// A task with a name comes from a [`Builder`](crate::task::Builder):
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::task::{Builder, TaskGroup};
    ///
    /// # fend::block_on(async {
    /// let mut group = TaskGroup::new();
    /// group.insert(Builder::new().name("pump").spawn(async { panic!("dry") }));
    /// let error: fend::task::JoinError = group.join_next().await.unwrap().unwrap_err();
    /// assert_eq!(error.name(), Some("pump"));
    /// # let _: TaskGroup<()> = group;
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// When the default runtime is needed and cannot be started.
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.insert(executor::spawn(future))
    }

    /// Spawns a task on the runtime of `handle`.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.insert(handle.spawn(future))
    }

    /// Gives a job to the blocking pool of the current runtime, as [`spawn_blocking`](crate::spawn_blocking) does.
    ///
    /// A job that has begun cannot be aborted: the group's drop leaves it running.
    ///
    /// # Panics
    ///
    /// When the default runtime is needed and cannot be started.
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, job: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.insert(executor::spawn_blocking(job))
    }

    /// Gives a job to the blocking pool of the runtime of `handle`.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, job: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.insert(handle.spawn_blocking(job))
    }
}

impl<T: 'static> TaskGroup<T> {
    /// Spawns a task that stays on this thread, as [`spawn_local`](crate::spawn_local) does.
    ///
    /// # Panics
    ///
    /// On a thread that runs no tasks, outside `block_on`.
    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(executor::spawn_local(future))
    }
}

impl<T> Drop for TaskGroup<T> {
    /// Aborts all tasks and does not wait for them.
    fn drop(&mut self) {
        self.abort_all();
        // A task that holds the group holds, through it and its own waker, itself.
        let waiter = self.news.lock().waiter.take();
        drop(waiter);
    }
}

impl<T> Default for TaskGroup<T> {
    fn default() -> Self {
        TaskGroup::new()
    }
}

impl<T> fmt::Debug for TaskGroup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup").field("len", &self.len()).finish()
    }
}

/// The results, until the group is empty. Ending the stream does not close the group: put more in, and there is more.
impl<T> Stream for TaskGroup<T> {
    type Item = Result<T, JoinError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_join_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), None)
    }
}

/// Terminated while the group is empty.
impl<T> FusedStream for TaskGroup<T> {
    fn is_terminated(&self) -> bool {
        self.is_empty()
    }
}

/// Values lie in a group, but none is ever pinned there.
impl<T> Unpin for TaskGroup<T> {}
// What panics in a task is caught there, and no code of users runs while the group is half changed.
impl<T> UnwindSafe for TaskGroup<T> {}
impl<T> RefUnwindSafe for TaskGroup<T> {}

/// Spawns each future.
impl<F> FromIterator<F> for TaskGroup<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut group = TaskGroup::new();
        group.extend(futures);
        group
    }
}

/// Spawns each future.
impl<F> Extend<F> for TaskGroup<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}
