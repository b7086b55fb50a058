//! The scope itself: polls the body, then waits for the children.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::core::{Core, Failure};

pin_project! {
    pub(super) struct Run<B, T, E> {
        // `None` once it is over.
        #[pin]
        body: Option<B>,
        value: Option<T>,
        core: Arc<Core<E>>,
    }

    impl<B, T, E> PinnedDrop for Run<B, T, E> {
        fn drop(this: Pin<&mut Self>) {
            this.project().core.abandon();
        }
    }
}

impl<B, T, E> Run<B, T, E>
where
    B: Future<Output = Result<T, E>>,
{
    pub(super) fn new(core: Arc<Core<E>>, body: impl FnOnce() -> B) -> Self {
        let body = core.catch(body);
        Run { body, value: None, core }
    }

    /// Polls the body, unless a child has failed. `Ready` when there is no body any more.
    fn poll_body(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut().as_pin_mut() else { return Poll::Ready(()) };
        let result = if this.core.has_failed() {
            None
        } else {
            match this.core.catch(|| body.poll(cx)) {
                Some(Poll::Pending) => return Poll::Pending,
                Some(Poll::Ready(result)) => Some(result),
                None => None,
            }
        };
        this.core.catch(|| this.body.set(None));
        match result {
            Some(Ok(value)) => *this.value = Some(value),
            Some(Err(error)) => this.core.fail(Failure::Error(error)),
            None => {}
        }
        Poll::Ready(())
    }
}

impl<B, T, E> Future for Run<B, T, E>
where
    B: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Whoever takes this waker wakes it, and we come back to leave another.
        self.core.wait(cx.waker());
        if self.as_mut().poll_body(cx).is_pending() {
            return Poll::Pending;
        }
        self.core.end_body();
        if self.core.try_close() { self.finish() } else { Poll::Pending }
    }
}

impl<B, T, E> Run<B, T, E> {
    /// All have ended.
    fn finish(self: Pin<&mut Self>) -> Poll<Result<T, E>> {
        let this = self.project();
        Poll::Ready(match this.core.take_failure() {
            Some(Failure::Panic(payload)) => resume_unwind(payload),
            Some(Failure::Error(error)) => Err(error),
            None => Ok(this.value.take().expect("a body that has neither a value nor a failure still runs")),
        })
    }
}
