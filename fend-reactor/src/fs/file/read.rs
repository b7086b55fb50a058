//! Reading: from the page cache at once, else on the pool.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};

use super::super::pool;
use super::File;
use super::at::uninterrupted;
use super::turn::Turn;
use crate::context::poll_budget;
use crate::sys::read_cached;

/// The most that is copied from the page cache in one poll. It takes some 10 us, and a larger copy saves next to nothing.
pub(super) const MOST_INLINE: usize = 64 * 1024;

/// The most that one trip to the pool brings, and so what a file keeps of a read that was given up.
pub(super) const MOST_READ: usize = 256 * 1024;

impl File {
    pub(super) fn poll_read_bytes(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        drop(ready!(self.poll_idle("read", cx))?);
        ready!(poll_budget(cx));
        loop {
            let mut state = ready!(self.poll_idle("read", cx))?;
            state.sought = None;
            if let Some(result) = state.read.take(buf) {
                drop(state);
                return Poll::Ready(result.map_err(|error| self.error("read", error)));
            }
            if let Some(count) = self.read_cached(buf) {
                return Poll::Ready(Ok(count));
            }
            let turn = Turn::begin(&mut state, &self.shared, &self.file);
            drop(state);
            let most = buf.len().min(MOST_READ);
            if let Err(error) = pool::start(move || read(turn, most)) {
                return Poll::Ready(Err(self.error("read", error)));
            }
        }
    }

    /// What is in memory, from the file's own position on. `None`: nothing is, or that is not to be told.
    fn read_cached(&self, buf: &mut [u8]) -> Option<usize> {
        if self.shared.has_clone.load(Relaxed) { None } else { self.read_cached_at(buf, None) }
    }

    pub(super) fn read_cached_at(&self, buf: &mut [u8], offset: Option<u64>) -> Option<usize> {
        if !self.shared.cached_reads.load(Relaxed) {
            return None;
        }
        let most = buf.len().min(MOST_INLINE);
        match read_cached(self.file.as_fd(), offset, &mut buf[..most]) {
            // Perhaps the end; a read that may wait tells.
            Ok(0) => None,
            Ok(count) => Some(count),
            Err(error) => {
                let may_be_there_later =
                    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted);
                self.shared.cached_reads.fetch_and(may_be_there_later, Relaxed);
                None
            }
        }
    }
}

/// The call, on its thread.
fn read(turn: Turn, most: usize) {
    let mut buffer = std::mem::take(&mut turn.lock().read.buffer);
    if buffer.len() < most {
        buffer.resize(most, 0);
    }
    let mut file = turn.file();
    let result = uninterrupted(|| file.read(&mut buffer[..most]));
    turn.end(|state| match result {
        Ok(0) => state.read.outcome = Some(Ok(())),
        Ok(count) => {
            state.read.unread = 0..count;
            state.read.buffer = buffer;
        }
        Err(error) => state.read.outcome = Some(Err(error)),
    });
}
