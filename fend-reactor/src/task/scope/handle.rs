//! What members of a scope hold of it: the scope's handle, and that of one child.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::future::FusedFuture;

use super::child::{Child, Job, Unfailing};
use super::core::Core;
use crate::executor;
use crate::task::{CancellationToken, JoinHandle};

/// Lets members of a [`try_scope`](super::try_scope) spawn further ones.
///
/// Clones belong to the same scope. One that is kept beyond the scope's end is harmless: it spawns nothing any more.
pub struct TryScope<E> {
    core: Arc<Core<E>>,
}

impl<E> TryScope<E> {
    pub(super) fn new(core: Arc<Core<E>>) -> Self {
        TryScope { core }
    }

    /// Asks all children to end, and lets no further ones in. The body goes on, and gives the scope's result.
    ///
    /// The same as cancelling the scope's [`token`](TryScope::token). Children are dropped where they wait, each by
    /// the thread that runs it, so they are not gone yet when this returns.
    pub fn cancel(&self) {
        self.core.token.cancel();
    }

    /// The token of the scope: cancelled when the scope is, by [`cancel`](TryScope::cancel), by the first failure, or
    /// by the scope's end.
    ///
    /// It is there for children that cannot simply be dropped, as jobs in the blocking pool are, and to hang further
    /// tokens below it. Cancelling it cancels the scope; cancelling a
    /// [`child_token`](CancellationToken::child_token) of it does not.
    pub fn token(&self) -> CancellationToken {
        self.core.token.clone()
    }
}

impl<E: Send + 'static> TryScope<E> {
    /// Spawns a child. Its error is the scope's, unless another one was first, and ends all members.
    ///
    /// The child runs on the current runtime whether its handle is awaited or dropped. When the scope is cancelled or
    /// over, `future` is dropped unpolled, and the handle gives [`Cancelled`].
    #[track_caller]
    pub fn spawn<F, U>(&self, future: F) -> ScopedHandle<U>
    where
        F: Future<Output = Result<U, E>> + Send + 'static,
        U: Send + 'static,
    {
        match self.core.admit() {
            Some(membership) => ScopedHandle::of(executor::spawn(Child::new(future, membership))),
            None => ScopedHandle::refused(),
        }
    }

    /// Spawns a child that stays on this thread, as [`spawn_local`](crate::spawn_local) does.
    ///
    /// # Panics
    ///
    /// On a thread that runs no tasks, outside `block_on`.
    #[track_caller]
    pub fn spawn_local<F, U>(&self, future: F) -> ScopedHandle<U>
    where
        F: Future<Output = Result<U, E>> + 'static,
        U: 'static,
    {
        match self.core.admit() {
            Some(membership) => ScopedHandle::of(executor::spawn_local(Child::new(future, membership))),
            None => ScopedHandle::refused(),
        }
    }

    /// Gives a job to the blocking pool. The scope waits for it as for any child.
    ///
    /// A job that has begun cannot be stopped from outside: a long one should look at the scope's
    /// [`token`](TryScope::token) from time to time. One that has not begun when the scope is cancelled never does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::task::try_scope;
    ///
    /// # fend::block_on(async {
    /// let result = try_scope(async |s| {
    ///     let token = s.token();
    ///     s.spawn_blocking(move || {
    ///         // A step of the work, again and again, for as long as anybody wants it.
    ///         while !token.is_cancelled() {
    ///             std::thread::yield_now();
    ///         }
    ///         Ok(())
    ///     });
    ///     Err::<(), _>("no longer needed")
    /// })
    /// .await;
    /// assert_eq!(result, Err("no longer needed"));
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, U>(&self, job: F) -> ScopedHandle<U>
    where
        F: FnOnce() -> Result<U, E> + Send + 'static,
        U: Send + 'static,
    {
        match self.core.admit() {
            Some(membership) => {
                let job = Job::new(job, membership);
                ScopedHandle::of(executor::spawn_blocking(move || job.run()))
            }
            None => ScopedHandle::refused(),
        }
    }
}

impl<E> Clone for TryScope<E> {
    fn clone(&self) -> Self {
        TryScope { core: self.core.clone() }
    }
}

impl<E> fmt::Debug for TryScope<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

/// Lets members of a [`scope`](super::scope) spawn further ones.
///
/// Clones belong to the same scope. One that is kept beyond the scope's end is harmless: it spawns nothing any more.
#[derive(Clone)]
pub struct Scope {
    inner: TryScope<Infallible>,
}

impl Scope {
    pub(super) fn new(inner: TryScope<Infallible>) -> Self {
        Scope { inner }
    }

    /// Asks all children to end, and lets no further ones in. See [`TryScope::cancel`].
    pub fn cancel(&self) {
        self.inner.cancel();
    }

    /// The token of the scope. See [`TryScope::token`].
    pub fn token(&self) -> CancellationToken {
        self.inner.token()
    }

    /// Spawns a child. Only its panic ends the others: whatever it returns is a value.
    ///
    /// The child runs on the current runtime whether its handle is awaited or dropped. When the scope is cancelled or
    /// over, `future` is dropped unpolled, and the handle gives [`Cancelled`].
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> ScopedHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.inner.spawn(Unfailing::new(future))
    }

    /// Spawns a child that stays on this thread, as [`spawn_local`](crate::spawn_local) does.
    ///
    /// # Panics
    ///
    /// On a thread that runs no tasks, outside `block_on`.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> ScopedHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.inner.spawn_local(Unfailing::new(future))
    }

    /// Gives a job to the blocking pool. See [`TryScope::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking<F, U>(&self, job: F) -> ScopedHandle<U>
    where
        F: FnOnce() -> U + Send + 'static,
        U: Send + 'static,
    {
        self.inner.spawn_blocking(|| Ok(job()))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// The right to await one child of a scope. Dropping it changes nothing for the child.
///
/// Awaiting gives the child's value, or [`Cancelled`] when it was ended before it had one, or failed: its error or
/// panic is then the scope's affair. Await it once.
///
/// # Cancel safety
///
/// Cancel safe by reference: a value not yet given is given by the next poll.
pub struct ScopedHandle<U> {
    /// `None` for a child that was not let in.
    task: Option<JoinHandle<Option<U>>>,
    /// The result was given.
    given: bool,
}

impl<U> ScopedHandle<U> {
    fn of(task: JoinHandle<Option<U>>) -> Self {
        ScopedHandle { task: Some(task), given: false }
    }

    fn refused() -> Self {
        ScopedHandle { task: None, given: false }
    }

    /// Asks this child to end. The scope and the other children go on.
    pub fn abort(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }

    /// Whether the child is over.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl<U> Future for ScopedHandle<U> {
    type Output = Result<U, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let value = match &mut this.task {
            Some(task) => ready!(Pin::new(task).poll(cx)).ok().flatten(),
            None => None,
        };
        this.given = true;
        Poll::Ready(value.ok_or(Cancelled(())))
    }
}

/// Terminated once it has given the result.
impl<U> FusedFuture for ScopedHandle<U> {
    fn is_terminated(&self) -> bool {
        self.given
    }
}

impl<U> fmt::Debug for ScopedHandle<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedHandle").field("is_finished", &self.is_finished()).finish()
    }
}

/// A child of a scope ended without a value. What went wrong, if anything did, is the scope's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancelled(());

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task was cancelled with its scope, or failed")
    }
}

impl Error for Cancelled {}

impl From<Cancelled> for io::Error {
    fn from(cancelled: Cancelled) -> Self {
        io::Error::other(cancelled)
    }
}
