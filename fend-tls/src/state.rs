//! [`SslState`]: what the callbacks of one session leave behind, for the handshake and the stream that wait for it to read.
//!
//! OpenSSL calls back from deep inside a handshake, with nothing but the `SSL`. Each has an `SslState` in its ex_data, which the
//! callbacks find there, and nobody holds a pointer to anything.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
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
    /// KeyUpdate messages received since the last application data.
    key_updates: AtomicU32,
    /// The name of the first ClientHello, once there was one.
    server_name: Mutex<Option<Option<String>>>,
}

impl SslState {
    /// A state whose new sessions go into `sessions` under the key beside it.
    pub(crate) fn new(sessions: Option<(Arc<SessionCache>, String)>) -> SslState {
        SslState { sessions, ..SslState::default() }
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

    /// How many KeyUpdate messages have come since the last application data.
    pub(crate) fn key_updates(&self) -> u32 {
        self.key_updates.load(Ordering::Relaxed)
    }

    pub(crate) fn count_key_update(&self) {
        self.key_updates.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn forget_key_updates(&self) {
        self.key_updates.store(0, Ordering::Relaxed);
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
            .field("key_updates", &self.key_updates)
            .finish_non_exhaustive()
    }
}
