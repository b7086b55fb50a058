//! Several addresses, of which the first that answers is taken: RFC 8305, "Happy Eyeballs", section 5.
//!
//! ```text
//!  waiting ──start──▶ under way ──writable, no error──▶ the winner; the others are dropped, which closes their sockets
//!     ▲                   │
//!     │                   └─────failed──▶ failures; the next one starts at once
//!     └── the next one also starts when the last has had its attempt delay
//! ```

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use fend_reactor::io::{AsyncFd, Direction};
use fend_reactor::time::{Sleep, now, sleep};
use socket2::Socket;

use super::connect::{Patience, begin as start, outcome};
use super::connect_error::{ConnectAttempt, ConnectError, no_answer};
use crate::ready::poll_ready;
use crate::socket::{Registered, open_stream};

/// On the heap, so that a connect to one address, which goes through the same future, stays small.
pub(super) fn race(
    addrs: Vec<SocketAddr>,
    patience: Patience,
) -> Pin<Box<impl Future<Output = io::Result<Registered>> + Send>> {
    Box::pin(async move {
        let mut race = Race::new(addrs, patience);
        poll_fn(|cx| race.poll(cx)).await
    })
}

struct Race {
    waiting: VecDeque<SocketAddr>,
    under_way: Vec<Attempt>,
    failures: Vec<ConnectAttempt>,
    attempt_delay: Duration,
    /// When the next one starts if nothing has happened by then.
    next: Option<Sleep>,
    /// When all is over, and the time that was given.
    end: Option<(Sleep, Duration)>,
}

struct Attempt {
    address: SocketAddr,
    begin: Instant,
    fd: AsyncFd<Socket>,
}

impl Race {
    fn new(addrs: Vec<SocketAddr>, patience: Patience) -> Race {
        Race {
            waiting: interleave(addrs),
            under_way: Vec::new(),
            failures: Vec::new(),
            attempt_delay: patience.attempt_delay,
            next: None,
            end: patience.timeout.map(|limit| (sleep(limit.saturating_sub(patience.spent)), limit)),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Registered>> {
        loop {
            if let Some(winner) = self.poll_attempts(cx) {
                return Poll::Ready(Ok(winner));
            }
            if self.under_way.is_empty() && self.waiting.is_empty() {
                return Poll::Ready(Err(ConnectError::wrap(mem::take(&mut self.failures))));
            }
            if !self.is_time_for_next(cx) {
                return self.poll_end(cx).map(Err);
            }
            if let Some(winner) = self.start_next() {
                return Poll::Ready(Ok(winner));
            }
        }
    }

    /// The first attempt that has succeeded. One that has failed makes room for the next.
    fn poll_attempts(&mut self, cx: &mut Context<'_>) -> Option<Registered> {
        let mut index = 0;
        while index < self.under_way.len() {
            let result = match poll_ready(&self.under_way[index].fd, cx, Direction::Write) {
                Poll::Pending => {
                    index += 1;
                    continue;
                }
                Poll::Ready(ready) => ready.and_then(|()| outcome(&self.under_way[index].fd)),
            };
            let Attempt { address, begin, fd } = self.under_way.swap_remove(index);
            match result {
                Ok(()) => return Some(Arc::new(fd)),
                Err(error) => self.fail(address, begin, error),
            }
        }
        None
    }

    fn fail(&mut self, address: SocketAddr, begin: Instant, error: io::Error) {
        self.failures.push(ConnectAttempt::new(address, error, since(begin)));
        self.next = None;
    }

    fn is_time_for_next(&mut self, cx: &mut Context<'_>) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        self.next.as_mut().is_none_or(|next| Pin::new(next).poll(cx).is_ready())
    }

    /// A winner at once is rare, but the kernel may know the answer already.
    fn start_next(&mut self) -> Option<Registered> {
        let address = self.waiting.pop_front()?;
        self.next = Some(sleep(self.attempt_delay));
        let begin = now();
        match open_stream(address).and_then(|socket| start(socket, address)) {
            Ok((fd, true)) => self.under_way.push(Attempt { address, begin, fd }),
            Ok((fd, false)) => return Some(Arc::new(fd)),
            Err(error) => self.fail(address, begin, error),
        }
        None
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Some((end, limit)) = &mut self.end else { return Poll::Pending };
        let limit = *limit;
        Pin::new(end).poll(cx).map(|()| {
            let unanswered = self.under_way.drain(..).map(|Attempt { address, begin, .. }| {
                ConnectAttempt::new(address, no_answer(limit), since(begin))
            });
            let untried = self.waiting.drain(..).map(|address| ConnectAttempt::not_tried(address, limit));
            ConnectError::timed_out(self.failures.drain(..).chain(unanswered).chain(untried).collect())
        })
    }
}

fn since(begin: Instant) -> Duration {
    now().saturating_duration_since(begin)
}

/// The families by turns, that of the first address first, and within a family the order given: RFC 8305, section 4.
fn interleave(addrs: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let Some(first) = addrs.first().copied() else { return VecDeque::new() };
    let (mut first_family, mut other): (VecDeque<_>, VecDeque<_>) =
        addrs.into_iter().partition(|address| address.is_ipv4() == first.is_ipv4());
    let mut order = VecDeque::with_capacity(first_family.len() + other.len());
    while !(first_family.is_empty() && other.is_empty()) {
        order.extend(first_family.pop_front());
        order.extend(other.pop_front());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn v6(port: u16) -> SocketAddr {
        SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port))
    }

    #[test]
    fn families_take_turns_and_keep_their_order() {
        assert_eq!(interleave(vec![v6(1), v6(2), v6(3), v4(1), v4(2)]), [v6(1), v4(1), v6(2), v4(2), v6(3)]);
        assert_eq!(interleave(vec![v4(1), v6(1), v6(2), v6(3)]), [v4(1), v6(1), v6(2), v6(3)]);
        assert_eq!(interleave(vec![v4(1), v4(2), v4(3)]), [v4(1), v4(2), v4(3)]);
        assert_eq!(interleave(vec![]), []);
    }
}
