//! [`Watcher`]: what its user sees.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use super::event::{Event, Watch};
use super::mask::Mask;
use super::nodes::Root;
use super::receive::Shared;
use super::scan::Report;
use super::tree::explained;
use super::walk::{Claim, Tree, already_watched};
use crate::sys::Inotify;
use crate::time::Sleep;

/// Watches files, directories and trees of directories.
///
/// Events are [received](Watcher::recv), or come as a [`Stream`], which never ends. Several tasks may receive; each event goes to one of them.
/// It waits with the runtime on which somebody first receives, and when that has shut down, with the next one: no event is lost between.
///
/// # What is told, and what is not
///
/// - Nothing is lost without an event that says so: [`Overflow`](super::EventKind::Overflow), when the kernel's queue was full
///   (`fs.inotify.max_queued_events`, 16384 by default: nobody received for too long). Several equal events in a row are one, as the kernel merges them.
/// - Both halves of a **rename** become one event, [`Renamed`](super::EventKind::Renamed), in the place of the first half, also when they are
///   of two watches. A file that leaves what is watched is told as [`MovedAway`](super::EventKind::MovedAway) as soon as a further read of
///   the kernel's queue has not brought the second half, or after 10 ms. Events that come after it wait as long. One of the two halves
///   alone is told when only that was asked for.
/// - Events that come from other computers, by a network file system, and writes to mapped memory are not seen by the kernel; see
///   [inotify(7)](https://man7.org/linux/man-pages/man7/inotify.7.html).
///
/// # Trees
///
/// [`add_recursive`](Watcher::add_recursive) takes a directory with all that are in it, now and later. Symbolic links are not followed. The kernel
/// knows no trees: each directory has a watch, and a new one is watched when its event is processed. It is read then, and
/// what was in it before is told as [`Created`](super::EventKind::Created), [found by a scan](Event::found_by_scan). So:
///
/// - **Every entry that exists when the events stop has been told of at least once**, by `Created`, `MovedIn` or `Renamed`, or it was there when
///   `add_recursive` returned. (Mask without `CREATE` and `MOVE`: what of it was asked for.)
/// - An entry is told twice when it was renamed or removed, and made again, around the time of the scan. An event that is only the same again
///   is left out.
/// - What is made and removed again before its directory is watched is not seen.
/// - A directory that is renamed within the tree, or from one tree into another, keeps its watch, and later events have its new path. One that
///   leaves is no longer watched, and what happens in it after that is not told. One that comes in is read as a new one.
/// - The path of an event is right as of the event: later renames do not count. Around renames of directories that follow one another faster
///   than the events are received, events may have the path that the directory had before or got after.
/// - With [`Mask::OPEN`], [`Mask::ACCESS`] and [`Mask::CLOSE_NOWRITE`] the scans themselves are seen.
/// - After an overflow the directories of all trees are read again, so that new ones are watched; those are told. To be told of all
///   that exists, call [`rescan`](Watcher::rescan).
///
/// # Limits
///
/// A process's user has so many watches (`fs.inotify.max_user_watches`) and queues (`fs.inotify.max_user_instances`, 128 by default). A watch
/// takes about 1 KiB in the kernel and 200 bytes here. One read takes 32 KiB, and no further one is made before its events were
/// received, except for the second half of a rename; a scan adds 128 events at a time.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::inotify::{EventKind, Mask, Watcher};
///
/// # fn main() -> std::io::Result<()> {
/// # let directory = std::env::temp_dir().join(format!("fend-doc-watcher-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// fend::block_on(async {
///     let watcher = Watcher::new()?;
///     watcher.add(&directory, Mask::CREATE | Mask::MOVE)?;
///     std::fs::write(directory.join("a"), "text")?;
///     std::fs::rename(directory.join("a"), directory.join("b"))?;
///
///     let event = watcher.recv().await?;
///     assert_eq!((event.kind(), event.path()), (EventKind::Created, directory.join("a")));
///     let event = watcher.recv().await?;
///     assert_eq!((event.kind(), event.path()), (EventKind::Renamed, directory.join("b")));
///     assert_eq!(event.from_path(), Some(directory.join("a")));
/// #   std::fs::remove_dir_all(&directory)?;
///     Ok(())
/// })
/// # }
/// ```
pub struct Watcher {
    shared: Arc<Shared>,
    /// For the poll functions: ends the hold of a rename's first half.
    hold: Option<Sleep>,
}

impl Watcher {
    /// A watcher of nothing yet.
    ///
    /// # Errors
    ///
    /// What [inotify_init1(2)](https://man7.org/linux/man-pages/man2/inotify_init.2.html) says; the limits of queues for the user and of file
    /// descriptors for the process are told apart by the message alone.
    pub fn new() -> io::Result<Watcher> {
        let inotify = Inotify::new().map_err(no_instance)?;
        Ok(Watcher { shared: Arc::new(Shared::new(inotify)), hold: None })
    }

    /// Watches `path`: a directory and its entries, or a file. A symbolic link is followed, unless [`Mask::DONT_FOLLOW`] is set.
    ///
    /// What is watched already, by this or another path, has one watch: the new mask takes the place of the old one ([`Mask::MASK_ADD`]: adds to
    /// it), also for events that were not received yet, and the new path that of the old one.
    ///
    /// This looks the path up, which can take time on a slow file system.
    ///
    /// # Errors
    ///
    /// What [inotify_add_watch(2)](https://man7.org/linux/man-pages/man2/inotify_add_watch.2.html) says, with the path: `StorageFull` when the user has
    /// no watches left, `InvalidInput` when the mask asks for nothing, and `PermissionDenied` when `path` cannot be read.
    /// `AlreadyExists` when it is in a tree that is watched.
    pub fn add(&self, path: impl AsRef<Path>, mask: Mask) -> io::Result<Watch> {
        let path = path.as_ref();
        let mut inner = self.shared.lock();
        let nodes = &mut inner.state.nodes;
        asks_for_something(path, mask)?;
        // Only the answer says whether a tree has it, and that tree needs what it has asked for.
        let adds = nodes.has_tree() && !mask.contains(Mask::MASK_CREATE);
        let asked = if adds { mask | Mask::MASK_ADD } else { mask };
        let added = self.shared.inotify().add(path, asked.bits());
        let watch = added.map_err(|error| explained(path, error))?;
        let is_known = nodes.contains(watch);
        match nodes.root_mut(watch) {
            Some(root) if !root.is_tree => {
                root.path = path.into();
                root.mask = if mask.contains(Mask::MASK_ADD) { root.mask | mask } else { mask };
                root.is_ending = false;
            }
            None if !is_known => {
                let root = Root { path: path.into(), mask, is_tree: false, is_ending: false };
                nodes.add_root(watch, root);
            }
            _ => return Err(already_watched(path)),
        }
        Ok(Watch(watch))
    }

    /// Watches the directory `path` and all directories in it, as deep as they go, and those that come later: see [Trees](Watcher#trees).
    /// Of `path` itself a symbolic link is followed, unless [`Mask::DONT_FOLLOW`] is set. A file is watched alone.
    ///
    /// It walks through the tree on the threads for files. Other tasks may receive events meanwhile, those of the tree too. What is made in the tree
    /// while it runs may be told or not; it is there when this returns.
    ///
    /// # Errors
    ///
    /// As of [`add`](Watcher::add), for `path`, and `StorageFull` when the user has not enough watches for the whole tree; the message
    /// names the directory at which they were used up. Then nothing of it is watched. `InvalidInput` for a mask with [`Mask::ONESHOT`],
    /// [`Mask::MASK_ADD`] or [`Mask::MASK_CREATE`]. Other errors, such as of a directory that may not be read, are in the [`Tree`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it returns, nothing of the tree is watched. Events that were received meanwhile were received.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::inotify::{EventKind, Mask, Watcher};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = std::env::temp_dir().join(format!("fend-doc-tree-{}", std::process::id()));
    /// # std::fs::create_dir_all(&directory)?;
    /// fend::block_on(async {
    ///     let watcher = Watcher::new()?;
    ///     watcher.add_recursive(&directory, Mask::CREATE).await?;
    ///     std::fs::create_dir_all(directory.join("deep/down"))?;
    ///     std::fs::write(directory.join("deep/down/file"), "text")?;
    ///     loop {
    ///         let event = watcher.recv().await?;
    ///         assert_eq!(event.kind(), EventKind::Created);
    ///         if event.path() == directory.join("deep/down/file") {
    ///             break;
    ///         }
    ///     }
    /// #   std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn add_recursive(&self, path: impl AsRef<Path>, mask: Mask) -> io::Result<Tree> {
        let path = path.as_ref().to_path_buf();
        let unfit = Mask::ONESHOT | Mask::MASK_ADD | Mask::MASK_CREATE;
        if mask.intersects(unfit) {
            let message = format!("watch {}: {:?} cannot be for a whole tree", path.display(), mask & unfit);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        asks_for_something(&path, mask)?;
        let claim = Claim::new(self.shared.clone());
        let walk = claim.walk(path, mask);
        let tree = crate::fs::pool::run(move || walk.run()).await?;
        claim.keep();
        Ok(tree)
    }

    /// Ends a watch, or those of a whole tree. Events that were queued are still received; the last one is
    /// [`Ignored`](super::EventKind::Ignored).
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the watch has ended.
    pub fn remove(&self, watch: Watch) -> io::Result<()> {
        let mut inner = self.shared.lock();
        let nodes = &mut inner.state.nodes;
        match nodes.root_mut(watch.0) {
            Some(root) if !root.is_ending => root.is_ending = true,
            _ => return Err(not_there(watch)),
        }
        let mut removed = Ok(());
        for directory in nodes.subtree(watch.0) {
            // The last one is the root.
            removed = self.shared.inotify().remove(directory);
        }
        removed.map_err(|_| not_there(watch))
    }

    /// Tells of everything that exists in a tree, as [`Created`](super::EventKind::Created) and [found by a scan](Event::found_by_scan): after
    /// an [`Overflow`](super::EventKind::Overflow), to compare with what one knows. It is read while events are received.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when `watch` has ended, or is not of a tree.
    pub fn rescan(&mut self, watch: Watch) -> io::Result<()> {
        let mut inner = self.shared.lock();
        if !inner.state.nodes.root(watch.0).is_some_and(|root| root.is_tree && !root.is_ending) {
            return Err(not_there(watch));
        }
        inner.state.scan_all(Report::Everything, |root| root == watch.0);
        Ok(())
    }

    /// Whether both halves of a rename become one event. They do unless it is said otherwise; then
    /// [`MovedAway`](super::EventKind::MovedAway) and [`MovedIn`](super::EventKind::MovedIn) are told, with the same [cookie](Event::cookie).
    ///
    /// A directory of a tree is held all the same until it is known where it has gone.
    pub fn join_renames(&self, join: bool) {
        self.shared.lock().state.joins = join;
    }

    /// The path that was given for `watch`; none when it has ended.
    pub fn path(&self, watch: Watch) -> Option<PathBuf> {
        self.shared.lock().state.nodes.root(watch.0).map(|root| root.path.to_path_buf())
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// How many of the user's watches this has: one for each file or directory.
    pub fn watch_count(&self) -> usize {
        self.shared.lock().state.nodes.len()
    }
}

/// Receiving.
impl Watcher {
    /// Waits for the next event.
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down. What goes wrong with a directory is an event, [`Unwatched`](super::EventKind::Unwatched).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: events are either returned or still there.
    pub async fn recv(&self) -> io::Result<Event> {
        let mut hold = None;
        poll_fn(|cx| self.shared.poll_event(cx, &mut hold)).await
    }

    /// Takes the next event if there is one.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when there is none, or the first half of a rename is held.
    pub fn try_recv(&self) -> io::Result<Event> {
        self.shared.try_event()
    }

    /// [`recv`](Watcher::recv), polled.
    ///
    /// # Errors
    ///
    /// As [`recv`](Watcher::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Event>> {
        self.shared.poll_event(cx, &mut self.hold)
    }
}

impl Stream for Watcher {
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Event>>> {
        self.poll_recv(cx).map(Some)
    }
}

/// Never terminated: a path may be added at any time.
impl FusedStream for Watcher {
    fn is_terminated(&self) -> bool {
        false
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.inotify().as_fd()
    }
}

impl AsRawFd for Watcher {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut watcher = f.debug_struct("Watcher");
        watcher.field("fd", &self.as_raw_fd());
        // Whoever prints must not wait.
        if let Some(inner) = self.shared.try_lock() {
            watcher.field("watches", &inner.state.nodes.len());
        }
        watcher.finish_non_exhaustive()
    }
}

fn asks_for_something(path: &Path, mask: Mask) -> io::Result<()> {
    if mask.intersects(Mask::ALL_EVENTS) {
        return Ok(());
    }
    let message = format!("watch {}: the mask {mask:?} asks for no event", path.display());
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

fn not_there(watch: Watch) -> io::Error {
    let message = format!("watch {} has ended, or is not of this watcher", watch.descriptor());
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

fn no_instance(error: io::Error) -> io::Error {
    let hint = match error.raw_os_error() {
        Some(libc::EMFILE) => {
            " (of the process, or of the user's queues: see fs.inotify.max_user_instances in sysctl(8))"
        }
        _ => "",
    };
    io::Error::new(error.kind(), format!("inotify_init1: {error}{hint}"))
}
