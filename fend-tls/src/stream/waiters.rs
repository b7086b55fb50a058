//! The tasks that wait for one thing, and the waker that wakes them all.
//!
//! A stream remembers one waker for each direction, the last one it was polled with. Of a TLS stream several tasks may wait for
//! one direction of the stream below: a sender that must read first, two receivers. So the stream below is always polled with the
//! waker of a [`Signal`], and the tasks wait with that.
//!
//! No wake-up is lost between a poll that says "pending" and the registration: whoever polls notes the generation before, and
//! [`register`](Waiters::register) refuses when a wake-up has happened since. It is asked for only when there is something to wait for, so
//! that a stream which is ready costs a load and no lock.

use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::sync::Mutex;
use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::{Acquire, Release};
use crate::unwind::swallowed;

/// How many wakers are kept at first. A task that no longer waits leaves its waker here until the next wake-up. So when there are too many
/// all are woken and forgotten: who still wants to asks again. If they all do, there is room for twice as many then.
pub(super) const FEW: usize = if cfg!(loom) { 2 } else { 32 };

/// How far that goes.
const MOST: usize = 4096;

/// Tasks that wait for one thing.
#[derive(Debug)]
pub(crate) struct Waiters {
    wakers: Mutex<Wakers>,
    /// Wake-ups so far. Changed with the lock held.
    generation: AtomicU64,
}

/// One waker is the common case, and needs no allocation.
#[derive(Debug, Default)]
struct Wakers {
    first: Option<Waker>,
    others: Vec<Waker>,
    /// How often there were too many.
    doublings: u32,
}

impl Waiters {
    pub(crate) fn new() -> Waiters {
        Waiters { wakers: Mutex::new(Wakers::default()), generation: AtomicU64::new(0) }
    }

    /// To be noted before one looks at what is waited for.
    #[inline]
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Acquire)
    }

    /// Whether the task waits now. False: there was a wake-up since `generation`, so look again.
    #[must_use]
    pub(crate) fn register(&self, waker: &Waker, generation: u64) -> bool {
        // Cloning and dropping a waker is the executor's code: not under the lock.
        let mut waker = Some(waker.clone());
        let mut forgotten = Vec::new();
        let registered = {
            let mut wakers = self.wakers.lock();
            let current = self.generation.load(Acquire) == generation;
            if current {
                forgotten = wakers.add(&mut waker);
            }
            current
        };
        for forgotten in forgotten {
            swallowed(|| forgotten.wake());
        }
        swallowed(|| drop(waker));
        registered
    }

    /// Wakes all that wait.
    pub(crate) fn wake_all(&self) {
        let Wakers { first, others, .. } = {
            let mut wakers = self.wakers.lock();
            let generation = self.generation.load(Acquire);
            self.generation.store(generation.wrapping_add(1), Release);
            std::mem::take(&mut *wakers)
        };
        for waker in first.into_iter().chain(others) {
            swallowed(|| waker.wake());
        }
    }
}

impl Wakers {
    /// Takes the waker unless it is here already. Returns those that had to give way.
    fn add(&mut self, waker: &mut Option<Waker>) -> Vec<Waker> {
        let Some(new) = waker.as_ref() else { return Vec::new() };
        if self.first.iter().chain(&self.others).any(|known| known.will_wake(new)) {
            return Vec::new();
        }
        if self.first.is_none() {
            self.first = waker.take();
            return Vec::new();
        }
        let mut forgotten = Vec::new();
        if self.others.len() >= (FEW << self.doublings).min(MOST) {
            forgotten = std::mem::take(&mut self.others);
            forgotten.extend(self.first.take());
            self.doublings = (self.doublings + 1).min(MOST.ilog2());
        }
        self.others.extend(waker.take());
        forgotten
    }
}

/// [`Waiters`] behind a waker of their own.
#[derive(Debug)]
pub(crate) struct Signal(Waiters);

impl Signal {
    pub(crate) fn new() -> Arc<Signal> {
        Arc::new(Signal(Waiters::new()))
    }
}

impl std::ops::Deref for Signal {
    type Target = Waiters;

    fn deref(&self) -> &Waiters {
        &self.0
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.0.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_all();
    }
}

/// What a session's tasks wait for: that the stream below can be read, and that it can be written.
#[derive(Debug, Clone)]
pub(crate) struct Signals {
    pub(crate) readable: Arc<Signal>,
    pub(crate) writable: Arc<Signal>,
}

impl Signals {
    pub(crate) fn new() -> Signals {
        Signals { readable: Signal::new(), writable: Signal::new() }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn counting() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), count.into())
    }

    #[test]
    fn a_wake_up_before_the_registration_is_not_lost() {
        let (waiters, (_, waker)) = (Waiters::new(), counting());
        let before = waiters.generation();
        waiters.wake_all();
        assert!(!waiters.register(&waker, before));
        assert!(waiters.register(&waker, waiters.generation()));
    }

    #[test]
    fn one_task_is_woken_once_however_often_it_has_registered() {
        let (waiters, (count, waker)) = (Waiters::new(), counting());
        for _ in 0..3 {
            assert!(waiters.register(&waker, waiters.generation()));
        }
        waiters.wake_all();
        waiters.wake_all();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    /// Registers all that were woken, again and again, as an executor does with tasks that go on waiting.
    fn settle(waiters: &Waiters, tasks: &[(Arc<Count>, Waker)]) -> usize {
        let mut polls = 0;
        loop {
            let woken: Vec<_> =
                tasks.iter().filter(|(count, _)| count.0.swap(0, Ordering::SeqCst) > 0).collect();
            if woken.is_empty() {
                return polls;
            }
            for (_, waker) in woken {
                polls += 1;
                assert!(polls < 100_000, "they wake each other for ever");
                assert!(waiters.register(waker, waiters.generation()));
            }
        }
    }

    #[test]
    fn many_tasks_wait_in_peace_and_none_is_lost() {
        let waiters = Waiters::new();
        let tasks: Vec<_> = (0..20 * FEW).map(|_| counting()).collect();
        for (_, waker) in &tasks {
            assert!(waiters.register(waker, waiters.generation()));
        }
        let polls = settle(&waiters, &tasks);
        assert!(polls < 2 * tasks.len(), "{polls}");
        waiters.wake_all();
        assert!(tasks.iter().all(|(count, _)| count.0.load(Ordering::SeqCst) == 1));
        assert!(settle(&waiters, &tasks) < 3 * tasks.len());
    }

    /// A select loop that makes a future with a waker of its own each time leaves one behind each time.
    #[test]
    fn wakers_that_nobody_waits_with_do_not_pile_up() {
        let waiters = Waiters::new();
        for _ in 0..4 * MOST {
            assert!(waiters.register(&counting().1, waiters.generation()));
        }
        assert!(waiters.wakers.lock().others.len() <= MOST);
    }

    #[test]
    fn a_panicking_waker_keeps_nobody_asleep() {
        struct Bad;
        impl Wake for Bad {
            fn wake(self: Arc<Self>) {
                panic!("a bad waker");
            }
        }
        let (waiters, (count, waker)) = (Waiters::new(), counting());
        assert!(waiters.register(&Arc::new(Bad).into(), waiters.generation()));
        assert!(waiters.register(&waker, waiters.generation()));
        waiters.wake_all();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }
}
