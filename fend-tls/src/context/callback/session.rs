//! The sessions that a server lets its client resume, which in TLS 1.3 come when the handshake is long over.
//!
//! OpenSSL marks a session as lost when its `SSL` is freed without a close_notify having been sent, also one that is kept here, and
//! one in a server's cache. That was a rule before TLS 1.1; so whoever drops an `SSL` that has not failed calls
//! [`keep_resumable`](crate::sys::keep_resumable) first. A fatal alert marks it too, and rightly so.

use openssl::ssl::{SslRef, SslSession};

use crate::state::SslState;

pub(in crate::context) fn on_new(ssl: &mut SslRef, session: SslSession) {
    if let Some((cache, key)) = SslState::of(ssl).and_then(|state| state.sessions()) {
        cache.insert(key, session);
    }
}
