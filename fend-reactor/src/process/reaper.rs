//! Takes the exit statuses of children whose [`Child`](super::Child) was dropped before they ended, so that they do not stay as zombies.
//!
//! ```text
//! adopt ─▶ unwatched ─▶ watched ─▶ its pidfd is readable, its status is taken: off the list
//!              └───────────────────▶ the same, when the thread looks, twice a second
//! ```
//!
//! One thread waits for all of them, with an epoll instance of its own: no runtime has to live. It is started with the first orphan and
//! ends when there are none. An orphan is unwatched only while there are too few descriptors for the epoll instance, or while the user's
//! limit of watches is reached. When the thread cannot be started, whoever spawns, waits or drops looks after the orphans, and tries again
//! to start it.
//!
//! Edge-triggered, since a child may be reported ended without giving its status, while it is traced; its tracer's end is news again.
//!
//! In a forked process the list is that of the parent, whose thread may have held its lock: each process has a reaper of its own.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::subprocess::Subprocess;
use crate::sys::{self, EpollEvents, EventFd, PerProcess};

/// How long the thread waits for further orphans when it has none.
const KEEP_ALIVE: Duration = Duration::from_millis(200);

/// How often it looks at those that epoll does not watch.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// It calls nothing deep.
const STACK_SIZE: usize = 128 << 10;

const EVENTS_PER_WAIT: usize = 64;

/// Marks the eventfd's events. Orphans count from 0.
const WAKE: u64 = u64::MAX;

const EDGES: u32 = (libc::EPOLLIN | libc::EPOLLET) as u32;

/// Waits for the end of a child that nobody waits for any more.
pub(super) fn adopt(orphan: Arc<Subprocess>) {
    Reaper::of_this_process().adopt(orphan);
}

/// Looks after orphans if there are some and no thread could be started for them. A load otherwise.
pub(super) fn tend() {
    Reaper::of_this_process().tend();
}

#[derive(Debug, Default)]
struct Reaper {
    orphans: Mutex<Orphans>,
    /// There are orphans and no thread.
    is_stranded: AtomicBool,
}

#[derive(Debug, Default)]
struct Orphans {
    unwatched: Vec<Arc<Subprocess>>,
    watched: HashMap<u64, Arc<Subprocess>>,
    /// The number of the next one that is watched.
    next: u64,
    watch: Option<Arc<Watch>>,
    has_thread: bool,
}

/// What the thread waits with.
#[derive(Debug)]
struct Watch {
    epoll: OwnedFd,
    wakeup: EventFd,
}

impl Reaper {
    fn of_this_process() -> &'static Reaper {
        static REAPER: PerProcess<Reaper> = PerProcess::new();
        REAPER.get_or_init(Reaper::default)
    }

    fn adopt(&'static self, orphan: Arc<Subprocess>) {
        let mut orphans = self.lock();
        orphans.add(orphan);
        self.ensure_thread(&mut orphans);
    }

    fn tend(&'static self) {
        if self.is_stranded.load(Acquire) {
            let mut orphans = self.lock();
            orphans.reap_unwatched();
            self.ensure_thread(&mut orphans);
        }
    }

    fn ensure_thread(&'static self, orphans: &mut Orphans) {
        if !orphans.has_thread && !orphans.is_empty() {
            let thread = thread::Builder::new().name("fend-reaper".to_owned()).stack_size(STACK_SIZE);
            orphans.has_thread = thread.spawn(|| self.run()).is_ok();
        }
        self.is_stranded.store(!orphans.has_thread && !orphans.is_empty(), Release);
    }

    /// The thread's life.
    fn run(&self) {
        sys::block_signals();
        let mut events = EpollEvents::with_capacity(EVENTS_PER_WAIT);
        loop {
            let (watch, timeout, had_none) = {
                let mut orphans = self.lock();
                orphans.watch_all();
                (orphans.watch.clone(), orphans.timeout(), orphans.is_empty())
            };
            wait(watch.as_deref(), &mut events, timeout);
            let mut orphans = self.lock();
            orphans.reap(&events);
            if had_none && orphans.is_empty() {
                orphans.watch = None;
                orphans.has_thread = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Orphans> {
        self.orphans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until there is something to look at, or to be done. Without a watch, a rest.
fn wait(watch: Option<&Watch>, events: &mut EpollEvents, timeout: Option<Duration>) {
    let waited = watch.map(|watch| {
        sys::epoll_wait(watch.epoll.as_fd(), events, timeout)?;
        watch.wakeup.read()
    });
    if !matches!(waited, Some(Ok(_))) {
        thread::sleep(timeout.unwrap_or(LOOK_EVERY));
    }
}

impl Orphans {
    fn is_empty(&self) -> bool {
        self.unwatched.is_empty() && self.watched.is_empty()
    }

    fn add(&mut self, orphan: Arc<Subprocess>) {
        self.unwatched.push(orphan);
        if let Some(watch) = self.watch.clone() {
            self.watch_with(&watch);
            if !self.unwatched.is_empty() {
                // The thread sleeps without end, or for long, and should look from time to time from now on.
                let _ = watch.wakeup.write();
            }
        }
    }

    /// Has epoll watch those that it does not, as far as it can be had.
    fn watch_all(&mut self) {
        if self.watch.is_none() && !self.is_empty() {
            self.watch = Watch::new().ok().map(Arc::new);
        }
        if let Some(watch) = self.watch.clone() {
            self.watch_with(&watch);
        }
    }

    fn watch_with(&mut self, watch: &Watch) {
        while let Some(orphan) = self.unwatched.pop() {
            match &orphan.pidfd().map(|pidfd| watch.add(pidfd, self.next)) {
                Some(Ok(())) => {
                    self.watched.insert(self.next, orphan);
                    self.next += 1;
                }
                Some(Err(_)) => return self.unwatched.push(orphan),
                // There is nothing to wait for.
                None => {}
            }
        }
    }

    fn timeout(&self) -> Option<Duration> {
        match (self.unwatched.is_empty(), self.watched.is_empty()) {
            (false, _) => Some(LOOK_EVERY),
            (true, false) => None,
            (true, true) => Some(KEEP_ALIVE),
        }
    }

    fn reap(&mut self, events: &EpollEvents) {
        for (_, number) in events.iter() {
            if self.watched.get(&number).is_some_and(|orphan| orphan.is_over()) {
                self.forget(number);
            }
        }
        self.reap_unwatched();
    }

    fn forget(&mut self, number: u64) {
        let orphan = self.watched.remove(&number);
        // A signaller may keep the descriptor open, and then it would stay in the set.
        if let (Some(watch), Some(pidfd)) = (&self.watch, orphan.as_ref().and_then(|orphan| orphan.pidfd())) {
            let _ = sys::epoll_delete(watch.epoll.as_fd(), pidfd.as_raw_fd());
        }
    }

    fn reap_unwatched(&mut self) {
        self.unwatched.retain(|orphan| !orphan.is_over());
    }
}

impl Watch {
    fn new() -> io::Result<Watch> {
        let watch = Watch { epoll: sys::epoll_create()?, wakeup: EventFd::new()? };
        sys::epoll_add(watch.epoll.as_fd(), watch.wakeup.as_fd(), EDGES, WAKE)?;
        Ok(watch)
    }

    fn add(&self, pidfd: &OwnedFd, number: u64) -> io::Result<()> {
        sys::epoll_add(self.epoll.as_fd(), pidfd.as_fd(), EDGES, number)
    }
}
