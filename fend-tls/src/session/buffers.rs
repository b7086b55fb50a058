//! When a session gives its buffers back.
//!
//! OpenSSL's two are 16.7 KiB each, and half of the memory that an idle session takes. Freeing them at the end of each message and allocating
//! them for the next one costs a twentieth of a small request. So a session does that only in company: while there are few, together
//! they hold 2 MiB at most.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use openssl::ssl::SslRef;

use crate::sys;

/// How many sessions of a process may have buffers while they wait. Each that has any went to wait when there were no more than these.
const FEW: usize = 64;

/// All sessions of the process.
static SESSIONS: AtomicUsize = AtomicUsize::new(0);

/// One of them.
#[derive(Debug)]
pub(super) struct Counted(());

impl Counted {
    pub(super) fn new() -> Counted {
        SESSIONS.fetch_add(1, Relaxed);
        Counted(())
    }

    /// This session has sent all that there was, or waits for its peer: gives back the buffers that are empty, if there are many like it.
    #[inline]
    pub(super) fn rest(&self, ssl: &SslRef) {
        if SESSIONS.load(Relaxed) > FEW {
            sys::free_buffers(ssl);
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        SESSIONS.fetch_sub(1, Relaxed);
    }
}
