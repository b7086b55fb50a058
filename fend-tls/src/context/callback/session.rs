//! The sessions that a server lets its client resume, which in TLS 1.3 come when the handshake is long over.

use openssl::ssl::{SslRef, SslSession};

use crate::state::SslState;

pub(in crate::context) fn on_new(ssl: &mut SslRef, session: SslSession) {
    if let Some((cache, key)) = SslState::of(ssl).and_then(|state| state.sessions()) {
        cache.insert(key, session);
    }
}
