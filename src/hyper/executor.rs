//! hyper's tasks are fend's.

use std::future::Future;

use hyper::rt;

/// Spawns hyper's background tasks as fend's: for everything that takes a `hyper::rt::Executor`.
///
/// They run on the runtime of the thread that hyper is polled on, as with [`fend::spawn`](crate::spawn). A panic of one ends that
/// task alone.
///
/// # Examples
///
/// HTTP/2 needs an executor, since each stream of a connection is a task:
///
/// ```
/// use fend::hyper::{Executor, Timer};
/// use hyper::server::conn::http2;
///
/// let mut builder = http2::Builder::new(Executor);
/// builder.timer(Timer).max_concurrent_streams(100);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Executor;

impl<F> rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        crate::spawn(future);
    }
}

#[cfg(test)]
mod tests {
    use hyper::rt::Executor as _;

    use super::*;

    #[test]
    fn what_is_executed_is_a_task_of_this_runtime() {
        let runtime = crate::Runtime::builder().worker_threads(1).build().unwrap();
        let (name, expected) = runtime.block_on(async {
            let here = std::thread::current().id();
            let (sender, receiver) = std::sync::mpsc::channel();
            Executor.execute(async move { sender.send(std::thread::current().id()).unwrap() });
            loop {
                match receiver.try_recv() {
                    Ok(there) => break (there, here),
                    Err(_) => crate::yield_now().await,
                }
            }
        });
        assert_eq!(name, expected, "one worker runs everything");
    }
}
