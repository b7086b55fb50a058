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

use openssl::error::ErrorStack;

use crate::state::SslState;
use crate::unwind::caught;

/// What `callback` returns, or nothing when it panicked: then the handshake must not succeed, and `state` knows why.
fn guard<T>(state: &SslState, callback: impl FnOnce() -> T) -> Option<T> {
    let result = caught(callback);
    // What it leaves in the queue would look like a failure of the handshake.
    drop(ErrorStack::get());
    result.map_err(|text| state.panicked(text)).ok()
}
