//! [`Handle`]: a runtime, shared.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::block_on::block_on;
use super::current::{Current, Role};
use super::id::Id;
use super::metrics::Metrics;
use super::scheduler::Scheduler;
use super::shared::Shared;
use crate::context;
use crate::task::{JoinHandle, Meta, Runnable, forked_task};

/// A shared handle to a runtime: spawns on it from any thread. It does not keep the runtime from being shut down.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.describe(f.debug_struct("Handle"))
    }
}

// What a panic could leave half done is behind locks that a panic cannot hold.
impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}
impl UnwindSafe for super::Runtime {}
impl RefUnwindSafe for super::Runtime {}

impl Handle {
    pub(super) fn over(shared: Arc<Shared>) -> Handle {
        Handle { shared }
    }

    /// The runtime this thread works for, or has [entered](Handle::enter); outside any, the process-wide default runtime.
    ///
    /// # Panics
    /// When the default runtime is needed and cannot be started.
    pub fn current() -> Handle {
        Handle { shared: context::shared() }
    }

    /// The runtime this thread works for, or has [entered](Handle::enter).
    pub fn try_current() -> Option<Handle> {
        context::current_shared().map(Handle::over)
    }

    /// Makes this runtime the current one of this thread until the guard is dropped: `spawn`, timers and sockets then
    /// use it. For threads of other executors.
    #[must_use = "the runtime is left again when the guard is dropped"]
    pub fn enter(&self) -> EnterGuard {
        EnterGuard { _entered: context::enter(Current::visitor(self.shared.clone())) }
    }

    /// Spawns a task: see [`spawn`](crate::spawn). After the runtime's shutdown the future is dropped and the handle
    /// resolves to cancelled.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_with(future, Meta::here())
    }

    #[inline]
    pub(crate) fn spawn_with<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.shared.spawn(future, meta)
    }

    /// Runs `f` on the blocking pool: see [`spawn_blocking`](crate::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_blocking_with(f, Meta::here())
    }

    pub(crate) fn spawn_blocking_with<F, T>(&self, f: F, meta: Meta) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.shared.blocking.spawn(Some(self.shared.clone()), f, meta)
    }

    /// Runs a future on this thread and this runtime: see [`Runtime::block_on`](super::Runtime::block_on).
    ///
    /// # Panics
    /// When the future panics, and when nested too deep.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on(&self.shared, future)
    }

    /// Which runtime this is: equal for all handles to it, and for no handle to another one.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend_reactor::runtime::{Handle, Runtime};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Runtime::new()?;
    /// assert_eq!(runtime.block_on(async { Handle::current().id() }), runtime.handle().id());
    /// assert_ne!(runtime.handle().id(), Handle::current().id());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn id(&self) -> Id {
        self.shared.id
    }

    /// A snapshot of the runtime's counters.
    pub fn metrics(&self) -> Metrics {
        Metrics::of(&self.shared)
    }
}

/// Keeps a runtime current on this thread; from [`Handle::enter`]. Drop guards in the reverse order of their making.
#[derive(Debug)]
pub struct EnterGuard {
    _entered: context::Entered,
}

impl Shared {
    /// Spawns from a thread that may be anybody's.
    #[inline]
    pub(super) fn spawn<F>(self: &Arc<Self>, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match context::current() {
            Some(current) if Arc::ptr_eq(&current.shared, self) => current.spawn(future, meta),
            _ => self.spawn_from_outside(future, meta),
        }
    }

    #[cold]
    fn spawn_from_outside<F>(self: &Arc<Self>, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (handle, runnable) = self.make_task(0, future, meta);
        if let Some(runnable) = runnable {
            self.inject(runnable);
        }
        handle
    }

    /// There is no `Runnable` for a task that is over.
    #[inline(always)]
    fn make_task<F>(
        self: &Arc<Self>,
        shard: usize,
        future: F,
        meta: Meta,
    ) -> (JoinHandle<F::Output>, Option<Runnable>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if !self.is_here() {
            return (forked_task(future, Scheduler(self.clone()), meta), None);
        }
        self.start_workers();
        self.owned.spawn(shard, future, Scheduler(self.clone()), meta)
    }
}

impl Current {
    #[inline(always)]
    fn spawn<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (handle, runnable) = self.shared.make_task(self.worker().unwrap_or(0), future, meta);
        if let Some(runnable) = runnable {
            self.queue(runnable);
        }
        handle
    }
}

/// Spawns a task on the current runtime (outside any, on the default one) and gives a handle to its result. The task runs
/// whether or not the handle is awaited; dropping the handle detaches it. Nothing of it runs before this returns.
///
/// On the default runtime the task runs on after the `block_on` that spawned it has returned; the end of the process drops none of
/// its tasks. After a runtime's shutdown the future is dropped at once and the handle resolves to cancelled.
///
/// The place of this call is kept, and named in [`JoinError`](crate::task::JoinError)s.
///
/// ```
/// # use fend_reactor as fend;
/// # fend::block_on(async {
/// let task = fend::spawn(async { 6 * 7 });
/// assert_eq!(task.await.unwrap(), 42);
/// # })
/// ```
///
/// # Panics
/// When the default runtime is needed and cannot be started.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let meta = Meta::here();
    match context::current() {
        Some(current) => current.spawn(future, meta),
        None => super::default_shared().spawn_from_outside(future, meta),
    }
}

/// Spawns a task that stays on this thread, so that it need not be `Send`.
///
/// It runs while this thread works for its runtime: in `block_on`, or as a background worker (when called from a task). When that `block_on` returns,
/// its future is dropped, on this thread, and the handle resolves to cancelled.
///
/// ```
/// # use fend_reactor as fend;
/// # fend::block_on(async {
/// let shared = std::rc::Rc::new(7);
/// let task = fend::spawn_local({
///     let shared = shared.clone();
///     async move { *shared }
/// });
/// assert_eq!(task.await.unwrap(), 7);
/// # })
/// ```
///
/// # Panics
/// On a thread that runs no tasks, outside `block_on`.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_local_with(future, Meta::here())
}

#[track_caller]
pub(crate) fn spawn_local_with<F>(future: F, meta: Meta) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let current =
        context::with_current(|current| current.filter(|current| current.role != Role::Visitor).cloned());
    let Some(current) = current else {
        panic!("spawn_local needs a thread that runs tasks: call it inside fend::block_on or a task")
    };
    if !current.shared.is_here() {
        return forked_task(future, Scheduler(current.shared.clone()), meta);
    }
    current.make_local().spawn(future, meta)
}

/// Runs `f`, which may block, on a thread of the blocking pool.
///
/// Jobs run in the order they were given, on up to 512 threads
/// ([`Builder::max_blocking_threads`](crate::runtime::Builder::max_blocking_threads)). One that has started cannot be stopped:
/// `abort` only reaches jobs that wait, and takes them out of the queue. When there is no thread and none can be started, when the queue
/// has a bound ([`Builder::max_blocking_queue`](crate::runtime::Builder::max_blocking_queue)) and is full, and after the runtime's
/// shutdown, the job is not run and its handle resolves to cancelled; the error says which it was.
///
/// Jobs that sleep for long keep others from running. Such kinds of work get a [`BlockingPool`](crate::runtime::BlockingPool) of their own;
/// the runtime's own calls on files have one.
///
/// ```
/// # use fend_reactor as fend;
/// # fend::block_on(async {
/// let text = fend::spawn_blocking(|| std::fs::read_to_string("/proc/self/comm")).await.unwrap();
/// assert!(text.is_ok());
/// # })
/// ```
///
/// # Panics
/// When the default runtime is needed and cannot be started.
#[track_caller]
pub fn spawn_blocking<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Handle::current().spawn_blocking_with(f, Meta::here())
}

/// Runs a call on files on the current runtime's pool for them.
///
/// # Errors
/// When the default runtime is needed and cannot be started.
#[track_caller]
pub(crate) fn spawn_file_call<F, T>(call: F) -> io::Result<JoinHandle<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let meta = Meta::here();
    let shared = match context::current_shared() {
        Some(shared) => shared,
        None => super::try_default_shared()?,
    };
    Ok(shared.files.spawn(Some(shared.clone()), call, meta))
}
