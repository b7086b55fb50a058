//! [`Root`]: the future of a `block_on`, seen from its waker.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::{Wake, Waker};

use super::current::Current;
use super::parker::Parker;
use super::shared::Shared;
use crate::context;

/// Whether the future was woken, and which thread to wake for it.
///
/// During its first poll the thread is awake, and there is nobody to wake yet. If the future is ready then, and has kept no waker, this serves
/// the thread's next `block_on`.
#[derive(Debug, Default)]
pub(super) struct Root {
    woken: AtomicBool,
    thread: OnceLock<Thread>,
}

/// The thread that polls the future.
#[derive(Debug)]
struct Thread {
    parker: Arc<Parker>,
    shared: Arc<Shared>,
}

/// A [`Root`] and a waker for it.
#[derive(Debug)]
pub(crate) struct RootWaker {
    root: Arc<Root>,
    waker: Waker,
}

impl RootWaker {
    #[cold]
    pub(crate) fn new() -> Box<RootWaker> {
        let root = Arc::new(Root::default());
        Box::new(RootWaker { waker: Waker::from(root.clone()), root })
    }

    #[inline]
    pub(super) fn root(&self) -> &Root {
        &self.root
    }

    #[inline]
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// For another future after one that was ready at its first poll, if no waker of that one is left.
    #[inline]
    pub(crate) fn reuse(self: Box<Self>) -> Option<Box<RootWaker>> {
        debug_assert!(self.root.thread.get().is_none(), "there was a second poll");
        // Ours, and that of the waker.
        if Arc::strong_count(&self.root) != 2 {
            return None;
        }
        self.root.woken.store(false, Relaxed);
        Some(self)
    }
}

impl Root {
    /// The thread may sleep from now on.
    pub(super) fn settle(&self, current: &Current) {
        let thread = Thread { parker: current.parker.clone(), shared: current.shared.clone() };
        self.thread.set(thread).expect("a block_on settles once");
        // Whoever woke before saw no thread, and is seen here; who does later sees the thread: of two changes of one word the later one
        // sees the earlier one, and what was before it.
        self.woken.fetch_or(false, AcqRel);
    }

    pub(super) fn is_woken(&self) -> bool {
        self.woken.load(Acquire)
    }

    pub(super) fn take_woken(&self) -> bool {
        self.is_woken() && self.woken.swap(false, AcqRel)
    }
}

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.woken.swap(true, AcqRel) {
            return;
        }
        let Some(thread) = self.thread.get() else { return };
        // On its own thread it does not sleep, and looks at `woken` before it does.
        let awake = context::with_current(|current| {
            current.is_some_and(|current| Arc::ptr_eq(&current.parker, &thread.parker))
        });
        if !awake {
            thread.shared.unpark(&thread.parker);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_root_whose_wakers_are_gone_serves_again() {
        let first = RootWaker::new();
        first.waker().wake_by_ref();
        assert!(first.root().is_woken());
        drop(first.waker().clone());
        let second = first.reuse().unwrap();
        assert!(!second.root().is_woken());
        let kept = second.waker().clone();
        assert!(second.reuse().is_none());
        drop(kept);
    }
}
