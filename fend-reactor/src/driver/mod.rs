//! A driver: one dispatcher, its sources and its timers.
//!
//! Border to the executor: [`Attendance::turn`] and [`Driver::wake`] one way, [`std::task::Waker`] the other way.
//!
//! One thread at a time *attends* a driver, that is runs its turns; any thread may register sources and set timers
//! meanwhile. An attendant that sleeps is woken for what needs it (an earlier timer). An unattended driver tells nobody:
//! that somebody attends while [`Driver::has_work`] is the executor's part.
//!
//! Locks, in the order in which they may nest: the attendance, then the registry, then a source's waiters; the timers' lock stands
//! alone. No waker is cloned, dropped or woken under the last three.
//!
//! In the child of a fork a driver is of no use, and must not be touched: its epoll is the parent's, and its locks may be held by threads
//! that are not there. There, whatever comes from outside asks [`Driver::is_here`] before it takes a lock or calls the dispatcher.

mod readiness_word;
pub(crate) mod registration_error;
mod registry;
mod source;
mod source_state;
mod timekeeping;
mod timers;
mod turn;
pub(crate) mod waiters;

#[cfg(all(test, loom))]
mod loom_models;
#[cfg(all(test, not(loom)))]
mod testing;
#[cfg(all(test, not(loom)))]
mod tests;

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

use crate::clock::{Clock, Nanos};
use crate::dispatcher::{Dispatch, Dispatcher, Token, Watch};
use crate::fork::{Origin, fd_of_parent};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64};
use crate::wake_list::{WakeList, discard};
use registry::Registry;
use source_state::SourceState;
use timekeeping::{Armed, Timekeeping};
use turn::Buffers;

pub(crate) use readiness_word::Seen;
pub(crate) use source::{Source, WaitReady};
pub(crate) use timers::TimerKey;
pub(crate) use turn::Attendance;
pub(crate) use waiters::WaiterKey;

/// One dispatcher with the sources registered in it and the timers that end its waits.
#[derive(Debug)]
pub(crate) struct Driver {
    index: usize,
    origin: Origin,
    clock: Arc<Clock>,
    dispatch: Box<dyn Dispatch>,
    registry: Mutex<Registry>,
    timers: Timekeeping,
    /// Held by the attendant for as long as it attends.
    attendance: Mutex<Buffers>,
    attended: AtomicBool,
    turns: AtomicU64,
    events: AtomicU64,
    timers_fired: AtomicU64,
    closed: AtomicBool,
    outside: Outside,
}

/// Called when a thread that does not attend this driver starts to wait for something of it.
#[derive(Default)]
struct Outside(OnceLock<Box<dyn Fn() + Send + Sync>>);

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "set" } else { "none" })
    }
}

impl Driver {
    pub(crate) fn new(index: usize, dispatcher: Dispatcher, clock: Arc<Clock>) -> io::Result<Arc<Driver>> {
        Ok(Driver::with_dispatch(index, dispatcher.open()?, clock))
    }

    fn with_dispatch(index: usize, dispatch: Box<dyn Dispatch>, clock: Arc<Clock>) -> Arc<Driver> {
        Arc::new(Driver {
            index,
            origin: Origin::here(),
            clock,
            dispatch,
            registry: Mutex::new(Registry::default()),
            timers: Timekeeping::new(),
            attendance: Mutex::new(Buffers::default()),
            attended: AtomicBool::new(false),
            turns: AtomicU64::new(0),
            events: AtomicU64::new(0),
            timers_fired: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            outside: Outside::default(),
        })
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Whether this is the process that made the driver, and no child of it.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        self.origin.is_here()
    }

    /// The right to run turns, or `None` when another thread holds it, and in the child of a fork.
    pub(crate) fn try_attend(&self) -> Option<Attendance<'_>> {
        if !self.is_here() {
            return None;
        }
        Some(Attendance::new(self, self.attendance.try_lock()?))
    }

    /// Whether a thread holds the attendance now (a hint: it may change at once).
    pub(crate) fn is_attended(&self) -> bool {
        self.attended.load(Relaxed)
    }

    /// Ends the wait of the thread in `turn`, or the next wait. Any thread.
    pub(crate) fn wake(&self) {
        if self.is_here() {
            self.dispatch.wake();
        }
    }

    /// Sets, once, what happens when a thread that does not attend this driver starts to wait for something of it: the
    /// executor sees to it that somebody attends.
    pub(crate) fn on_outside_wait(&self, hook: impl Fn() + Send + Sync + 'static) {
        let _ = self.outside.0.set(Box::new(hook));
    }

    pub(crate) fn outside_wait(&self) {
        match self.outside.0.get() {
            Some(hook) if self.is_here() => hook(),
            _ => {}
        }
    }

    /// Whether there is anything to attend to: a source or a timer.
    pub(crate) fn has_work(&self) -> bool {
        self.is_here() && (self.registry.lock().len() > 0 || self.timers.len() > 0)
    }

    /// Whether a task waits on a source (scan; for the paused clock only).
    pub(crate) fn has_waiters(&self) -> bool {
        self.is_here() && self.registry.lock().has_waiters()
    }

    /// Whether the kernel has something for this driver that nobody has fetched (for the paused clock only).
    pub(crate) fn has_events(&self) -> bool {
        self.is_here() && self.dispatch.has_events()
    }

    /// The earliest timer.
    pub(crate) fn next_deadline(&self) -> Option<Nanos> {
        if self.is_here() { self.timers.next_deadline() } else { None }
    }

    /// How many turns there were (metrics; the monitor compares them).
    pub(crate) fn turns(&self) -> u64 {
        self.turns.load(Relaxed)
    }

    /// How many events reached a source (metrics).
    pub(crate) fn events(&self) -> u64 {
        self.events.load(Relaxed)
    }

    /// How many timers came due (metrics).
    pub(crate) fn timers_fired(&self) -> u64 {
        self.timers_fired.load(Relaxed)
    }

    /// The runtime is over: every source reports an error from now on, all waiters and timers are woken, later registrations fail.
    pub(crate) fn close(&self) {
        if !self.is_here() || self.closed.swap(true, AcqRel) {
            return;
        }
        let mut wakes = WakeList::default();
        self.registry.lock().close(&*self.dispatch, &mut wakes);
        self.timers.close(&mut wakes);
        wakes.wake_all();
        self.dispatch.wake();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Acquire)
    }

    /// Whether nothing will come of it any more in this process.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.is_closed() || !self.is_here()
    }

    /// Arms `key` for `deadline`, in place of what it was armed for; wakes the driver when it sleeps past it. A deadline that has
    /// passed fires with the next turn. False when the driver [is over](Driver::is_over) (the timer is then not armed).
    pub(crate) fn set_timer(&self, key: &mut Option<TimerKey>, deadline: Nanos, waker: &Waker) -> bool {
        if !self.is_here() {
            *key = None;
            return false;
        }
        let moved = key.and_then(|key| self.timers.reset_same(key, deadline, waker));
        let (wake, unused) = match moved {
            Some(wake) => (wake, None),
            None => match self.arm_timer(key, deadline, waker.clone()) {
                Armed::Yes { wake, replaced } => (wake, replaced),
                Armed::Closed(waker) => {
                    discard(Some(waker));
                    return false;
                }
            },
        };
        if wake {
            self.dispatch.wake();
        }
        if unused.is_some() {
            discard(unused);
        }
        true
    }

    /// [`set_timer`](Driver::set_timer) for one that is not armed yet. `None` when the driver [is over](Driver::is_over).
    #[inline]
    pub(crate) fn new_timer(&self, deadline: Nanos, waker: &Waker) -> Option<TimerKey> {
        if !self.is_here() {
            return None;
        }
        let waker = waker.clone();
        match self.timers.arm_new(deadline, waker) {
            Ok((key, wake)) => {
                if wake {
                    self.dispatch.wake();
                }
                Some(key)
            }
            Err(waker) => {
                discard(Some(waker));
                None
            }
        }
    }

    #[inline]
    fn arm_timer(&self, key: &mut Option<TimerKey>, deadline: Nanos, waker: Waker) -> Armed {
        self.timers.arm(key, deadline, waker)
    }

    /// Moves an armed timer to another deadline; wakes the driver when it sleeps past it. False when it fired already.
    pub(crate) fn reset_timer(&self, key: TimerKey, deadline: Nanos) -> bool {
        if !self.is_here() {
            return false;
        }
        let moved = self.timers.reset(key, deadline);
        if moved == Some(true) {
            self.dispatch.wake();
        }
        moved.is_some()
    }

    /// Disarms. Does nothing when it fired.
    pub(crate) fn cancel_timer(&self, key: TimerKey) {
        if !self.is_here() {
            return;
        }
        let waker = self.timers.cancel(key);
        discard(waker);
    }

    fn register(&self, fd: BorrowedFd<'_>, state: &Arc<SourceState>, watch: Watch) -> io::Result<Token> {
        if !self.is_here() {
            return Err(fd_of_parent(fd.as_raw_fd()));
        }
        let mut wakes = None;
        let token = self.registry.lock().register(&*self.dispatch, fd, state, watch, &mut wakes);
        if let Some(mut wakes) = wakes {
            wakes.wake_all();
        }
        token
    }

    fn watch_writes(&self, token: Token) -> io::Result<()> {
        self.registry.lock().watch_writes(&*self.dispatch, token)
    }

    /// In the child of a fork the fd stays watched: for the parent.
    fn deregister(&self, token: Token) {
        if self.is_here() {
            self.registry.lock().deregister(&*self.dispatch, token);
        }
    }
}
