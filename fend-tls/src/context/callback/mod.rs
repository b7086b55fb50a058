//! What OpenSSL calls back during a handshake. Each file has one callback; all are plain functions that find the settings of the
//! session's present context, and its state, through the session: so they serve a context that was chosen by name as well.
//!
//! The `openssl` crate's trampolines are `extern "C"`, where a panic would abort the program. So whatever runs the caller's code
//! does it through [`guard`].

pub(super) mod alpn;
pub(super) mod hello;
pub(super) mod keylog;
pub(super) mod ocsp;
pub(super) mod session;
pub(super) mod verify;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use openssl::error::ErrorStack;

use crate::state::SslState;

/// What `callback` returns, or nothing when it panicked: then the handshake must not succeed, and `state` knows why.
fn guard<T>(state: &SslState, callback: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(callback));
    // What it leaves in the queue would look like a failure of the handshake.
    drop(ErrorStack::get());
    match result {
        Ok(result) => Some(result),
        Err(panic) => {
            state.panicked(panic_message(&*panic));
            // The payload is the caller's too, and may panic when it is dropped. Better leak it.
            std::mem::forget(panic);
            None
        }
    }
}

/// The message of a panic, as the standard library finds it.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
