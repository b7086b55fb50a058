//! Waiting with poll(2), in its form ppoll with a timeout in nanoseconds.
//!
//! The kernel keeps nothing between two calls, so the watched fds are kept here (in [`watched`](super::watched)) and each
//! wait hands over a list of those that somebody waits for. poll is level-triggered: an event that nobody takes care of
//! would be reported again at once. So each report disarms what it reports, and the next
//! [`arm`](Dispatch::arm) asks for it again.
//!
//! What the kernel does that one would not guess:
//!
//! - A list is fixed while ppoll is inside the kernel. Whoever arms something new meanwhile must bring the thread out, so
//!   that it comes back with a new list. That ends [`wait`](Dispatch::wait) early with no event.
//! - ppoll keeps every open file of its list open. Closing a socket sends no FIN to the peer as long as another thread polls
//!   it, so [`remove`](Dispatch::remove) brings that thread out as well.
//! - `POLLNVAL` says that a number is not open: it was closed without `remove`. It is reported as an error and as closed, once,
//!   so that whoever waits finds out and nobody spins.
//! - `POLLERR` and `POLLHUP` are reported whether asked for or not.
//! - A list longer than `RLIMIT_NOFILE` is refused, even when all of its fds are open. Whoever lowers the limit under its open fds
//!   (a sandbox does) gets waits that ask in pieces, and sleep for 10 ms at most in between.
//! - The kernel copies the list, and may have no memory for that. Then the wait ends after such a sleep with no event, and the next one asks again.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::thread;
use std::time::Duration;

use libc::c_short;

use super::wakeup::Wakeup;
use super::watched::{self, Round, Watched};
use super::{Batch, Direction, Dispatch, Event, Readiness, Token, Watch};
use crate::sync::{Mutex, MutexGuard};
use crate::sys;

/// How long nothing is seen of most fds, when a list has to be asked in pieces; and of all, when the kernel has no memory for it.
const LONGEST_NAP: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Poll {
    wakeup: Wakeup,
    /// Locked for moments, never across ppoll.
    watched: Mutex<Watched>,
}

/// What one ppoll is asked: the wake-up's eventfd first, then the armed sources.
#[derive(Debug, Default)]
pub(super) struct List {
    fds: Vec<libc::pollfd>,
    /// `tokens[i]` belongs to `fds[i + 1]`.
    tokens: Vec<Token>,
}

impl Poll {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Poll { wakeup: Wakeup::new()?, watched: Mutex::default() })
    }

    /// Waits with a list of what is armed. What is watched comes back locked, and counts as answered.
    fn ask(&self, list: &mut List, timeout: Option<Duration>) -> (MutexGuard<'_, Watched>, io::Result<()>) {
        list.fill(self.wakeup.as_fd(), &mut self.watched.lock());
        let result = list.ask(timeout);
        let mut watched = self.watched.lock();
        watched.answered();
        (watched, result)
    }

    /// Brings the waiting thread out when its list is out of date.
    fn keep_current(&self, round: Round) {
        if round == Round::Outdated {
            self.wakeup.wake();
        }
    }
}

impl Dispatch for Poll {
    fn add(&self, fd: BorrowedFd<'_>, token: Token, _watch: Watch) -> io::Result<()> {
        let identity = watched::identify(fd)?;
        let round = self.watched.lock().add(fd.as_raw_fd(), identity, token)?;
        self.keep_current(round);
        Ok(())
    }

    /// Each wait is asked for by itself.
    fn watch_writes(&self, _fd: RawFd, _token: Token) -> io::Result<()> {
        Ok(())
    }

    fn arm(&self, token: Token, direction: Direction) {
        let round = self.watched.lock().arm(token, direction);
        self.keep_current(round);
    }

    fn remove(&self, _fd: RawFd, token: Token) {
        let round = self.watched.lock().remove(token);
        self.keep_current(round);
    }

    fn wait(&self, batch: &mut Batch, timeout: Option<Duration>) -> io::Result<()> {
        let (events, list) = batch.for_poll();
        let (mut watched, result) = self.ask(list, timeout);
        result?;
        events.extend(list.reports().filter(|event| watched.disarm(event.token, event.readiness)));
        drop(watched);
        if list.woken() { self.wakeup.acknowledge_and_reset() } else { Ok(()) }
    }

    /// What is not disarmed is reported again.
    fn wait_for_news(&self, batch: &mut Batch, timeout: Option<Duration>) -> io::Result<bool> {
        let (_, list) = batch.for_poll();
        let (watched, result) = self.ask(list, timeout);
        drop(watched);
        result.map(|()| list.woken() || list.reports().next().is_some())
    }

    /// A list that the kernel refuses has no events, as far as is known.
    fn has_events(&self) -> bool {
        let mut fds = vec![awaited(self.wakeup.as_fd())];
        fds.extend(self.watched.lock().armed());
        sys::ppoll(&mut fds, Some(Duration::ZERO)).is_ok_and(|ready| ready != 0)
    }

    fn wake(&self) {
        self.wakeup.wake();
    }
}

impl List {
    fn fill(&mut self, wakeup: BorrowedFd<'_>, watched: &mut Watched) {
        self.fds.clear();
        self.tokens.clear();
        self.fds.push(awaited(wakeup));
        watched.ask(|fd, token| {
            self.fds.push(fd);
            self.tokens.push(token);
        });
    }

    /// Waits until the kernel has something to say of the list.
    fn ask(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let result = match sys::ppoll(&mut self.fds, timeout) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => self.ask_in_pieces(timeout),
            result => result.map(drop),
        };
        match result {
            Err(error) if error.raw_os_error() == Some(libc::ENOMEM) => {
                thread::sleep(nap(timeout));
                Ok(())
            }
            result => result,
        }
    }

    /// The list is longer than the limit of open files. Each piece of it is asked without waiting; when all are silent, the first, which
    /// has the wake-up in it, may wait a moment, and this ends early with no event. Under a limit of 0 the kernel answers nothing:
    /// then all data that is waited for may be there, and whoever tries finds out.
    fn ask_in_pieces(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let nap = nap(timeout);
        // Where the limit is a secret, one fd at a time.
        let limit = sys::fd_limits().map_or(1, |(soft, _)| soft);
        let piece = usize::try_from(limit).unwrap_or(usize::MAX).min(self.fds.len());
        if piece == 0 {
            thread::sleep(nap);
            self.believe_all();
            return Ok(());
        }
        let mut ready = 0;
        for piece in self.fds.chunks_mut(piece) {
            ready += unless_still_too_long(sys::ppoll(piece, Some(Duration::ZERO)))?.unwrap_or(0);
        }
        if ready == 0 && unless_still_too_long(sys::ppoll(&mut self.fds[..piece], Some(nap)))?.is_none() {
            // Not even that: a limit that is lower still, or one of 0 that is a secret.
            thread::sleep(nap);
            self.believe_all();
        }
        Ok(())
    }

    /// Reports data and room for whoever waits for them, as may be. (A closed peer would be believed untried.)
    fn believe_all(&mut self) {
        self.fds.iter_mut().for_each(|fd| fd.revents = fd.events & (libc::POLLIN | libc::POLLOUT));
    }

    fn woken(&self) -> bool {
        self.fds[0].revents != 0
    }

    fn reports(&self) -> impl Iterator<Item = Event> {
        self.fds[1..]
            .iter()
            .zip(&self.tokens)
            .filter(|(fd, _)| fd.revents != 0)
            .map(|(fd, token)| Event { token: *token, readiness: readiness(fd.revents) })
    }
}

/// What the kernel is asked about the eventfd that wakes.
fn awaited(wakeup: BorrowedFd<'_>) -> libc::pollfd {
    libc::pollfd { fd: wakeup.as_raw_fd(), events: libc::POLLIN, revents: 0 }
}

fn nap(timeout: Option<Duration>) -> Duration {
    timeout.map_or(LONGEST_NAP, |timeout| timeout.min(LONGEST_NAP))
}

fn readiness(flags: c_short) -> Readiness {
    const CLOSED: Readiness = Readiness::READ_CLOSED.union(Readiness::WRITE_CLOSED);
    const MEANINGS: [(c_short, Readiness); 7] = [
        (libc::POLLIN, Readiness::READABLE),
        (libc::POLLOUT, Readiness::WRITABLE),
        (libc::POLLPRI, Readiness::PRIORITY),
        (libc::POLLRDHUP, Readiness::READ_CLOSED),
        (libc::POLLHUP, CLOSED),
        (libc::POLLERR, Readiness::ERROR),
        (libc::POLLNVAL, CLOSED.union(Readiness::ERROR)),
    ];
    MEANINGS
        .into_iter()
        .filter(|(flag, _)| flags & flag != 0)
        .fold(Readiness::NONE, |all, (_, readiness)| all | readiness)
}

/// `None` when the limit is lower than was thought.
fn unless_still_too_long(ready: io::Result<usize>) -> io::Result<Option<usize>> {
    match ready {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(None),
        ready => ready.map(Some),
    }
}
