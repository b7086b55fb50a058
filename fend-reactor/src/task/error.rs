//! Why a task gave no result.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{Mutex, PoisonError};

use super::raw::{PoolInfo, TaskInfo};
use super::state::CancelCause;
use super::unwind::{self, Payload};
use crate::fork::FORKED;

/// Why a task gave no result: it panicked, or it was cancelled.
///
/// A task is cancelled by [`JoinHandle::abort`](super::JoinHandle::abort) and when its runtime ends;
/// [`is_shutdown`](JoinError::is_shutdown) tells the two apart. A panic in the destructor of the task's future counts as
/// a panic of the task, in whichever way the future came to its end.
///
/// The text names the task by its name, if it has one, and by the place that spawned it. It becomes an
/// [`io::Error`] with `?`, from which [`io::Error::downcast`] gets it back.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// let failed = fend::block_on(async { fend::spawn(async { panic!("no disk") }).await });
/// let error = failed.unwrap_err();
/// assert!(error.is_panic());
/// assert!(error.to_string().ends_with("panicked: no disk"));
/// assert_eq!(error.into_panic().downcast_ref(), Some(&"no disk"));
/// ```
pub struct JoinError(Box<Inner>);

// A payload is only taken out whole or looked at for its text, so there is nothing half done to find.
impl UnwindSafe for JoinError {}
impl RefUnwindSafe for JoinError {}

struct Inner {
    cause: Cause,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
}

enum Cause {
    Cancelled(CancelCause, Option<PoolInfo>),
    /// A payload need not be `Sync`; the lock makes it so. It is never held while user code runs.
    Panicked(Mutex<Payload>),
}

impl JoinError {
    #[cold]
    pub(super) fn cancelled(info: TaskInfo<'_>, cause: CancelCause, pool: Option<PoolInfo>) -> Self {
        Self::new(info, Cause::Cancelled(cause, pool))
    }

    #[cold]
    pub(super) fn panicked(info: TaskInfo<'_>, payload: Payload) -> Self {
        Self::new(info, Cause::Panicked(Mutex::new(payload)))
    }

    fn new(info: TaskInfo<'_>, cause: Cause) -> Self {
        JoinError(Box::new(Inner { cause, name: info.name.map(Box::from), spawned_at: info.spawned_at }))
    }

    /// Whether the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panicked(_))
    }

    /// Whether the task was aborted, or its runtime or pool ended, or [refused it](JoinError::is_refused): everything but a
    /// panic.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.cause, Cause::Cancelled(..))
    }

    /// Whether a job for blocking code was never begun, since its pool could not take it: the pool's queue was full, or it
    /// had no thread and none could be started. The text says which. Later the same job may be taken.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// # fn main() -> std::io::Result<()> {
    /// use std::sync::mpsc;
    ///
    /// let pool = fend::runtime::BlockingPool::builder().name("scale").max_threads(1).max_queued(1).build()?;
    /// let (go_on, goes_on) = mpsc::channel::<()>();
    /// let running = pool.spawn(move || goes_on.recv());
    /// let waiting = pool.spawn(|| 2);
    /// let error = fend::block_on(pool.spawn(|| 3)).unwrap_err();
    /// assert!(error.is_refused());
    /// assert!(error.to_string().ends_with("was refused: the queue of pool \"scale\" is full with 1 jobs"));
    /// # drop(go_on);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.0.cause, Cause::Cancelled(CancelCause::NoThread | CancelCause::QueueFull, _))
    }

    /// Whether the task was cancelled because its runtime ended: while it ran, before it began, or before it was
    /// spawned. For a task of [`spawn_local`](crate::spawn_local) that is also the end of the `block_on` that ran it.
    ///
    /// In the child of a fork it is true for all tasks of a runtime that was made before: that one is the parent's, and the text says so.
    ///
    /// False for a task that was aborted before. Where this is true, spawning again on the same runtime is futile.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// let runtime = fend::runtime::Builder::new().build().unwrap();
    /// let endless = runtime.spawn(std::future::pending::<()>());
    /// drop(runtime);
    /// let error = fend::block_on(endless).unwrap_err();
    /// assert!(error.is_cancelled() && error.is_shutdown());
    /// assert!(error.to_string().ends_with("was cancelled: its runtime shut down"));
    /// ```
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        matches!(self.0.cause, Cause::Cancelled(CancelCause::ShutDown | CancelCause::Forked, _))
    }

    /// The task's name, if [it was given one](super::Builder::name).
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// fend::block_on(async {
    ///     let task = fend::task::Builder::new().name("pump").spawn(std::future::pending::<()>());
    ///     task.abort();
    ///     let error = task.await.unwrap_err();
    ///     assert_eq!(error.name(), Some("pump"));
    ///     assert_eq!(error.spawned_at().file(), file!());
    /// });
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The place in the source that spawned the task.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.0.spawned_at
    }

    /// What the panic carried.
    ///
    /// # Panics
    ///
    /// When the task was cancelled. [`try_into_panic`](Self::try_into_panic) gives the error back instead.
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("no panic to take: {error}"),
        }
    }

    /// What the panic carried.
    ///
    /// # Errors
    ///
    /// The error itself, when the task was cancelled.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        let Inner { cause, name, spawned_at } = *self.0;
        match cause {
            Cause::Panicked(payload) => Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner)),
            Cause::Cancelled(..) => Err(JoinError(Box::new(Inner { cause, name, spawned_at }))),
        }
    }

    /// Lets the task's panic go on in this thread, without the panic hook being run a second time.
    ///
    /// # Panics
    ///
    /// Always: with the task's panic, or saying that the task was cancelled.
    #[track_caller]
    pub fn resume_unwind(self) -> ! {
        std::panic::resume_unwind(self.into_panic())
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task ")?;
        if let Some(name) = &self.0.name {
            write!(f, "\"{name}\" ")?;
        }
        write!(f, "spawned at {} ", self.0.spawned_at)?;
        match &self.0.cause {
            Cause::Cancelled(cause, pool) => write_cancelled(f, *cause, pool.as_ref()),
            Cause::Panicked(payload) => {
                let message = {
                    let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
                    unwind::message(&**payload).map(|message| format!(": {message}"))
                };
                write!(f, "panicked{}", message.unwrap_or_default())
            }
        }
    }
}

fn write_cancelled(f: &mut fmt::Formatter<'_>, cause: CancelCause, pool: Option<&PoolInfo>) -> fmt::Result {
    let name = pool.and_then(|pool| pool.name.as_deref());
    match (cause, name) {
        (CancelCause::Abort, _) => f.write_str("was cancelled"),
        (CancelCause::ShutDown, None) => f.write_str("was cancelled: its runtime shut down"),
        (CancelCause::ShutDown, Some(name)) => write!(f, "was cancelled: pool {name:?} shut down"),
        (CancelCause::NoThread, _) => f.write_str("was cancelled: no thread could be started to run it"),
        (CancelCause::Forked, None) => write!(f, "does not run here: {FORKED}"),
        (CancelCause::Forked, Some(name)) => {
            write!(f, "does not run here: pool {name:?} belongs to the process that this one was forked from")
        }
        (CancelCause::QueueFull, name) => {
            f.write_str("was refused: the queue of ")?;
            match name {
                Some(name) => write!(f, "pool {name:?}")?,
                None => f.write_str("its runtime's blocking pool")?,
            }
            write!(f, " is full with {} jobs", pool.map_or(0, |pool| pool.max_queued))
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        io::Error::other(error)
    }
}
