//! Tasks.

mod join;

pub use join::{AbortHandle, JoinError, JoinHandle};

/// Lets other tasks run once.
pub async fn yield_now() {
    todo!()
}
