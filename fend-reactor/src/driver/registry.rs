//! The sources of a driver, found by token when an event comes and by fd when a number is registered again.
//!
//! A slot's generation grows when its source leaves, so an event that carries an older token reaches nobody. That one
//! rule also settles *ghosts*: sources whose fd was closed behind our back. When its number comes back with another
//! file, the ghost loses its slot; its later deregistration names a stale token, does nothing, and so cannot take the new file
//! out of the dispatcher (which goes by number).
//!
//! The registry's lock is held over the dispatcher's `add`, `watch_writes` and `remove`: otherwise a ghost could go between the two steps
//! of a newcomer.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;

use super::registration_error::{explain, gone, shut_down};
use super::source_state::SourceState;
use crate::dispatcher::{Dispatch, Event, Token, Watch};
use crate::wake_list::WakeList;

/// One place for a source.
#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    source: Option<Registered>,
}

#[derive(Debug)]
struct Registered {
    state: Arc<SourceState>,
    fd: RawFd,
}

/// All sources of one driver.
#[derive(Debug, Default)]
pub(super) struct Registry {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// The token that owns each fd number. Numbers are small: the kernel gives out the lowest that is free.
    by_fd: Vec<Option<Token>>,
    closed: bool,
}

impl Registry {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn has_waiters(&self) -> bool {
        self.slots.iter().flat_map(|slot| &slot.source).any(|source| source.state.has_waiters())
    }

    /// Starts to watch `fd` for `state`. A ghost under the same number is detached; its waiters go to `wakes`.
    pub(super) fn register(
        &mut self,
        dispatch: &dyn Dispatch,
        fd: BorrowedFd<'_>,
        state: &Arc<SourceState>,
        watch: Watch,
        wakes: &mut Option<WakeList>,
    ) -> io::Result<Token> {
        if self.closed {
            return Err(shut_down());
        }
        // The slot is filled first: an edge-triggered event that finds it empty would be lost.
        let token = self.occupy(Registered { state: Arc::clone(state), fd: fd.as_raw_fd() });
        if let Err(error) = self.watch(dispatch, fd, token, watch) {
            self.vacate(token);
            return Err(explain(fd.as_raw_fd(), error));
        }
        if let Some(ghost) = self.claim_fd(fd.as_raw_fd(), token).and_then(|older| self.vacate(older)) {
            ghost.state.detach(wakes.get_or_insert_default());
        }
        Ok(token)
    }

    fn watch(
        &self,
        dispatch: &dyn Dispatch,
        fd: BorrowedFd<'_>,
        token: Token,
        watch: Watch,
    ) -> io::Result<()> {
        match dispatch.add(fd, token, watch) {
            // Nobody here has it: a ghost left it behind, which could not be removed while its number was closed or
            // belonged to another file, and now the file has come back to its number.
            Err(error)
                if error.raw_os_error() == Some(libc::EEXIST) && self.owner(fd.as_raw_fd()).is_none() =>
            {
                dispatch.remove(fd.as_raw_fd(), token);
                dispatch.add(fd, token, watch)
            }
            result => result,
        }
    }

    /// Watches for writes, too. Nothing happens when `token` is stale: its source is detached, and its number may belong to another one.
    pub(super) fn watch_writes(&self, dispatch: &dyn Dispatch, token: Token) -> io::Result<()> {
        match self.source(token) {
            Some(source) => dispatch.watch_writes(source.fd, token).map_err(|error| gone(source.fd, error)),
            None => Ok(()),
        }
    }

    fn source(&self, token: Token) -> Option<&Registered> {
        let slot = self.slots.get(token.slot as usize).filter(|slot| slot.generation == token.generation)?;
        slot.source.as_ref()
    }

    /// Stops watching. False when `token` is stale, that is for ghosts and after [`close`](Registry::close).
    pub(super) fn deregister(&mut self, dispatch: &dyn Dispatch, token: Token) -> bool {
        let Some(source) = self.vacate(token) else {
            return false;
        };
        self.by_fd[fd_index(source.fd)] = None;
        dispatch.remove(source.fd, token);
        true
    }

    /// Hands an event to its source; false when that has left.
    pub(super) fn deliver(&self, event: Event, wakes: &mut WakeList) -> bool {
        let Some(source) = self.source(event.token) else { return false };
        source.state.report(event.readiness, wakes);
        true
    }

    /// Lets every source go, and takes no more.
    pub(super) fn close(&mut self, dispatch: &dyn Dispatch, wakes: &mut WakeList) {
        self.closed = true;
        for token in std::mem::take(&mut self.by_fd).into_iter().flatten() {
            if let Some(source) = self.vacate(token) {
                dispatch.remove(source.fd, token);
                source.state.detach(wakes);
            }
        }
    }

    fn owner(&self, fd: RawFd) -> Option<Token> {
        self.by_fd.get(fd_index(fd)).copied().flatten()
    }

    /// Makes `token` the owner of the number `fd`; returns who was.
    fn claim_fd(&mut self, fd: RawFd, token: Token) -> Option<Token> {
        let index = fd_index(fd);
        if index >= self.by_fd.len() {
            self.by_fd.resize(index + 1, None);
        }
        self.by_fd[index].replace(token)
    }

    fn occupy(&mut self, source: Registered) -> Token {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fds are fewer than 2^31")
        });
        let entry = &mut self.slots[slot as usize];
        entry.source = Some(source);
        Token { slot, generation: entry.generation }
    }

    /// Empties the slot of `token`, unless that is stale.
    fn vacate(&mut self, token: Token) -> Option<Registered> {
        let entry = &mut self.slots[token.slot as usize];
        if entry.generation != token.generation {
            return None;
        }
        let source = entry.source.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(token.slot);
        Some(source)
    }
}

/// A `BorrowedFd` is never negative.
fn fd_index(fd: RawFd) -> usize {
    usize::try_from(fd).expect("an open fd is not negative")
}
