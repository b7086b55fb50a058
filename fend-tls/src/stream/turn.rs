//! A session is one thing, of which two tasks may be in need at once: one receives, one sends. They take turns.
//!
//! A lock that is not waited for: who finds it taken leaves a waker, and is woken when it is free. So no worker sleeps while
//! another encrypts, and the stream below, which runs inside a turn, may call whatever it likes: a waker that polls this session again
//! is told to wait, and no deadlock comes of it.
//!
//! It is fair enough. A side that was refused is owed a turn: the other one lets it pass, once, before it takes the next.

use std::ops::{Deref, DerefMut};
use std::task::{Context, Poll};

use super::waiters::Waiters;
use crate::sync::atomic::Ordering::{Relaxed, SeqCst};
use crate::sync::atomic::{AtomicBool, AtomicU8, fence};
use crate::sync::{Mutex, MutexGuard};

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

/// A value that is used in turns.
#[derive(Debug)]
pub(crate) struct Turn<T> {
    value: Mutex<T>,
    refused: Waiters,
    /// Somebody may be among the refused. Set before the last try, looked at after the value is free: with a sequentially consistent
    /// fence on either side, one of the two sees the other.
    waiting: AtomicBool,
    /// The side that was refused last and has had no turn since; 0 for none.
    owed: AtomicU8,
    /// The thread whose turn it is; 0 for none. Only its own thread can find itself here.
    holder: std::sync::atomic::AtomicUsize,
}

impl<T> Turn<T> {
    pub(crate) fn new(value: T) -> Turn<T> {
        Turn {
            value: Mutex::new(value),
            refused: Waiters::new(),
            waiting: AtomicBool::new(false),
            owed: AtomicU8::new(0),
            holder: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// The value, or the task is woken when there may be a turn for it.
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
            let generation = self.refused.generation();
            self.waiting.store(true, Relaxed);
            if !self.refused.register(cx.waker(), generation) {
                continue;
            }
            fence(SeqCst);
            // Who had it may have left before it could see that somebody waits.
            return match self.try_enter() {
                Some(entered) => Poll::Ready(entered),
                None => Poll::Pending,
            };
        }
    }

    /// The value, if nobody uses it now.
    pub(crate) fn try_enter(&self) -> Option<InTurn<'_, T>> {
        self.value.try_lock().map(|value| InTurn::new(self, value))
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
        let is_ours = self.holder.load(Relaxed) == this_thread();
        assert!(
            !is_ours,
            "a TlsStream is asked while this thread holds its get_ref(), or from inside a call of it"
        );
        InTurn::new(self, self.value.lock())
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    pub(crate) fn into_inner(self) -> T {
        self.value.into_inner()
    }

    fn leave(&self) {
        fence(SeqCst);
        if self.waiting.load(Relaxed) {
            self.waiting.store(false, Relaxed);
            self.refused.wake_all();
        }
    }
}

/// The value, for as long as this lives.
#[derive(Debug)]
pub(crate) struct InTurn<'a, T> {
    turn: &'a Turn<T>,
    /// `None` only while it is dropped.
    value: Option<MutexGuard<'a, T>>,
}

impl<'a, T> InTurn<'a, T> {
    fn new(turn: &'a Turn<T>, value: MutexGuard<'a, T>) -> Self {
        turn.holder.store(this_thread(), Relaxed);
        InTurn { turn, value: Some(value) }
    }
}

/// A number that no other thread has meanwhile.
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl<T> Deref for InTurn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("it is not dropped")
    }
}

impl<T> DerefMut for InTurn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("it is not dropped")
    }
}

impl<T> Drop for InTurn<'_, T> {
    fn drop(&mut self) {
        self.turn.holder.store(0, Relaxed);
        self.value = None;
        self.turn.leave();
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
