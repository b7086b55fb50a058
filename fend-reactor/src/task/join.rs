//! What is left in the hands of the one who spawned.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::future::FusedFuture;

use super::error::JoinError;
use super::raw::{JoinRef, TaskRef};

/// The right to await a task's result.
///
/// Awaiting it gives `Result<T, JoinError>`: the task's output, or why there is none. The task's future has been
/// dropped by then.
///
/// Dropping the handle detaches the task: it runs on, and its output is dropped. So does
/// [`std::thread::JoinHandle`]. A panic of a detached task is reported as unhandled.
///
/// # Cancel safety
///
/// Awaiting `&mut handle` is cancel safe: the result stays where it is until it is handed out.
///
/// # Panics
///
/// When it is polled again after it has given the result.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// fend::block_on(async {
///     let sum = fend::spawn(async { 1 + 2 });
///     assert_eq!(sum.await.unwrap(), 3);
///
///     let endless = fend::spawn(std::future::pending::<()>());
///     endless.abort();
///     assert!(endless.await.unwrap_err().is_cancelled());
/// });
/// ```
pub struct JoinHandle<T>(JoinRef<T>);

impl<T> JoinHandle<T> {
    pub(super) fn new(join: JoinRef<T>) -> Self {
        JoinHandle(join)
    }

    /// Asks the task to end.
    ///
    /// Its future is dropped instead of being polled again, on the thread that would have polled it; awaiting the
    /// handle then gives an error that [is cancelled](JoinError::is_cancelled). A poll that is under way goes on to
    /// its end first. If it, or an earlier one, completes the task, then the output stands. A panic in the future's
    /// destructor is reported as the task's panic.
    ///
    /// A blocking job that has begun cannot be aborted.
    pub fn abort(&self) {
        self.0.task().abort();
    }

    /// Asks the task to end, as [`abort`](JoinHandle::abort) does, and waits until it has: its future is gone when
    /// this returns. Gives the output when the task had completed before.
    ///
    /// A blocking job that has begun is waited for, and gives its output.
    ///
    /// # Panics
    ///
    /// With the task's panic, if it panicked: that would be lost here. To get it as an error,
    /// [`abort`](JoinHandle::abort) and await the handle.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped early, the task has been asked to end if this was polled, and its output is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// fend::block_on(async {
    ///     let held = std::sync::Arc::new(());
    ///     let endless = fend::spawn({
    ///         let held = held.clone();
    ///         async move {
    ///             std::future::pending::<()>().await;
    ///             drop(held);
    ///         }
    ///     });
    ///     assert_eq!(endless.cancel().await, None);
    ///     assert_eq!(std::sync::Arc::strong_count(&held), 1);
    /// });
    /// ```
    pub async fn cancel(self) -> Option<T> {
        self.abort();
        match self.await {
            Ok(output) => Some(output),
            Err(error) if error.is_cancelled() => None,
            Err(error) => error.resume_unwind(),
        }
    }

    /// Lets the task run on without anybody to await it. Dropping the handle does the same; this says that it is meant.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// fend::block_on(async {
    ///     let (sender, receiver) = std::os::unix::net::UnixStream::pair()?;
    ///     let receiver = fend::io::AsyncFd::new(receiver)?;
    ///     fend::spawn(async move { drop(sender) }).detach();
    ///     receiver.peer_closed().await
    /// })
    /// # .unwrap();
    /// ```
    pub fn detach(self) {
        drop(self);
    }

    /// A handle that can only abort, for others to hold.
    #[must_use = "the task stays as it is unless the handle aborts it"]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle(self.0.task().clone())
    }

    /// Whether the task is over, so that awaiting it does not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.task().is_finished() || !self.0.task().is_here()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_output(cx)
    }
}

/// Terminated once it has given the result.
impl<T> FusedFuture for JoinHandle<T> {
    fn is_terminated(&self) -> bool {
        self.0.is_taken()
    }
}

impl<T> Unpin for JoinHandle<T> {}
// A panic of the task is caught where it happens; a panic of who holds the handle finds nothing half done in it.
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinHandle").field(self.0.task()).finish()
    }
}

/// The right to abort a task, without the right to its result. Clones share it.
///
/// It keeps the memory of the task, but neither the future nor the output, for as long as it lives.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// fend::block_on(async {
///     let endless = fend::spawn(std::future::pending::<()>());
///     let abort = endless.abort_handle();
///     fend::spawn(async move { abort.abort() });
///     assert!(endless.await.unwrap_err().is_cancelled());
/// });
/// ```
#[derive(Clone)]
pub struct AbortHandle(TaskRef);

impl AbortHandle {
    /// Asks the task to end, as [`JoinHandle::abort`] does.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// Whether the task is over.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished() || !self.0.is_here()
    }
}

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AbortHandle").field(&self.0).finish()
    }
}
