//! [`SslState`]: what the callbacks of one session leave behind, for the handshake and the stream that wait for it to read.
//!
//! OpenSSL calls back from deep inside a handshake, with nothing but the `SSL`. Each has an `SslState` in its ex_data, which the
//! callbacks find there, and nobody holds a pointer to anything.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef};

use crate::error::VerifyFailure;
use crate::session_cache::SessionCache;

static INDEX: OnceLock<Index<Ssl, Arc<SslState>>> = OnceLock::new();

/// Beside each `SSL`, from its beginning to its end.
#[derive(Default)]
pub(crate) struct SslState {
    /// The certificate that was refused.
    failure: Mutex<Option<VerifyFailure>>,
    /// What was wrong with certificates, and let pass because the caller has said so.
    passed: Mutex<Vec<String>>,
    /// The message of the first callback that panicked.
    panic: Mutex<Option<String>>,
    /// Where the sessions go that the server sends, and under which key.
    sessions: Option<(Arc<SessionCache>, String)>,
    /// The name of the first ClientHello, once there was one.
    server_name: Mutex<Option<Option<String>>>,
    /// A server's application protocols, in place of the context's.
    alpn: Option<Vec<Vec<u8>>>,
}

impl SslState {
    /// A state whose new sessions go into `sessions` under the key beside it.
    pub(crate) fn new(sessions: Option<(Arc<SessionCache>, String)>) -> SslState {
        SslState { sessions, ..SslState::default() }
    }

    /// A server's, which speaks these application protocols in place of the context's.
    pub(crate) fn of_server(alpn: Option<Vec<Vec<u8>>>) -> SslState {
        SslState { alpn, ..SslState::default() }
    }

    /// The application protocols of this session alone.
    pub(crate) fn alpn(&self) -> Option<&[Vec<u8>]> {
        self.alpn.as_deref()
    }

    /// The state of this session.
    pub(crate) fn of(ssl: &SslRef) -> Option<&Arc<SslState>> {
        ssl.ex_data(*INDEX.get()?)
    }

    /// Hangs it on `ssl`, which has none yet.
    pub(crate) fn attach(self, ssl: &mut SslRef) -> Result<(), ErrorStack> {
        let index = match INDEX.get() {
            Some(&index) => index,
            // Of two threads that come here at once one takes an index in vain: they are only numbers.
            None => {
                let index = Ssl::new_ex_index()?;
                *INDEX.get_or_init(|| index)
            }
        };
        ssl.set_ex_data(index, Arc::new(self));
        Ok(())
    }

    /// The certificate that was refused.
    pub(crate) fn take_failure(&self) -> Option<VerifyFailure> {
        lock(&self.failure).take()
    }

    /// Keeps the first.
    pub(crate) fn refuse(&self, failure: VerifyFailure) {
        lock(&self.failure).get_or_insert(failure);
    }

    /// What an opt-out has let pass, in words.
    pub(crate) fn passed(&self) -> Option<String> {
        let passed = lock(&self.passed);
        if passed.is_empty() { None } else { Some(passed.join("; ")) }
    }

    /// Each once: OpenSSL comes back to some.
    pub(crate) fn let_pass(&self, what: String) {
        let mut passed = lock(&self.passed);
        if !passed.contains(&what) {
            passed.push(what);
        }
    }

    /// The message of the callback that panicked.
    pub(crate) fn take_panic(&self) -> Option<String> {
        lock(&self.panic).take()
    }

    /// Keeps the first.
    pub(crate) fn panicked(&self, message: String) {
        lock(&self.panic).get_or_insert(message);
    }

    /// Where new sessions go, and under which key.
    pub(crate) fn sessions(&self) -> Option<&(Arc<SessionCache>, String)> {
        self.sessions.as_ref()
    }

    /// Notes the name that a ClientHello asks for: what an earlier one of the same handshake has asked for, if there was one.
    pub(crate) fn greet(&self, name: Option<String>) -> Option<Option<String>> {
        let mut seen = lock(&self.server_name);
        if seen.is_none() {
            *seen = Some(name);
            return None;
        }
        seen.clone()
    }
}

/// Nothing is left half done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl fmt::Debug for SslState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SslState")
            .field("failure", &self.failure)
            .field("passed", &self.passed)
            .field("panic", &self.panic)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::code;

    #[test]
    fn the_first_of_each_is_kept() {
        let state = SslState::default();
        for code in [code::CERT_HAS_EXPIRED, code::CERT_REVOKED] {
            state.refuse(VerifyFailure {
                code,
                depth: 0,
                subject: String::new(),
                names: Vec::new(),
                reason: None,
            });
        }
        assert_eq!(state.take_failure().unwrap().code, code::CERT_HAS_EXPIRED);
        assert!(state.take_failure().is_none());
        state.panicked("a".to_owned());
        state.panicked("b".to_owned());
        assert_eq!(state.take_panic().as_deref(), Some("a"));
    }

    #[test]
    fn what_passes_is_told_once() {
        let state = SslState::default();
        assert_eq!(state.passed(), None);
        for what in ["a", "b", "a"] {
            state.let_pass(what.to_owned());
        }
        assert_eq!(state.passed().as_deref(), Some("a; b"));
    }

    #[test]
    fn a_second_hello_is_told_the_name_of_the_first() {
        let state = SslState::default();
        assert_eq!(state.greet(Some("a".to_owned())), None);
        assert_eq!(state.greet(None), Some(Some("a".to_owned())));
        let nameless = SslState::default();
        assert_eq!(nameless.greet(None), None);
        assert_eq!(nameless.greet(Some("a".to_owned())), Some(None));
    }
}
