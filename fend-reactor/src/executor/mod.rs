//! The executor: workers, their queues, parking, and the runtime that holds them.
//!
//! | file | idea |
//! |---|---|
//! | `builder`, `runtime`, `handle`, `id`, `metrics`, `default` | what users hold |
//! | `shared`, `scheduler`, `seats`, `shutdown` | what all threads of a runtime share: queueing and waking, who is a worker when, the end |
//! | `current`, `worker`, `park`, `block_on`, `root` | a thread's part: its loop, its sleep, its stay |
//! | `ring`, `run_queue`, `injector`, `local` | where tasks wait |
//! | `idle`, `lookout`, `parker`, `monitor` | who sleeps, when, how, and who looks after what was left alone |
//! | `blocking/`, `threads` | pools of threads for code that blocks; counting threads out |

mod block_on;
mod blocking;
mod builder;
mod config;
mod current;
mod default;
mod handle;
mod id;
mod idle;
mod injector;
#[expect(unsafe_code, reason = "runs tasks that are not Send on their home thread")]
mod local;
mod lookout;
mod metrics;
mod monitor;
mod park;
mod parker;
mod ring;
mod root;
#[expect(unsafe_code, reason = "turns the ring's words back into tasks")]
mod run_queue;
mod runtime;
mod scheduler;
mod seats;
mod setting;
mod shared;
mod shutdown;
mod threads;
mod worker;

use std::future::Future;

pub(crate) use blocking::AbortOnDrop;
pub use blocking::{BlockingPool, BlockingPoolBuilder, BlockingPoolMetrics, BlockingPoolReport};
pub use builder::Builder;
pub(crate) use current::Current;
pub use default::offer_default;
pub(crate) use default::{default_shared, try_default_shared};
pub use handle::{EnterGuard, Handle, spawn, spawn_blocking, spawn_local};
pub(crate) use handle::{spawn_file_call, spawn_local_with};
pub use id::Id;
pub use metrics::{DriverMetrics, Metrics, WorkerMetrics};
pub(crate) use root::RootWaker;
pub use runtime::Runtime;
pub(crate) use shared::Shared;
pub use shutdown::ShutdownReport;

/// Runs a future on this thread until it is ready, with the current runtime, else the process-wide default one. Costs no
/// thread as long as nothing is spawned.
///
/// Tasks that it spawned on the default runtime run on after it has returned, and are not dropped at the end of the process;
/// those of [`spawn_local`] end with it.
///
/// See [`Runtime::block_on`] for what happens on nested and concurrent calls.
///
/// ```
/// # use fend_reactor as fend;
/// assert_eq!(fend::block_on(async { 6 * 7 }), 42);
/// ```
///
/// # Panics
/// When the future panics, when calls are nested more than 32 deep on this thread, and when the default runtime is needed and
/// cannot be started.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    block_on::block_on(&crate::context::shared(), future)
}
