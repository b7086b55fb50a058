//! [`OpenOptions`]: opening a FIFO by its path.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, Readiness};

use super::{PipeReader, PipeWriter};
use crate::error::SocketError;

/// How to open a FIFO (a named pipe, made with mkfifo(3)).
///
/// Opening does not wait for the other end. A reader waits for a writer in its first receive. A writer cannot be opened while
/// there is no reader: try again later, or open with [`read_write`](Self::read_write).
///
/// # Examples
///
/// ```
/// use fend::net::pipe::OpenOptions;
///
/// # fend::block_on(async {
/// # let directory = std::env::temp_dir().join(format!("fend-fifo-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("fifo");
/// # assert!(std::process::Command::new("mkfifo").arg(&path).status()?.success());
/// let reader = OpenOptions::new().open_reader(&path)?;
/// let writer = OpenOptions::new().open_writer(&path)?;
/// writer.send_all(b"hello").await?;
/// let mut buf = [0; 5];
/// reader.recv_exact(&mut buf).await?;
/// assert_eq!(&buf, b"hello");
/// # std::fs::remove_dir_all(&directory)?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    read_write: bool,
    unchecked: bool,
}

impl OpenOptions {
    /// All options off.
    #[must_use]
    pub fn new() -> OpenOptions {
        OpenOptions::default()
    }

    /// Opens for reading and writing at once, as Linux allows: opening always succeeds, a reader never comes to an end, and a
    /// writer never finds that no reader is left, since each is the other end itself.
    #[must_use]
    pub fn read_write(mut self, read_write: bool) -> OpenOptions {
        self.read_write = read_write;
        self
    }

    /// Leaves out the check that the path names a FIFO. Whatever else is opened then may block a worker, or fail later.
    #[must_use]
    pub fn unchecked(mut self, unchecked: bool) -> OpenOptions {
        self.unchecked = unchecked;
        self
    }

    /// Opens the reading end. Does not wait for a writer.
    ///
    /// # Errors
    ///
    /// What open(2) says, with the path in the message; [`InvalidInput`](io::ErrorKind::InvalidInput) when the path
    /// names something else than a FIFO.
    pub fn open_reader(&self, path: impl AsRef<Path>) -> io::Result<PipeReader> {
        let file = self.open(path.as_ref(), fs::OpenOptions::new().read(true).write(self.read_write))?;
        // Nothing assumed: a first read before any writer has come would look like the end.
        Ok(PipeReader::from_registered(Arc::new(AsyncFd::with_assumed(file, Readiness::NONE))))
    }

    /// Opens the writing end.
    ///
    /// # Errors
    ///
    /// What open(2) says, with the path in the message; [`InvalidInput`](io::ErrorKind::InvalidInput) when the path
    /// names something else than a FIFO. While no reader has it open, the message says so, and the `errno` in
    /// [`SocketError::os_error`] is `ENXIO`.
    pub fn open_writer(&self, path: impl AsRef<Path>) -> io::Result<PipeWriter> {
        let path = path.as_ref();
        let opened = self.open(path, fs::OpenOptions::new().write(true).read(self.read_write));
        opened.map(PipeWriter::of)
    }

    fn open(&self, path: &Path, how: &mut fs::OpenOptions) -> io::Result<File> {
        let named = |error| SocketError::wrap("open", place(path, &error), error);
        let file = how.custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(path).map_err(named)?;
        if !self.unchecked && !file.metadata().map_err(named)?.file_type().is_fifo() {
            return Err(named(io::Error::new(io::ErrorKind::InvalidInput, "not a FIFO")));
        }
        Ok(file)
    }
}

/// The path, with what explains an `ENXIO`. (A Unix socket's path gives one too.)
fn place(path: &Path, error: &io::Error) -> String {
    let is_fifo = || fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo());
    if error.raw_os_error() == Some(libc::ENXIO) && is_fifo() {
        return format!("{}, which no process has open for reading", path.display());
    }
    path.display().to_string()
}
