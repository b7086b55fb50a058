//! Waiting with epoll(7), edge-triggered.
//!
//! Each fd costs one epoll_ctl(2) when it is added and one when it is removed. One that was added by somebody who reads costs one in between,
//! when first somebody has to wait for room to write. Everything else is asked for at once, and the kernel reports each change of an fd
//! once, to the one thread that waits.
//!
//! Most sockets never wait for room, and a new one has room: asked for from the beginning, that would be reported at once, and cost each
//! connection a turn of the driver that wakes nobody.
//!
//! What the kernel does that one would not guess:
//!
//! - Adding an fd that is ready already counts as a change, so it is reported; so does asking for more. [`arm`](Dispatch::arm) has nothing
//!   to add.
//! - A change of one kind reports all that is true of the fd at that moment: news of a writable socket says "readable" again.
//! - An fd number is only half of the key, the other half is the open file. While a `dup` keeps a closed fd's file open the
//!   file stays in the set and cannot be taken out by number any more: a ghost, whose events carry a token that is known
//!   no longer. Edge-triggered, a ghost costs one dropped event for each change and does not keep the waiter awake.
//! - `EPOLLERR` and `EPOLLHUP` are reported whether asked for or not. A TCP socket that is neither connected nor listening
//!   reports `EPOLLHUP`.
//! - What was not fetched for want of room comes first in the next wait, and what was fetched and is news again goes to the
//!   end of the kernel's list. So a small buffer starves nobody.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use super::wakeup::Wakeup;
use super::{Batch, Direction, Dispatch, Event, Readiness, Token, Watch};
use crate::sys;

/// Events fetched by one wait. At 256 the system call is a small part of what handling them costs, the buffer (3 KiB) stays
/// in the first-level cache, and the tasks that the batch wakes need not wait for thousands of others to be sorted out.
const EVENTS_PER_WAIT: usize = 256;

/// What is asked for in any case.
const READS: i32 = libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLRDHUP | libc::EPOLLET;

/// All that is asked for.
const ALL: i32 = READS | libc::EPOLLOUT;

/// Marks the eventfd's events. Not a source: that would be slot 2^32 - 1.
const WAKE: u64 = u64::MAX;

#[derive(Debug)]
pub(super) struct Epoll {
    epoll: OwnedFd,
    wakeup: Wakeup,
}

impl Epoll {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = sys::epoll_create()?;
        let wakeup = Wakeup::new()?;
        // Edge-triggered, so that no read is needed: each write is a change and is reported, whatever the count. The count
        // only grows; one write each nanosecond would fill its 64 bits in 584 years.
        sys::epoll_add(epoll.as_fd(), wakeup.as_fd(), (libc::EPOLLIN | libc::EPOLLET) as u32, WAKE)?;
        Ok(Epoll { epoll, wakeup })
    }

    /// An epoll instance is readable while it has events. Of sources that are edge-triggered, those are the ones that were not reported.
    fn poll(&self, timeout: Option<Duration>) -> io::Result<bool> {
        let mut fds = [libc::pollfd { fd: self.epoll.as_raw_fd(), events: libc::POLLIN, revents: 0 }];
        Ok(sys::ppoll(&mut fds, timeout)? != 0)
    }
}

impl Dispatch for Epoll {
    fn add(&self, fd: BorrowedFd<'_>, token: Token, watch: Watch) -> io::Result<()> {
        let interest = match watch {
            Watch::All => ALL,
            Watch::Reads => READS,
        };
        sys::epoll_add(self.epoll.as_fd(), fd, interest as u32, pack(token))
    }

    fn watch_writes(&self, fd: RawFd, token: Token) -> io::Result<()> {
        sys::epoll_modify(self.epoll.as_fd(), fd, ALL as u32, pack(token))
    }

    fn arm(&self, _token: Token, _direction: Direction) {}

    fn remove(&self, fd: RawFd, _token: Token) {
        // Fails with ENOENT or EBADF when the fd was closed before, and with EPERM when its number now belongs to a file
        // that cannot be polled. In each case the kernel has forgotten it already, or keeps a ghost (see above).
        let _ = sys::epoll_delete(self.epoll.as_fd(), fd);
    }

    fn wait(&self, batch: &mut Batch, timeout: Option<Duration>) -> io::Result<()> {
        let (events, room) = batch.for_epoll(EVENTS_PER_WAIT);
        sys::epoll_wait(self.epoll.as_fd(), room, timeout)?;
        for (flags, data) in room.iter() {
            if data == WAKE {
                self.wakeup.acknowledge();
            } else {
                events.push(Event { token: unpack(data), readiness: readiness(flags) });
            }
        }
        Ok(())
    }

    /// Where the kernel refuses to, it fetches at once.
    fn wait_for_news(&self, batch: &mut Batch, timeout: Option<Duration>) -> io::Result<bool> {
        if let Ok(has_events) = self.poll(timeout) {
            return Ok(has_events);
        }
        self.wait(batch, timeout)?;
        Ok(!batch.events.is_empty())
    }

    fn has_events(&self) -> bool {
        self.poll(Some(Duration::ZERO)).unwrap_or(false)
    }

    fn wake(&self) {
        self.wakeup.wake();
    }
}

fn pack(token: Token) -> u64 {
    u64::from(token.generation) << 32 | u64::from(token.slot)
}

fn unpack(data: u64) -> Token {
    Token { slot: data as u32, generation: (data >> 32) as u32 }
}

/// What epoll's flags mean: a look into a table, since each event asks. All that are understood lie in the lowest five bits, but for one.
#[inline]
fn readiness(flags: u32) -> Readiness {
    static MEANINGS: [Readiness; 64] = {
        let mut table = [Readiness::NONE; 64];
        let mut index = 0;
        while index < 64 {
            table[index] = readiness_of_each((index as u32 & 0x1f) | ((index as u32 & 0x20) << RDHUP_SHIFT));
            index += 1;
        }
        table
    };
    MEANINGS[((flags & 0x1f) | ((flags >> RDHUP_SHIFT) & 0x20)) as usize]
}

/// From the table's sixth bit to `EPOLLRDHUP`.
const RDHUP_SHIFT: u32 = (libc::EPOLLRDHUP as u32).trailing_zeros() - 5;

const fn readiness_of_each(flags: u32) -> Readiness {
    const MEANINGS: [(i32, Readiness); 6] = [
        (libc::EPOLLIN, Readiness::READABLE),
        (libc::EPOLLOUT, Readiness::WRITABLE),
        (libc::EPOLLPRI, Readiness::PRIORITY),
        (libc::EPOLLRDHUP, Readiness::READ_CLOSED),
        (libc::EPOLLHUP, Readiness::READ_CLOSED.union(Readiness::WRITE_CLOSED)),
        (libc::EPOLLERR, Readiness::ERROR),
    ];
    let (mut all, mut kind) = (Readiness::NONE, 0);
    while kind < MEANINGS.len() {
        if flags & MEANINGS[kind].0 as u32 != 0 {
            all = all.union(MEANINGS[kind].1);
        }
        kind += 1;
    }
    all
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_each_flag_means() {
        let flags =
            [libc::EPOLLIN, libc::EPOLLOUT, libc::EPOLLPRI, libc::EPOLLRDHUP, libc::EPOLLHUP, libc::EPOLLERR];
        for set in 0..64_u32 {
            let chosen = (0..6).filter(|bit| set & (1 << bit) != 0).map(|bit| flags[bit] as u32);
            // What is not understood changes nothing.
            let word = chosen.fold(libc::EPOLLET as u32 | 0x40 | 0x1000, |all, flag| all | flag);
            assert_eq!(readiness(word), readiness_of_each(word), "{word:#x}");
        }
    }

    #[test]
    fn tokens_survive_packing() {
        for (slot, generation) in [(0, 0), (1, 0), (0, 1), (7, u32::MAX), (u32::MAX, 7)] {
            let token = Token { slot, generation };
            assert_eq!(unpack(pack(token)), token);
            assert_ne!(pack(token), WAKE);
        }
    }
}
