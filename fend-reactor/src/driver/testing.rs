//! A dispatcher under the test's control, and a waker that counts.

use std::fmt;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use crate::dispatcher::{Batch, Direction, Dispatch, Event, Readiness, Token, Watch};

/// Counts its wakes.
#[derive(Debug, Clone, Default)]
pub(in crate::driver) struct CountingWaker(Arc<Count>);

#[derive(Debug, Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl CountingWaker {
    pub(in crate::driver) fn new() -> Self {
        Self::default()
    }

    pub(in crate::driver) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    pub(in crate::driver) fn wakes(&self) -> usize {
        self.0.0.load(SeqCst)
    }

    /// How many wakers of this exist.
    pub(in crate::driver) fn alive(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

type During = Box<dyn FnOnce() + Send>;

/// Reports what the test pushed; never sleeps.
#[derive(Default)]
pub(in crate::driver) struct FakeDispatch {
    state: Mutex<FakeState>,
    wakes: AtomicUsize,
}

#[derive(Default)]
struct FakeState {
    watched: Vec<(RawFd, Token)>,
    writes: Vec<Token>,
    armed: Vec<(Token, Direction)>,
    events: Vec<Event>,
    timeout: Option<Duration>,
    refuse: Option<i32>,
    during_wait: Option<During>,
}

impl fmt::Debug for FakeDispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeDispatch")
    }
}

impl FakeDispatch {
    fn state(&self) -> std::sync::MutexGuard<'_, FakeState> {
        self.state.lock().unwrap()
    }

    /// The next wait reports this.
    pub(in crate::driver) fn push(&self, token: Token, readiness: Readiness) {
        self.state().events.push(Event { token, readiness });
    }

    /// Runs in the middle of the next wait, as another thread would.
    pub(in crate::driver) fn during_wait(&self, f: impl FnOnce() + Send + 'static) {
        self.state().during_wait = Some(Box::new(f));
    }

    /// The next `add` fails.
    pub(in crate::driver) fn refuse(&self, errno: i32) {
        self.state().refuse = Some(errno);
    }

    /// The kernel's side of a close behind our back: the file is gone with its registration.
    pub(in crate::driver) fn vanish(&self, fd: RawFd) {
        self.state().watched.retain(|(number, _)| *number != fd);
    }

    /// A registration whose source is gone.
    pub(in crate::driver) fn leave(&self, fd: RawFd, token: Token) {
        self.state().watched.push((fd, token));
    }

    pub(in crate::driver) fn watched(&self) -> Vec<(RawFd, Token)> {
        self.state().watched.clone()
    }

    /// Who was watched for writes, each as often as that was asked for.
    pub(in crate::driver) fn writes(&self) -> Vec<Token> {
        self.state().writes.clone()
    }

    pub(in crate::driver) fn armed(&self) -> Vec<(Token, Direction)> {
        self.state().armed.clone()
    }

    /// The timeout of the last wait.
    pub(in crate::driver) fn timeout(&self) -> Option<Duration> {
        self.state().timeout
    }

    pub(in crate::driver) fn wakes(&self) -> usize {
        self.wakes.load(SeqCst)
    }
}

impl Dispatch for Arc<FakeDispatch> {
    fn add(&self, fd: BorrowedFd<'_>, token: Token, watch: Watch) -> io::Result<()> {
        let mut state = self.state();
        if let Some(errno) = state.refuse.take() {
            return Err(io::Error::from_raw_os_error(errno));
        }
        if state.watched.iter().any(|(number, _)| *number == fd.as_raw_fd()) {
            return Err(io::Error::from_raw_os_error(libc::EEXIST));
        }
        state.watched.push((fd.as_raw_fd(), token));
        if watch == Watch::All {
            state.writes.push(token);
        }
        Ok(())
    }

    fn watch_writes(&self, fd: RawFd, token: Token) -> io::Result<()> {
        let mut state = self.state();
        if !state.watched.contains(&(fd, token)) {
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        }
        state.writes.push(token);
        Ok(())
    }

    fn arm(&self, token: Token, direction: Direction) {
        self.state().armed.push((token, direction));
    }

    /// By number, as epoll does it.
    fn remove(&self, fd: RawFd, _token: Token) {
        self.vanish(fd);
    }

    fn wait(&self, batch: &mut Batch, timeout: Option<Duration>) -> io::Result<()> {
        let during = self.state().during_wait.take();
        if let Some(during) = during {
            during();
        }
        let mut state = self.state();
        state.timeout = timeout;
        batch.events.append(&mut mem::take(&mut state.events));
        Ok(())
    }

    fn wait_for_news(&self, _batch: &mut Batch, timeout: Option<Duration>) -> io::Result<bool> {
        self.state().timeout = timeout;
        Ok(self.has_events())
    }

    fn has_events(&self) -> bool {
        !self.state().events.is_empty()
    }

    fn wake(&self) {
        self.wakes.fetch_add(1, SeqCst);
    }
}
