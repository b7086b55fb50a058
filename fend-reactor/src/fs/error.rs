//! What failed, on which path: std's messages name neither.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

/// The error inside an [`io::Error`] of this module that names an operation and its path.
///
/// It reads `read "/etc/nowhere": No such file or directory (os error 2)`. The [`io::Error`] around it has the kind of the
/// system's error, which [`os_error`](FsError::os_error) gives. The text tells the cause already, so there is no
/// [`source`](Error::source): a report that prints the whole chain says everything once.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use std::path::Path;
///
/// use fend::fs::{self, FsError};
///
/// # fend::block_on(async {
/// let error = fs::read("/etc/nowhere").await.unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// assert_eq!(error.to_string(), r#"read "/etc/nowhere": No such file or directory (os error 2)"#);
/// let detail = error.get_ref().and_then(|e| e.downcast_ref::<FsError>()).unwrap();
/// assert_eq!(detail.path(), Some(Path::new("/etc/nowhere")));
/// assert_eq!(detail.os_error().raw_os_error(), Some(2));
/// # });
/// ```
#[derive(Debug)]
pub struct FsError {
    operation: &'static str,
    place: Place,
    os_error: io::Error,
}

/// Where it failed.
#[derive(Debug)]
pub(super) enum Place {
    Path(PathBuf),
    /// From one path to another.
    Pair(PathBuf, PathBuf),
    /// An open file of which no path is known.
    Fd(RawFd),
}

impl FsError {
    /// Puts `operation` and `place` in front of `os_error`, whose kind is kept.
    #[cold]
    pub(super) fn wrap(operation: &'static str, place: Place, os_error: io::Error) -> io::Error {
        let kind = os_error.kind();
        io::Error::new(kind, FsError { operation, place, os_error })
    }

    /// [`wrap`](Self::wrap), for one path.
    #[cold]
    pub(super) fn at(operation: &'static str, path: impl Into<PathBuf>, os_error: io::Error) -> io::Error {
        FsError::wrap(operation, Place::Path(path.into()), os_error)
    }

    /// The operation that failed: "open", "read", "rename".
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The path that the operation was about, the first where it was about two. `None` for a file that came from std.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Path(path) | Place::Pair(path, _) => Some(path),
            Place::Fd(_) => None,
        }
    }

    /// The second path of an operation that is about two: the new name of a rename, the copy, the link.
    pub fn second_path(&self) -> Option<&Path> {
        match &self.place {
            Place::Pair(_, second) => Some(second),
            Place::Path(_) | Place::Fd(_) => None,
        }
    }

    /// The system's own error, with its `errno` in [`raw_os_error`](io::Error::raw_os_error). When it was no system call that failed
    /// (a file is not UTF-8, the runtime has shut down), the error that says what.
    pub fn os_error(&self) -> &io::Error {
        &self.os_error
    }
}

impl fmt::Display for FsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        match &self.place {
            Place::Path(path) => write!(f, " {path:?}")?,
            Place::Pair(from, to) => write!(f, " {from:?} to {to:?}")?,
            Place::Fd(fd) => write!(f, " fd {fd}")?,
        }
        write!(f, ": {}", self.os_error)?;
        match self.os_error.raw_os_error() {
            Some(libc::EMFILE) => f.write_str(
                ": the limit of open files of this process (RLIMIT_NOFILE, `ulimit -n`) is reached",
            ),
            Some(libc::ENFILE) => {
                f.write_str(": the limit of open files of the system (fs.file-max) is reached")
            }
            _ => Ok(()),
        }
    }
}

impl Error for FsError {}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn no_entry() -> io::Error {
        io::Error::from_raw_os_error(libc::ENOENT)
    }

    #[test]
    fn the_message_names_operation_place_and_cause() {
        let cause = "No such file or directory (os error 2)";
        let error = FsError::at("open", "/a", no_entry());
        assert_eq!(error.to_string(), format!(r#"open "/a": {cause}"#));
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let error = FsError::wrap("rename", Place::Pair("a".into(), "b".into()), no_entry());
        assert_eq!(error.to_string(), format!(r#"rename "a" to "b": {cause}"#));
        assert_eq!(
            FsError::wrap("read", Place::Fd(7), no_entry()).to_string(),
            format!("read fd 7: {cause}")
        );
    }

    #[test]
    fn a_name_that_is_no_text_is_shown_escaped() {
        let error = FsError::at("open", OsStr::from_bytes(b"\xffx\n"), no_entry());
        assert!(error.to_string().starts_with(r#"open "\xFFx\n": "#), "{error}");
    }

    #[test]
    fn the_limit_is_named() {
        let error = FsError::at("open", "a", io::Error::from_raw_os_error(libc::EMFILE));
        assert!(error.to_string().contains("RLIMIT_NOFILE"), "{error}");
    }
}
