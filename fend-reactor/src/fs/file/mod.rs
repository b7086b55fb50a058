//! [`File`]: an open file.
//!
//! [`state`](mod@state) is what its users share, a [`turn`](mod@turn) is the sole use of it; [`read`](mod@read), [`write`](mod@write) and
//! [`seek`](mod@seek) move the file's own position, [`at`](mod@at) has what needs none.

mod at;
mod calls;
mod futures_io;
mod read;
mod seek;
mod state;
#[cfg(all(test, not(loom)))]
mod tests;
mod turn;
mod write;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::Path;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};

use super::OpenOptions;
use super::error::{FsError, Place};
use crate::sys::is_direct;
use state::{Shared, State};

/// An open file.
///
/// `File` and `&File` implement [`AsyncRead`](::futures_io::AsyncRead), [`AsyncWrite`](::futures_io::AsyncWrite) and
/// [`AsyncSeek`](::futures_io::AsyncSeek); the other methods are std's. Reads, writes and seeks take turns, so that several tasks may use
/// one file, each byte going to or coming from one of them.
///
/// # Reading
///
/// What the kernel has in memory is read at once, 64 KiB at a time at most, without a trip to the pool: preadv2(2) with `RWF_NOWAIT`, which
/// most file systems of a disk know, and pipes. The rest is read by the pool, 256 KiB at a time at most.
///
/// # Writing
///
/// A write copies its bytes, and is done once they are **accepted**. A thread of the pool writes them. 256 KiB at most are accepted
/// while as many are being written; then a write waits.
///
/// **[Flush](::futures_io::AsyncWrite::poll_flush) or [close](::futures_io::AsyncWrite::poll_close) the file before it is dropped.**
/// That waits until all that was accepted is written, and tells whether it was. An error of an accepted write is otherwise told by the next write, flush, close,
/// [`sync_all`](File::sync_all), [`sync_data`](File::sync_data) or [`into_std`](File::into_std), once, and what was accepted after the
/// bytes that failed is dropped. A file that is dropped waits for nothing: what was accepted is written all the same, unless the
/// process or the runtime ends first, and an error is lost.
///
/// Flushing does not mean that the bytes are on the disk: that is [`sync_all`](File::sync_all).
///
/// # Position
///
/// Reading, seeking, and what the other methods say take account of bytes that are accepted or were read by a future that was given up: all
/// is as if each operation had been done at once. Only the fd itself ([`AsFd`]) may be behind or ahead; it is where it
/// should be after [`into_std`](File::into_std).
///
/// # fork(2)
///
/// In the child of a fork all methods but those that give the fd have an error: threads of the parent's may be at work with the file, whose
/// position is the child's, too.
///
/// # Cancel safety
///
/// A read that was given up may go on; its bytes, and its error, are for the next read. (They are 256 KiB at most.) A write that was given up
/// has accepted nothing. A seek that was given up may have taken place.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::fs::{self, File};
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// # fend::block_on(async {
/// # let path = std::env::temp_dir().join(format!("fend-file-{}", std::process::id()));
/// let mut file = File::create(&path).await?;
/// file.write_all(b"hello").await?;
/// file.close().await?; // All of it is written, or this is an error.
///
/// let mut contents = String::new();
/// File::open(&path).await?.read_to_string(&mut contents).await?;
/// assert_eq!(contents, "hello");
/// # fs::remove_file(&path).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct File {
    file: Arc<std::fs::File>,
    shared: Arc<Shared>,
    /// For errors. `None`: it came from std.
    path: Option<Arc<Path>>,
}

impl File {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// As [`OpenOptions::open`].
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end, and the file is closed.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new().read(true).open(path).await
    }

    /// Opens a file for writing, and creates it, or empties it.
    ///
    /// # Errors
    ///
    /// As [`OpenOptions::open`].
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end: the file is created or emptied, and closed.
    pub async fn create(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(true).open(path).await
    }

    /// Creates a file for reading and writing, where there is none.
    ///
    /// # Errors
    ///
    /// As [`OpenOptions::open`]; [`AlreadyExists`](io::ErrorKind::AlreadyExists) where there is one.
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end: the file is created, and closed.
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(path).await
    }

    /// How to open a file otherwise: [`OpenOptions::new`].
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// For a file that std has opened. Errors name its fd.
    #[must_use]
    pub fn from_std(file: std::fs::File) -> File {
        File::new(file, None)
    }

    pub(super) fn opened(file: std::fs::File, path: &Path) -> File {
        File::new(file, Some(path.into()))
    }

    fn new(file: std::fs::File, path: Option<Arc<Path>>) -> File {
        let cached_reads = is_direct(file.as_fd()).is_ok_and(|direct| !direct);
        File { file: Arc::new(file), shared: Arc::new(Shared::new(cached_reads)), path }
    }

    /// The error of `operation`, with the name of this file.
    #[cold]
    fn error(&self, operation: &'static str, error: io::Error) -> io::Error {
        let place = match &self.path {
            Some(path) => Place::Path(path.to_path_buf()),
            None => Place::Fd(self.file.as_raw_fd()),
        };
        FsError::wrap(operation, place, error)
    }

    /// Waits until no call has its turn, for `operation`.
    fn poll_idle(
        &self,
        operation: &'static str,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<MutexGuard<'_, State>>> {
        self.shared.poll_idle(cx).map_err(|error| self.error(operation, error))
    }
}

impl From<std::fs::File> for File {
    fn from(file: std::fs::File) -> File {
        File::from_std(file)
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("fd", &self.as_raw_fd()).field("path", &self.path).finish()
    }
}
