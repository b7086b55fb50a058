//! Why a task gave no result.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use super::raw::TaskInfo;
use super::unwind::{self, Payload};

/// Why a task gave no result: it panicked, or it was cancelled.
///
/// A task is cancelled by [`JoinHandle::abort`](super::JoinHandle::abort) and when its runtime ends. A panic in the
/// destructor of the task's future counts as a panic of the task, in whichever way the future came to its end.
///
/// The text names the task by its name, if it has one, and by the place that spawned it. It becomes an
/// [`io::Error`] with `?`, from which [`io::Error::downcast`] gets it back.
///
/// # Examples
///
/// ```
/// let failed = fend_reactor::block_on(async { fend_reactor::spawn(async { panic!("no disk") }).await });
/// let error = failed.unwrap_err();
/// assert!(error.is_panic());
/// assert!(error.to_string().ends_with("panicked: no disk"));
/// assert_eq!(error.into_panic().downcast_ref(), Some(&"no disk"));
/// ```
pub struct JoinError(Box<Inner>);

struct Inner {
    cause: Cause,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
}

enum Cause {
    Cancelled,
    /// A payload need not be `Sync`; the lock makes it so. It is never held while user code runs.
    Panicked(Mutex<Payload>),
}

impl JoinError {
    #[cold]
    pub(super) fn cancelled(info: TaskInfo<'_>) -> Self {
        Self::new(info, Cause::Cancelled)
    }

    #[cold]
    pub(super) fn panicked(info: TaskInfo<'_>, payload: Payload) -> Self {
        Self::new(info, Cause::Panicked(Mutex::new(payload)))
    }

    fn new(info: TaskInfo<'_>, cause: Cause) -> Self {
        JoinError(Box::new(Inner { cause, name: info.name.map(Box::from), spawned_at: info.spawned_at }))
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panicked(_))
    }

    /// Whether the task was aborted, or its runtime ended.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.cause, Cause::Cancelled)
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
            Cause::Cancelled => Err(JoinError(Box::new(Inner { cause, name, spawned_at }))),
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
            Cause::Cancelled => f.write_str("was cancelled"),
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
