//! Tasks.

mod cancellation;
mod group;
mod join;
mod scope;

pub use cancellation::{
    CancellationToken, DropGuard, RunUntilCancelled, WaitForCancellation, WaitForCancellationOwned,
};
pub use group::TaskGroup;
pub use join::{AbortHandle, JoinError, JoinHandle};
pub use scope::{Cancelled, Scope, ScopedHandle, TryScope, scope, try_scope};

/// Lets other tasks run once.
pub async fn yield_now() {
    todo!()
}
