//! Tasks: futures that run on their own, and what is left in the hands of who spawned them.
//!
//! A task is one allocation with a state word. [`state`] holds its transitions, [`raw`] the allocation, the rules of
//! who may touch what, and the life cycle; [`waker`] and [`join`] are two kinds of references to it, [`owned`] is
//! the list that a runtime ends its tasks by. The executor sees [`Runnable`], [`Schedule`] and [`OwnedTasks`].
//!
//! A spawn never polls inline. Wake-ups of a task that is scheduled coalesce. Panics of the future, in its poll or its
//! destructor, are caught and become the task's result. The future is dropped before the result is seen.

mod builder;
mod cancellation;
mod error;
mod group;
mod join;
#[expect(unsafe_code, reason = "tasks are linked through pointers that lie in them")]
mod owned;
#[expect(unsafe_code, reason = "a task's allocation is shared by counted references of several kinds")]
mod raw;
mod scope;
mod state;
mod unwind;
#[expect(unsafe_code, reason = "the waker's function table")]
mod waker;
mod yield_now;

#[cfg(all(test, not(loom)))]
mod combinations;
#[cfg(all(test, loom))]
mod models;
#[cfg(test)]
mod test_scheduler;
#[cfg(all(test, not(loom)))]
#[expect(unsafe_code, reason = "spawns local tasks and passes a Runnable through a raw pointer")]
mod tests;

pub use builder::Builder;
pub use cancellation::{
    CancellationToken, DropGuard, RunUntilCancelled, WaitForCancellation, WaitForCancellationOwned,
};
pub use error::JoinError;
pub use group::TaskGroup;
pub use join::{AbortHandle, JoinHandle};
pub use raw::TaskInfo;
pub use scope::{Cancelled, Scope, ScopedHandle, TryScope, scope, try_scope};
pub use yield_now::yield_now;

pub(crate) use owned::{OwnedTasks, unowned_task};
pub(crate) use raw::{Meta, Runnable, Schedule};
