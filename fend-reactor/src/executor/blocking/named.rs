//! [`BlockingPool`]: a pool of the user's own.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use super::abort_on_drop::AbortOnDrop;
use super::builder::BlockingPoolBuilder;
use super::job::Job;
use super::metrics::BlockingPoolMetrics;
use super::pool::Pool;
use super::room::WaitForRoom;
use crate::context;
use crate::executor::threads::deadline;
use crate::task::{JoinError, JoinHandle, Meta};

/// Threads for code that blocks, apart from those of the runtime and of other pools: jobs of one pool cannot use up the threads of
/// another.
///
/// Jobs begin in the order in which they were given. The pool has no threads at first, starts one when a job finds none idle, and each
/// ends after a while without work. It needs no runtime, and its handles can be awaited under any executor. A job that was given from
/// within a runtime is that one's visitor: [`spawn`](crate::spawn) in it spawns there, its paused clock stands still until the job is
/// over, and an unhandled panic goes where [`on_unhandled_panic`](crate::runtime::Builder::on_unhandled_panic) says.
///
/// Clones share the pool. When the last one is dropped, nobody can give jobs any more: those that were given are still run, and then the
/// threads end. Nobody waits for that; [`shutdown_timeout`](BlockingPool::shutdown_timeout) does, and cancels the jobs that have not
/// begun.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// # fn main() -> std::io::Result<()> {
/// use fend::runtime::BlockingPool;
///
/// let thumbnails = BlockingPool::builder().name("thumbnails").max_threads(4).max_queued(1000).build()?;
/// let side = fend::block_on(thumbnails.run(|| 640 / 4)).unwrap();
/// assert_eq!(side, 160);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BlockingPool {
    owner: Arc<Owner>,
}

/// What all clones share; the threads do not.
struct Owner {
    pool: Arc<Pool>,
    name: Arc<str>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.pool.finish();
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = self.metrics();
        f.debug_struct("BlockingPool")
            .field("name", &self.owner.name)
            .field("threads", &metrics.threads)
            .field("queued", &metrics.queued)
            .field("running", &metrics.running)
            .finish_non_exhaustive()
    }
}

// What a panic could leave half done is behind locks that a panic cannot hold.
impl UnwindSafe for BlockingPool {}
impl RefUnwindSafe for BlockingPool {}

impl BlockingPool {
    pub(super) fn over(pool: Arc<Pool>, name: Arc<str>) -> BlockingPool {
        BlockingPool { owner: Arc::new(Owner { pool, name }) }
    }

    /// Sets up a pool.
    pub fn builder() -> BlockingPoolBuilder {
        BlockingPoolBuilder::default()
    }

    /// What the pool is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.owner.name
    }

    /// Runs `f`, which may block, on a thread of the pool.
    ///
    /// Aborting the handle takes a job that waits out of the queue at once; one that has begun runs to its end. Dropping the handle
    /// detaches the job.
    ///
    /// # Errors
    ///
    /// The handle resolves to a [`JoinError`] that [is refused](JoinError::is_refused) when the queue is full
    /// ([`BlockingPoolBuilder::max_queued`]), or there is no thread and none can be started; and to one that
    /// [is shutdown](JoinError::is_shutdown) after the pool's end.
    #[track_caller]
    pub fn spawn<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.owner.pool.spawn(context::current_shared(), f, Meta::here())
    }

    /// Runs `f` as [`spawn`](BlockingPool::spawn) does, once the queue has room for it, and gives its output. Callers that wait get room
    /// in the order in which they came.
    ///
    /// # Errors
    ///
    /// When the job panicked, when there is no thread and none can be started, and after the pool's end.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits for room, or for a thread, the job is not run. Once it has begun it runs to its end, and its output is
    /// dropped.
    ///
    /// # Examples
    ///
    /// However many ask, at most two run and three wait:
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// # fn main() -> std::io::Result<()> {
    /// let pool = fend::runtime::BlockingPool::builder().max_threads(2).max_queued(3).build()?;
    /// fend::block_on(async {
    ///     let mut group = fend::task::TaskGroup::new();
    ///     for number in 0..100 {
    ///         let pool = pool.clone();
    ///         group.spawn(async move { pool.run(move || number * 2).await });
    ///     }
    ///     let all = group.join_all().await;
    ///     assert_eq!(all.into_iter().map(|result| result.unwrap().unwrap()).sum::<i32>(), 9900);
    /// });
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn run<F, T>(&self, f: F) -> impl Future<Output = Result<T, JoinError>> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let meta = Meta::here();
        async move {
            let pool = &self.owner.pool;
            let place = WaitForRoom::of(pool).await;
            let (job, handle) = Job::new(pool, context::current_shared(), f, meta);
            pool.push(job, Some(place));
            AbortOnDrop(handle).await
        }
    }

    /// A snapshot of the pool's counters.
    #[must_use]
    pub fn metrics(&self) -> BlockingPoolMetrics {
        self.owner.pool.metrics()
    }

    /// Ends the pool for all its clones: jobs that wait are cancelled, later ones too, and jobs that run are waited for, up to `timeout`.
    /// The calling thread blocks meanwhile. Called again it waits again.
    ///
    /// Inside a job of this pool it waits for that job too, until the time is over.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// let pool = fend::runtime::BlockingPool::builder().build()?;
    /// let job = pool.spawn(|| 7);
    /// assert_eq!(fend::block_on(job).unwrap(), 7);
    /// assert!(pool.shutdown_timeout(Duration::from_secs(10)).is_clean());
    /// assert!(fend::block_on(pool.spawn(|| 8)).unwrap_err().is_shutdown());
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown_timeout(&self, timeout: Duration) -> BlockingPoolReport {
        let deadline = deadline(timeout);
        let jobs_cancelled = self.owner.pool.close();
        BlockingPoolReport { threads_left: self.owner.pool.wait(deadline), jobs_cancelled }
    }
}

/// What the end of a pool had to leave behind when its time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "says whether everything has stopped"]
#[non_exhaustive]
pub struct BlockingPoolReport {
    /// Threads stuck in a job. They end by themselves when it returns.
    pub threads_left: usize,
    /// Jobs that had not begun, and never will.
    pub jobs_cancelled: usize,
}

impl BlockingPoolReport {
    /// Whether all threads have ended.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.threads_left == 0
    }
}
