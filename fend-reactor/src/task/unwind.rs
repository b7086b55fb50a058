//! Panics of user code end here: in a poll they become the task's result, in a destructor or a waker that the task
//! must outlive they are dropped.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic carried.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Runs `f`, and catches its panic.
///
/// The task does not touch again what `f` may have left half done: a future that panicked is only dropped.
#[inline]
pub(super) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Payload> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Runs `f`; its panic ends here.
#[inline]
pub(super) fn swallow(f: impl FnOnce()) {
    if let Err(payload) = catch(f) {
        discard(payload);
    }
}

/// Drops a payload. Its destructor is user code and may panic too; what that panic carries is leaked, or there
/// would be no end.
#[cold]
pub(super) fn discard(payload: Payload) {
    if let Err(again) = catch(|| drop(payload)) {
        std::mem::forget(again);
    }
}

/// The message of a panic, when it is text.
pub(crate) fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&'static str>().copied().or_else(|| payload.downcast_ref::<String>().map(|s| &**s))
}
