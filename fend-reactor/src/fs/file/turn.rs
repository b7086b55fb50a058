//! [`Turn`]: the sole use of a file.
//!
//! It goes with a call to the thread of the pool, and is over when the call has come to its end, or was thrown away with its runtime; nobody
//! needs to wait for it.

use std::io::{self, SeekFrom};
use std::sync::{Arc, MutexGuard};

use super::state::{Shared, State};
use crate::wake_list::WakeList;

/// The sole use of a file, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    shared: Arc<Shared>,
    /// Given back before the turn is over: whoever comes next may want to be the only one who holds it.
    file: Option<Arc<std::fs::File>>,
}

impl Turn {
    /// Needs an idle file. When the call is never made, since its runtime shuts down or gets no thread, the file is idle again and nothing has happened.
    pub(super) fn begin(state: &mut State, shared: &Arc<Shared>, file: &Arc<std::fs::File>) -> Turn {
        state.begin_turn(false);
        Turn { shared: shared.clone(), file: Some(file.clone()) }
    }

    /// [`begin`](Self::begin), for a call that goes on with what is accepted meanwhile. When it is never made, that is an error.
    pub(super) fn begin_writing(state: &mut State, shared: &Arc<Shared>, file: &Arc<std::fs::File>) -> Turn {
        state.begin_turn(true);
        Turn { shared: shared.clone(), file: Some(file.clone()) }
    }

    pub(super) fn file(&self) -> &std::fs::File {
        self.file.as_ref().expect("held until the turn is over")
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    /// Puts the file's position where its user thinks it is: in front of what was read and not taken. What has no position keeps
    /// what was read.
    pub(super) fn settle(&self) {
        let unread = self.lock().read.unread.len();
        if unread == 0 || rewind(self.file(), unread).is_ok() {
            self.lock().read.discard();
        }
    }

    /// Exchanges `chunk`, which was written, for what was accepted meanwhile. `None` when that is nothing: then the turn is over.
    pub(super) fn next_chunk(mut self, chunk: &mut Vec<u8>) -> Option<Turn> {
        chunk.clear();
        let shared = self.shared.clone();
        let mut state = shared.lock();
        if state.accepted.is_empty() {
            state.spare = std::mem::take(chunk);
            let over = self.over(&mut state);
            drop(state);
            over.announce();
            return None;
        }
        std::mem::swap(&mut state.accepted, chunk);
        let mut room = state.take_waiters();
        drop(state);
        room.wake_all();
        Some(self)
    }

    /// Ends the turn with what the call brought.
    pub(super) fn end(mut self, put_down: impl FnOnce(&mut State)) {
        let shared = self.shared.clone();
        let mut state = shared.lock();
        put_down(&mut state);
        let over = self.over(&mut state);
        drop(state);
        over.announce();
    }

    /// The file is let go of first, so that who finds it idle finds itself alone with it.
    fn over(&mut self, state: &mut State) -> Over {
        let file = self.file.take();
        let wake = if file.is_some() { state.end_turn() } else { WakeList::default() };
        // Not the last one while its user has the file: nothing is closed here then.
        drop(file);
        Over(wake)
    }
}

/// Who is to be told that a turn is over, once the lock is dropped.
#[must_use]
struct Over(WakeList);

impl Over {
    fn announce(mut self) {
        self.0.wake_all();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let shared = self.shared.clone();
        let mut state = shared.lock();
        if self.file.is_some() && state.is_written() {
            state.write_failed(io::Error::other(
                "the call was never made: its runtime has shut down, or no thread could be started",
            ));
        }
        let over = self.over(&mut state);
        drop(state);
        over.announce();
    }
}

/// Moves the position back. ESPIPE where there is none.
pub(super) fn rewind(mut file: &std::fs::File, count: usize) -> io::Result<u64> {
    // No buffer is larger than that.
    let back = -i64::try_from(count).unwrap_or(i64::MAX);
    io::Seek::seek(&mut file, SeekFrom::Current(back))
}
