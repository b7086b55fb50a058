//! [`Builder`]: how a runtime is set up.

use std::any::Any;
use std::env;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::runtime::Runtime;
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
    thread_keep_alive: Option<Duration>,
    start_paused: bool,
    seed: Option<u64>,
    drop_timeout: Option<Duration>,
    unhandled_panic: PanicHook,
}

/// The settings with everything filled in.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) worker_threads: usize,
    pub(super) drivers: usize,
    pub(super) dispatcher: Dispatcher,
    pub(super) thread_name: String,
    pub(super) thread_stack_size: Option<usize>,
    pub(super) max_blocking_threads: usize,
    pub(super) thread_keep_alive: Duration,
    pub(super) start_paused: bool,
    pub(super) seed: Option<u64>,
    pub(super) drop_timeout: Duration,
    pub(super) unhandled_panic: PanicHook,
}

type OnUnhandledPanic = dyn Fn(TaskInfo<'_>, Box<dyn Any + Send>) + Send + Sync;

#[derive(Clone, Default)]
pub(super) struct PanicHook(pub(super) Option<Arc<OnUnhandledPanic>>);

impl fmt::Debug for PanicHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "set" } else { "none" })
    }
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

    /// How long a thread of the blocking pool stays without work. 10 s by default.
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
    /// `InvalidInput` when a number is out of its range or an environment variable cannot be read as what it should be,
    /// naming the setting and its value; what epoll_create1(2) and eventfd(2) say when the limit of open files is reached.
    pub fn build(self) -> io::Result<Runtime> {
        Ok(Runtime::over(Shared::new(self.config()?)?))
    }

    /// The process-wide default runtime. It has a background worker whatever the environment says, so that tasks run also while
    /// nobody is in `block_on`.
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
            thread_name: self.thread_name.unwrap_or_else(|| "fend".to_owned()),
            thread_stack_size: self.thread_stack_size,
            max_blocking_threads: in_range(
                "max_blocking_threads",
                self.max_blocking_threads.unwrap_or(512),
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

fn variable(name: &str) -> io::Result<Option<String>> {
    match env::var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(text)) => {
            Err(invalid(format!("{name} is {text:?}, which is not text")))
        }
    }
}

fn number(name: &str, text: &str) -> io::Result<usize> {
    text.trim().parse().map_err(|_| invalid(format!("{name} is {text:?}, which is not a number")))
}

fn in_range(name: &str, value: usize, most: usize) -> io::Result<usize> {
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    Err(invalid(match most {
        usize::MAX => format!("{name} is {value}, but must be at least 1"),
        _ => format!("{name} is {value}, but must be from 1 to {most}"),
    }))
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
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
    }

    #[test]
    fn one_driver_for_each_eight_workers() {
        for (workers, drivers) in [(1, 1), (8, 1), (9, 2), (17, 3)] {
            let config = Builder::new().worker_threads(workers).config().unwrap();
            assert_eq!(config.drivers, drivers, "{workers} workers");
        }
    }
}
