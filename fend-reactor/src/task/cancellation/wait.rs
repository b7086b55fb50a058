//! The futures that end with a token.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::CancellationToken;
use super::tree::Node;

/// A waiter's registration. It keeps a copy of the waker it left with the node, so that a poll by the same task
/// takes no lock.
#[derive(Default)]
struct Waiter {
    registered: Option<(usize, Waker)>,
}

impl Waiter {
    #[inline]
    fn poll(&mut self, node: &Node, cx: &Context<'_>) -> Poll<()> {
        if node.is_cancelled() {
            return Poll::Ready(());
        }
        match &self.registered {
            Some((_, waker)) if waker.will_wake(cx.waker()) => Poll::Pending,
            _ => self.register(node, cx.waker()),
        }
    }

    #[cold]
    fn register(&mut self, node: &Node, waker: &Waker) -> Poll<()> {
        let (ours, theirs) = (waker.clone(), waker.clone());
        let key = self.registered.as_ref().map(|(key, _)| *key);
        match node.wait(key, theirs) {
            Ok(registered) => {
                let old = self.registered.replace((registered.key, ours));
                // Only now, that all is in order: a waker's destructor may panic.
                drop((registered.replaced, old));
                Poll::Pending
            }
            Err(_waker) => Poll::Ready(()),
        }
    }

    fn remove(&mut self, node: &Node) {
        if let Some((key, waker)) = self.registered.take() {
            let left = node.forget(key);
            drop((left, waker));
        }
    }
}

/// Ends when the token is cancelled. Made by [`CancellationToken::cancelled`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct WaitForCancellation<'a> {
    token: &'a CancellationToken,
    waiter: Waiter,
}

impl<'a> WaitForCancellation<'a> {
    pub(super) fn new(token: &'a CancellationToken) -> Self {
        WaitForCancellation { token, waiter: Waiter::default() }
    }

    /// Waits no more, before the drop.
    fn leave(&mut self) {
        self.waiter.remove(&self.token.node);
    }
}

impl Future for WaitForCancellation<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.waiter.poll(&this.token.node, cx)
    }
}

impl Drop for WaitForCancellation<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for WaitForCancellation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellation").field("token", self.token).finish()
    }
}

/// Ends when the token is cancelled, and owns its token. Made by [`CancellationToken::cancelled_owned`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct WaitForCancellationOwned {
    token: CancellationToken,
    waiter: Waiter,
}

impl WaitForCancellationOwned {
    pub(super) fn new(token: CancellationToken) -> Self {
        WaitForCancellationOwned { token, waiter: Waiter::default() }
    }
}

impl Future for WaitForCancellationOwned {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.waiter.poll(&this.token.node, cx)
    }
}

impl Drop for WaitForCancellationOwned {
    fn drop(&mut self) {
        self.waiter.remove(&self.token.node);
    }
}

impl fmt::Debug for WaitForCancellationOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationOwned").field("token", &self.token).finish()
    }
}

pin_project! {
    /// Runs a future until the token is cancelled. Made by [`CancellationToken::run_until_cancelled`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct RunUntilCancelled<'a, F> {
        cancelled: WaitForCancellation<'a>,
        #[pin]
        future: F,
    }
}

impl<'a, F> RunUntilCancelled<'a, F> {
    pub(super) fn new(token: &'a CancellationToken, future: F) -> Self {
        RunUntilCancelled { cancelled: WaitForCancellation::new(token), future }
    }
}

impl<F: Future> Future for RunUntilCancelled<'_, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match Pin::new(&mut *this.cancelled).poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => this.future.poll(cx).map(|value| {
                this.cancelled.leave();
                Some(value)
            }),
        }
    }
}
