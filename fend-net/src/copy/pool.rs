//! Pipes for splice(2), which moves bytes from and to pipes only.
//!
//! A pipe is taken when there is something to put in, and given back when it is empty and there is nothing more: a relay that waits for its peers
//! holds none, and a process with thousands of them needs about as many pipes as it has workers, and one for each destination
//! that does not keep up. A pipe costs two descriptors and some 10 KiB when empty.
//!
//! There is one pool for the process, and a new one in the child of a fork, since the pipes of the old one are the parent's too: a pipe is never waited for (how much is in it is known, and so is that an empty one has
//! room), so it belongs to no driver and to no runtime.
//!
//! Where no pipe is to be had, the copy goes through a buffer: a relay must not be the reason that `accept` finds no
//! descriptor left, so there is a bound well below the limit of open files, and no error.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fend_reactor::io::PerProcess;

use crate::sys;
use crate::sys::splice::{splice, splice_into_file};

/// Empty pipes that are kept.
const MAX_IDLE: usize = 16;

/// Pipes in all, however many descriptors the process may have: what they hold is the kernel's memory.
const MAX_OPEN: u64 = 256;

/// Pipes that are made larger than the kernel makes them. A user's pipes may take 64 MiB together unless he is privileged
/// (`/proc/sys/fs/pipe-user-pages-soft`), and beyond that each new pipe of his, in whatever program, holds two pages. With
/// these the pool takes 16 MiB, with all the others it may open 31 MiB.
const MAX_LARGE: usize = 16;

/// Of the descriptors that the process may have, pipes take one in eight at most.
const DESCRIPTORS_PER_PIPE: u64 = 16;

/// How much a large pipe is to hold: the first that the system and the user's share of it allow, else what it has.
///
/// A relay of large writes over loopback took 0.41 s of processor time for a GiB with pipes of 64 KiB, 0.32 s with 256 KiB and
/// 0.23 s with 1 MiB. Segments of a network come one to a slot (a page of capacity), so that 64 KiB are full with 16 of them, and
/// 1 MiB with about 370 KiB of them.
const CAPACITIES: [libc::c_int; 2] = [1024 * 1024, 256 * 1024];

#[derive(Debug)]
struct Pool {
    idle: Vec<Ends>,
    /// Idle or in use, or about to be opened.
    open: u64,
    /// Of those, the large ones.
    large: usize,
}

#[derive(Debug)]
struct Ends {
    reader: File,
    writer: File,
    large: bool,
}

static POOL: PerProcess<Mutex<Pool>> = PerProcess::new();

impl Pool {
    const EMPTY: Pool = Pool { idle: Vec::new(), open: 0, large: 0 };

    /// An idle pipe, a large one if there is one.
    fn take_idle(&mut self) -> Option<Ends> {
        let large = self.idle.iter().rposition(|ends| ends.large);
        let index = large.or(self.idle.len().checked_sub(1))?;
        Some(self.idle.swap_remove(index))
    }

    /// Counts a pipe that is about to be opened. Says whether it may be a large one, or `None` when there are `most` already.
    fn reserve(&mut self, most: u64) -> Option<bool> {
        if self.open >= most {
            return None;
        }
        let large = self.large < MAX_LARGE;
        self.open += 1;
        self.large += usize::from(large);
        Some(large)
    }

    /// A pipe that was reserved is no more.
    fn release(&mut self, large: bool) {
        self.open -= 1;
        self.large -= usize::from(large);
    }
}

/// A pipe in use. Dropped, it goes back into the pool if it is empty; if not, what is in it is thrown away.
#[derive(Debug)]
pub(super) struct Pipe {
    /// Taken only by the drop.
    ends: Option<Ends>,
    len: usize,
    /// Where it came from.
    pool: &'static Mutex<Pool>,
}

impl Pipe {
    /// An empty pipe. `None` when the process can have no more.
    pub(super) fn take() -> Option<Pipe> {
        let idle = pool().take_idle();
        let ends = idle.or_else(open_another)?;
        Some(Pipe { ends: Some(ends), len: 0, pool: this_pool() })
    }

    /// How many bytes are in it.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Puts up to `most` bytes of `from` into it, which must be empty: then it has room, and `WouldBlock` is about `from`.
    pub(super) fn fill(&mut self, from: BorrowedFd<'_>, most: usize) -> io::Result<usize> {
        debug_assert_eq!(self.len, 0, "a pipe that is not empty may be full");
        self.len = splice(from, self.ends().writer.as_fd(), most)?;
        Ok(self.len)
    }

    /// Moves bytes on. It must not be empty: then `WouldBlock` is about `to`.
    pub(super) fn drain(&mut self, to: BorrowedFd<'_>) -> io::Result<usize> {
        debug_assert_ne!(self.len, 0, "an empty pipe would block");
        let count = splice(self.ends().reader.as_fd(), to, self.len)?;
        self.len -= count;
        Ok(count)
    }

    /// Moves bytes on into a file.
    pub(super) fn drain_into_file(&mut self, file: BorrowedFd<'_>, offset: u64) -> io::Result<usize> {
        let count = splice_into_file(self.ends().reader.as_fd(), file, offset, self.len)?;
        self.len -= count;
        Ok(count)
    }

    /// What is in it, in memory: for a destination that turns out to take no splice.
    pub(super) fn read_all(&mut self) -> io::Result<Box<[u8]>> {
        let mut bytes = vec![0; self.len].into_boxed_slice();
        io::Read::read_exact(&mut &self.ends().reader, &mut bytes)?;
        self.len = 0;
        Ok(bytes)
    }

    fn ends(&self) -> &Ends {
        self.ends.as_ref().expect("there until the drop")
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let Some(ends) = self.ends.take() else { return };
        if !std::ptr::eq(self.pool, this_pool()) {
            // It was taken before a fork: the parent goes on to use it.
            return;
        }
        let mut pool = pool();
        if self.len == 0 && pool.idle.len() < MAX_IDLE {
            pool.idle.push(ends);
        } else {
            pool.release(ends.large);
            drop(pool);
            drop(ends);
        }
    }
}

fn this_pool() -> &'static Mutex<Pool> {
    POOL.get_or_init(|| Mutex::new(Pool::EMPTY))
}

fn pool() -> MutexGuard<'static, Pool> {
    // No panic leaves it half changed.
    this_pool().lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens one more if there may be one. The lock is not held during the system calls.
fn open_another() -> Option<Ends> {
    let most = most();
    let large = pool().reserve(most)?;
    let ends = open(large);
    if ends.is_err() {
        pool().release(large);
    }
    ends.ok()
}

fn open(large: bool) -> io::Result<Ends> {
    let (reader, writer) = sys::pipe::pipe()?;
    if large {
        // Refused where the system has a lower limit, or the user has reached one.
        let mut capacities = CAPACITIES.into_iter();
        let _ = capacities.find(|capacity| sys::pipe::set_capacity(writer.as_fd(), *capacity).is_ok());
    }
    Ok(Ends { reader, writer, large })
}

/// How many pipes the process may have open.
fn most() -> u64 {
    let descriptors = sys::limit::open_files().unwrap_or(0);
    (descriptors / DESCRIPTORS_PER_PIPE).min(MAX_OPEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn only_an_empty_pipe_is_used_again() {
        let (mut source, from) = UnixStream::pair().unwrap();
        source.write_all(b"secret").unwrap();
        let mut pipe = Pipe::take().unwrap();
        assert_eq!(pipe.fill(from.as_fd(), 100).unwrap(), 6);
        drop(pipe);
        let is_empty = |ends: &Ends| sys::poll_now(ends.reader.as_fd(), libc::POLLIN).unwrap() == 0;
        assert!(pool().idle.iter().all(is_empty), "what nobody took is thrown away with its pipe");

        source.write_all(b"hello").unwrap();
        let mut pipe = Pipe::take().unwrap();
        pipe.fill(from.as_fd(), 100).unwrap();
        assert_eq!(*pipe.read_all().unwrap(), *b"hello");
        assert_eq!(pipe.len(), 0);
    }

    #[test]
    fn nothing_to_take_is_would_block_and_the_end_is_nothing() {
        let (source, from) = UnixStream::pair().unwrap();
        from.set_nonblocking(true).unwrap();
        let mut pipe = Pipe::take().unwrap();
        assert_eq!(pipe.fill(from.as_fd(), 100).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(source);
        assert_eq!(pipe.fill(from.as_fd(), 100).unwrap(), 0);
    }

    #[test]
    fn few_pipes_are_large() {
        let most = (MAX_LARGE as u64) + 4;
        let mut pool = Pool::EMPTY;
        let large: Vec<_> = std::iter::from_fn(|| pool.reserve(most)).collect();
        assert_eq!(large, [[true; MAX_LARGE].as_slice(), &[false; 4]].concat());
        pool.release(false);
        assert_eq!(pool.reserve(most), Some(false));
        pool.release(true);
        assert_eq!((pool.reserve(most), pool.reserve(most)), (Some(true), None));
    }

    #[test]
    fn large_pipes_are_used_first() {
        let mut pool = Pool::EMPTY;
        assert!(pool.take_idle().is_none());
        pool.idle.extend([true, false, true, false].map(|large| open(large).unwrap()));
        let order: Vec<_> = std::iter::from_fn(|| pool.take_idle()).map(|ends| ends.large).collect();
        assert_eq!(order, [true, true, false, false]);
    }

    #[test]
    fn only_large_pipes_are_larger_than_the_kernel_makes_them() {
        let default = sys::pipe::capacity(sys::pipe::pipe().unwrap().1.as_fd()).unwrap();
        let capacity = |large| sys::pipe::capacity(open(large).unwrap().writer.as_fd()).unwrap();
        assert_eq!(capacity(false), default);
        assert!((default..=1024 * 1024).contains(&capacity(true)));
    }
}
