//! Tasks: futures that run on their own, and what is left in the hands of who spawned them.
//!
//! [`spawn`](crate::spawn) makes a task and gives a [`JoinHandle`]; [`Builder`] makes one with a name. A spawn never
//! polls inline. A panic of the future, in its poll or its destructor, is caught and becomes the task's result, a
//! [`JoinError`]. The future is dropped before the result is seen. Dropping the handle lets the task run on.
//
// How it works: a task is one allocation with a state word. `state` holds the word's transitions; `raw` the
// allocation, the life cycle and the rules of who may touch what; `waker` and `join` are two kinds of references to
// it; `owned` is the list that a runtime ends its tasks by. The executor sees `Runnable`, `Schedule`, `OwnedTasks`.

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

#[doc(hidden)]
pub use crate::context::{StandIns, poll_budget, stand_in};
#[doc(hidden)]
pub use crate::wake_list::WakeList;

pub(crate) use owned::{OwnedTasks, forked_task, unowned_task};
pub(crate) use raw::{Meta, PoolInfo, Ran, Runnable, Schedule};
pub(crate) use state::CancelCause;
