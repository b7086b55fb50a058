//! Why a task gave no result.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{Mutex, PoisonError};

use super::raw::TaskInfo;
use super::state::CancelCause;
use super::unwind::{self, Payload};

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
    Cancelled(CancelCause),
    /// A payload need not be `Sync`; the lock makes it so. It is never held while user code runs.
    Panicked(Mutex<Payload>),
}

impl JoinError {
    #[cold]
    pub(super) fn cancelled(info: TaskInfo<'_>, cause: CancelCause) -> Self {
        Self::new(info, Cause::Cancelled(cause))
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

    /// Whether the task was aborted, or its runtime ended, or had no thread for it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.cause, Cause::Cancelled(_))
    }

    /// Whether the task was cancelled because its runtime ended: while it ran, before it began, or before it was
    /// spawned. For a task of [`spawn_local`](crate::spawn_local) that is also the end of the `block_on` that ran it.
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
        matches!(self.0.cause, Cause::Cancelled(CancelCause::ShutDown))
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
            Cause::Cancelled(_) => Err(JoinError(Box::new(Inner { cause, name, spawned_at }))),
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
            Cause::Cancelled(CancelCause::Abort) => f.write_str("was cancelled"),
            Cause::Cancelled(CancelCause::ShutDown) => f.write_str("was cancelled: its runtime shut down"),
            Cause::Cancelled(CancelCause::Refused) => {
                f.write_str("was cancelled: no thread could be started to run it")
            }
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
