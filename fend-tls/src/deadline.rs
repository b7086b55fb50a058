//! The time that a handshake may take.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use fend_reactor::time::{Sleep, sleep};

use crate::error::{Cause, TlsError};

/// Counts from the first poll. A handshake that never has to wait needs no timer.
#[derive(Debug)]
pub(crate) struct Deadline {
    limit: Option<Duration>,
    sleep: Option<Sleep>,
}

impl Deadline {
    pub(crate) fn after(limit: Option<Duration>) -> Deadline {
        Deadline { limit, sleep: None }
    }

    /// Ready, with the error to return, when the time is up.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<TlsError> {
        let Some(limit) = self.limit else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| sleep(limit));
        Pin::new(sleep).poll(cx).map(|()| TlsError::new("TLS handshake", Cause::TimedOut(limit)))
    }
}
