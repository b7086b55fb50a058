//! The reactor and executor under fend: tasks, workers, drivers, timers and any file descriptor.
//!
//! Most programs use the `fend` crate, which re-exports everything here.

mod clock;
mod context;
mod dispatcher;
mod driver;
mod executor;
mod random;
mod sync;
#[expect(unsafe_code, reason = "the system-call layer")]
mod sys;
mod wake_list;

pub mod io;
pub mod task;
pub mod time;

/// Building and holding a runtime.
pub mod runtime {
    pub use crate::dispatcher::Dispatcher;
    pub use crate::executor::{Builder, Handle, Runtime};
}

pub use executor::{block_on, spawn, spawn_blocking, spawn_local};
pub use task::yield_now;
