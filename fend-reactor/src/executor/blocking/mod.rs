//! Pools of threads for code that blocks, so that workers need not.
//!
//! A [`Pool`] has limits of its own, and shares nothing with others: a runtime has one for the user's jobs and one for its calls on files,
//! and the user makes more as [`BlockingPool`]s. So jobs that sleep in one keep no job of another from running.
//!
//! | file | idea |
//! |---|---|
//! | `queue` | what is decided under the lock: who runs the next job, who is called or started for it, when it is refused |
//! | `pool` | the lock around it, and the life of a thread |
//! | `seat` | where an idle thread sleeps |
//! | `job` | a job, and the runtime that it was given from |
//! | `room` | waiting until the queue takes another job |
//! | `settings` | the limits |
//! | `named`, `builder`, `metrics` | what users hold, set up and read |
//! | `abort_on_drop` | a job that is withdrawn with the future that waits for it |
//!
//! A job is a task that is polled once, so a [`JoinHandle`](crate::task::JoinHandle) works the same for both.

mod abort_on_drop;
mod builder;
mod job;
mod metrics;
mod named;
mod pool;
mod queue;
mod room;
mod seat;
mod settings;

pub(crate) use abort_on_drop::AbortOnDrop;
pub use builder::BlockingPoolBuilder;
pub use metrics::BlockingPoolMetrics;
pub use named::{BlockingPool, BlockingPoolReport};
pub(super) use pool::Pool;
pub(super) use settings::Settings;
