//! What the current thread is doing for which runtime: found by `spawn`, timers and sources.
//!
//! A thread that runs a worker's loop, a blocking job, or holds an [`EnterGuard`](crate::runtime::EnterGuard) has a
//! [`Current`]. Any other thread is served by the process-wide default runtime.

use std::cell::{Cell, RefCell};
use std::io;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use crate::clock::Clock;
use crate::driver::Driver;
use crate::executor::{Current, RootWaker, Shared, default_shared, try_default_shared};

/// What is known of the poll that this thread's loop is in. Needs no destructor, so that it costs a load to find.
struct Context {
    /// What is left of the running task's I/O budget.
    budget: Cell<u32>,
    /// How often the running task was refused since its budget was used up.
    refused: Cell<u32>,
    /// The waker of the poll that this thread's loop is in.
    polled_with: Cell<*const ()>,
    /// Wakers that pass on what they hear to that one.
    stand_ins: Cell<[*const (); 2]>,
    place: Cell<Place>,
}

/// No wakers.
const NOBODY: [*const (); 2] = [std::ptr::null(); 2];

/// Outside fend's tasks.
const UNLIMITED: u32 = u32::MAX;

/// Successful I/O operations in one poll of a task before it must let others run. An operation on a ready socket takes
/// around 2 us, so a task leaves after a quarter of a millisecond at most.
const BUDGET: u32 = 128;

/// Refusals after which a task gets a new budget within its poll. Who polls on regardless is an executor of its own, that of
/// somebody else's `block_on`, and the worker does not get its thread back by refusing.
const REFUSALS: u32 = 256;

/// Where a thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In no runtime.
    Outside,
    /// In the first poll of a `block_on`, and nothing has asked for the runtime yet.
    Due,
    /// It has a [`Current`].
    Inside,
}

/// For the first poll of a `block_on` on a thread that is in no runtime.
struct First {
    /// The runtime to come to when something asks.
    due: Cell<Option<Arc<Shared>>>,
    /// What came of that.
    arrived: Cell<Option<Rc<Current>>>,
    /// From the last one.
    spare: Cell<Option<Box<RootWaker>>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Current>>> = const { RefCell::new(None) };
    static FIRST: First = const {
        First { due: Cell::new(None), arrived: Cell::new(None), spare: Cell::new(None) }
    };
    static CONTEXT: Context = const {
        Context {
            budget: Cell::new(UNLIMITED),
            refused: Cell::new(0),
            polled_with: Cell::new(std::ptr::null()),
            stand_ins: Cell::new(NOBODY),
            place: Cell::new(Place::Outside),
        }
    };
}

/// Puts back what was current before, when dropped.
#[derive(Debug)]
pub(crate) struct Entered {
    /// Tokio's guard, if this thread needs one for its stay.
    #[cfg(feature = "tokio-context")]
    _tokio: Option<crate::tokio_context::Held>,
    before: Option<Rc<Current>>,
    budget: u32,
    polled_with: *const (),
    stand_ins: [*const (); 2],
    place: Place,
    /// Must be dropped on the thread it was made on.
    not_send: PhantomData<*const ()>,
}

/// Makes `current` the current thread's. Nests.
pub(crate) fn enter(current: Rc<Current>) -> Entered {
    // While the thread ends there is nothing to enter any more, and nothing to put back.
    let before = CURRENT.try_with(|slot| slot.replace(Some(current))).unwrap_or(None);
    CONTEXT.with(|context| Entered {
        #[cfg(feature = "tokio-context")]
        _tokio: crate::tokio_context::hold(),
        before,
        budget: context.budget.replace(UNLIMITED),
        polled_with: context.polled_with.get(),
        stand_ins: context.stand_ins.replace(NOBODY),
        place: context.place.replace(Place::Inside),
        not_send: PhantomData,
    })
}

impl Drop for Entered {
    fn drop(&mut self) {
        CONTEXT.with(|context| {
            context.budget.set(self.budget);
            context.polled_with.set(self.polled_with);
            context.stand_ins.set(self.stand_ins);
            context.place.set(self.place);
        });
        // While the thread ends the slot may be gone, and `before` goes with the guard.
        let left = CURRENT.try_with(|slot| slot.replace(self.before.take()));
        drop(left);
    }
}

/// The first poll of a `block_on` on a thread that is in no runtime, and what follows. The thread comes to the runtime when something asks for
/// it, so that a future that is ready and has asked for nothing costs next to nothing. Leaves the runtime when dropped.
pub(crate) struct FirstPoll {
    /// Taken at the end.
    root: Option<Box<RootWaker>>,
    #[cfg(feature = "tokio-context")]
    tokio: Option<crate::tokio_context::Held>,
}

impl FirstPoll {
    /// `None`: the thread is in a runtime, or ends.
    #[inline]
    pub(crate) fn begin(shared: &Arc<Shared>) -> Option<FirstPoll> {
        if CONTEXT.with(|context| context.place.get()) != Place::Outside {
            return None;
        }
        let spare = FIRST.try_with(|first| {
            first.due.set(Some(shared.clone()));
            first.spare.take()
        });
        let root = spare.ok()?.unwrap_or_else(RootWaker::new);
        CONTEXT.with(|context| {
            context.place.set(Place::Due);
            context.refused.set(0);
            context.budget.set(BUDGET);
            context.polled_with.set(root.waker().data());
        });
        Some(FirstPoll {
            root: Some(root),
            #[cfg(feature = "tokio-context")]
            tokio: crate::tokio_context::hold(),
        })
    }

    /// What to poll the future with.
    #[inline]
    pub(crate) fn root(&self) -> &RootWaker {
        self.root.as_deref().expect("it is taken at the end")
    }

    /// The first poll was the last one: what it was polled with serves the next one, if nobody holds it any more.
    #[inline(always)]
    pub(crate) fn end(mut self) {
        if CONTEXT.with(|context| context.place.get()) != Place::Due {
            return;
        }
        be_outside();
        #[cfg(feature = "tokio-context")]
        drop(self.tokio.take());
        // One after the other: as small functions both become part of the caller.
        drop(FIRST.try_with(|first| first.due.take()));
        let spare = self.root.take().and_then(RootWaker::reuse);
        let _ = FIRST.try_with(|first| first.spare.set(spare));
        std::mem::forget(self);
    }

    /// The poll is over, and there will be more: the thread comes if it has not.
    pub(crate) fn settle(&self) -> Rc<Current> {
        let arrived = FIRST.with(|first| first.arrived.take());
        let current = arrived.or_else(arrive).expect("it is due, or has arrived");
        FIRST.with(|first| first.arrived.set(Some(current.clone())));
        current
    }
}

impl Drop for FirstPoll {
    #[cold]
    fn drop(&mut self) {
        if CONTEXT.with(|context| context.place.get()) == Place::Due {
            // The future has panicked.
            drop(FIRST.try_with(|first| first.due.take()));
        } else {
            leave();
        }
        be_outside();
    }
}

/// This thread is in no runtime.
#[inline(always)]
fn be_outside() {
    CONTEXT.with(|context| {
        context.place.set(Place::Outside);
        context.budget.set(UNLIMITED);
        context.polled_with.set(std::ptr::null());
    });
}

/// Something asks for the runtime during the first poll of a `block_on`: now the thread comes there.
#[cold]
fn arrive() -> Option<Rc<Current>> {
    if CONTEXT.with(|context| context.place.get()) != Place::Due {
        return None;
    }
    let shared = FIRST.try_with(|first| first.due.take()).ok()??;
    CONTEXT.with(|context| context.place.set(Place::Inside));
    let current = Current::in_block_on(shared);
    let _ = FIRST.try_with(|first| first.arrived.set(Some(current.clone())));
    let _ = CURRENT.try_with(|slot| slot.replace(Some(current.clone())));
    current.arrive();
    Some(current)
}

/// The end of a `block_on` that has arrived.
#[cold]
fn leave() {
    if let Some(current) = FIRST.try_with(|first| first.arrived.take()).unwrap_or(None) {
        current.leave();
    }
    let left = CURRENT.try_with(RefCell::take);
    drop(left);
    CONTEXT.with(|context| context.stand_ins.set(NOBODY));
}

/// What this thread is doing; `None` outside any runtime, and while the thread ends.
#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Rc<Current>>) -> R) -> R {
    let mut f = Some(f);
    let mut run = |current: Option<&Rc<Current>>| f.take().map(|f| f(current));
    let ran = CURRENT.try_with(|slot| match slot.try_borrow().as_deref() {
        Ok(Some(current)) => run(Some(current)),
        Ok(None) | Err(_) => None,
    });
    match ran {
        Ok(Some(result)) => result,
        Ok(None) | Err(_) => run(arrive().as_ref()).expect("called once"),
    }
}

/// What this thread is doing, to be used without keeping its place: user code may run meanwhile.
#[inline]
pub(crate) fn current() -> Option<Rc<Current>> {
    with_current(|current| current.cloned())
}

impl Context {
    /// What is being polled on this thread is woken when `waker` is.
    #[inline]
    fn hears_of(&self, waker: &Waker) -> bool {
        let data = waker.data();
        // Null is nobody here, and in a waker that wakes nobody.
        !data.is_null() && (self.polled_with.get() == data || self.stand_ins.get().contains(&data))
    }

    #[cold]
    fn count_refusal(&self) {
        let refused = self.refused.get() + 1;
        if refused < REFUSALS {
            self.refused.set(refused);
        } else {
            self.refused.set(0);
            self.budget.set(BUDGET);
        }
    }
}

/// The runtime of this thread, if it has one.
pub(crate) fn current_shared() -> Option<Arc<Shared>> {
    with_current(|current| current.map(|current| current.shared.clone()))
}

/// The runtime of this thread, else the default one.
pub(crate) fn shared() -> Arc<Shared> {
    current_shared().unwrap_or_else(default_shared)
}

/// The driver that this thread registers with: its worker's, else one of the process-wide default runtime.
pub(crate) fn current_driver() -> Arc<Driver> {
    with_current(|current| current.map(|current| current.driver().clone())).unwrap_or_else(default_driver)
}

/// [`current_driver`], where a default runtime that cannot be started is an error and no panic.
pub(crate) fn try_current_driver() -> io::Result<Arc<Driver>> {
    match with_current(|current| current.map(|current| current.driver().clone())) {
        Some(driver) => Ok(driver),
        None => Ok(try_default_shared()?.drivers[0].clone()),
    }
}

/// The driver that serves threads without a runtime.
pub(crate) fn default_driver() -> Arc<Driver> {
    default_shared().drivers[0].clone()
}

/// All drivers of the current runtime.
pub(crate) fn current_drivers() -> Vec<Arc<Driver>> {
    shared().drivers.to_vec()
}

/// Reads the clock of the current runtime, without counting another reference to it.
#[inline]
pub(crate) fn with_clock<R>(read: impl FnOnce(&Clock) -> R) -> R {
    let mut read = Some(read);
    let mut read = |clock: &Clock| read.take().map(|read| read(clock));
    let shown = with_current(|current| current.and_then(|current| read(&current.shared.clock)));
    // Not inside: the default runtime, if it must be started, changes what is current.
    shown.or_else(|| read(&default_shared().clock)).expect("one of the two has read")
}

/// The clock of the current runtime.
pub(crate) fn current_clock() -> Arc<Clock> {
    with_current(|current| current.map(|current| current.shared.clock.clone()))
        .unwrap_or_else(|| default_shared().clock.clone())
}

/// Whoever `waker` wakes starts to wait for something of `driver`. When this thread will not attend the driver's runtime meanwhile,
/// somebody else must: the runtime's monitor.
///
/// A worker's thread will if the waker is that of its own loop. With another one the wait may be that of somebody else's
/// `block_on`, which keeps the thread. (It may also be a combinator's, which wraps wakers; then a monitor too many is the
/// price.)
#[inline]
pub(crate) fn waits_on(driver: &Driver, waker: &Waker) {
    let comes_back = CONTEXT.with(|context| context.hears_of(waker));
    let attends =
        comes_back && with_current(|current| current.is_some_and(|current| current.attends(driver)));
    if !attends {
        driver.outside_wait();
    }
}

/// An object that several tasks may wait for waits with wakers of its own, and passes on what they hear. While the result lives, `wakers`
/// count as `waker`, with which the object is being polled: whoever waits with them will be back on this thread.
#[doc(hidden)]
#[inline]
pub fn stand_in(wakers: [&Waker; 2], waker: &Waker) -> StandIns {
    let before = CONTEXT
        .with(|context| context.hears_of(waker).then(|| context.stand_ins.replace(wakers.map(Waker::data))));
    StandIns { before, not_send: PhantomData }
}

/// Ends with a drop. `None`: there is nothing to put back.
#[doc(hidden)]
#[derive(Debug)]
#[must_use]
pub struct StandIns {
    before: Option<[*const (); 2]>,
    /// Must be dropped on the thread it was made on.
    not_send: PhantomData<*const ()>,
}

impl Drop for StandIns {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.before {
            CONTEXT.with(|context| context.stand_ins.set(before));
        }
    }
}

/// This thread's loop polls next what has a waker with this data: gives it its budget. True: the poll before this one used
/// all of its own, and so took long.
#[inline]
pub(crate) fn begin_poll(waker: *const ()) -> bool {
    CONTEXT.with(|context| {
        context.refused.set(0);
        context.polled_with.set(waker);
        context.budget.replace(BUDGET) == 0
    })
}

/// Takes one unit of the running task's I/O budget. When it is used up, the task is woken and must return
/// `Pending`, so that one busy source cannot starve its worker. Unlimited outside fend's tasks.
#[doc(hidden)]
#[inline]
pub fn poll_budget(cx: &mut TaskContext<'_>) -> Poll<()> {
    let left = CONTEXT.with(|context| {
        let left = context.budget.get();
        match left {
            UNLIMITED => {}
            0 => context.count_refusal(),
            _ => context.budget.set(left - 1),
        }
        left
    });
    match left {
        0 => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        _ => Poll::Ready(()),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::task::Wake;

    use super::*;

    struct Silent(#[expect(dead_code, reason = "so that no two are the same")] u8);

    impl Wake for Silent {
        fn wake(self: Arc<Self>) {}
    }

    fn wakers<const N: usize>() -> [Waker; N] {
        std::array::from_fn(|_| Arc::new(Silent(0)).into())
    }

    fn hears_of(waker: &Waker) -> bool {
        CONTEXT.with(|context| context.hears_of(waker))
    }

    #[test]
    fn stand_ins_count_while_they_live() {
        let [task, a, b, inner_a, inner_b, other] = wakers();
        begin_poll(task.data());
        assert!(hears_of(&task) && !hears_of(&a));
        {
            let _outer = stand_in([&a, &b], &task);
            assert!(hears_of(&task) && hears_of(&a) && hears_of(&b) && !hears_of(&other));
            {
                let _inner = stand_in([&inner_a, &inner_b], &b);
                assert!(hears_of(&inner_a) && hears_of(&inner_b) && hears_of(&task));
            }
            assert!(hears_of(&a) && !hears_of(&inner_a));
        }
        assert!(!hears_of(&a) && !hears_of(&b));
    }

    #[test]
    fn nobody_stands_in_for_a_stranger() {
        let [task, stranger, a, b] = wakers();
        begin_poll(task.data());
        let _none = stand_in([&a, &b], &stranger);
        assert!(!hears_of(&a) && !hears_of(&b) && hears_of(&task));
    }

    #[test]
    fn a_waker_that_wakes_nobody_is_not_heard_of() {
        assert!(!hears_of(Waker::noop()));
        let [task] = wakers();
        begin_poll(task.data());
        assert!(!hears_of(Waker::noop()));
    }
}
