//! A session is one thing, of which two tasks may be in need at once: one receives, one sends. They take turns.
//!
//! A lock that is not waited for: who finds it taken leaves a waker, and is woken when it is free. So no worker sleeps while
//! another encrypts, and the stream below, which runs inside a turn, may call whatever it likes: a waker that polls this session again
//! is told to wait, and no deadlock comes of it.
//!
//! It is fair enough. A side that was refused is owed a turn: the other one lets it pass, once, before it takes the next.
//!
//! The rule that the SAFETY comments cite:
//!
//! 1. There is one [`InTurn`] at a time: it is made by whoever takes the state from `FREE` to something else, and gives it back when it is
//!    dropped. What one has done with the value is seen by the next: leaving releases, and entering acquires.
//!
//! (A mutex, with a flag beside it for the refused, takes half as many atomic operations more.)

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Condvar, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use super::waiters::Waiters;
use crate::sync::atomic::AtomicU8;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Receiver = 1,
    Sender = 2,
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Receiver => Side::Sender,
            Side::Sender => Side::Receiver,
        }
    }
}

/// Nobody uses the value.
const FREE: u8 = 0;
/// Somebody does.
const TAKEN: u8 = 1;
/// Somebody does, and wakes the refused when it leaves.
const AWAITED: u8 = 2;

/// A value that is used in turns.
pub(crate) struct Turn<T> {
    state: AtomicU8,
    /// The side that was refused last and has had no turn since; 0 for none.
    owed: AtomicU8,
    /// The thread whose turn it is; 0 for none. Only its own thread can find itself here.
    holder: std::sync::atomic::AtomicUsize,
    refused: Waiters,
    value: UnsafeCell<T>,
}

// SAFETY: rule 1: the value is used by one thread after the other, as it is in a mutex.
unsafe impl<T: Send> Sync for Turn<T> {}

impl<T> Turn<T> {
    pub(crate) fn new(value: T) -> Turn<T> {
        Turn {
            state: AtomicU8::new(FREE),
            owed: AtomicU8::new(0),
            holder: std::sync::atomic::AtomicUsize::new(0),
            refused: Waiters::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// The value, or the task is woken when there may be a turn for it.
    #[inline]
    pub(crate) fn poll_enter(&self, cx: &mut Context<'_>, side: Side) -> Poll<InTurn<'_, T>> {
        let owed = self.owed.load(Relaxed);
        if owed == side.other() as u8 {
            self.owed.store(0, Relaxed);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            if let Some(entered) = self.try_enter() {
                if owed == side as u8 {
                    self.owed.store(0, Relaxed);
                }
                return Poll::Ready(entered);
            }
            self.owed.store(side as u8, Relaxed);
            if self.is_refused(cx.waker()) {
                return Poll::Pending;
            }
        }
    }

    /// The value, if nobody uses it now.
    #[inline]
    pub(crate) fn try_enter(&self) -> Option<InTurn<'_, T>> {
        self.state.compare_exchange(FREE, TAKEN, Acquire, Relaxed).ok()?;
        self.holder.store(this_thread(), Relaxed);
        Some(InTurn { turn: self, guards: PhantomData })
    }

    /// `waker` is woken when whoever has the value leaves. False: it may have left, so try again.
    #[cold]
    fn is_refused(&self, waker: &Waker) -> bool {
        let generation = self.refused.generation();
        if !self.refused.register(waker, generation) {
            return false;
        }
        // Whoever leaves either finds the mark, and the waker that is here by then, or has left before this could set it.
        let has_left = self.state.compare_exchange(TAKEN, AWAITED, AcqRel, Acquire) == Err(FREE);
        if has_left {
            // Without a mark nobody would take the waker out, and what hangs on it, before somebody is refused again.
            self.refused.wake_all();
        }
        !has_left
    }

    /// Waits for the value as for any lock. For calls that are over at once.
    ///
    /// # Panics
    ///
    /// From inside a turn of the same thread, which would otherwise wait for itself.
    pub(crate) fn lock(&self) -> InTurn<'_, T> {
        if let Some(entered) = self.try_enter() {
            return entered;
        }
        let blocked = Arc::new(Blocked::default());
        let waker = Waker::from(blocked.clone());
        loop {
            if let Some(entered) = self.try_enter() {
                return entered;
            }
            let is_ours = self.holder.load(Relaxed) == this_thread();
            assert!(
                !is_ours,
                "a TlsStream is asked while this thread holds its get_ref(), or from inside a call of it"
            );
            if self.is_refused(&waker) {
                blocked.wait();
            }
        }
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    pub(crate) fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T> fmt::Debug for Turn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("state", &self.state).finish_non_exhaustive()
    }
}

// A panic inside a turn leaves a value that says so of itself, or is whole.
impl<T> UnwindSafe for Turn<T> {}
impl<T> RefUnwindSafe for Turn<T> {}

/// A thread that waits. Not by `thread::park`: its token may be somebody else's wake-up, who polls on this thread.
#[derive(Default)]
struct Blocked {
    woken: std::sync::Mutex<bool>,
    condvar: Condvar,
}

impl Blocked {
    fn woken(&self) -> MutexGuard<'_, bool> {
        self.woken.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn wait(&self) {
        let mut woken = self.woken();
        while !*woken {
            woken = self.condvar.wait(woken).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        *woken = false;
    }
}

impl Wake for Blocked {
    fn wake(self: Arc<Self>) {
        *self.woken() = true;
        self.condvar.notify_one();
    }
}

/// The value, for as long as this lives.
pub(crate) struct InTurn<'a, T> {
    turn: &'a Turn<T>,
    /// It is no more [`Send`] and [`Sync`] than the guard of a mutex: `holder` is about this thread.
    guards: PhantomData<MutexGuard<'a, T>>,
}

/// A number that no other thread has meanwhile.
#[inline]
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl<T> Deref for InTurn<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: rule 1.
        unsafe { &*self.turn.value.get() }
    }
}

impl<T> DerefMut for InTurn<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: rule 1.
        unsafe { &mut *self.turn.value.get() }
    }
}

impl<T> Drop for InTurn<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.turn.holder.store(0, Relaxed);
        if self.turn.state.swap(FREE, AcqRel) == AWAITED {
            self.turn.refused.wake_all();
        }
    }
}

impl<T> fmt::Debug for InTurn<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InTurn").field(self.turn).finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::testing::counting;
    use crate::unwind::caught;

    #[test]
    fn a_thread_does_not_wait_for_itself() {
        let turn = Turn::new(1);
        let entered = turn.lock();
        assert!(caught(|| *turn.lock()).unwrap_err().contains("get_ref()"));
        drop(entered);
        assert_eq!(*turn.lock(), 1);
        // Nor for one that has let it go.
        std::thread::scope(|scope| {
            let entered = turn.try_enter().unwrap();
            let other = scope.spawn(|| *turn.lock());
            drop(entered);
            assert_eq!(other.join().unwrap(), 1);
        });
    }

    /// Who polls on a thread may be woken through its token.
    #[test]
    fn the_wait_leaves_a_threads_token_alone() {
        let turn = Turn::new(());
        std::thread::scope(|scope| {
            let held = turn.try_enter().unwrap();
            let waits = scope.spawn(|| {
                drop(turn.lock());
                let start = std::time::Instant::now();
                std::thread::park_timeout(std::time::Duration::from_secs(20));
                start.elapsed().as_secs() < 20
            });
            while turn.state.load(Relaxed) != AWAITED {
                std::thread::yield_now();
            }
            waits.thread().unpark();
            drop(held);
            assert!(waits.join().unwrap());
        });
    }

    #[test]
    fn a_waker_that_lost_a_race_does_not_stay() {
        let turn = Turn::new(());
        let (woken, waker) = counting();
        assert!(!turn.is_refused(&waker), "it is free");
        assert_eq!(woken.get(), 1);
        drop(waker);
        assert_eq!(Arc::strong_count(&woken), 1);
    }

    #[test]
    fn a_thread_waits_for_another() {
        let turn = Turn::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| *turn.lock() += 1));
            }
        });
        assert_eq!(turn.into_inner(), 4000);
    }

    #[test]
    fn who_was_refused_goes_first() {
        let turn = Turn::new(());
        let (receiver, sender) = (counting(), counting());
        let enter = |waker: &Waker, side| turn.poll_enter(&mut Context::from_waker(waker), side).map(drop);
        let held = turn.try_enter().unwrap();
        assert!(enter(&sender.1, Side::Sender).is_pending());
        drop(held);
        assert_eq!(sender.0.get(), 1);
        assert!(enter(&receiver.1, Side::Receiver).is_pending(), "the sender is owed a turn");
        assert_eq!(receiver.0.get(), 1, "and the receiver comes back");
        assert!(enter(&sender.1, Side::Sender).is_ready());
        assert!(enter(&receiver.1, Side::Receiver).is_ready());
    }
}
