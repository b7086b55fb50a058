//! One registered fd, seen from its owner.
//!
//! ```text
//!            new                    register, or the first wait
//! (nothing) ─────▶ unregistered ──────────────────────────────▶ registered ──┬─▶ dropped: out of the dispatcher,
//!                  assumed readiness                            with a driver │   whoever still waits is woken
//!                  is believed                                               └─▶ detached: driver closed, or the number
//!                                                                                 taken by another file; waits fail
//! ```
//!
//! In the child of a fork, one that was registered before is like a detached one, and its drop leaves the driver alone; one that was not
//! registers with a runtime of the child.

use std::future::Future;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use super::registration_error::{no_runtime, replaced, shut_down};
use super::source_state::SourceState;
use super::waiters::{WaiterKey, Waiting};
use super::{Driver, Seen};
use crate::context;
use crate::dispatcher::{Direction, Readiness, Token, Watch};
use crate::fork::{Origin, fd_of_parent};
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::{Acquire, Release};
use crate::sync::{Mutex, MutexGuard};
use crate::wake_list::WakeList;

/// One fd and its readiness: registers on first need, deregisters on drop.
#[derive(Debug)]
pub(crate) struct Source {
    fd: RawFd,
    origin: Origin,
    pub(super) state: Arc<SourceState>,
    registration: OnceLock<Registration>,
    /// Held while registering, so that of several first waiters one does it.
    registering: Mutex<()>,
    /// The dispatcher reports that it can be written to.
    watches_writes: AtomicBool,
}

/// How often, a millisecond apart, a lock is tried that other threads of the child hold for microseconds, and a thread of the parent for
/// ever.
const INHERITED_LOCK_TRIES: u32 = 100;

#[derive(Debug)]
struct Registration {
    driver: Arc<Driver>,
    token: Token,
}

impl Source {
    /// A source for `fd`, which the caller keeps open until the source is dropped. `assumed` readiness is believed
    /// until the kernel says otherwise, so that the first read or write is tried at once.
    pub(crate) fn new(fd: RawFd, assumed: Readiness) -> Source {
        Source {
            fd,
            origin: Origin::here(),
            state: Arc::new(SourceState::new(assumed)),
            registration: OnceLock::new(),
            registering: Mutex::new(()),
            watches_writes: AtomicBool::new(false),
        }
    }

    /// Registers now, with the driver of this thread. Does nothing when it is registered already.
    pub(crate) fn register(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.registration(fd, Watch::All).map(|_| ())
    }

    fn registration(&self, fd: BorrowedFd<'_>, watch: Watch) -> io::Result<&Registration> {
        match self.registration.get() {
            Some(registration) if registration.driver.is_here() => Ok(registration),
            Some(_) => Err(fd_of_parent(self.fd)),
            None => self.register_with(fd, watch, || context::try_current_driver().map_err(no_runtime)),
        }
    }

    /// The registration, for somebody who is going to wait.
    fn registration_for(&self, fd: BorrowedFd<'_>, direction: Direction) -> io::Result<&Registration> {
        if direction != Direction::Write {
            return self.registration(fd, Watch::Reads);
        }
        let registration = self.registration(fd, Watch::All)?;
        if !self.watches_writes.load(Acquire) {
            registration.driver.watch_writes(registration.token)?;
            self.watches_writes.store(true, Release);
        }
        Ok(registration)
    }

    #[cold]
    fn register_with(
        &self,
        fd: BorrowedFd<'_>,
        watch: Watch,
        driver: impl FnOnce() -> io::Result<Arc<Driver>>,
    ) -> io::Result<&Registration> {
        let _registering = self.begin_registering()?;
        if let Some(registration) = self.registration.get() {
            return Ok(registration);
        }
        let driver = driver()?;
        let token = driver.register(fd, &self.state, watch)?;
        self.watches_writes.store(watch == Watch::All, Release);
        Ok(self.registration.get_or_init(|| Registration { driver, token }))
    }

    /// The lock of a source from before a fork may have been held by a thread that is not there.
    fn begin_registering(&self) -> io::Result<MutexGuard<'_, ()>> {
        if self.origin.is_here() {
            return Ok(self.registering.lock());
        }
        for _ in 0..INHERITED_LOCK_TRIES {
            if let Some(guard) = self.registering.try_lock() {
                return Ok(guard);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(fd_of_parent(self.fd))
    }

    /// Registers with a driver of the test's choice.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn register_with_driver(&self, fd: BorrowedFd<'_>, driver: &Arc<Driver>) -> io::Result<()> {
        self.register_with(fd, Watch::All, || Ok(Arc::clone(driver))).map(|_| ())
    }

    /// As the first wait for anything but to write does.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn register_for_reads(&self, fd: BorrowedFd<'_>, driver: &Arc<Driver>) -> io::Result<()> {
        self.register_with(fd, Watch::Reads, || Ok(Arc::clone(driver))).map(|_| ())
    }

    /// Ready, or waits as one who polls. `Err` when registration failed or the runtime was shut down.
    #[inline]
    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        io: &impl AsFd,
        direction: Direction,
    ) -> Poll<io::Result<Seen>> {
        match self.state.ready(direction) {
            Some(seen) => Poll::Ready(self.attached(seen)),
            None => self.poll_wait(Waiting::Polled, cx.waker(), io.as_fd(), direction),
        }
    }

    /// Ready, or waits as a future that keeps the key of its entry, and must [`leave`](Source::leave) when it is dropped.
    #[inline]
    pub(crate) fn poll_keyed(
        &self,
        cx: &mut Context<'_>,
        io: &impl AsFd,
        direction: Direction,
        key: &mut Option<WaiterKey>,
    ) -> Poll<io::Result<Seen>> {
        match self.state.ready(direction) {
            Some(seen) => Poll::Ready(self.attached(seen)),
            None => self.poll_wait(Waiting::Keyed(key), cx.waker(), io.as_fd(), direction),
        }
    }

    /// A future with this key is dropped.
    #[inline]
    pub(crate) fn leave(&self, key: Option<WaiterKey>) {
        // As a rule the event that has ended the wait has taken all wakers out.
        if let Some(key) = key.filter(|_| self.state.may_have_waiters()) {
            self.forget(key);
        }
    }

    #[cold]
    fn forget(&self, key: WaiterKey) {
        if self.registration.get().is_some_and(|registration| registration.driver.is_here()) {
            self.state.forget(key);
        }
    }

    /// A future for the same, which leaves no waker behind when it is dropped.
    #[inline]
    pub(crate) fn wait_ready<'a>(&'a self, fd: BorrowedFd<'a>, direction: Direction) -> WaitReady<'a> {
        WaitReady { source: self, fd, direction, key: None }
    }

    /// It was not ready a moment ago.
    fn poll_wait(
        &self,
        waiting: Waiting<'_>,
        waker: &Waker,
        fd: BorrowedFd<'_>,
        direction: Direction,
    ) -> Poll<io::Result<Seen>> {
        let Registration { driver, token } = self.registration_for(fd, direction)?;
        let seen = self.state.wait(direction, waiting, waker, || driver.dispatch.arm(*token, direction));
        if seen.is_pending() {
            context::waits_on(driver, waker);
        }
        seen.map(|seen| self.attached(seen))
    }

    /// Readiness of a source that no driver serves any more is an error: nothing would follow it.
    #[inline]
    fn attached(&self, seen: Seen) -> io::Result<Seen> {
        if seen.is_detached() { self.detached() } else { Ok(seen) }
    }

    #[cold]
    fn detached(&self) -> io::Result<Seen> {
        Err(if self.is_orphan() { shut_down() } else { replaced(self.fd) })
    }

    /// Whether it is detached since its driver was closed.
    pub(crate) fn is_orphan(&self) -> bool {
        self.seen().is_detached()
            && self.registration.get().is_none_or(|registration| registration.driver.is_closed())
    }

    /// What is known now, to be given to [`clear`](Source::clear) after an attempt that did not wait.
    pub(crate) fn seen(&self) -> Seen {
        self.state.word().load()
    }

    /// The kernel said `WouldBlock`: forget the direction's readiness unless an event has come since `seen`.
    #[inline]
    pub(crate) fn clear(&self, seen: Seen, direction: Direction) {
        self.state.word().clear(seen, direction);
    }

    /// A stream's read or write came back short: forget plain readiness, unless more than that is known or an event
    /// has come since `seen`.
    #[inline]
    pub(crate) fn clear_after_short(&self, seen: Seen, direction: Direction) {
        self.state.word().clear_after_short(seen, direction);
    }

    /// A waker left by a poll function belongs to a task that may still hope: it must not sleep for ever.
    #[cold]
    fn dismiss(&self) {
        let mut wakes = WakeList::default();
        self.state.detach(&mut wakes);
        wakes.wake_all();
    }

    /// Says that it is ready, as a spurious event would: whoever waits for the direction tries again. For what has become of interest by other
    /// means than the fd.
    pub(crate) fn report(&self, direction: Direction) {
        if !self.origin.is_here() {
            return;
        }
        let mut wakes = WakeList::default();
        self.state.report(direction.mask(), &mut wakes);
        wakes.wake_all();
    }

    /// Out-of-band data may be taken before the driver has heard of it.
    pub(crate) fn expect_mark(&self) {
        self.state.word().mark();
    }

    /// What the wait for priority announced was taken.
    pub(crate) fn take_priority(&self, seen: Seen) {
        self.state.word().take_priority(seen);
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some(Registration { driver, token }) = self.registration.get() {
            if !driver.is_here() {
                // Whoever waits does so in the parent, and may have held the lock.
                return;
            }
            driver.deregister(*token);
        }
        // Nobody comes to wait any more, and no driver reports: as a rule there is nobody to tell.
        if self.state.may_have_waiters() {
            self.dismiss();
        }
    }
}

/// Waits until a source is ready in one direction. Takes its waker out again when it is dropped.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct WaitReady<'a> {
    source: &'a Source,
    fd: BorrowedFd<'a>,
    direction: Direction,
    key: Option<WaiterKey>,
}

impl WaitReady<'_> {
    /// The direction that is waited for.
    #[inline]
    pub(crate) fn direction(&self) -> Direction {
        self.direction
    }
}

impl Future for WaitReady<'_> {
    type Output = io::Result<Seen>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let WaitReady { source, fd, direction, key } = &mut *self;
        source.poll_keyed(cx, fd, *direction, key)
    }
}

impl Drop for WaitReady<'_> {
    fn drop(&mut self) {
        self.source.leave(self.key);
    }
}
