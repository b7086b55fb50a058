//! The join side of a task: the reference that may have its output.
//!
//! The rules that SAFETY comments cite are in [`raw`](super).

use std::future::Future;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use super::{Cell, Header, Schedule, TaskRef};
use crate::task::error::JoinError;
use crate::task::state::{AlreadyComplete, Detach};
use crate::task::unwind::swallow;

/// The one reference of a task that its output, a `Result<T, JoinError>`, goes to.
pub(crate) struct JoinRef<T> {
    task: ManuallyDrop<TaskRef>,
    /// The output was handed out.
    taken: bool,
    _output: PhantomData<*const T>,
}

// SAFETY: rule 8: it hands out, or drops, a `T`, and else does what a `TaskRef` does.
unsafe impl<T: Send> Send for JoinRef<T> {}
// SAFETY: rule 8: a shared one gives no access to the output.
unsafe impl<T: Send> Sync for JoinRef<T> {}

impl<T> JoinRef<T> {
    /// # Safety
    ///
    /// Rules 1 and 2: the task's output is a `T`, JOIN_INTEREST is set and this reference was counted for it.
    pub(super) unsafe fn from_ref(task: TaskRef) -> Self {
        JoinRef { task: ManuallyDrop::new(task), taken: false, _output: PhantomData }
    }

    pub(in crate::task) fn task(&self) -> &TaskRef {
        &self.task
    }

    /// Whether the output was handed out.
    pub(in crate::task) fn is_taken(&self) -> bool {
        self.taken
    }

    /// The output, once the task is complete.
    #[track_caller]
    pub(in crate::task) fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        assert!(!self.taken, "a JoinHandle was polled after it had given its result");
        if !self.task.is_finished() {
            if !self.task.is_here() {
                self.taken = true;
                return Poll::Ready(Err(self.task.forked()));
            }
            if self.register(cx.waker()).is_ok() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.take_output())
    }

    /// Leaves `waker` for the thread that completes the task.
    fn register(&mut self, waker: &Waker) -> Result<(), AlreadyComplete> {
        let header = self.task.header();
        if header.state.load().has_join_waker() {
            header.state.take_back_join_waker()?;
        }
        // SAFETY: rule 5: JOIN_WAKER is not set, so the field is ours.
        let known = header
            .join_waker
            .with(|field| unsafe { (*field).as_ref().is_some_and(|known| known.will_wake(waker)) });
        if known {
            return self.lend_waker();
        }
        // Foreign code may panic in `clone` and in the old waker's destructor: at both moments the field is in order.
        // SAFETY: rule 5, as above.
        let old = unsafe { self.remove_waker() };
        let new = waker.clone();
        // SAFETY: rule 5, as above.
        header.join_waker.with_mut(|field| unsafe { *field = Some(new) });
        let lent = self.lend_waker();
        drop(old);
        lent
    }

    /// Lends the field, or empties it when there is nobody to lend it to any more.
    fn lend_waker(&self) -> Result<(), AlreadyComplete> {
        self.task.header().state.lend_join_waker().inspect_err(|AlreadyComplete| {
            // SAFETY: rule 5: the task completed while JOIN_WAKER was not set, so the field stays ours.
            drop(unsafe { self.remove_waker() });
        })
    }

    /// # Safety
    ///
    /// Rule 5: JOIN_WAKER is not set, and was not when the task completed.
    unsafe fn remove_waker(&self) -> Option<Waker> {
        // SAFETY: rule 5: the caller's promise.
        self.task.header().join_waker.with_mut(|field| unsafe { (*field).take() })
    }

    fn take_output(&mut self) -> Result<T, JoinError> {
        debug_assert!(self.task.is_finished());
        self.taken = true;
        let mut output = MaybeUninit::<Result<T, JoinError>>::uninit();
        // SAFETY: rule 2: the task's output is a `Result<T, JoinError>`. Rule 4: the task is complete, JOIN_INTEREST is
        // set until `self` is dropped, and it was not taken before.
        unsafe {
            (self.task.header().vtable.take_output)(self.task.0, output.as_mut_ptr().cast());
            output.assume_init()
        }
    }
}

impl<T> Drop for JoinRef<T> {
    fn drop(&mut self) {
        match self.task.header().state.detach() {
            Detach::Done => return,
            Detach::DropWaker => {
                // SAFETY: rule 5: `detach` has cleared JOIN_WAKER before the task completed.
                let waker = unsafe { self.remove_waker() };
                swallow(|| drop(waker));
            }
            Detach::DropOutput if !self.taken => {
                // SAFETY: rules 2 and 4: the task is complete and the output was not taken.
                unsafe { (self.task.header().vtable.drop_output)(self.task.0) };
            }
            Detach::DropOutput => {}
        }
        // SAFETY: rule 1: the reference is given up once; it is not used again.
        unsafe { ManuallyDrop::drop(&mut self.task) };
    }
}

/// [`Vtable::take_output`](super::Vtable).
///
/// # Safety
///
/// Rules 1, 2 and 4: the output is there and belongs to the caller; `to` may be written with it.
pub(super) unsafe fn take_output<F: Future, S: Schedule>(task: NonNull<Header>, to: *mut ()) {
    // SAFETY: rules 1, 2 and 4, which the caller has promised.
    unsafe { to.cast::<Result<F::Output, JoinError>>().write(Cell::<F, S>::of(task).load_output()) }
}

/// [`Vtable::drop_output`](super::Vtable).
///
/// # Safety
///
/// Rules 1, 2 and 4: the output is there and belongs to the caller.
#[cold]
pub(super) unsafe fn drop_output<F: Future, S: Schedule>(task: NonNull<Header>) {
    // SAFETY: rules 1, 2 and 4, which the caller has promised.
    unsafe { Cell::<F, S>::of(task).discard_output() }
}
