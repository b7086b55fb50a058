//! Writing: bytes are accepted into a buffer, and written by a call on the pool that goes on while there are any.
//!
//! One buffer is filled while the other is written, so that a writer that is faster than the disk waits for the disk and not for
//! threads to wake each other. pwritev2(2) with `RWF_NOWAIT` would spare the trip, but ext4 refuses it for buffered writes.

use std::io::{self, IoSlice, Write};
use std::sync::MutexGuard;
use std::task::{Context, Poll, ready};

use super::super::pool;
use super::File;
use super::state::State;
use super::turn::Turn;
use crate::context::poll_budget;
use crate::sys::without_sigpipe;

/// The most that is accepted and not yet taken by the call that writes. As much may be on its way.
pub(super) const MOST_ACCEPTED: usize = 256 * 1024;

impl File {
    pub(super) fn poll_write_bytes(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        drop(ready!(self.poll_room(cx))?);
        ready!(poll_budget(cx));
        let mut state = ready!(self.poll_room(cx))?;
        state.sought = None;
        Poll::Ready(match state.write_error.take() {
            Some(error) => {
                drop(state);
                Err(self.error("write", error))
            }
            None => self.accept(state, bufs),
        })
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<io::Result<MutexGuard<'_, State>>> {
        self.shared.poll_room(cx, MOST_ACCEPTED).map_err(|error| self.error("write", error))
    }

    fn accept(&self, mut state: MutexGuard<'_, State>, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let count = append(&mut state.accepted, bufs);
        if state.is_written() {
            return Ok(count);
        }
        let turn = Turn::begin_writing(&mut state, &self.shared, &self.file);
        drop(state);
        if let Err(error) = pool::start(move || write_accepted(turn)) {
            self.shared.lock().write_error = None;
            return Err(self.error("write", error));
        }
        Ok(count)
    }

    /// Waits until all that was accepted is written, and tells the error if one of it was not.
    pub(super) fn poll_written(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = ready!(self.poll_idle("write", cx))?;
        let error = state.write_error.take();
        let buffers = (std::mem::take(&mut state.accepted), std::mem::take(&mut state.spare));
        drop(state);
        drop(buffers);
        Poll::Ready(error.map_or(Ok(()), |error| Err(self.error("write", error))))
    }
}

/// As much as there is room for.
fn append(accepted: &mut Vec<u8>, bufs: &[IoSlice<'_>]) -> usize {
    let before = accepted.len();
    for buf in bufs {
        let room = MOST_ACCEPTED - accepted.len();
        accepted.extend_from_slice(&buf[..buf.len().min(room)]);
    }
    accepted.len() - before
}

/// The call, on its thread.
fn write_accepted(turn: Turn) {
    turn.settle();
    let mut chunk = std::mem::take(&mut turn.lock().spare);
    let mut next = turn.next_chunk(&mut chunk);
    while let Some(turn) = next {
        if let Err(error) = write_all(turn.file(), &chunk) {
            return turn.end(|state| state.write_failed(error));
        }
        next = turn.next_chunk(&mut chunk);
    }
}

/// A file may be a FIFO, and one without a reader raises `SIGPIPE`.
fn write_all(mut file: &std::fs::File, bytes: &[u8]) -> io::Result<()> {
    without_sigpipe(|| file.write_all(bytes))
}
