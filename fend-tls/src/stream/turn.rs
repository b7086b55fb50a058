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
}

impl<T> Turn<T> {
    pub(crate) fn new(value: T) -> Turn<T> {
        Turn {
            value: Mutex::new(value),
            refused: Waiters::new(),
            waiting: AtomicBool::new(false),
            owed: AtomicU8::new(0),
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
        self.value.try_lock().map(|value| InTurn { turn: self, value: Some(value) })
    }

    /// Waits for the value as for any lock. For calls that are over at once, not made from inside a turn.
    #[cfg(not(loom))]
    pub(crate) fn lock(&self) -> InTurn<'_, T> {
        InTurn { turn: self, value: Some(self.value.lock()) }
    }

    #[cfg(not(loom))]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[cfg(not(loom))]
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
        self.value = None;
        self.turn.leave();
    }
}
