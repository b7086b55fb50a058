//! hyper's tasks are fend's.

use std::future::Future;

use hyper::rt;

/// Spawns hyper's background tasks as fend's: for everything that takes a `hyper::rt::Executor`.
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
