//! Panics of other people's code: callbacks, wakers, and the stream below. OpenSSL's C code may not be unwound, and who waits beside
//! a panicking waker must be woken all the same.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `f`; a panic ends here, and its text is the error.
#[inline]
pub(crate) fn caught<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(text_of)
}

/// Runs `f`; nobody is interested in its panic.
pub(crate) fn swallowed(f: impl FnOnce()) {
    let _ = caught(f);
}

fn text_of(payload: Box<dyn Any + Send>) -> String {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a message".to_owned(),
    };
    // A payload's own destructor may panic in turn. What that one panics with is leaked, unless it is text: there must be an end.
    if let Err(second) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        if let Err(other) = second.downcast::<&str>() {
            mem::forget(other);
        }
    }
    text
}
