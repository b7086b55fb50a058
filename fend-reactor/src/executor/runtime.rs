//! [`Runtime`]: made, used, shut down.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::block_on::block_on;
use super::builder::Builder;
use super::handle::{EnterGuard, Handle};
use super::metrics::Metrics;
use super::shared::Shared;
use super::shutdown::{ShutdownReport, shut_down};
use crate::task::JoinHandle;

/// Workers, drivers, timers and a blocking pool.
///
/// Dropping it shuts it down, as [`shutdown_timeout`](Runtime::shutdown_timeout) with 5 s
/// ([`Builder::drop_timeout`]) does, or without waiting when that happens inside a task.
///
/// ```
/// # use fend_reactor as fend;
/// # fn main() -> std::io::Result<()> {
/// let runtime = fend::runtime::Runtime::new()?;
/// let answer = runtime.block_on(async { fend::spawn(async { 42 }).await.unwrap() });
/// assert_eq!(answer, 42);
/// # Ok(())
/// # }
/// ```
pub struct Runtime {
    shared: Arc<Shared>,
    shut_down_on_drop: bool,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.describe(f.debug_struct("Runtime"))
    }
}

impl Runtime {
    pub(super) fn over(shared: Arc<Shared>) -> Runtime {
        Runtime { shared, shut_down_on_drop: true }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The runtime without its end: for the default one.
    pub(super) fn into_shared(mut self) -> Arc<Shared> {
        self.shut_down_on_drop = false;
        self.shared.clone()
    }

    /// A runtime with the [`Builder`]'s defaults.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new() -> io::Result<Runtime> {
        Builder::new().build()
    }

    /// The same as [`Builder::new`].
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Runs `future` on this thread until it is ready, and tasks meanwhile: the thread is worker 0.
    ///
    /// The thread comes to the runtime when the future, in its first poll, asks for it (spawns, waits for something of it), or is pending after
    /// that. One that is ready at once and asks for nothing costs next to nothing, and is not counted in the [metrics](Runtime::metrics). A
    /// future that is woken while tasks wait lets up to 16 of them go first.
    ///
    /// Several threads may do so at once. One of them is worker 0; the others run their own future and their local tasks, and the next one
    /// becomes worker 0 when it leaves. Inside a task of this runtime it works too, and runs other tasks from there; such calls may
    /// nest 32 deep. The task that calls goes on only when everything that was started above it on this stack has returned, so
    /// prefer `.await`.
    ///
    /// After the runtime's shutdown the future is still run, but its I/O fails.
    ///
    /// # Panics
    /// When the future panics, and when nested too deep.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on(&self.shared, future)
    }

    /// Spawns a task: see [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle().spawn(future)
    }

    /// Runs `f` on the blocking pool: see [`spawn_blocking`](crate::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle().spawn_blocking(f)
    }

    /// A handle that other threads and tasks can keep.
    pub fn handle(&self) -> Handle {
        Handle::over(self.shared.clone())
    }

    /// Makes this runtime the current one of this thread: see [`Handle::enter`].
    #[must_use = "the runtime is left again when the guard is dropped"]
    pub fn enter(&self) -> EnterGuard {
        self.handle().enter()
    }

    /// A snapshot of the runtime's counters.
    pub fn metrics(&self) -> Metrics {
        Metrics::of(&self.shared)
    }

    /// Stops the runtime: every task's future is dropped once, waiting blocking jobs are cancelled, sources report errors, and
    /// later spawns resolve to cancelled. Waits up to `timeout` for tasks and jobs that are running just now.
    ///
    /// Called inside a task, it starts the shutdown and does not wait, since that task is one of those to wait for.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> ShutdownReport {
        self.shut_down_on_drop = false;
        shut_down(&self.shared, timeout)
    }

    /// Starts the shutdown and does not wait.
    pub fn shutdown_background(mut self) {
        self.shut_down_on_drop = false;
        let _ = shut_down(&self.shared, Duration::ZERO);
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.shut_down_on_drop {
            let _ = shut_down(&self.shared, self.shared.config.drop_timeout);
        }
    }
}
