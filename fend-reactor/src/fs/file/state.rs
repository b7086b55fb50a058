//! What is between a file's user and the kernel, and whether it is anybody's turn.
//!
//! A file has one position, so that reads, writes and seeks take turns ([`Turn`](super::turn::Turn)). What a call brings is put down here for
//! whoever polls next: a future given up loses nothing.
//!
//! ```text
//!            begin                      end, or the job is dropped
//!   idle ------------> a call has it ------------------------------> idle, wakes who waits
//!                            |  ^
//!                            +--+ next_chunk: a writer takes what was accepted meanwhile
//! ```
//!
//! Nothing here runs foreign code with the lock held: wakers are cloned before and woken after. In the child of a fork the lock may be held, and
//! the turn be taken, by a thread that is not there: who wants either gets an error.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::fork::{Origin, opened_by_parent};
use crate::wake_list::WakeList;

/// How many wakers are kept. Beyond it the oldest is woken and forgotten: one needless poll for a task that still waits, and an end to those
/// of tasks that do not.
const MAX_WAITERS: usize = 32;

#[derive(Debug)]
pub(super) struct Shared {
    origin: Origin,
    state: Mutex<State>,
    /// Reads from the page cache are worth a try: neither has the file system refused, nor would they wait for a disk.
    pub(super) cached_reads: AtomicBool,
    /// Another handle moves the same position: the kernel makes one wait while the other uses it, and that must not be a worker.
    pub(super) has_clone: AtomicBool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Some call has its turn.
    busy: bool,
    /// It is one that writes, and goes on with what is accepted meanwhile.
    writing: bool,
    /// Somebody waits for the turn to be over, and a writer must not make it longer.
    others_wait: bool,
    waiters: Vec<Waker>,
    pub(super) read: Brought,
    /// Accepted, and not yet taken by the call that writes.
    pub(super) accepted: Vec<u8>,
    /// The other buffer, while nobody writes.
    pub(super) spare: Vec<u8>,
    /// Of a write that was accepted.
    pub(super) write_error: Option<io::Error>,
    /// Of a seek that nobody has asked for yet: what was wanted, and where it led.
    pub(super) sought: Option<(SeekFrom, io::Result<u64>)>,
}

/// What a read has brought and nobody has taken.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub(super) buffer: Vec<u8>,
    pub(super) unread: Range<usize>,
    /// The end of the file, or an error, instead of bytes.
    pub(super) outcome: Option<io::Result<()>>,
}

impl Brought {
    /// Fills the front of `buf`. `None` when there is nothing, and the file must be asked.
    pub(super) fn take(&mut self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        if self.unread.is_empty() {
            return self.outcome.take().map(|outcome| outcome.map(|()| 0));
        }
        let count = buf.len().min(self.unread.len());
        let from = self.unread.start;
        buf[..count].copy_from_slice(&self.buffer[from..from + count]);
        self.unread.start += count;
        Some(Ok(count))
    }

    pub(super) fn discard(&mut self) {
        self.unread = 0..0;
        self.outcome = None;
    }
}

impl Shared {
    pub(super) fn new(cached_reads: bool) -> Shared {
        Shared {
            origin: Origin::here(),
            state: Mutex::default(),
            cached_reads: AtomicBool::new(cached_reads),
            has_clone: AtomicBool::new(false),
        }
    }

    /// Whether this is the process where the file was opened.
    pub(super) fn is_here(&self) -> bool {
        self.origin.is_here()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no call has its turn.
    pub(super) fn poll_idle(&self, cx: &mut Context<'_>) -> Poll<io::Result<MutexGuard<'_, State>>> {
        loop {
            if !self.is_here() {
                return Poll::Ready(Err(opened_by_parent()));
            }
            let state = self.lock();
            if !state.busy {
                return Poll::Ready(Ok(state));
            }
            drop(state);
            if self.park(cx.waker().clone(), |state| {
                state.others_wait = true;
                state.busy
            }) {
                return Poll::Pending;
            }
        }
    }

    /// Waits until the call that writes takes more, or no call has its turn.
    pub(super) fn poll_room(
        &self,
        cx: &mut Context<'_>,
        most: usize,
    ) -> Poll<io::Result<MutexGuard<'_, State>>> {
        loop {
            if !self.is_here() {
                return Poll::Ready(Err(opened_by_parent()));
            }
            let state = self.lock();
            if !state.must_wait_to_write(most) {
                return Poll::Ready(Ok(state));
            }
            drop(state);
            if self.park(cx.waker().clone(), |state| state.must_wait_to_write(most)) {
                return Poll::Pending;
            }
        }
    }

    /// Keeps `waker` if `must_wait`, and says whether it does.
    fn park(&self, waker: Waker, must_wait: impl FnOnce(&mut State) -> bool) -> bool {
        let mut state = self.lock();
        if !must_wait(&mut state) {
            state.others_wait &= state.busy;
            drop(state);
            return false;
        }
        let mut no_longer_needed = None;
        let mut evicted = None;
        if state.waiters.iter().any(|kept| kept.will_wake(&waker)) {
            no_longer_needed = Some(waker);
        } else {
            if state.waiters.len() == MAX_WAITERS {
                evicted = Some(state.waiters.remove(0));
            }
            state.waiters.push(waker);
        }
        drop(state);
        drop(no_longer_needed);
        if let Some(evicted) = evicted {
            evicted.wake();
        }
        true
    }
}

impl State {
    pub(super) fn is_idle(&self) -> bool {
        !self.busy
    }

    /// A call gets its turn.
    pub(super) fn begin_turn(&mut self, writing: bool) {
        debug_assert!(!self.busy);
        self.busy = true;
        self.writing = writing;
    }

    /// Gives who waits for it.
    pub(super) fn end_turn(&mut self) -> WakeList {
        self.busy = false;
        self.writing = false;
        self.others_wait = false;
        self.take_waiters()
    }

    fn must_wait_to_write(&self, most: usize) -> bool {
        self.busy && (!self.writing || self.others_wait || self.accepted.len() >= most)
    }

    /// A call that writes is under way and will come to what is accepted now.
    pub(super) fn is_written(&self) -> bool {
        self.busy && self.writing
    }

    /// A call may move the end of the file: forgets the one that a read or a seek has found which was given up. Who still waits for the seek
    /// makes it again.
    pub(super) fn forget_end(&mut self) {
        self.read.outcome.take_if(|outcome| outcome.is_ok());
        self.sought.take_if(|(target, _)| matches!(target, SeekFrom::End(_)));
    }

    /// Nothing is written behind a hole: the rest is dropped.
    pub(super) fn write_failed(&mut self, error: io::Error) {
        self.accepted.clear();
        self.write_error = Some(error);
    }

    pub(super) fn take_waiters(&mut self) -> WakeList {
        let mut wake = WakeList::default();
        self.waiters.drain(..).for_each(|waker| wake.push(waker));
        wake
    }
}
