//! Seeking: at once where that only sets a number, else on the pool.

use std::io::{self, Seek, SeekFrom};
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};

use super::super::pool;
use super::File;
use super::state::State;
use super::turn::Turn;

impl File {
    pub(super) fn poll_seek_to(&self, cx: &mut Context<'_>, target: SeekFrom) -> Poll<io::Result<u64>> {
        loop {
            let mut state = ready!(self.poll_idle("seek", cx))?;
            match state.sought.take() {
                Some((wanted, result)) if wanted == target => {
                    drop(state);
                    return Poll::Ready(result.map_err(|error| self.error("seek", error)));
                }
                _ => {}
            }
            if self.seeks_at_once(target) {
                let result = seek(&self.file, &mut state, target);
                drop(state);
                return Poll::Ready(result.map_err(|error| self.error("seek", error)));
            }
            let turn = Turn::begin(&mut state, &self.shared, &self.file);
            drop(state);
            if let Err(error) = pool::start(move || seek_elsewhere(turn, target)) {
                return Poll::Ready(Err(self.error("seek", error)));
            }
        }
    }

    /// The end of a file may have to be asked for over a network, and a position that others use is locked meanwhile.
    fn seeks_at_once(&self, target: SeekFrom) -> bool {
        !matches!(target, SeekFrom::End(_)) && !self.shared.has_clone.load(Relaxed)
    }
}

fn seek_elsewhere(turn: Turn, target: SeekFrom) {
    let unread = turn.lock().read.unread.len();
    let result = seek_past(turn.file(), unread, target);
    turn.end(|state| {
        if result.is_ok() {
            state.read.discard();
        }
        state.sought = Some((target, result));
    });
}

/// Moves the position, and drops what was read ahead of it.
fn seek(file: &std::fs::File, state: &mut State, target: SeekFrom) -> io::Result<u64> {
    let position = seek_past(file, state.read.unread.len(), target)?;
    state.read.discard();
    Ok(position)
}

/// The file's own position is `unread` bytes ahead of its user's.
fn seek_past(mut file: &std::fs::File, unread: usize, target: SeekFrom) -> io::Result<u64> {
    file.seek(match target {
        SeekFrom::Current(by) => {
            let by = by.checked_sub_unsigned(unread as u64);
            SeekFrom::Current(by.ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?)
        }
        target => target,
    })
}
