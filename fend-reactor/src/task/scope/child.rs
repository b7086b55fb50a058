//! A child: the user's future or job, ended by its own end, its panic, or the scope's token.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::core::Membership;
use crate::task::WaitForCancellationOwned;

pin_project! {
    /// Gives the child's value; `None` when it was cancelled or failed.
    ///
    /// The order of the fields counts: the membership is given up when the future is gone.
    pub(super) struct Child<F, E> {
        #[pin]
        future: Option<F>,
        cancelled: WaitForCancellationOwned,
        membership: Membership<E>,
    }
}

impl<F, E> Child<F, E> {
    pub(super) fn new(future: F, membership: Membership<E>) -> Self {
        let cancelled = membership.core().token.clone().cancelled_owned();
        Child { future: Some(future), cancelled, membership }
    }
}

impl<F, U, E> Future for Child<F, E>
where
    F: Future<Output = Result<U, E>>,
{
    type Output = Option<U>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<U>> {
        let mut this = self.project();
        let core = this.membership.core();
        let outcome = if Pin::new(this.cancelled).poll(cx).is_ready() {
            None
        } else {
            match core.catch(|| this.future.as_mut().as_pin_mut().map(|future| future.poll(cx))) {
                Some(Some(Poll::Pending)) => return Poll::Pending,
                Some(Some(Poll::Ready(result))) => Some(result),
                Some(None) | None => None,
            }
        };
        // The future goes before its siblings hear of its error.
        core.catch(|| this.future.set(None));
        Poll::Ready(outcome.and_then(|result| this.membership.settle(result)))
    }
}

/// A child that is a job for the blocking pool. The order of the fields counts here too, for a job that is never run.
pub(super) struct Job<F, E> {
    job: F,
    membership: Membership<E>,
}

impl<F, E> Job<F, E> {
    pub(super) fn new(job: F, membership: Membership<E>) -> Self {
        Job { job, membership }
    }

    pub(super) fn run<U>(self) -> Option<U>
    where
        F: FnOnce() -> Result<U, E>,
    {
        let Job { job, membership } = self;
        let core = membership.core();
        if core.token.is_cancelled() {
            return core.catch(|| drop(job)).and(None);
        }
        core.catch(job).and_then(|result| membership.settle(result))
    }
}

pin_project! {
    /// A future that cannot fail, for a scope whose members may.
    pub(super) struct Unfailing<F> {
        #[pin]
        future: F,
    }
}

impl<F> Unfailing<F> {
    pub(super) fn new(future: F) -> Self {
        Unfailing { future }
    }
}

impl<F: Future> Future for Unfailing<F> {
    type Output = Result<F::Output, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(Ok)
    }
}
