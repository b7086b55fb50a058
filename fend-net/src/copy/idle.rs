//! The limit on silence.
//!
//! Moving bytes costs no timer: what is noted is when it happened. The one timer of a copy goes off now and then, looks at the
//! note, and is set again.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use fend_reactor::time::{Sleep, now, sleep_until};

/// How long there has been silence, and who minds.
#[derive(Debug, Default)]
pub(super) struct Idle {
    last: Option<Instant>,
    timer: Option<Sleep>,
}

impl Idle {
    /// Ready with the error once nothing has moved for `limit`. `active`: something has moved just now.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        active: bool,
        limit: Option<Duration>,
    ) -> Poll<io::Error> {
        let Some(limit) = limit else { return Poll::Pending };
        let last = match self.last {
            Some(last) if !active => last,
            _ => *self.last.insert(now()),
        };
        let Some(deadline) = last.checked_add(limit) else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| sleep_until(deadline));
        if deadline < timer.deadline() {
            timer.reset(deadline);
        }
        while Pin::new(&mut *timer).poll(cx).is_ready() {
            if now() >= deadline {
                return Poll::Ready(timed_out(limit));
            }
            timer.reset(deadline);
        }
        Poll::Pending
    }
}

fn timed_out(limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no byte was copied for {limit:?}"))
}
