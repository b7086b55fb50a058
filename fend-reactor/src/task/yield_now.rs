//! Giving way to other tasks.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets the other tasks that are ready run, then goes on.
///
/// The task goes to the back of the queue. Work without a natural pause, such as a long computation, calls this now
/// and then so that its worker can serve others.
///
/// # Cancel safety
///
/// Cancel safe: there is nothing to lose.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// fend::block_on(async {
///     let mut sum = 0_u64;
///     for chunk in 0..10 {
///         sum += (chunk * 1000..(chunk + 1) * 1000).sum::<u64>();
///         fend::yield_now().await;
///     }
///     assert_eq!(sum, 49_995_000);
/// });
/// ```
pub fn yield_now() -> impl Future<Output = ()> + Send + Sync + Unpin {
    YieldNow { yielded: false }
}

/// Pending once. A task that wakes itself during its poll is put behind the others when the poll ends.
#[derive(Debug)]
struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
