//! The runtimes that are compared, each behind one trait, so that a case is written once.

use std::future::Future;
use std::time::Duration;

mod fend;
mod smol;
mod tokio;

pub use fend::Fend;
pub use smol::Smol;
pub use tokio::Tokio;

/// A runtime. Its functions that take no `self` are called from inside [`block_on`](Peer::block_on) or a task.
pub trait Peer: Sized + 'static {
    /// Awaits a task.
    type Task<T: Send + 'static>: Future<Output = T> + Send + Unpin + 'static;
    /// Waits for a time.
    type Sleep: Future<Output = ()> + Send + 'static;
    /// Spawns from a thread of no runtime.
    type Spawner: Clone + Send + 'static;

    /// One with this many workers, the calling thread's among them where the runtime can do that.
    fn new(workers: usize) -> Self;
    /// Runs a future on the calling thread, and tasks meanwhile.
    fn block_on<F: Future>(&self, future: F) -> F::Output;
    /// What another thread spawns with.
    fn spawner(&self) -> Self::Spawner;
    /// Spawns a task from any thread.
    fn spawn_from<F>(spawner: &Self::Spawner, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
    /// Spawns a task.
    fn spawn<F>(future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
    /// Lets the task run on when nobody holds its handle.
    fn detach<T: Send + 'static>(task: Self::Task<T>);
    /// Lets other tasks run.
    fn yield_now() -> impl Future<Output = ()> + Send + 'static;
    /// Waits this long.
    fn sleep(duration: Duration) -> Self::Sleep;
    /// Runs a job that may block on the runtime's pool.
    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Self::Task<T>;
}
