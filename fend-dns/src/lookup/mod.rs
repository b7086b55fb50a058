//! [`lookup`]: addresses of a host and service.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use fend_reactor::block_on;
use fend_reactor::time::timeout;

use crate::addr_info::AddrList;
use crate::error::{Cause, LookupError};
use crate::hints::Hints;
use crate::host::IntoHost;
use crate::resolver::{Asked, Begun, Resolver, Rest, begin};
use crate::service::IntoService;

/// A lookup that goes on while it is awaited or [waited](Lookup::wait) for, and is given up when it is dropped.
///
/// Literals, names in the hosts file and answers that are in the cache are there at the first poll.
///
/// # Errors
///
/// A [`LookupError`] that names the host and the server that was asked, and tells by its predicates whether there is no such
/// name, whether it has no address of the family, and whether servers failed, did not answer or refused.
///
/// # Cancel safety
///
/// It may be dropped at any time. Its questions are dropped with it, and their sockets closed at once, unless other lookups wait for
/// the same questions. A call of the C library that has begun goes on, and its answer is thrown away.
///
/// One that was polled and is then neither polled nor dropped keeps its socket, and its place among those of the resolver.
///
/// # Panics
///
/// When it is polled or waited for again after it has given its answer.
#[must_use = "a lookup does nothing until it is awaited or waited for"]
pub struct Lookup {
    stage: Stage,
}

enum Stage {
    /// Not polled yet. `None`: the default resolver.
    New(Option<Resolver>, Asked),
    /// With the host, for the error when a wait is over.
    Waiting(Box<str>, Rest),
    Done,
}

/// Addresses of `host` for `service`, in the order in which to try them (RFC 6724), by the process's default [`Resolver`].
///
/// `host` is a name, an address as text, or none for the loopback or wildcard addresses; `service` a port, or a name of services(5).
/// What kind of addresses are wanted is said by [`Lookup::hints`].
///
/// # Errors
///
/// See [`Lookup`].
///
/// # Examples
///
/// ```
/// use fend::dns::lookup;
///
/// # fend::block_on(async {
/// let list = lookup("127.0.0.1", 8080).await?;
/// assert_eq!(list[0].socket_addr(), "127.0.0.1:8080".parse().unwrap());
///
/// let list = lookup("localhost", "443").await?;
/// assert!(list.iter().all(|info| info.ip().is_loopback()));
/// # Ok::<(), fend::dns::LookupError>(())
/// # }).unwrap();
/// ```
pub fn lookup(host: impl IntoHost, service: impl IntoService) -> Lookup {
    Lookup::new(None, host, service)
}

/// [`lookup`] for sync code: blocks the calling thread for as long as it takes.
///
/// # Errors
///
/// See [`Lookup`].
///
/// # Examples
///
/// ```
/// use fend::dns::lookup_blocking;
///
/// let list = lookup_blocking("::1", 80)?;
/// assert_eq!(list[0].socket_addr(), "[::1]:80".parse().unwrap());
/// # Ok::<(), fend::dns::LookupError>(())
/// ```
pub fn lookup_blocking(host: impl IntoHost, service: impl IntoService) -> Result<AddrList, LookupError> {
    block_on(lookup(host, service))
}

impl Lookup {
    pub(crate) fn new(resolver: Option<Resolver>, host: impl IntoHost, service: impl IntoService) -> Lookup {
        let asked = Asked {
            host: host.into_host(),
            service: service.into_service(),
            hints: Hints::default(),
            resolution_delay: None,
        };
        Lookup { stage: Stage::New(resolver, asked) }
    }

    /// What kind of addresses are wanted. Without it they are those that a TCP client wants.
    ///
    /// # Panics
    ///
    /// When the lookup has been polled.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::dns::{Family, Hints, lookup};
    ///
    /// # fend::block_on(async {
    /// let hints = Hints::new().family(Family::V4).passive(true);
    /// let list = lookup(None::<&str>, 8080).hints(hints).await?;
    /// assert_eq!(list[0].socket_addr(), "0.0.0.0:8080".parse().unwrap());
    /// # Ok::<(), fend::dns::LookupError>(())
    /// # }).unwrap();
    /// ```
    pub fn hints(mut self, hints: Hints) -> Lookup {
        self.asked("hints").hints = hints;
        self
    }

    /// Goes on without IPv6 addresses that are not there so long after the IPv4 ones (RFC 8305, section 3, which suggests 50 ms): the question for
    /// them is then dropped. Without this a lookup waits for both. IPv4 addresses are waited for all the
    /// same. It does nothing where one family is asked for, where resolv.conf(5) says `single-request`, or where the C library looks up.
    ///
    /// # Panics
    ///
    /// When the lookup has been polled.
    pub fn resolution_delay(mut self, delay: Duration) -> Lookup {
        self.asked("resolution_delay").resolution_delay = Some(delay);
        self
    }

    fn asked(&mut self, setting: &str) -> &mut Asked {
        match &mut self.stage {
            Stage::New(_, asked) => asked,
            Stage::Waiting(..) | Stage::Done => panic!("`Lookup::{setting}` called after it was polled"),
        }
    }

    /// Blocks the calling thread until there is an answer, or until `timeout` is over: then it fails with a timeout, and the lookup goes on
    /// when it is waited for again. Any duration is legal; [`Duration::MAX`] does not end.
    ///
    /// It may be called in a task, too, which then holds up its worker: better is
    /// [`timeout`](fend_reactor::time::timeout()) there.
    ///
    /// # Errors
    ///
    /// See [`Lookup`]; [`LookupError::is_timeout`] also when `timeout` is over.
    ///
    /// # Panics
    ///
    /// When it has given its answer before.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let list = fend::dns::lookup("localhost", 80).wait(Duration::from_secs(5))?;
    /// assert!(!list.is_empty());
    /// # Ok::<(), fend::dns::LookupError>(())
    /// ```
    pub fn wait(&mut self, timeout: Duration) -> Result<AddrList, LookupError> {
        let outcome = block_on(async { self::timeout(timeout, &mut *self).await });
        outcome.unwrap_or_else(|_| Err(LookupError::new(self.subject(), Cause::TimedOut(timeout))))
    }

    fn subject(&self) -> &str {
        match &self.stage {
            Stage::New(_, asked) => asked.subject(),
            Stage::Waiting(host, _) => host,
            Stage::Done => "",
        }
    }

    /// Does what needs no waiting.
    fn start(&mut self) -> Option<Result<AddrList, LookupError>> {
        match mem::replace(&mut self.stage, Stage::Done) {
            Stage::New(resolver, asked) => {
                let resolver = resolver.as_ref().unwrap_or_else(|| Resolver::of_process());
                match begin(resolver.shared(), asked) {
                    Begun::Done(outcome) => return Some(outcome),
                    Begun::Waiting(host, rest) => self.stage = Stage::Waiting(host, rest),
                }
            }
            stage => self.stage = stage,
        }
        None
    }
}

impl Future for Lookup {
    type Output = Result<AddrList, LookupError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(outcome) = self.start() {
            return Poll::Ready(outcome);
        }
        let outcome = match &mut self.stage {
            Stage::Waiting(_, rest) => rest.as_mut().poll(cx),
            Stage::New(..) | Stage::Done => panic!("`Lookup` polled after it has returned"),
        };
        if outcome.is_ready() {
            self.stage = Stage::Done;
        }
        outcome
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            Stage::New(..) => "not polled yet",
            Stage::Waiting(..) => "waiting",
            Stage::Done => "done",
        };
        f.debug_struct("Lookup").field("host", &self.subject()).field("stage", &stage).finish()
    }
}

#[cfg(test)]
mod tests;
