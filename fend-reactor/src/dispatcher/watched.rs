//! What the poll dispatcher watches: which fds, for whom, and which directions somebody waits for.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use libc::c_short;

use super::{Direction, Readiness, Token};
use crate::sys::{self, FileIdentity, FileKind};

/// The directions of one fd that somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Armed(u8);

impl Armed {
    const NOTHING: Armed = Armed(0);

    fn directions(self) -> impl Iterator<Item = Direction> {
        Direction::ALL.into_iter().filter(move |direction| self.0 & bit(*direction) != 0)
    }

    fn insert(&mut self, direction: Direction) {
        self.0 |= bit(direction);
    }

    /// Takes out the directions whose wait `readiness` ends.
    fn remove_ended_by(&mut self, readiness: Readiness) {
        for direction in self.directions().filter(|direction| direction.mask().intersects(readiness)) {
            self.0 &= !bit(direction);
        }
    }

    /// What to ask the kernel for.
    ///
    /// `POLLRDHUP` is asked for by those it answers, and not by a writer: it stays true, and would end each wait of a writer
    /// who goes on waiting for room.
    fn flags(self) -> c_short {
        self.directions().fold(0, |flags, direction| {
            flags
                | match direction {
                    Direction::Read => libc::POLLIN | libc::POLLRDHUP,
                    Direction::Write => libc::POLLOUT,
                    Direction::Priority => libc::POLLPRI,
                    Direction::PeerClosed => libc::POLLRDHUP,
                }
        })
    }
}

fn bit(direction: Direction) -> u8 {
    1 << direction as u8
}

/// One watched fd.
#[derive(Debug)]
struct Entry {
    token: Token,
    fd: RawFd,
    /// `None` for files that share one inode (eventfd, timerfd, ...).
    identity: Option<FileIdentity>,
    armed: Armed,
    /// What the ppoll that is under way was asked about this fd. Without meaning while none is.
    asked: c_short,
}

/// All watched fds, by their token's slot.
#[derive(Debug, Default)]
pub(super) struct Watched {
    entries: Vec<Option<Entry>>,
    /// A thread is inside ppoll, or about to be, with the fds that the last `ask` listed.
    polling: bool,
}

/// Whether the thread inside ppoll must come out, because what it was asked is out of date.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    Current,
    Outdated,
}

impl Watched {
    /// Starts to watch `fd`, for nothing yet.
    ///
    /// An entry of the same number but of another file belongs to an fd that was closed without `remove`. It is dropped, as
    /// epoll drops it. When it is the same file the caller has registered twice, and gets `EEXIST`, as from epoll. Files
    /// that share one inode cannot be told apart: there both entries stay. If it was a second registration both work, and if
    /// it was a number used again the old entry gets events that are none of its business, which a source must expect.
    /// (Either of the other answers would hang one of two honest owners.)
    pub(super) fn add(
        &mut self,
        fd: RawFd,
        identity: Option<FileIdentity>,
        token: Token,
    ) -> io::Result<Round> {
        let round = self.make_way(fd, identity)?;
        let slot = token.slot as usize;
        if slot >= self.entries.len() {
            self.entries.resize_with(slot + 1, || None);
        }
        self.entries[slot] = Some(Entry { token, fd, identity, armed: Armed::NOTHING, asked: 0 });
        Ok(round)
    }

    /// Drops what stands in the way of a new entry for `fd`. A scan: cheap beside the scan of each ppoll.
    fn make_way(&mut self, fd: RawFd, identity: Option<FileIdentity>) -> io::Result<Round> {
        let mut round = Round::Current;
        for slot in &mut self.entries {
            let Some(entry) = slot.as_ref().filter(|entry| entry.fd == fd) else { continue };
            if entry.identity != identity {
                round = entry.round_without(self.polling).and(round);
                *slot = None;
            } else if identity.is_some() {
                return Err(io::Error::from_raw_os_error(libc::EEXIST));
            }
        }
        Ok(round)
    }

    pub(super) fn arm(&mut self, token: Token, direction: Direction) -> Round {
        let polling = self.polling;
        let Some(entry) = self.entry(token) else { return Round::Current };
        entry.armed.insert(direction);
        let news = entry.armed.flags() & !entry.asked != 0;
        if polling && news { Round::Outdated } else { Round::Current }
    }

    pub(super) fn remove(&mut self, token: Token) -> Round {
        let polling = self.polling;
        let Some(entry) = self.entry(token) else { return Round::Current };
        let round = entry.round_without(polling);
        self.entries[token.slot as usize] = None;
        round
    }

    /// Lists what to ask the next ppoll: an fd only when something is armed, since `POLLHUP` and `POLLERR` are reported even
    /// of an fd that is asked about nothing, and would end every wait. From here on changes tell whether they outdate the list.
    pub(super) fn ask(&mut self, mut list: impl FnMut(libc::pollfd, Token)) {
        self.polling = true;
        for entry in self.entries.iter_mut().flatten() {
            entry.asked = entry.armed.flags();
            if entry.asked != 0 {
                list(libc::pollfd { fd: entry.fd, events: entry.asked, revents: 0 }, entry.token);
            }
        }
    }

    /// What the next `ask` would list. No ppoll is under way because of this.
    pub(super) fn armed(&self) -> impl Iterator<Item = libc::pollfd> {
        let asks = |entry: &Entry| libc::pollfd { fd: entry.fd, events: entry.armed.flags(), revents: 0 };
        self.entries.iter().flatten().map(asks).filter(|fd| fd.events != 0)
    }

    /// The ppoll is over.
    pub(super) fn answered(&mut self) {
        self.polling = false;
    }

    /// Disarms what `readiness` ends. False when the token is not watched any more.
    pub(super) fn disarm(&mut self, token: Token, readiness: Readiness) -> bool {
        let Some(entry) = self.entry(token) else { return false };
        entry.armed.remove_ended_by(readiness);
        true
    }

    fn entry(&mut self, token: Token) -> Option<&mut Entry> {
        self.entries.get_mut(token.slot as usize)?.as_mut().filter(|entry| entry.token == token)
    }
}

impl Entry {
    /// Whether the ppoll under way must end when this entry goes.
    fn round_without(&self, polling: bool) -> Round {
        if polling && self.asked != 0 { Round::Outdated } else { Round::Current }
    }
}

impl Round {
    fn and(self, other: Round) -> Round {
        if self == Round::Outdated { self } else { other }
    }
}

/// What tells this file from another one that has its number later. `None` for a file that shares its inode with others.
///
/// # Errors
/// `EPERM` for a file that cannot be polled.
pub(super) fn identify(fd: BorrowedFd<'_>) -> io::Result<Option<FileIdentity>> {
    let status = sys::status(fd)?;
    if !can_be_polled(fd, status.kind)? {
        return Err(io::Error::from_raw_os_error(libc::EPERM));
    }
    Ok((status.kind != FileKind::Anonymous).then_some(status.identity))
}

/// Whether the kernel can tell when the file becomes ready. poll(2) does not say: it reports a file that it cannot poll as
/// ready, always. So epoll is asked, where there is doubt; and where there is no epoll, the kind of the file decides.
fn can_be_polled(fd: BorrowedFd<'_>, kind: FileKind) -> io::Result<bool> {
    if kind == FileKind::Stream {
        return Ok(true);
    }
    match sys::epoll_accepts(fd) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
            Ok(kind != FileKind::Storage)
        }
        result => result,
    }
}
