//! tokio: its current-thread runtime for one worker, its multi-thread runtime for more.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use super::Peer;

/// A runtime of tokio.
#[derive(Debug)]
pub struct Tokio(Runtime);

/// A handle whose task does not fail.
#[derive(Debug)]
pub struct Task<T>(JoinHandle<T>);

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|result| result.expect("no task fails here"))
    }
}

impl Peer for Tokio {
    type Task<T: Send + 'static> = Task<T>;
    type Sleep = tokio::time::Sleep;
    type Spawner = Handle;

    fn new(workers: usize) -> Self {
        let mut builder = match workers {
            1 => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        if workers > 1 {
            builder.worker_threads(workers);
        }
        Tokio(builder.enable_all().build().expect("a runtime"))
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
        Task(tokio::spawn(future))
    }

    fn detach<T: Send + 'static>(task: Task<T>) {
        drop(task);
    }

    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> tokio::time::Sleep {
        tokio::time::sleep(duration)
    }

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        Task(tokio::task::spawn_blocking(job))
    }
}
