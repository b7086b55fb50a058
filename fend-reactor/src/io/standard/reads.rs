//! Reads that a thread makes: one at a time, as large as the first that waits has asked for, so that a program which reads part of a
//! file leaves the rest to who comes after it.
//!
//! What was read belongs to the stream and not to who asked for it: when nobody waits for it any more, the next read gets it.

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Read};
use std::sync::Arc;
use std::task::{Context, Poll};

use super::runner::{Runner, Work, blocking};
use super::which::Which;
use crate::dispatcher::Direction;
use crate::driver::waiters::{Spare, WaiterKey, Waiters, Waiting};
use crate::wake_list::{WakeList, discard};

/// The most that one call reads.
const CHUNK: usize = 64 * 1024;

/// What was asked for, and what has come.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// The size of the read to make; none when 0.
    asked: usize,
    /// A thread is in the call.
    reading: bool,
    /// What has come, from `taken` on.
    bytes: Vec<u8>,
    taken: usize,
    /// What the call said when it brought nothing: the end of the file, or an error. For one reader; others call again.
    nothing: Option<io::Result<()>>,
    waiters: Waiters,
}

impl Work for Reads {
    type Task = usize;
    type Outcome = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<usize> {
        let asked = std::mem::take(&mut self.asked);
        self.reading = asked > 0;
        self.reading.then_some(asked)
    }

    fn has_next(&self) -> bool {
        self.asked > 0
    }

    fn perform(file: &File, which: Which, asked: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; asked];
        let count = blocking(file, which, |mut file| file.read(&mut bytes))?;
        bytes.truncate(count);
        Ok(bytes)
    }

    fn complete(&mut self, outcome: io::Result<Vec<u8>>, wakes: &mut WakeList) {
        self.reading = false;
        match outcome {
            Ok(bytes) if !bytes.is_empty() => {
                self.bytes = bytes;
                self.taken = 0;
            }
            Ok(_) => self.nothing = Some(Ok(())),
            Err(error) => self.nothing = Some(Err(error)),
        }
        self.wake_all(wakes);
    }

    fn wake_all(&mut self, wakes: &mut WakeList) {
        self.waiters.take_all(wakes);
    }
}

impl Reads {
    /// What is there for a reader, if anything.
    fn take(&mut self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        let left = &self.bytes[self.taken..];
        if left.is_empty() {
            return self.nothing.take().map(|nothing| nothing.map(|()| 0));
        }
        let count = left.len().min(buf.len());
        buf[..count].copy_from_slice(&left[..count]);
        self.taken += count;
        if self.taken == self.bytes.len() {
            self.bytes = Vec::new();
            self.taken = 0;
        }
        Some(Ok(count))
    }

    fn ask(&mut self, size: usize) {
        if !self.reading && self.asked == 0 {
            self.asked = size.min(CHUNK);
        }
    }
}

impl Runner<Reads> {
    /// Reads into a buffer that is not empty.
    pub(super) async fn read(self: &Arc<Self>, buf: &mut [u8]) -> io::Result<usize> {
        let mut place = Place { runner: self, key: None };
        poll_fn(|cx| self.poll_as(cx, Waiting::Keyed(&mut place.key), buf)).await
    }

    /// [`read`](Runner::read), polled.
    pub(super) fn poll_read(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_as(cx, Waiting::Polled, buf)
    }

    /// What has come already.
    pub(super) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.with_work(|reads| reads.take(buf)).unwrap_or(Err(io::ErrorKind::WouldBlock.into()))
    }

    fn poll_as(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        waiting: Waiting<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(result) = self.with_work(|reads| reads.take(buf)) {
            return Poll::Ready(result);
        }
        let waker = cx.waker().clone();
        let (result, spare) = self.with_work(|reads| match reads.take(buf) {
            Some(result) => (Some(result), Some(Spare::Replaced(waker))),
            None => {
                reads.ask(buf.len());
                (None, reads.waiters.park(Direction::Read, waiting, waker))
            }
        });
        if let Some(spare) = spare {
            spare.settle();
        }
        if let Some(result) = result {
            return Poll::Ready(result);
        }
        match self.attend() {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

/// A reader's place among those who wait.
struct Place<'a> {
    runner: &'a Runner<Reads>,
    key: Option<WaiterKey>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let waker = self.runner.with_work(|reads| reads.waiters.remove(key));
            discard(waker);
        }
    }
}
