//! Workers, queues, parking, and the runtime that holds them.

use crate::task::{JoinHandle, Meta};
use std::future::Future;
/// A runtime.
#[derive(Debug)]
pub struct Runtime {}
/// Builds a runtime.
#[derive(Debug)]
pub struct Builder {}
/// A handle.
#[derive(Debug, Clone)]
pub struct Handle {}
impl Handle {
    /// The current runtime's, else the default runtime's.
    pub fn current() -> Handle {
        todo!()
    }
    /// Spawns.
    #[track_caller]
    pub fn spawn<F>(&self, _future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        todo!()
    }
    pub(crate) fn spawn_with<F>(&self, _future: F, _meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        todo!()
    }
    pub(crate) fn spawn_blocking_with<F, T>(&self, _f: F, _meta: Meta) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        todo!()
    }
    /// Spawns blocking.
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, _f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        todo!()
    }
}
/// Blocks.
pub fn block_on<F: Future>(_future: F) -> F::Output {
    todo!()
}
/// Spawns.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Handle::current().spawn(future)
}
pub(crate) fn spawn_local_with<F>(_future: F, _meta: Meta) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    todo!()
}
/// Spawns local.
#[track_caller]
pub fn spawn_local<F>(_future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    todo!()
}
/// Spawns blocking.
#[track_caller]
pub fn spawn_blocking<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Handle::current().spawn_blocking(f)
}
