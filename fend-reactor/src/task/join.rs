//! What is left in the hands of the one who spawned.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The right to await a task's result.
pub struct JoinHandle<T> {
    _marker: PhantomData<T>,
}

impl<T> JoinHandle<T> {
    /// Asks the task to end.
    pub fn abort(&self) {
        todo!()
    }
    /// A handle that can only abort.
    pub fn abort_handle(&self) -> AbortHandle {
        todo!()
    }
    /// Whether it is over.
    pub fn is_finished(&self) -> bool {
        todo!()
    }
}
impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;
    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
        todo!()
    }
}
impl<T> Unpin for JoinHandle<T> {}
impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
/// Aborts a task from elsewhere.
#[derive(Debug, Clone)]
pub struct AbortHandle {}
impl AbortHandle {
    /// Asks the task to end.
    pub fn abort(&self) {
        todo!()
    }
    /// Whether it is over.
    pub fn is_finished(&self) -> bool {
        todo!()
    }
}
/// Why a task gave no result.
#[derive(Debug)]
pub struct JoinError {}
impl JoinError {
    /// It panicked.
    pub fn is_panic(&self) -> bool {
        todo!()
    }
    /// It was aborted, or its runtime ended.
    pub fn is_cancelled(&self) -> bool {
        todo!()
    }
    /// The panic's payload. Panics when it was cancelled.
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        todo!()
    }
    /// The panic's payload, or the error itself.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        todo!()
    }
    /// Carries the panic on in this thread. Panics when it was cancelled.
    pub fn resume_unwind(self) -> ! {
        todo!()
    }
}
impl fmt::Display for JoinError {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
impl std::error::Error for JoinError {}
