//! fend, as its users have it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use fend::Runtime;
use fend::runtime::Handle;
use fend::task::JoinHandle;

use super::Peer;

/// A runtime of fend.
#[derive(Debug)]
pub struct Fend(Runtime);

/// A handle whose task does not fail.
#[derive(Debug)]
pub struct Task<T>(JoinHandle<T>);

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|result| result.expect("no task fails here"))
    }
}

impl Peer for Fend {
    type Task<T: Send + 'static> = Task<T>;
    type Sleep = fend::time::Sleep;
    type Spawner = Handle;

    /// `FEND_DISPATCHER` and `FEND_DRIVERS` say the rest.
    fn new(workers: usize) -> Self {
        let runtime = Runtime::builder().worker_threads(workers).build();
        Fend(runtime.expect("a runtime"))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawner(&self) -> Handle {
        self.0.handle().clone()
    }

    fn spawn_from<F>(spawner: &Handle, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Task(spawner.spawn(future))
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Task(fend::spawn(future))
    }

    fn detach<T: Send + 'static>(task: Task<T>) {
        drop(task);
    }

    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        fend::yield_now()
    }

    fn sleep(duration: Duration) -> fend::time::Sleep {
        fend::time::sleep(duration)
    }

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        Task(fend::spawn_blocking(job))
    }
}
