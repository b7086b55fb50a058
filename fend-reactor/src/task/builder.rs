//! Spawning with a name.

use std::future::Future;

use super::join::JoinHandle;
use super::raw::Meta;
use crate::executor::{self, Handle};

/// Spawns a task with a name, which errors, `Debug` output and tools show.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::{block_on, task};
///
/// let sum = block_on(async { task::Builder::new().name("adder").spawn(async { 1 + 2 }).await });
/// assert_eq!(sum.unwrap(), 3);
/// ```
///
/// A [`TaskGroup`](super::TaskGroup) takes what a builder has spawned:
///
/// ```
/// # use fend_reactor as fend;
/// # fend::block_on(async {
/// use fend::task;
///
/// let mut group = task::TaskGroup::new();
/// for name in ["reader", "writer"] {
///     group.insert(task::Builder::new().name(name).spawn(async move { name.len() }));
/// }
/// assert_eq!(group.join_next().await.unwrap().unwrap(), 6);
/// # });
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it spawns"]
pub struct Builder {
    name: Option<Box<str>>,
}

impl Builder {
    /// A builder for a task without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task. Names need not be unique.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into().into_boxed_str());
        self
    }

    /// Spawns on the current runtime, as [`spawn`](crate::spawn) does.
    ///
    /// # Panics
    ///
    /// When the default runtime is needed and cannot be started.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_on(future, &Handle::current())
    }

    /// Spawns on the runtime that `handle` belongs to.
    #[track_caller]
    pub fn spawn_on<F>(self, future: F, handle: &Handle) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        handle.spawn_with(future, self.meta())
    }

    /// Spawns on the current thread a task that never leaves it, as [`spawn_local`](crate::spawn_local) does.
    ///
    /// # Panics
    ///
    /// When this thread runs no tasks.
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        executor::spawn_local_with(future, self.meta())
    }

    /// Runs a function that blocks on a thread of the current runtime's pool, as
    /// [`spawn_blocking`](crate::spawn_blocking) does.
    ///
    /// # Panics
    ///
    /// When the default runtime is needed and cannot be started.
    #[track_caller]
    pub fn spawn_blocking<F, T>(self, job: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Handle::current().spawn_blocking_with(job, self.meta())
    }

    #[track_caller]
    fn meta(self) -> Meta {
        Meta { name: self.name, ..Meta::here() }
    }
}
