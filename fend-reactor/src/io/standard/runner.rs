//! One thread at a time that makes a stream's blocking calls, in order.
//!
//! Requests are put into the [`Work`]; somebody who waits for one sees to it that a thread runs. The thread makes one call after the other
//! until nothing is asked for. Where calls may wait without end it is a thread of its own, which no runtime counts: it is left behind, in
//! its call, when the program ends. It stays for a while when it has nothing to do, since the next line comes soon.
//!
//! A request belongs to no runtime. If the one whose pool was to serve it shuts down first, everybody who waits is woken, and asks the
//! pool of another.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::which::Which;
use crate::dispatcher::Direction;
use crate::fs::pool;
use crate::sys;
use crate::wake_list::WakeList;

/// How long an idle thread stays.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What is asked for and what came of it. Lives under a lock: no waker may be cloned, woken or dropped here.
pub(super) trait Work: Default + Send + 'static {
    /// What a call needs.
    type Task: Send;
    /// What came of it.
    type Outcome: Send;

    /// The next call to make.
    fn next(&mut self) -> Option<Self::Task>;

    /// Whether there is one.
    fn has_next(&self) -> bool;

    /// Makes it, through `call`, which makes it again when it was interrupted or the file is non-blocking and not ready.
    fn perform(file: &File, which: Which, task: Self::Task) -> Self::Outcome;

    /// It was made.
    fn complete(&mut self, outcome: Self::Outcome, wakes: &mut WakeList);

    /// Everybody who waits.
    fn wake_all(&mut self, wakes: &mut WakeList);
}

/// Where the calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The current runtime's pool for files: the calls come to an end.
    FilePool,
    /// A thread that is left behind.
    Thread,
}

/// A file, the calls that are asked for, and the thread that makes them.
#[derive(Debug)]
pub(super) struct Runner<W> {
    file: File,
    which: Which,
    place: Place,
    state: Mutex<State<W>>,
    /// An idle thread waits for requests.
    more: Condvar,
}

#[derive(Debug, Default)]
struct State<W> {
    work: W,
    /// A thread serves the work, or was asked for.
    running: bool,
}

impl<W: Work> Runner<W> {
    pub(super) fn new(file: File, place: Place, which: Which) -> Runner<W> {
        Runner { file, which, place, state: Mutex::default(), more: Condvar::new() }
    }

    /// Looks at the work, or changes it.
    pub(super) fn with_work<R>(&self, f: impl FnOnce(&mut W) -> R) -> R {
        f(&mut self.lock().work)
    }

    /// Sees to it that a thread serves what was asked for.
    ///
    /// # Errors
    ///
    /// When none can be had: the system has no more, or the runtime has shut down. Everybody else who waits is woken to find out.
    pub(super) fn attend(self: &Arc<Self>) -> io::Result<()> {
        let mut state = self.lock();
        if !state.work.has_next() {
            return Ok(());
        }
        if state.running {
            self.more.notify_one();
            return Ok(());
        }
        state.running = true;
        drop(state);
        let refused = Arc::new(AtomicBool::new(false));
        self.start(Turn { runner: Arc::clone(self), over: false, refused: Arc::clone(&refused) })?;
        // Refused later, it is asked for again by whoever waits.
        if refused.load(Acquire) { Err(io::Error::other("the runtime has shut down")) } else { Ok(()) }
    }

    fn start(&self, turn: Turn<W>) -> io::Result<()> {
        match self.place {
            Place::Thread => {
                let thread = thread::Builder::new().name(self.which.thread_name().to_owned());
                thread.spawn(|| turn.run()).map(drop)
            }
            Place::FilePool => {
                // An error of the default runtime's start, before the spawn would panic with it.
                crate::context::try_current_driver()?;
                // Whoever waits for the outcome may give up.
                pool::start(|| turn.run())
            }
        }
    }

    /// The thread's part.
    fn serve(&self) {
        while let Some(task) = self.next_task() {
            let outcome = W::perform(&self.file, self.which, task);
            let mut wakes = WakeList::default();
            self.lock().work.complete(outcome, &mut wakes);
            wakes.wake_all();
        }
    }

    /// `None` when the thread may go; nobody believes that it runs then.
    fn next_task(&self) -> Option<W::Task> {
        let mut state = self.lock();
        let mut stays = self.place == Place::Thread;
        loop {
            if let Some(task) = state.work.next() {
                return Some(task);
            }
            if !stays {
                state.running = false;
                return None;
            }
            let (again, waited) =
                self.more.wait_timeout(state, KEEP_ALIVE).unwrap_or_else(PoisonError::into_inner);
            state = again;
            stays = !waited.timed_out();
        }
    }

    /// No thread has come, or it was lost.
    fn deserted(&self) {
        let mut wakes = WakeList::default();
        let mut state = self.lock();
        state.running = false;
        state.work.wake_all(&mut wakes);
        drop(state);
        wakes.wake_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a thread is asked to run. Dropped before, it says so.
struct Turn<W: Work> {
    runner: Arc<Runner<W>>,
    over: bool,
    refused: Arc<AtomicBool>,
}

impl<W: Work> Turn<W> {
    fn run(mut self) {
        self.runner.serve();
        self.over = true;
    }
}

impl<W: Work> Drop for Turn<W> {
    fn drop(&mut self) {
        if !self.over {
            self.refused.store(true, Release);
            self.runner.deserted();
        }
    }
}

/// Makes `call` until it is neither interrupted nor refused: the file may be non-blocking by the wish of somebody else.
pub(super) fn blocking(
    file: &File,
    which: Which,
    mut call: impl FnMut(&File) -> io::Result<usize>,
) -> io::Result<usize> {
    loop {
        match call(file) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait_until_ready(file, which)?,
            result => return result,
        }
    }
}

fn wait_until_ready(file: &File, which: Which) -> io::Result<()> {
    let events = if which.direction() == Direction::Read { libc::POLLIN } else { libc::POLLOUT };
    let mut fds = [libc::pollfd { fd: file.as_fd().as_raw_fd(), events, revents: 0 }];
    sys::ppoll(&mut fds, None).map(drop)
}
