//! Tasks that must not leave their thread: those of [`spawn_local`](crate::spawn_local).
//!
//! They belong to the thread, not to the worker: whatever part the thread plays in the runtime, its loop runs them. They end with it: a
//! background worker's when the runtime shuts down, the others when their `block_on` returns.
//!
//! Rules, cited by the SAFETY comments:
//! 1. [`LocalTasks`] is not `Send`: it is made, used and dropped on one thread, its *home*.
//! 2. A task of it is run by [`LocalTasks::pop`]'s caller only, which is the loop of the home thread. Other threads only pass its
//!    `Runnable` on, to [`Remote::woken`].
//! 3. The owned list is shut down in [`LocalTasks::close`], at home. `Remote`, which may be dropped anywhere, is empty by then.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use super::parker::Parker;
use super::shared::Shared;
use crate::context;
use crate::sync::Mutex;
use crate::task::{JoinHandle, Meta, OwnedTasks, Runnable, Schedule, TaskInfo};

/// The home thread's side.
#[derive(Debug)]
pub(super) struct LocalTasks {
    queue: RefCell<VecDeque<Runnable>>,
    closed: Cell<bool>,
    remote: Arc<Remote>,
    /// Rule 1.
    not_send: PhantomData<*const ()>,
}

/// The side that wakers on any thread reach.
#[derive(Debug)]
struct Remote {
    shared: Arc<Shared>,
    parker: Arc<Parker>,
    owned: OwnedTasks,
    /// Woken from other threads, in order; `None` once the home is closed.
    woken: Mutex<Option<Vec<Runnable>>>,
    has_woken: AtomicBool,
}

/// How a local task finds its way home.
#[derive(Debug)]
struct Home(Arc<Remote>);

impl LocalTasks {
    pub(super) fn new(parker: Arc<Parker>, shared: Arc<Shared>) -> LocalTasks {
        let remote = Remote {
            shared,
            parker,
            owned: OwnedTasks::new(1),
            woken: Mutex::new(Some(Vec::new())),
            has_woken: AtomicBool::new(false),
        };
        LocalTasks {
            queue: RefCell::default(),
            closed: Cell::new(false),
            remote: Arc::new(remote),
            not_send: PhantomData,
        }
    }

    pub(super) fn spawn<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let home = Home(self.remote.clone());
        // SAFETY: rules 2 and 3.
        let (handle, runnable) = unsafe { self.remote.owned.spawn_local(0, future, home, meta) };
        if let Some(runnable) = runnable {
            self.push(runnable);
        }
        handle
    }

    pub(super) fn push(&self, task: Runnable) {
        if !self.closed.get() {
            self.queue.borrow_mut().push_back(task);
        }
    }

    /// The next task to run, on this thread.
    #[inline]
    pub(super) fn pop(&self) -> Option<Runnable> {
        if self.remote.has_woken.load(Acquire) && self.remote.has_woken.swap(false, AcqRel) {
            let woken = self.remote.woken.lock().as_mut().map(std::mem::take);
            self.queue.borrow_mut().extend(woken.into_iter().flatten());
        }
        self.queue.borrow_mut().pop_front()
    }

    pub(super) fn has_work(&self) -> bool {
        self.remote.has_woken.load(Acquire) || !self.queue.borrow().is_empty()
    }

    /// Drops the futures of all tasks that are left. Their handles resolve to cancelled.
    pub(super) fn close(&self) {
        self.closed.set(true);
        if !self.remote.shared.is_here() {
            // Other threads of the parent may have held the locks. What the futures hold is the parent's.
            return;
        }
        self.remote.owned.close_and_shut_down();
        let woken = self.remote.woken.lock().take();
        drop(woken);
        let queued = self.queue.take();
        drop(queued);
    }
}

impl Drop for LocalTasks {
    fn drop(&mut self) {
        self.close();
    }
}

impl Schedule for Home {
    fn schedule(&self, task: Runnable) {
        let away = context::with_current(|current| {
            let local = current.and_then(|current| current.local());
            match local.filter(|local| Arc::ptr_eq(&local.remote, &self.0)) {
                Some(local) => {
                    local.push(task);
                    None
                }
                None => Some(task),
            }
        });
        if let Some(task) = away {
            self.0.send_home(task);
        }
    }

    fn is_here(&self) -> bool {
        self.0.shared.is_here()
    }

    fn owned(&self) -> Option<&OwnedTasks> {
        Some(&self.0.owned)
    }

    fn unhandled_panic(&self, info: TaskInfo<'_>, payload: Box<dyn std::any::Any + Send>) {
        self.0.shared.unhandled_panic(info, payload);
    }
}

impl Remote {
    fn send_home(&self, task: Runnable) {
        if !self.shared.is_here() {
            return;
        }
        let mut woken = self.woken.lock();
        let Some(list) = woken.as_mut() else {
            drop(woken);
            // Closed: the task is over, or being ended at home.
            drop(task);
            return;
        };
        list.push(task);
        self.has_woken.store(true, Release);
        drop(woken);
        self.shared.unpark(&self.parker);
    }
}
