//! Writes that a thread makes: one after the other, in the order in which they were asked for.
//!
//! A write is over when the call has returned, and not when the thread has taken it over: what was reported as written is not lost when
//! the program ends. So a request keeps a copy of its bytes, and is known by a number. One that is given up is taken back if the call
//! has not begun.

use std::collections::VecDeque;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use super::runner::{Runner, Work, blocking};
use super::which::Which;
use crate::dispatcher::Direction;
use crate::driver::waiters::{Spare, Waiters, Waiting};
use crate::sys;
use crate::wake_list::WakeList;

/// The most that one call writes.
pub(super) const CHUNK: usize = 64 * 1024;

/// How many writes a handle keeps that were begun by poll functions: as many as there are wakers of such calls elsewhere.
const MAX_POLLED: usize = 32;

/// Names a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number(u64);

type Bytes = Arc<Vec<u8>>;

/// What was asked for, oldest first, until it is over and its owner knows.
#[derive(Debug, Default)]
pub(super) struct Writes {
    requests: VecDeque<Request>,
    last: u64,
}

#[derive(Debug)]
struct Request {
    number: Number,
    bytes: Bytes,
    stage: Stage,
    waiters: Waiters,
}

#[derive(Debug)]
enum Stage {
    Queued,
    Begun,
    Over(io::Result<usize>),
}

impl Work for Writes {
    type Task = (u64, Bytes);
    type Outcome = (u64, io::Result<usize>);

    fn next(&mut self) -> Option<(u64, Bytes)> {
        let request = self.requests.iter_mut().find(|request| matches!(request.stage, Stage::Queued))?;
        request.stage = Stage::Begun;
        Some((request.number.0, Arc::clone(&request.bytes)))
    }

    fn has_next(&self) -> bool {
        self.requests.iter().any(|request| matches!(request.stage, Stage::Queued))
    }

    fn perform(file: &File, which: Which, (number, bytes): (u64, Bytes)) -> (u64, io::Result<usize>) {
        (number, blocking(file, which, |mut file| sys::without_sigpipe(|| file.write(&bytes))))
    }

    fn complete(&mut self, (number, result): (u64, io::Result<usize>), wakes: &mut WakeList) {
        // Its owner may have gone meanwhile.
        if let Some(request) = self.find(Number(number)) {
            request.stage = Stage::Over(result);
            request.waiters.take_all(wakes);
        }
    }

    fn wake_all(&mut self, wakes: &mut WakeList) {
        self.requests.iter_mut().for_each(|request| request.waiters.take_all(wakes));
    }
}

impl Writes {
    fn find(&mut self, number: Number) -> Option<&mut Request> {
        self.requests.iter_mut().find(|request| request.number == number)
    }

    fn ask(&mut self, bytes: Bytes) -> Number {
        self.last += 1;
        let number = Number(self.last);
        self.requests.push_back(Request { number, bytes, stage: Stage::Queued, waiters: Waiters::default() });
        number
    }

    /// Takes a request out, in whatever stage it is. A call that has begun goes on.
    #[must_use = "its wakers must be dropped outside the lock"]
    fn remove(&mut self, number: Number) -> Option<Request> {
        let index = self.requests.iter().position(|request| request.number == number)?;
        self.requests.remove(index)
    }

    fn is_over(&mut self, number: Number) -> bool {
        self.find(number).is_none_or(|request| matches!(request.stage, Stage::Over(_)))
    }
}

impl Runner<Writes> {
    /// Writes some bytes of a buffer that is not empty.
    pub(super) async fn write(self: &Arc<Self>, buf: &[u8]) -> io::Result<usize> {
        let request = Owned { runner: self, number: self.ask(buf) };
        let mut key = None;
        let result = poll_fn(|cx| self.poll_request(cx, Waiting::Keyed(&mut key), request.number)).await;
        result.unwrap_or_else(|| Err(io::Error::other("the write was given up")))
    }

    fn ask(&self, buf: &[u8]) -> Number {
        let bytes = Arc::new(buf[..buf.len().min(CHUNK)].to_vec());
        self.with_work(|writes| writes.ask(bytes))
    }

    /// What came of a request, once; `None` when there is no such request (any more).
    fn poll_request(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        waiting: Waiting<'_>,
        number: Number,
    ) -> Poll<Option<io::Result<usize>>> {
        let waker = cx.waker().clone();
        let (finished, spare) = self.with_work(|writes| match writes.find(number) {
            Some(Request { stage: Stage::Queued | Stage::Begun, waiters, .. }) => {
                (None, waiters.park(Direction::Write, waiting, waker))
            }
            _ => (Some(writes.remove(number)), Some(Spare::Replaced(waker))),
        });
        if let Some(spare) = spare {
            spare.settle();
        }
        if let Some(request) = finished {
            return Poll::Ready(request.and_then(Request::into_result));
        }
        match self.attend() {
            Ok(()) => Poll::Pending,
            Err(error) => {
                self.give_up(number);
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn give_up(&self, number: Number) {
        let request = self.with_work(|writes| writes.remove(number));
        if let Some(request) = request {
            request.discard_wakers();
        }
    }
}

impl Request {
    fn into_result(self) -> Option<io::Result<usize>> {
        let Request { stage, .. } = self;
        match stage {
            Stage::Over(result) => Some(result),
            Stage::Queued | Stage::Begun => None,
        }
    }

    /// Whoever may wait for it still is woken, and finds it gone.
    fn discard_wakers(mut self) {
        let mut wakes = WakeList::default();
        self.waiters.take_all(&mut wakes);
        wakes.wake_all();
    }
}

/// A request of a future, which gives it up when it is dropped.
struct Owned<'a> {
    runner: &'a Runner<Writes>,
    number: Number,
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        self.runner.give_up(self.number);
    }
}

/// The writes that the poll functions of one handle have begun. Such a function is called again for what came of its write, and
/// does not say so: a call with the same bytes is taken for that.
///
/// Several tasks may poll one handle, so several writes may be known. Those that were over before a later one was, and that nobody has
/// asked for by then, were given up.
#[derive(Debug, Default)]
pub(super) struct Polls {
    begun: Mutex<Vec<(Number, Bytes)>>,
}

impl Polls {
    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        runner: &Arc<Runner<Writes>>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let buf = &buf[..buf.len().min(CHUNK)];
        loop {
            let number = self.known(buf).unwrap_or_else(|| self.begin(runner, buf));
            match runner.poll_request(cx, Waiting::Polled, number) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(result) => {
                    self.finish(runner, number);
                    if let Some(result) = result {
                        return Poll::Ready(result);
                    }
                    // Another task with the same bytes has taken the result.
                }
            }
        }
    }

    fn known(&self, buf: &[u8]) -> Option<Number> {
        self.lock().iter().find(|(_, bytes)| ***bytes == *buf).map(|(number, _)| *number)
    }

    fn begin(&self, runner: &Runner<Writes>, buf: &[u8]) -> Number {
        let bytes = Arc::new(buf.to_vec());
        let number = runner.with_work(|writes| writes.ask(Arc::clone(&bytes)));
        let mut begun = self.lock();
        let oldest = if begun.len() < MAX_POLLED { None } else { Some(begun.remove(0).0) };
        begun.push((number, bytes));
        drop(begun);
        if let Some(oldest) = oldest {
            runner.give_up(oldest);
        }
        number
    }

    /// Forgets a write, and the earlier ones that are over.
    fn finish(&self, runner: &Runner<Writes>, number: Number) {
        let mut given_up = Vec::new();
        self.lock().retain(|(earlier, _)| {
            let over = earlier.0 < number.0 && runner.with_work(|writes| writes.is_over(*earlier));
            given_up.extend(over.then_some(*earlier));
            *earlier != number && !over
        });
        given_up.into_iter().for_each(|earlier| runner.give_up(earlier));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Takes back what has not begun.
    pub(super) fn give_up(&self, runner: &Runner<Writes>) {
        let begun = std::mem::take(&mut *self.lock());
        begun.into_iter().for_each(|(number, _)| runner.give_up(number));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Number, Bytes)>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
