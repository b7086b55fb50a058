//! Waiting for file descriptors: the contract, and the two kernels' interfaces behind it.
//!
//! A dispatcher knows fds, tokens and readiness. It knows no wakers, no timers and no tasks: the
//! [`driver`](crate::driver) does.

mod batch;
#[cfg(all(test, not(loom)))]
mod contract;
mod epoll;
mod poll;
mod readiness;
mod wakeup;
mod watched;

use std::fmt::{self, Debug};
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::str::FromStr;
use std::time::Duration;

pub(crate) use batch::Batch;
pub use readiness::{Direction, Interest, Readiness};

/// Which interface of the kernel a runtime waits with.
///
/// Chosen per runtime by [`Builder::dispatcher`](crate::runtime::Builder::dispatcher), or for a program by the
/// environment variable `FEND_DISPATCHER` (`epoll` or `poll`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Dispatcher {
    /// [epoll(7)](https://man7.org/linux/man-pages/man7/epoll.7.html), edge-triggered: cost grows with the fds that are ready.
    #[default]
    Epoll,
    /// [poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html): cost grows with the fds that are waited for. For
    /// sandboxes without epoll, for comparison, and for a handful of fds.
    Poll,
}

impl Dispatcher {
    /// All dispatchers of this build, for tests and tools that run on each.
    pub const ALL: &'static [Dispatcher] = &[Dispatcher::Epoll, Dispatcher::Poll];

    /// The name that `FEND_DISPATCHER` and [`FromStr`] take.
    pub fn name(self) -> &'static str {
        match self {
            Dispatcher::Epoll => "epoll",
            Dispatcher::Poll => "poll",
        }
    }

    pub(crate) fn open(self) -> io::Result<Box<dyn Dispatch>> {
        Ok(match self {
            Dispatcher::Epoll => Box::new(epoll::Epoll::new()?),
            Dispatcher::Poll => Box::new(poll::Poll::new()?),
        })
    }
}

/// The [name](Dispatcher::name).
impl fmt::Display for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dispatcher {
    type Err = io::Error;

    fn from_str(name: &str) -> io::Result<Self> {
        Dispatcher::ALL.iter().copied().find(|d| d.name() == name).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("unknown dispatcher {name:?}: use \"epoll\" or \"poll\""),
            )
        })
    }
}

/// Names a source across its life: the slot it lies in and the generation of that slot, so that an event for an fd
/// that was closed and reused reaches nobody.
///
/// Slots are small numbers, used again: a dispatcher may keep a table by slot. Slot `u32::MAX` is never given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// What a dispatcher reports: this source became ready for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) token: Token,
    pub(crate) readiness: Readiness,
}

/// What is to be reported of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// Everything from the beginning.
    All,
    /// All but that it can be written to, up to [`watch_writes`](Dispatch::watch_writes).
    Reads,
}

/// The contract of a dispatcher.
///
/// - One thread is inside [`wait`](Dispatch::wait) at a time; everything else may be called from any thread meanwhile.
/// - An fd that is or becomes ready in a direction after [`arm`](Dispatch::arm) is reported. Between `add` and the first `arm`, and
///   between a report and the next `arm`, it may be reported too: events may be early or spurious, **never lost**.
/// - An event carries the token given to `add`. After `remove` an event with the old token may still come (the driver's
///   generations drop it).
/// - A timeout is never rounded down. It is kept to the nanosecond where the kernel can. `None` waits without end.
/// - A wait may end early with no events, and this is not an error: a signal interrupted it, or (poll) what is watched has changed.
///   The caller looks at its clock and waits again.
/// - [`wake`](Dispatch::wake) ends the current `wait`, or the next one when none is under way. Wakes coalesce, and are not events.
pub(crate) trait Dispatch: Send + Sync + Debug {
    /// Starts to watch `fd`, whose events will carry `token`, for `watch`.
    ///
    /// # Errors
    /// `EPERM` for what cannot be polled (regular files, directories), `EEXIST` when this open file is watched under this
    /// number already, `ENOSPC` and `ENOMEM` as epoll_ctl(2) says. Nothing is kept after an error.
    fn add(&self, fd: BorrowedFd<'_>, token: Token, watch: Watch) -> io::Result<()>;

    /// Watches what was added for [`Watch::Reads`] for everything from now on. To be called before the first [`arm`](Dispatch::arm) of
    /// [`Direction::Write`]; again does no harm.
    ///
    /// # Errors
    /// `EBADF` and `ENOENT` when the fd was closed without `remove`.
    fn watch_writes(&self, fd: RawFd, token: Token) -> io::Result<()>;

    /// Somebody waits for `direction` of `token` now. Free on edge-triggered epoll.
    fn arm(&self, token: Token, direction: Direction);

    /// Stops watching. Must come before the fd is closed. An fd that is closed already is not an error.
    fn remove(&self, fd: RawFd, token: Token);

    /// Waits until something is ready, `timeout` has passed, or `wake` was called. Appends to the events of `batch`. One thread at a time.
    fn wait(&self, batch: &mut Batch, timeout: Option<Duration>) -> io::Result<()>;

    /// Waits as [`wait`](Dispatch::wait) does, and leaves all that there is to a `wait` after it, so that [`has_events`](Dispatch::has_events)
    /// sees it until then. False when time was all that came. One thread at a time; for the paused clock.
    fn wait_for_news(&self, batch: &mut Batch, timeout: Option<Duration>) -> io::Result<bool>;

    /// Whether something is ready that no [`wait`](Dispatch::wait) has fetched, or a wake is pending. Any thread, at any time: the one that
    /// waits may be kept from a processor. Not cheap; for the paused clock.
    fn has_events(&self) -> bool;

    /// Ends the wait. What the caller did before is seen by the thread that returns from `wait`. Cheap when a wake is pending
    /// already.
    fn wake(&self);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_read() {
        for &dispatcher in Dispatcher::ALL {
            assert_eq!(dispatcher.to_string().parse::<Dispatcher>().unwrap(), dispatcher);
        }
        assert_eq!(format!("{:>6}", Dispatcher::Epoll), " epoll");
        assert!("kqueue".parse::<Dispatcher>().is_err());
    }
}
