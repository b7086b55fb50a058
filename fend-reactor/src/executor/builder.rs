//! [`Builder`]: how a runtime is set up.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::config::{Config, PanicHook};
use super::runtime::Runtime;
use super::setting::{in_range, invalid, name_of_threads, number, variable};
use super::shared::Shared;
use crate::dispatcher::Dispatcher;
use crate::task::TaskInfo;

/// Sets up a [`Runtime`].
///
/// What is not set comes from the environment, else from the machine:
///
/// | setting | environment | else |
/// |---|---|---|
/// | [`worker_threads`](Builder::worker_threads) | `FEND_WORKER_THREADS` | the number of processors this process may use |
/// | [`dispatcher`](Builder::dispatcher) | `FEND_DISPATCHER` (`epoll`, `poll`) | epoll |
///
/// A variable that is empty counts as not set. The process-wide default runtime is built from these alone, but has at least two
/// workers, so that its tasks run while nobody is in `block_on`.
///
/// ```
/// # use fend_reactor as fend;
/// # fn main() -> std::io::Result<()> {
/// use fend::runtime::{Builder, Dispatcher};
///
/// let runtime = Builder::new().worker_threads(2).dispatcher(Dispatcher::Poll).thread_name("web").build()?;
/// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    worker_threads: Option<usize>,
    drivers: Option<usize>,
    dispatcher: Option<Dispatcher>,
    thread_name: Option<String>,
    thread_stack_size: Option<usize>,
    max_blocking_threads: Option<usize>,
    max_blocking_queue: Option<usize>,
    thread_keep_alive: Option<Duration>,
    start_paused: bool,
    seed: Option<u64>,
    drop_timeout: Option<Duration>,
    unhandled_panic: PanicHook,
}

/// The most workers and drivers of one runtime: what fits the counters of the idle state.
const MOST_WORKERS: usize = 4096;

impl Builder {
    /// A builder with nothing set.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// The number of workers, 1 to 4096. Worker 0 is the thread that calls `block_on`; the others are background
    /// threads that start with the first `spawn`. With 1 the runtime is single-threaded: no other thread runs tasks, and
    /// tasks run only while some thread is in `block_on`. Where a thread cannot be had, the runtime has fewer workers.
    pub fn worker_threads(mut self, count: usize) -> Builder {
        self.worker_threads = Some(count);
        self
    }

    /// The number of drivers, 1 up to the number of workers. By default one for up to 8 workers, and one more for each
    /// further 8. A single driver gives the better latency on few processors; on many, several keep its lock from being
    /// fought over.
    pub fn drivers(mut self, count: usize) -> Builder {
        self.drivers = Some(count);
        self
    }

    /// The kernel's interface to wait with.
    pub fn dispatcher(mut self, dispatcher: Dispatcher) -> Builder {
        self.dispatcher = Some(dispatcher);
        self
    }

    /// What background threads are called: worker 1 of `"web"` is `web-1`. `fend` by default. The kernel shows the first 15
    /// bytes.
    pub fn thread_name(mut self, prefix: impl Into<String>) -> Builder {
        self.thread_name = Some(prefix.into());
        self
    }

    /// The stack size of background threads in bytes. std's default is 2 MiB, and `RUST_MIN_STACK` changes it.
    pub fn thread_stack_size(mut self, bytes: usize) -> Builder {
        self.thread_stack_size = Some(bytes);
        self
    }

    /// The most threads of the blocking pool, at least 1. 512 by default. Jobs beyond that wait in order.
    pub fn max_blocking_threads(mut self, count: usize) -> Builder {
        self.max_blocking_threads = Some(count);
        self
    }

    /// The most jobs that wait for the blocking pool while all its threads are busy, at least 1. The handle of a job beyond that resolves
    /// at once to an error that [is refused](crate::task::JoinError::is_refused). By default only memory bounds it, as with tasks: a job
    /// costs about as much as one, and a program that has worked must not fail for a burst that it did not know of.
    pub fn max_blocking_queue(mut self, count: usize) -> Builder {
        self.max_blocking_queue = Some(count);
        self
    }

    /// How long a thread of the blocking pool, and of that for files, stays without work. 10 s by default.
    pub fn thread_keep_alive(mut self, duration: Duration) -> Builder {
        self.thread_keep_alive = Some(duration);
        self
    }

    /// Starts with the clock [paused](crate::time::pause), for tests.
    pub fn start_paused(mut self, paused: bool) -> Builder {
        self.start_paused = paused;
        self
    }

    /// The seed of the runtime's own choices (whom to steal from), so that a run can be repeated. Drawn anew for each runtime
    /// by default.
    pub fn seed(mut self, seed: u64) -> Builder {
        self.seed = Some(seed);
        self
    }

    /// How long dropping the runtime waits for tasks and blocking jobs that are running just then. 5 s by default.
    /// [`Runtime::shutdown_timeout`] tells what was left behind; dropping does not.
    pub fn drop_timeout(mut self, timeout: Duration) -> Builder {
        self.drop_timeout = Some(timeout);
        self
    }

    /// Called with the payload when a task panics whose [`JoinHandle`](crate::task::JoinHandle) was dropped, so that nobody
    /// would hear of it; also when the handle is dropped after the panic, without having told of it. By default such a panic is only printed, by std's panic hook, where it happens. A panic in `hook`
    /// itself is swallowed.
    pub fn on_unhandled_panic(
        mut self,
        hook: impl Fn(TaskInfo<'_>, Box<dyn Any + Send>) + Send + Sync + 'static,
    ) -> Builder {
        self.unhandled_panic = PanicHook(Some(Arc::new(hook)));
        self
    }

    /// Makes the runtime. It has its drivers then, but no threads yet.
    ///
    /// # Errors
    /// `InvalidInput` when a number is out of its range, the threads' name has a NUL byte in it, or an environment variable cannot be read
    /// as what it should be, naming the setting and its value; what epoll_create1(2) and eventfd(2) say when the limit of open files is reached.
    /// With the feature `tokio-context` also what starting tokio's runtime says, for the first runtime of a process.
    pub fn build(self) -> io::Result<Runtime> {
        let config = self.config()?;
        let dispatcher = config.dispatcher;
        let opened = Shared::new(config).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot open the dispatcher {dispatcher}: {error}"))
        });
        Ok(Runtime::over(opened?))
    }

    /// The process-wide default runtime. It has a background worker whatever the environment says, so that tasks run also while
    /// nobody is in `block_on`. Whoever needs it says so in the error, and looks at its `errno`.
    pub(super) fn build_default(self) -> io::Result<Runtime> {
        let mut config = self.config()?;
        config.worker_threads = config.worker_threads.max(2);
        Ok(Runtime::over(Shared::new(config)?))
    }

    fn config(self) -> io::Result<Config> {
        let worker_threads = match self.worker_threads {
            Some(count) => in_range("worker_threads", count, MOST_WORKERS)?,
            None => match variable("FEND_WORKER_THREADS")? {
                Some(text) => {
                    in_range("FEND_WORKER_THREADS", number("FEND_WORKER_THREADS", &text)?, MOST_WORKERS)?
                }
                None => thread::available_parallelism().map_or(1, |count| count.get().min(MOST_WORKERS)),
            },
        };
        let dispatcher = match self.dispatcher {
            Some(dispatcher) => dispatcher,
            None => match variable("FEND_DISPATCHER")? {
                Some(name) => name.parse().map_err(|error| invalid(format!("FEND_DISPATCHER: {error}")))?,
                None => Dispatcher::default(),
            },
        };
        Ok(Config {
            worker_threads,
            drivers: in_range("drivers", self.drivers.unwrap_or(worker_threads.div_ceil(8)), worker_threads)?,
            dispatcher,
            thread_name: name_of_threads(
                "thread_name",
                self.thread_name.unwrap_or_else(|| "fend".to_owned()),
            )?,
            thread_stack_size: self.thread_stack_size,
            max_blocking_threads: in_range(
                "max_blocking_threads",
                self.max_blocking_threads.unwrap_or(512),
                usize::MAX,
            )?,
            max_blocking_queue: in_range(
                "max_blocking_queue",
                self.max_blocking_queue.unwrap_or(usize::MAX),
                usize::MAX,
            )?,
            thread_keep_alive: self.thread_keep_alive.unwrap_or(Duration::from_secs(10)),
            start_paused: self.start_paused,
            seed: self.seed,
            drop_timeout: self.drop_timeout.unwrap_or(Duration::from_secs(5)),
            unhandled_panic: self.unhandled_panic,
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn bad_settings_name_the_setting_and_its_value() {
        let message = |builder: Builder| builder.build().unwrap_err().to_string();
        assert_eq!(
            message(Builder::new().worker_threads(0)),
            "worker_threads is 0, but must be from 1 to 4096"
        );
        assert_eq!(
            message(Builder::new().worker_threads(2).drivers(3)),
            "drivers is 3, but must be from 1 to 2"
        );
        assert_eq!(
            message(Builder::new().max_blocking_threads(0)),
            "max_blocking_threads is 0, but must be at least 1"
        );
        assert_eq!(
            message(Builder::new().thread_name("a\0b")),
            r#"thread_name is "a\0b", but a thread's name has no NUL in it"#
        );
    }

    #[test]
    fn one_driver_for_each_eight_workers() {
        for (workers, drivers) in [(1, 1), (8, 1), (9, 2), (17, 3)] {
            let config = Builder::new().worker_threads(workers).config().unwrap();
            assert_eq!(config.drivers, drivers, "{workers} workers");
        }
    }
}
