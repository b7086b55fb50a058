//! Telling many tasks at once that they should end.
//!
//! A token is cancelled once and for all, and with it every token made from it by `child_token`. Tasks await it, run
//! futures under it, or look at it between two steps. `tree` holds the nodes the tokens share, `wait` the futures.

mod tree;
mod wait;

#[cfg(all(test, not(loom)))]
mod tests;

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use tree::Node;
pub use wait::{RunUntilCancelled, WaitForCancellation, WaitForCancellationOwned};

/// A signal that work should end, given once to everyone who holds the token or a descendant of it.
///
/// Clones share one state. A [child](CancellationToken::child_token) is cancelled with its parent, and can be
/// cancelled alone. Cancelling is a request: it ends no task by itself. To end tasks without their help, see
/// [`TaskGroup`](crate::task::TaskGroup) and [`scope`](crate::task::scope).
///
/// Tokens work under any executor and from any thread. A child that is dropped leaves nothing behind in its parent,
/// so a token for each request of a long-lived server is fine, and a tree may be thousands of levels deep.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::task::CancellationToken;
///
/// let server = CancellationToken::new();
/// let connection = server.child_token();
///
/// let worker = std::thread::spawn({
///     let connection = connection.clone();
///     move || {
///         while !connection.is_cancelled() {
///             std::thread::yield_now();
///         }
///     }
/// });
///
/// server.cancel();
/// worker.join().unwrap();
/// assert!(connection.is_cancelled());
/// ```
#[derive(Clone)]
pub struct CancellationToken {
    node: Arc<Node>,
}

impl CancellationToken {
    /// A token that depends on no other.
    #[must_use]
    pub fn new() -> Self {
        CancellationToken { node: Node::root() }
    }

    /// A token that is cancelled when this one is. Cancelling the child does nothing to its parent.
    ///
    /// The child of a cancelled token is cancelled from the start.
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::task::CancellationToken;
    ///
    /// let parent = CancellationToken::new();
    /// let (first, second) = (parent.child_token(), parent.child_token());
    /// first.cancel();
    /// assert!(!parent.is_cancelled() && !second.is_cancelled());
    /// parent.cancel();
    /// assert!(second.is_cancelled());
    /// ```
    #[must_use]
    pub fn child_token(&self) -> CancellationToken {
        CancellationToken { node: self.node.child() }
    }

    /// Cancels this token and all its descendants, and wakes whoever awaits one of them.
    ///
    /// Doing it again does nothing. What was written before the first `cancel` is seen by those who see the token
    /// cancelled. All descendants are cancelled before anyone is woken; a second thread that cancels the same token at
    /// the same moment may return while the first is still on its way down.
    ///
    /// # Panics
    ///
    /// Never: a waker that panics does not keep the others from being woken, and its panic ends here.
    pub fn cancel(&self) {
        self.node.cancel();
    }

    /// Whether this token or an ancestor of it was cancelled. One load, no lock.
    #[must_use]
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Waits until the token is cancelled; at once if it is already.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the token stays cancelled, so nothing can be missed. The future leaves no trace when dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::task::CancellationToken;
    ///
    /// # fend::block_on(async {
    /// let token = CancellationToken::new();
    /// let task = fend::spawn({
    ///     let token = token.clone();
    ///     async move {
    ///         token.cancelled().await;
    ///         "said good-bye"
    ///     }
    /// });
    /// token.cancel();
    /// assert_eq!(task.await.unwrap(), "said good-bye");
    /// # });
    /// ```
    pub fn cancelled(&self) -> WaitForCancellation<'_> {
        WaitForCancellation::new(self)
    }

    /// Like [`cancelled`](CancellationToken::cancelled), for where a future must not borrow.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as `cancelled` is.
    pub fn cancelled_owned(self) -> WaitForCancellationOwned {
        WaitForCancellationOwned::new(self)
    }

    /// Runs `future` to its end, which gives `Some`, or until the token is cancelled, which gives `None`.
    ///
    /// The token comes first: once it is cancelled, the future is not polled again, not even the first time, and not
    /// even if it could end at once. It is dropped with the future this function returns.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as `future` is.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::task::CancellationToken;
    ///
    /// # fend::block_on(async {
    /// let token = CancellationToken::new();
    /// assert_eq!(token.run_until_cancelled(async { 1 }).await, Some(1));
    /// token.cancel();
    /// assert_eq!(token.run_until_cancelled(async { 1 }).await, None);
    /// # });
    /// ```
    pub fn run_until_cancelled<F: Future>(&self, future: F) -> RunUntilCancelled<'_, F> {
        RunUntilCancelled::new(self, future)
    }

    /// A guard that cancels the token when it is dropped: at the end of a block, by `?`, or by a panic.
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::task::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// {
    ///     let _guard = token.clone().drop_guard();
    ///     assert!(!token.is_cancelled());
    /// }
    /// assert!(token.is_cancelled());
    /// ```
    pub fn drop_guard(self) -> DropGuard {
        DropGuard { token: Some(self) }
    }
}

// Wakers, the only foreign code, run when the tree is in order again.
impl UnwindSafe for CancellationToken {}
impl RefUnwindSafe for CancellationToken {}

impl Default for CancellationToken {
    fn default() -> Self {
        CancellationToken::new()
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken").field("is_cancelled", &self.is_cancelled()).finish()
    }
}

/// Cancels its token when dropped. Made by [`CancellationToken::drop_guard`].
#[derive(Debug)]
#[must_use = "a guard that is dropped at once cancels at once"]
pub struct DropGuard {
    /// `None` once disarmed.
    token: Option<CancellationToken>,
}

impl DropGuard {
    /// Gives the token back and cancels nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::task::CancellationToken;
    ///
    /// fn all_or_nothing(token: &CancellationToken, steps: &[bool]) -> Option<()> {
    ///     let guard = token.clone().drop_guard();
    ///     for done in steps {
    ///         done.then_some(())?;
    ///     }
    ///     let _token = guard.disarm();
    ///     Some(())
    /// }
    ///
    /// let token = CancellationToken::new();
    /// all_or_nothing(&token, &[true, true]);
    /// assert!(!token.is_cancelled());
    /// all_or_nothing(&token, &[true, false]);
    /// assert!(token.is_cancelled());
    /// ```
    #[must_use = "the token that is given back can no longer be cancelled by the guard: to cancel, drop the guard"]
    pub fn disarm(mut self) -> CancellationToken {
        self.token.take().expect("a guard holds its token until it is disarmed, which consumes it")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel();
        }
    }
}
