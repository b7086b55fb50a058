//! [`Current`]: what a thread holds of the runtime it works for.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::block_on::Level;
use super::local::LocalTasks;
use super::lookout::Lookout;
use super::parker::Parker;
use super::shared::Shared;
use super::worker::{self, Core};
use crate::context;
use crate::driver::Driver;
use crate::task::Runnable;

/// A thread's part in a runtime.
///
/// | role | core | runs tasks |
/// |---|---|---|
/// | background worker | its own, for good | yes |
/// | in `block_on`, worker 0 | core 0, until it leaves | yes |
/// | in `block_on`, guest | none: another thread is worker 0 | its local ones |
/// | visitor (blocking job, entered) | none | no |
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) shared: Arc<Shared>,
    pub(super) role: Role,
    pub(super) parker: Arc<Parker>,
    pub(super) core: RefCell<Option<Core>>,
    /// Made with the first `spawn_local`.
    local: OnceCell<LocalTasks>,
    /// What the thread was doing when it came here: it may come back to that from inside.
    below: Option<Rc<Current>>,
    /// The thread has left `block_on`. Only a guard that is dropped too late still leads here.
    pub(super) left: Cell<bool>,
    /// A guest came out of a driver and has not polled anything since.
    pub(super) left_driver: Cell<bool>,
    /// Polls of tasks before this thread looks at injector and driver.
    pub(super) until_look: Cell<u32>,
    /// Whether it looks about before it sleeps.
    pub(super) lookout: Lookout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Background,
    InBlockOn,
    Visitor,
}

impl Current {
    fn new(shared: Arc<Shared>, role: Role) -> Rc<Current> {
        Rc::new(Current {
            shared,
            role,
            parker: Arc::new(Parker::new()),
            local: OnceCell::new(),
            core: RefCell::new(None),
            below: context::with_current(|below| below.cloned()),
            left: Cell::new(false),
            left_driver: Cell::new(false),
            until_look: Cell::new(worker::TICKS - 1),
            lookout: Lookout::new(),
        })
    }

    pub(super) fn background(shared: Arc<Shared>, core: Core) -> Rc<Current> {
        let current = Current::new(shared, Role::Background);
        current.take_core(core);
        current
    }

    /// A thread that comes to `block_on`. It has still to [`arrive`](Current::arrive).
    pub(crate) fn in_block_on(shared: Arc<Shared>) -> Rc<Current> {
        Current::new(shared, Role::InBlockOn)
    }

    pub(super) fn visitor(shared: Arc<Shared>) -> Rc<Current> {
        Current::new(shared, Role::Visitor)
    }

    /// Comes to `block_on`, with a first poll.
    pub(crate) fn arrive(&self) {
        Level::count();
        self.shared.arrive(self);
        self.count_poll();
    }

    /// Leaves `block_on`.
    pub(crate) fn leave(&self) {
        self.left.set(true);
        self.shared.leave(self);
        Level::count_out();
    }

    /// This thread's local tasks, if there have been any.
    #[inline]
    pub(super) fn local(&self) -> Option<&LocalTasks> {
        self.local.get()
    }

    pub(super) fn make_local(&self) -> &LocalTasks {
        self.local.get_or_init(|| LocalTasks::new(self.parker.clone(), self.shared.clone()))
    }

    pub(super) fn close_local(&self) {
        if let Some(local) = self.local() {
            local.close();
        }
    }

    /// What this thread does, at any depth, as one that runs tasks of `shared`.
    pub(super) fn working_for(shared: &Arc<Shared>) -> Option<Rc<Current>> {
        let mut current = context::with_current(|current| current.cloned());
        while let Some(candidate) = current {
            let works = candidate.role != Role::Visitor && !candidate.left.get();
            if works && Arc::ptr_eq(&candidate.shared, shared) {
                return Some(candidate);
            }
            current = candidate.below.clone();
        }
        None
    }

    /// Becomes the worker of `core`.
    pub(super) fn take_core(&self, core: Core) {
        let worker = &self.shared.workers[core.index];
        worker.counters.wakes(self.shared.clock.now());
        *worker.parker.lock() = self.parker.clone();
        self.core.replace(Some(core));
    }

    /// Which worker this thread is.
    #[inline]
    pub(super) fn worker(&self) -> Option<usize> {
        self.core.borrow().as_ref().map(|core| core.index)
    }

    /// The driver that sources and timers of this thread register with.
    #[inline]
    pub(crate) fn driver(&self) -> &Arc<Driver> {
        match &*self.shared.drivers {
            [only] => only,
            drivers => &drivers[self.worker().unwrap_or(0) % drivers.len()],
        }
    }

    /// Whether this thread, or a worker beside it, attends the drivers of its runtime while it waits.
    #[inline]
    pub(crate) fn attends_its_own(&self) -> bool {
        self.role != Role::Visitor
    }

    /// Whether this thread, or a worker beside it, attends `driver` while it waits.
    pub(crate) fn attends(&self, driver: &Driver) -> bool {
        self.attends_its_own() && self.shared.drivers.iter().any(|own| std::ptr::eq(&**own, driver))
    }

    /// Queues a task of this runtime on this thread's own queue; gives it back when it has none.
    #[inline]
    pub(super) fn push(&self, task: Runnable) -> Result<(), Runnable> {
        let pushed = match self.core.borrow_mut().as_mut() {
            Some(core) => core.queue.push(task),
            None => return Err(task),
        };
        match pushed {
            Ok(()) if self.shared.workers.len() == 1 => {}
            Ok(()) => self.tell_of_news(),
            Err(task) => self.overflow(task),
        }
        Ok(())
    }

    /// Tells a sleeper of the task that was just queued here, if that has to be. (Not inlined: `push` is, into the loop of every runtime.)
    #[inline(never)]
    fn tell_of_news(&self) {
        let has_news = self.core.borrow_mut().as_mut().is_some_and(|core| core.queue.has_news());
        if has_news {
            self.shared.notify();
        }
    }

    /// Puts a task behind the others, on this thread's own queue if it has one.
    #[inline]
    pub(super) fn queue(&self, task: Runnable) {
        if let Err(task) = self.push(task) {
            self.shared.inject(task);
        }
    }

    /// How many tasks wait in this thread's own queue.
    pub(super) fn queue_len(&self) -> usize {
        self.core.borrow().as_ref().map_or(0, |core| core.queue.len())
    }

    /// The own queue is full: its older half goes to the injector, or the task alone while a thief makes room.
    #[cold]
    fn overflow(&self, task: Runnable) {
        let injector = &self.shared.injector;
        let (refused, pushed) = match self.core.borrow_mut().as_mut() {
            Some(core) => (injector.relieve(&mut core.queue), core.queue.push(task)),
            None => (Vec::new(), Err(task)),
        };
        drop(refused);
        if let Err(task) = pushed {
            injector.push(task);
        }
        if self.shared.workers.len() > 1 {
            self.shared.notify();
        }
    }
}
