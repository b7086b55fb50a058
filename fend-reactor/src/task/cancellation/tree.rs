//! The tree under the tokens: who is cancelled with whom, and who waits for it.
//!
//! A node points up to its parent with an `Arc` and down to its children with `Weak`s. A middle node that no token
//! names any more thus lives for as long as something below it does, and a cancel from above still gets through; a
//! node with nobody below goes at once, and takes its place in the parent with it. Both ways along the tree, the
//! cancel down and the release up, are loops: a tree may be as deep as memory allows.
//!
//! Lock order: there is none. No function holds the locks of two nodes.

use std::mem;
use std::sync::{Arc, Weak};
use std::task::Waker;

use slab::Slab;

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::wake_list::WakeList;

/// One token, shared by its clones.
#[derive(Debug)]
pub(super) struct Node {
    /// Set once, under the lock of `links`; read without it.
    cancelled: AtomicBool,
    /// Where this node hangs; `None` for a root, and for one that was born cancelled.
    place: Option<Place>,
    links: Mutex<Links>,
}

/// A node's place below its parent.
#[derive(Debug)]
struct Place {
    parent: Arc<Node>,
    key: usize,
}

/// Whom to tell. Emptied by the cancel, and never filled again.
#[derive(Debug, Default)]
struct Links {
    children: Slab<Weak<Node>>,
    waiters: Slab<Waker>,
}

impl Node {
    pub(super) fn root() -> Arc<Node> {
        Node::new(None, false)
    }

    fn new(place: Option<Place>, cancelled: bool) -> Arc<Node> {
        Arc::new(Node { cancelled: AtomicBool::new(cancelled), place, links: Mutex::new(Links::default()) })
    }

    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// A node that is cancelled with `self`. One below a cancelled node is cancelled from the start.
    pub(super) fn child(self: &Arc<Node>) -> Arc<Node> {
        let mut links = self.links.lock();
        if self.is_cancelled() {
            return Node::new(None, true);
        }
        let slot = links.children.vacant_entry();
        let child = Node::new(Some(Place { parent: self.clone(), key: slot.key() }), false);
        slot.insert(Arc::downgrade(&child));
        child
    }

    /// Cancels this node and all below it, then wakes whoever waits for any of them.
    pub(super) fn cancel(self: &Arc<Node>) {
        let mut wakers = WakeList::default();
        let mut pending = vec![self.clone()];
        // A node that is the last of its kind here is released at the end of its round, with no lock held.
        while let Some(node) = pending.pop() {
            let links = node.take_links();
            pending.extend(links.children.iter().filter_map(|(_, child)| child.upgrade()));
            for waker in links.waiters {
                wakers.push(waker.1);
            }
        }
        wakers.wake_all();
    }

    /// Marks the node; gives what hung on it the first time, and nothing after that.
    fn take_links(&self) -> Links {
        let mut links = self.links.lock();
        self.cancelled.store(true, Ordering::Release);
        mem::take(&mut *links)
    }

    /// Adds a waiter, or replaces the waker of the waiter `key`. `Err` gives the waker back: the node is cancelled.
    /// Both hand a waker to the caller, who drops it where no lock is held.
    pub(super) fn wait(&self, key: Option<usize>, waker: Waker) -> Result<Registered, Waker> {
        let mut links = self.links.lock();
        if self.is_cancelled() {
            return Err(waker);
        }
        Ok(match key {
            Some(key) => Registered { key, replaced: Some(mem::replace(&mut links.waiters[key], waker)) },
            None => Registered { key: links.waiters.insert(waker), replaced: None },
        })
    }

    /// Removes a waiter. `None` when the cancel has taken it.
    #[must_use = "the waker is dropped by the caller, who holds no lock"]
    pub(super) fn forget(&self, key: usize) -> Option<Waker> {
        self.links.lock().waiters.try_remove(key)
    }

    /// Removes a child that is gone.
    fn release(&self, key: usize) {
        self.links.lock().children.try_remove(key);
    }

    /// Children that are still there, and waiters.
    #[cfg(all(test, not(loom)))]
    pub(super) fn link_counts(&self) -> (usize, usize) {
        let links = self.links.lock();
        (links.children.len(), links.waiters.len())
    }
}

/// What [`Node::wait`] did.
pub(super) struct Registered {
    pub(super) key: usize,
    /// The waker that was there before.
    pub(super) replaced: Option<Waker>,
}

impl Drop for Node {
    /// Leaves the parent, and every ancestor that lived only for this node: in a loop, where the plain drop of
    /// `Arc`s would use a stack frame a level.
    fn drop(&mut self) {
        let mut place = self.place.take();
        while let Some(Place { parent, key }) = place {
            parent.release(key);
            // Of two that release the last references at once, `into_inner` gives the node to exactly one.
            place = Arc::into_inner(parent).and_then(|mut parent| parent.place.take());
        }
    }
}
