//! The sessions that clients keep, so that the next handshake with the same server is a short one.
//!
//! A key stands for a server and all that must be the same for a session to be used again. The number of keys is bounded: the one
//! that was used least recently goes first. Of each the last few sessions are kept, since a TLS 1.3 server sends several, each to be used
//! once (RFC 8446, appendix C.4: a ticket that is seen twice tells an observer that it is the same client).
//!
//! One mutex; what is taken out under it is dropped after it, since freeing a session wipes its secrets and may free a certificate
//! chain. Two maps: sessions by key, and keys by the time of their last use, which is a count. So nothing is searched, and an operation
//! takes O(log n) steps for n keys.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::ssl::{SslSession, SslSessionRef, SslVersion};

/// OpenSSL's servers send two at a time.
const PER_KEY: usize = 4;

/// See the [module](self).
pub(crate) struct SessionCache {
    hosts: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: HashMap<Arc<str>, Entry>,
    /// Exactly the keys of `entries`, by their `last_use`.
    by_use: BTreeMap<u64, Arc<str>>,
    uses: u64,
}

struct Entry {
    /// The newest first; never empty outside of a call.
    sessions: VecDeque<SslSession>,
    last_use: u64,
}

impl SessionCache {
    /// Keeps the sessions of at most `hosts` keys.
    pub(crate) fn new(hosts: usize) -> SessionCache {
        SessionCache { hosts, state: Mutex::default() }
    }

    /// Keeps a session, as the newest of its key.
    pub(crate) fn insert(&self, key: &str, session: SslSession) {
        if self.hosts == 0 {
            return;
        }
        let mut state = self.lock();
        let sessions = &mut state.use_entry(key).sessions;
        sessions.push_front(session);
        let oldest = if sessions.len() > PER_KEY { sessions.pop_back() } else { None };
        let evicted = if state.entries.len() > self.hosts { state.evict() } else { None };
        drop(state);
        drop((oldest, evicted));
    }

    /// The newest session of a key that has not expired. One of TLS 1.3 is taken out; an older one can be used again, and stays.
    pub(crate) fn take(&self, key: &str) -> Option<SslSession> {
        let now = now();
        let mut expired = Vec::new();
        let mut state = self.lock();
        if !state.entries.contains_key(key) {
            return None;
        }
        let sessions = &mut state.use_entry(key).sessions;
        // At most PER_KEY of them.
        for at in (0..sessions.len()).rev() {
            if is_expired(&sessions[at], now) {
                expired.extend(sessions.remove(at));
            }
        }
        let session = match sessions.front() {
            Some(newest) if newest.protocol_version() == SslVersion::TLS1_3 => sessions.pop_front(),
            newest => newest.cloned(),
        };
        if sessions.is_empty() {
            state.remove(key);
        }
        drop(state);
        drop(expired);
        session
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut *self.lock());
        drop(all);
    }

    /// How many keys have sessions.
    pub(crate) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under it panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The entry of a key, new or not, which is the last one used by this.
    fn use_entry(&mut self, key: &str) -> &mut Entry {
        self.uses += 1;
        let last_use = self.uses;
        let key = match self.entries.get(key) {
            Some(entry) => self.by_use.remove(&entry.last_use).expect("each entry is in both maps"),
            None => Arc::from(key),
        };
        self.by_use.insert(last_use, Arc::clone(&key));
        let entry = self.entries.entry(key).or_insert_with(|| Entry { sessions: VecDeque::new(), last_use });
        entry.last_use = last_use;
        entry
    }

    fn remove(&mut self, key: &str) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.by_use.remove(&entry.last_use);
        Some(entry)
    }

    /// Removes the entry that was used least recently.
    fn evict(&mut self) -> Option<Entry> {
        let (_, key) = self.by_use.pop_first()?;
        self.entries.remove(&key)
    }
}

/// Seconds since 1970, by the clock that OpenSSL stamps sessions with.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn is_expired(session: &SslSessionRef, now: i64) -> bool {
    #[expect(clippy::useless_conversion, reason = "the type of a time depends on the version of OpenSSL")]
    let time = i64::try_from(session.time()).unwrap_or(i64::MAX);
    time.saturating_add(session.timeout()) < now
}

impl fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCache")
            .field("hosts", &self.hosts)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
