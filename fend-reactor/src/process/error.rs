//! [`ProcessError`]: what was done to which process, in front of the system's message.

use std::error::Error;
use std::fmt;
use std::io;

/// The error inside an [`io::Error`] of this module that names an operation, and the program or process that it was for.
///
/// It reads `cannot start "foo": No such file or directory (os error 2)`. The [`io::Error`] around it has the kind of the system's error,
/// which [`os_error`](ProcessError::os_error) gives. The text tells the cause already, so there is no [`source`](Error::source).
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::process::{Command, ProcessError};
///
/// let error = Command::new("/nowhere/to/be/found").spawn().unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// let detail = error.get_ref().and_then(|error| error.downcast_ref::<ProcessError>()).unwrap();
/// assert_eq!(detail.os_error().raw_os_error(), Some(2)); // ENOENT
/// assert!(error.to_string().starts_with("cannot start \"/nowhere/to/be/found\": "));
/// ```
#[derive(Debug)]
pub struct ProcessError {
    message: String,
    os_error: io::Error,
}

impl ProcessError {
    /// Puts `what` in front of the system's message.
    pub(super) fn wrap(what: fmt::Arguments<'_>, os_error: io::Error) -> io::Error {
        let message = format!("{what}: {os_error}");
        io::Error::new(os_error.kind(), ProcessError { message, os_error })
    }

    /// The system's own error, with its `errno` in [`raw_os_error`](io::Error::raw_os_error).
    #[must_use]
    pub fn os_error(&self) -> &io::Error {
        &self.os_error
    }
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ProcessError {}
