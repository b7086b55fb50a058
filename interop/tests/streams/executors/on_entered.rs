//! A future that enters a runtime of fend for as long as it is polled, on whatever thread that is.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use fend::Handle;

pub(super) fn entered<F>(handle: Handle, future: F) -> impl Future<Output = F::Output> + Send
where
    F: Future + Send,
{
    let mut future = Box::pin(future);
    poll_fn(move |cx| -> Poll<F::Output> {
        let _entered = handle.enter();
        Pin::new(&mut future).poll(cx)
    })
}
