//! The kinds of readiness, kept apart, and which of them answers which wait.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// A set of things an fd is ready for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Readiness(u8);

impl Readiness {
    /// Nothing.
    pub const NONE: Readiness = Readiness(0);
    /// Bytes, a datagram or a connection can be taken.
    pub const READABLE: Readiness = Readiness(1);
    /// There is room to write.
    pub const WRITABLE: Readiness = Readiness(1 << 1);
    /// Out-of-band data, or what the fd's driver calls exceptional (`EPOLLPRI`).
    pub const PRIORITY: Readiness = Readiness(1 << 2);
    /// The peer will send no more (`EPOLLRDHUP`, `EPOLLHUP`).
    pub const READ_CLOSED: Readiness = Readiness(1 << 3);
    /// Writing is over: both directions are closed (`EPOLLHUP`).
    pub const WRITE_CLOSED: Readiness = Readiness(1 << 4);
    /// An error is pending (`EPOLLERR`); for a pipe's writer: the reader is gone.
    pub const ERROR: Readiness = Readiness(1 << 5);

    /// How many sets there are: each is an index below this.
    pub(crate) const SETS: usize = 1 << 6;

    /// The place of this set in a table of all.
    #[inline]
    pub(crate) const fn index(self) -> usize {
        self.0 as usize % Self::SETS
    }

    /// The set at this place.
    pub(crate) const fn from_index(index: usize) -> Readiness {
        Readiness((index % Self::SETS) as u8)
    }

    /// Whether nothing is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether any of `other` is set.
    pub const fn intersects(self, other: Readiness) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all of `other` is set.
    pub const fn contains(self, other: Readiness) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    pub const fn union(self, other: Readiness) -> Readiness {
        Readiness(self.0 | other.0)
    }

    /// This set without `other`.
    pub const fn difference(self, other: Readiness) -> Readiness {
        Readiness(self.0 & !other.0)
    }
}

impl BitOr for Readiness {
    type Output = Readiness;
    fn bitor(self, other: Readiness) -> Readiness {
        self.union(other)
    }
}

impl BitOrAssign for Readiness {
    fn bitor_assign(&mut self, other: Readiness) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 6] = ["READABLE", "WRITABLE", "PRIORITY", "READ_CLOSED", "WRITE_CLOSED", "ERROR"];
        let mut set = f.debug_set();
        for (bit, name) in NAMES.iter().enumerate() {
            if self.0 & (1 << bit) != 0 {
                set.entry(&format_args!("{name}"));
            }
        }
        set.finish()
    }
}

/// One thing that a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Room to read from: data, a connection, end of stream, or an error to be had.
    Read,
    /// Room to write to, or an error to be had.
    Write,
    /// Out-of-band data.
    Priority,
    /// The peer's end of stream, without reading up to it.
    PeerClosed,
}

impl Direction {
    pub(crate) const ALL: [Direction; 4] =
        [Direction::Read, Direction::Write, Direction::Priority, Direction::PeerClosed];

    /// The readiness that ends this wait. `READ_CLOSED` is not in `Write`: a peer that has finished sending can still
    /// read, and a writer with a full buffer goes on waiting for room.
    pub const fn mask(self) -> Readiness {
        const BROKEN: Readiness = Readiness::WRITE_CLOSED.union(Readiness::ERROR);
        match self {
            Direction::Read => Readiness::READABLE.union(Readiness::READ_CLOSED).union(Readiness::ERROR),
            Direction::Write => Readiness::WRITABLE.union(BROKEN),
            Direction::Priority => Readiness::PRIORITY.union(BROKEN),
            Direction::PeerClosed => Readiness::READ_CLOSED.union(BROKEN),
        }
    }
}

/// What to wait for with [`AsyncFd::ready`](crate::io::AsyncFd::ready): one direction or several.
///
/// A pending error ([`Readiness::ERROR`]) ends every wait, so there is no interest in errors alone. For that, say of a
/// pipe's writer which wants to know that its reader is gone, wait for [`PEER_CLOSED`](Interest::PEER_CLOSED): neither
/// data nor room ends it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interest(u8);

impl Interest {
    /// Data, end of stream, or an error.
    pub const READABLE: Interest = Interest(1);
    /// Room to write, or an error.
    pub const WRITABLE: Interest = Interest(1 << 1);
    /// Out-of-band data.
    pub const PRIORITY: Interest = Interest(1 << 2);
    /// The peer's end of stream.
    pub const PEER_CLOSED: Interest = Interest(1 << 3);

    pub(crate) fn directions(self) -> impl Iterator<Item = Direction> {
        Direction::ALL
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, d)| d)
    }
}

impl BitOr for Interest {
    type Output = Interest;
    fn bitor(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Interest) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.directions()).finish()
    }
}
