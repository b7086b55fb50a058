//! The waker of a task: a counted reference to it, one word.
//!
//! Cloning counts a reference, waking is a transition of the state word. A waker that outlives its task's end, or its
//! runtime, keeps the memory of the task (no longer the future or the output) and wakes nobody.
//!
//! The rules that SAFETY comments cite are in [`raw`](super::raw). The pointer in a waker with [`VTABLE`] is a task's
//! header, and the waker is a reference to it in the sense of rule 1.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::raw::{Header, TaskRef};
use super::state::NotifyOwned;

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// The waker that a poll gets to see: it borrows the reference of the thread that polls.
pub(super) struct Borrowed<'a> {
    waker: ManuallyDrop<Waker>,
    _task: PhantomData<&'a TaskRef>,
}

impl Deref for Borrowed<'_> {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        &self.waker
    }
}

/// The task's waker, without counting it.
#[inline]
pub(super) fn borrow(task: &TaskRef) -> Borrowed<'_> {
    let data = task.as_raw().as_ptr().cast_const().cast();
    // SAFETY: rule 1: the functions of the table do what wakers do with a reference. It is not dropped, and the reference that it stands for
    // outlives it.
    let waker = unsafe { Waker::new(data, &VTABLE) };
    Borrowed { waker: ManuallyDrop::new(waker), _task: PhantomData }
}

/// The waker's reference, lent.
///
/// # Safety
///
/// Rule 1: `data` is from a waker with [`VTABLE`] that lives while this is used.
#[inline]
unsafe fn task(data: *const ()) -> ManuallyDrop<TaskRef> {
    // SAFETY: rule 1: the waker is the reference; it is not dropped here.
    unsafe { ManuallyDrop::new(TaskRef::from_raw(header(data))) }
}

/// # Safety
///
/// `data` is from a waker with [`VTABLE`].
#[inline]
unsafe fn header(data: *const ()) -> NonNull<Header> {
    // SAFETY: rule 1: it is the address of a header that the waker keeps.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: rule 1: the waker that is cloned lives; the new reference goes to the new waker.
    std::mem::forget(unsafe { TaskRef::clone(&task(data)) });
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: rule 1: the waker's reference goes to `wake_by_value`, which says what is left of it.
    unsafe {
        let task = task(data);
        match task.header().state.wake_by_value() {
            NotifyOwned::Nothing => {}
            NotifyOwned::Schedule => {
                // Only now is the reference let go: the scheduler that is called lies in the task.
                task.schedule();
                drop(ManuallyDrop::into_inner(task));
            }
            NotifyOwned::Free => TaskRef::free(header(data)),
        }
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: rule 1: the waker lives.
    unsafe { task(data).wake_by_ref() }
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: rule 1: the waker's reference ends here.
    drop(ManuallyDrop::into_inner(unsafe { task(data) }));
}
