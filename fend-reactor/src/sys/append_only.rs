//! [`AppendOnly`]: a list that signal handlers walk. It grows and never shrinks.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. A pointer in the list is null or comes from a box that was leaked, was filled before it was published with `Release`, and is only shared from then on.

use std::ptr;
use std::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Relaxed, Release},
};

pub(crate) struct AppendOnly<T: 'static> {
    newest: AtomicPtr<Node<T>>,
}

struct Node<T> {
    value: T,
    /// Does not change once the node is in the list.
    older: AtomicPtr<Node<T>>,
}

impl<T: Send + Sync> AppendOnly<T> {
    pub(crate) const fn new() -> Self {
        AppendOnly { newest: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Puts in a value, for good.
    pub(crate) fn push(&self, value: T) -> &'static T {
        let older = self.newest.load(Relaxed);
        let node: &'static mut Node<T> = Box::leak(Box::new(Node { value, older: AtomicPtr::new(older) }));
        let node = ptr::from_mut(node);
        // SAFETY: rule 1; it is shared from here on, `older` is written through a shared reference.
        let shared: &'static Node<T> = unsafe { &*node };
        let mut older = older;
        while let Err(now) = self.newest.compare_exchange_weak(older, node, Release, Relaxed) {
            older = now;
            shared.older.store(older, Relaxed);
        }
        &shared.value
    }

    /// From the newest to the oldest. No lock, no allocation.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static T> + use<T> {
        let mut next = self.newest.load(Acquire);
        std::iter::from_fn(move || {
            // SAFETY: rule 1. The nodes behind the newest one were published before it by exchanges that all read each other's, so
            // that having seen this one is having seen them.
            let node: &'static Node<T> = unsafe { next.as_ref() }?;
            next = node.older.load(Relaxed);
            Some(&node.value)
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_threads_put_in_at_once_is_all_there() {
        static LIST: AppendOnly<u32> = AppendOnly::new();
        assert_eq!(LIST.iter().count(), 0);
        thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    (0..100).for_each(|n| assert_eq!(*LIST.push(thread * 100 + n), thread * 100 + n))
                });
            }
        });
        let mut all: Vec<u32> = LIST.iter().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..400).collect::<Vec<_>>());
    }
}
