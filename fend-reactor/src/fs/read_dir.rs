//! [`ReadDir`]: what is in a directory, fetched some at a time.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{FileType, Metadata};
use std::future::{Future, poll_fn};
use std::io;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::error::FsError;
use super::paths::on_path;
use crate::context::poll_budget;
use crate::fork::{Origin, opened_by_parent};

/// What errors call it.
const OPERATION: &str = "read directory";

/// How many entries the first trip to the pool brings. Many directories have no more.
const FIRST_BATCH: usize = 32;

/// How many entries a later trip brings at most. A trip takes some 10 us, and the kernel tells an entry in well under one.
const BATCH: usize = 512;

/// Opens a directory to read what is in it: [`std::fs::read_dir`].
///
/// # Errors
///
/// What opendir(3) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end, and the directory is closed.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use futures_lite::StreamExt;
///
/// # fend::block_on(async {
/// let mut threads = fend::fs::read_dir("/proc/self/task").await?;
/// let mut count = 0;
/// while let Some(thread) = threads.try_next().await? {
///     assert!(thread.file_type().await?.is_dir());
///     count += 1;
/// }
/// assert!(count >= 1);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path = path.as_ref();
    let first = |path: &Path| Ok(fetch(std::fs::read_dir(path)?, path, FIRST_BATCH));
    let (batch, rest) = on_path(OPERATION, path, first).await?;
    let rest = rest.map_or(Rest::End, Rest::Open);
    Ok(ReadDir { path: path.into(), origin: Origin::here(), batch, rest: Mutex::new(rest) })
}

/// The entries of a directory, without `.` and `..`, in the order in which the file system has them. A [`Stream`] of results.
///
/// Entries are fetched 512 at a time at most, and what is fetched and not yet given is kept. Dropping it closes the directory; a fetch that
/// is under way ends first.
///
/// After an error the stream goes on if the directory does: std ends it.
#[must_use = "streams do nothing unless they are polled"]
pub struct ReadDir {
    path: Arc<Path>,
    /// In the child of a fork a fetch would take entries away from the parent.
    origin: Origin,
    batch: Batch,
    /// Never locked: it makes this `Sync`, which a future need not be.
    rest: Mutex<Rest>,
}

type Batch = VecDeque<io::Result<DirEntry>>;

/// What a trip brings: entries, and the directory if it may have more.
type Fetched = (Batch, Option<std::fs::ReadDir>);

enum Rest {
    Open(std::fs::ReadDir),
    Fetching(Pin<Box<dyn Future<Output = io::Result<Fetched>> + Send>>),
    End,
}

impl ReadDir {
    /// The next entry; `None` after the last.
    ///
    /// # Errors
    ///
    /// What readdir(3) says, when the runtime has shut down, and in the child of a fork, when what was fetched before is given.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no entry is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// # fend::block_on(async {
    /// let mut fds = fend::fs::read_dir("/proc/self/fd").await?;
    /// while let Some(fd) = fds.next_entry().await? {
    ///     assert!(fd.file_name().to_str().unwrap().parse::<u32>().is_ok());
    /// }
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_next_entry(cx)).await
    }

    /// [`next_entry`](Self::next_entry), polled.
    ///
    /// # Errors
    ///
    /// As [`next_entry`](Self::next_entry).
    pub fn poll_next_entry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        loop {
            if !self.batch.is_empty() {
                ready!(poll_budget(cx));
                return Poll::Ready(self.batch.pop_front().transpose());
            }
            let rest = self.rest.get_mut().unwrap_or_else(PoisonError::into_inner);
            *rest = match std::mem::replace(rest, Rest::End) {
                Rest::End => return Poll::Ready(Ok(None)),
                Rest::Open(_) if !self.origin.is_here() => {
                    return Poll::Ready(Err(FsError::at(OPERATION, &*self.path, opened_by_parent())));
                }
                Rest::Open(entries) => Rest::Fetching(fetch_more(entries, self.path.clone())),
                Rest::Fetching(mut fetching) => match fetching.as_mut().poll(cx) {
                    Poll::Pending => {
                        *rest = Rest::Fetching(fetching);
                        return Poll::Pending;
                    }
                    Poll::Ready(fetched) => {
                        let (batch, more) = fetched?;
                        self.batch = batch;
                        more.map_or(Rest::End, Rest::Open)
                    }
                },
            };
        }
    }
}

fn fetch_more(
    entries: std::fs::ReadDir,
    path: Arc<Path>,
) -> Pin<Box<dyn Future<Output = io::Result<Fetched>> + Send>> {
    Box::pin(async move { on_path(OPERATION, &path, |path| Ok(fetch(entries, path, BATCH))).await })
}

/// Fetches up to `most` entries.
fn fetch(mut entries: std::fs::ReadDir, path: &Path, most: usize) -> Fetched {
    let mut batch = VecDeque::with_capacity(most.min(FIRST_BATCH));
    while batch.len() < most {
        match entries.next() {
            None => return (batch, None),
            Some(Ok(entry)) => batch.push_back(Ok(DirEntry::new(entry))),
            Some(Err(error)) => batch.push_back(Err(FsError::at(OPERATION, path, error))),
        }
    }
    (batch, Some(entries))
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<DirEntry>>> {
        self.poll_next_entry(cx).map(Result::transpose)
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").field("path", &self.path).field("fetched", &self.batch.len()).finish()
    }
}

/// One entry of a directory. Cloning is cheap.
///
/// While one lives, so does the open directory that it came from.
#[derive(Clone)]
pub struct DirEntry {
    entry: Arc<std::fs::DirEntry>,
    /// As the directory told it; where it told nothing, the pool has asked. `None` when that failed.
    file_type: Option<FileType>,
}

impl DirEntry {
    fn new(entry: std::fs::DirEntry) -> DirEntry {
        let file_type = entry.file_type().ok();
        DirEntry { entry: Arc::new(entry), file_type }
    }

    /// The directory's path, as it was given, and the name.
    pub fn path(&self) -> PathBuf {
        self.entry.path()
    }

    /// The name alone.
    pub fn file_name(&self) -> OsString {
        self.entry.file_name()
    }

    /// The inode number, as the directory tells it.
    pub fn ino(&self) -> u64 {
        self.entry.ino()
    }

    /// What it is, a symbolic link itself included. Known already, so that there is nothing to wait for.
    ///
    /// # Errors
    ///
    /// What lstat(2) says, where the file system does not tell and the entry is gone.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn file_type(&self) -> io::Result<FileType> {
        match self.file_type {
            Some(file_type) => Ok(file_type),
            None => self.metadata().await.map(|metadata| metadata.file_type()),
        }
    }

    /// What there is, a symbolic link itself included: [`std::fs::DirEntry::metadata`].
    ///
    /// # Errors
    ///
    /// What fstatat(2) says: the entry may be gone. And when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end; it changes nothing.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let entry = self.entry.clone();
        on_path("metadata", &self.path(), move |_| entry.metadata()).await
    }
}

impl fmt::Debug for DirEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DirEntry").field(&self.path()).finish()
    }
}
