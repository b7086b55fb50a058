//! What a source and its driver share: the readiness word and the waiters.
//!
//! No wake-up is lost because both sides go through the two in opposite order. The driver sets the word, then takes
//! the waiters; a task puts its waker among the waiters, then looks at the word again. Whoever comes second at the waiters'
//! lock sees what the other did.

use std::task::{Poll, Waker};

use super::readiness_word::{ReadinessWord, Seen};
use super::waiters::{WaiterKey, Waiters, Waiting};
use crate::dispatcher::{Direction, Readiness};
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::{Acquire, Release};
use crate::sync::{Mutex, MutexGuard};
use crate::wake_list::{WakeList, discard};

/// The shared half of a source.
#[derive(Debug)]
pub(super) struct SourceState {
    word: ReadinessWord,
    waiters: Mutex<Waiters>,
    /// Written with the lock held, whenever the last waiter goes or the first one comes. Who came, and finds that there are none, has been taken
    /// out since: no later writing could be hidden from it.
    any: AtomicBool,
}

impl SourceState {
    pub(super) fn new(assumed: Readiness) -> Self {
        SourceState {
            word: ReadinessWord::new(assumed),
            waiters: Mutex::new(Waiters::default()),
            any: AtomicBool::new(false),
        }
    }

    /// The word, for its transitions that wake nobody.
    #[inline]
    pub(super) fn word(&self) -> &ReadinessWord {
        &self.word
    }

    /// What was seen when `direction` is ready or the source detached.
    #[inline]
    pub(super) fn ready(&self, direction: Direction) -> Option<Seen> {
        let seen = self.word.load();
        (seen.is_ready(direction) || seen.is_detached()).then_some(seen)
    }

    /// Puts `waker` among the waiters, lets `arm` tell the dispatcher, and looks once more.
    pub(super) fn wait(
        &self,
        direction: Direction,
        waiting: Waiting<'_>,
        waker: &Waker,
        arm: impl FnOnce(),
    ) -> Poll<Seen> {
        self.park(direction, waiting, waker);
        arm();
        self.ready(direction).map_or(Poll::Pending, Poll::Ready)
    }

    /// A waker's clone and drop may run any code, so both happen outside the lock.
    fn park(&self, direction: Direction, waiting: Waiting<'_>, waker: &Waker) {
        // Before the lock, and seldom in vain: the event that has brought it here has taken its waker out.
        let waker = waker.clone();
        let mut waiters = self.waiters.lock();
        let spare = waiters.park(direction, waiting, waker);
        self.note(&waiters);
        drop(waiters);
        if let Some(spare) = spare {
            spare.settle();
        }
    }

    #[inline]
    fn note(&self, waiters: &MutexGuard<'_, Waiters>) {
        self.any.store(!waiters.is_empty(), Release);
    }

    /// False: whoever has waited was taken out.
    #[inline]
    pub(super) fn may_have_waiters(&self) -> bool {
        self.any.load(Acquire)
    }

    /// The future of this entry was dropped.
    pub(super) fn forget(&self, key: WaiterKey) {
        let mut waiters = self.waiters.lock();
        let waker = waiters.remove(key);
        self.note(&waiters);
        drop(waiters);
        discard(waker);
    }

    /// The dispatcher reported `readiness`.
    pub(super) fn report(&self, readiness: Readiness, wakes: &mut WakeList) {
        self.word.set(readiness);
        let mut waiters = self.waiters.lock();
        waiters.take_ready(readiness, wakes);
        self.note(&waiters);
    }

    /// No event will come any more: everyone is woken, to find that out.
    pub(super) fn detach(&self, wakes: &mut WakeList) {
        self.word.detach();
        let mut waiters = self.waiters.lock();
        waiters.take_all(wakes);
        self.note(&waiters);
    }

    pub(super) fn has_waiters(&self) -> bool {
        !self.waiters.lock().is_empty()
    }
}
