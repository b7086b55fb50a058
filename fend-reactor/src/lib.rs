//! The reactor and executor under fend: tasks, workers, drivers, timers and any file descriptor; signals, child processes, file events,
//! files and standard streams.
//!
//! Most programs use the `fend` crate, which re-exports everything here.

// On docs.rs each item says which feature it takes.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod context;
mod dispatcher;
mod driver;
mod executor;
mod fork;
mod random;
mod sync;
#[expect(unsafe_code, reason = "the system-call layer")]
mod sys;
#[cfg(feature = "tokio-context")]
mod tokio_context;
mod wake_list;

pub mod fs;
pub mod inotify;
pub mod io;
pub mod process;
pub mod signal;
pub mod task;
pub mod time;

/// Building, holding and shutting down a runtime.
pub mod runtime {
    pub use crate::dispatcher::Dispatcher;
    #[doc(hidden)]
    pub use crate::executor::offer_default;
    pub use crate::executor::{
        BlockingPool, BlockingPoolBuilder, BlockingPoolMetrics, BlockingPoolReport, Builder, DriverMetrics,
        EnterGuard, Handle, Id, Metrics, Runtime, ShutdownReport, WorkerMetrics,
    };
}

pub use executor::{block_on, spawn, spawn_blocking, spawn_local};
pub use task::yield_now;
