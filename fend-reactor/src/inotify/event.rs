//! [`Event`]: what has happened to which file.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mask::Mask;

/// One watch, as [`Watcher::add`](super::Watcher::add) gives it; with [`add_recursive`](super::Watcher::add_recursive) a whole tree.
///
/// It means something to the watcher alone that it is from. The kernel gives a number again after two thousand million others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Watch(pub(super) i32);

impl Watch {
    /// The number that the kernel has for it; of a tree that of its root.
    pub fn descriptor(self) -> i32 {
        self.0
    }
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A file was read or executed.
    Accessed,
    /// A file was written to or truncated.
    Modified,
    /// Permissions, times, owner, extended attributes or the number of links have changed.
    Attributes,
    /// A file that was open for writing was closed.
    ClosedAfterWrite,
    /// A file or directory that was not open for writing was closed.
    Closed,
    /// A file or directory was opened.
    Opened,
    /// An entry was made in a watched directory, or was [found there](Event::found_by_scan).
    Created,
    /// An entry was removed from a watched directory.
    Removed,
    /// An entry was renamed: [`Event::from_path`] has the old path, [`Event::path`] the new one.
    Renamed,
    /// An entry was renamed to where nobody watches. Or its new name came late, and [`MovedIn`](EventKind::MovedIn) follows with the same
    /// [cookie](Event::cookie).
    MovedAway,
    /// An entry was renamed from where nobody watches.
    MovedIn,
    /// What is watched was itself removed.
    SelfRemoved,
    /// What is watched was itself renamed. The paths of its events go on to be the old ones.
    SelfMoved,
    /// The file system was unmounted.
    Unmounted,
    /// The watch has ended: nothing more comes of it. It was removed, what it watched is gone, or it was for one event.
    Ignored,
    /// The kernel's queue was full, and events were lost.
    Overflow,
    /// A directory of a tree could not be watched, or not read: [`Event::error`] says why. What happens in it is not seen.
    Unwatched,
    /// Something that this version has no name for: see [`Event::mask`].
    Other,
}

impl EventKind {
    pub(super) fn of(mask: Mask) -> EventKind {
        const KINDS: [(Mask, EventKind); 15] = [
            (Mask::Q_OVERFLOW, EventKind::Overflow),
            (Mask::IGNORED, EventKind::Ignored),
            (Mask::UNMOUNT, EventKind::Unmounted),
            (Mask::ACCESS, EventKind::Accessed),
            (Mask::MODIFY, EventKind::Modified),
            (Mask::ATTRIB, EventKind::Attributes),
            (Mask::CLOSE_WRITE, EventKind::ClosedAfterWrite),
            (Mask::CLOSE_NOWRITE, EventKind::Closed),
            (Mask::OPEN, EventKind::Opened),
            (Mask::MOVED_FROM, EventKind::MovedAway),
            (Mask::MOVED_TO, EventKind::MovedIn),
            (Mask::CREATE, EventKind::Created),
            (Mask::DELETE, EventKind::Removed),
            (Mask::DELETE_SELF, EventKind::SelfRemoved),
            (Mask::MOVE_SELF, EventKind::SelfMoved),
        ];
        let known = KINDS.iter().find(|(bit, _)| mask.intersects(*bit));
        known.map_or(EventKind::Other, |(_, kind)| *kind)
    }
}

/// Something that has happened to a file or directory.
#[derive(Clone)]
pub struct Event {
    pub(super) watch: Option<Watch>,
    pub(super) kind: EventKind,
    pub(super) mask: Mask,
    pub(super) cookie: u32,
    pub(super) place: Place,
    /// Of a rename that was joined: where it was before.
    pub(super) from: Option<Box<Place>>,
    pub(super) found_by_scan: bool,
    pub(super) error: Option<Arc<io::Error>>,
}

/// An entry of a watched directory, or what is watched itself.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) watched: Arc<Path>,
    pub(super) name: Option<OsString>,
}

impl Place {
    fn path(&self) -> PathBuf {
        match &self.name {
            Some(name) => self.watched.join(name),
            None => self.watched.to_path_buf(),
        }
    }
}

impl Event {
    /// The watch that it is from; of a rename that of the new name. None for [`Overflow`](EventKind::Overflow).
    pub fn watch(&self) -> Option<Watch> {
        self.watch
    }

    /// What has happened.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// The bits of the kernel's record. Of a rename that was joined those of both halves.
    pub fn mask(&self) -> Mask {
        self.mask
    }

    /// The number that both halves of a rename have; else 0.
    pub fn cookie(&self) -> u32 {
        self.cookie
    }

    /// The entry's name in the watched directory; of a rename the new one. None when it is about what is watched itself.
    pub fn name(&self) -> Option<&OsStr> {
        self.place.name.as_deref()
    }

    /// The path that is watched. In a tree, the directory that has the entry. Empty for [`Overflow`](EventKind::Overflow).
    ///
    /// It begins with the path that was given to the watcher.
    pub fn watched_path(&self) -> &Path {
        &self.place.watched
    }

    /// The path of the file or directory: the watched path and the name. Of a rename the new one.
    pub fn path(&self) -> PathBuf {
        self.place.path()
    }

    /// The old path of what was renamed, when [`Event::kind`] is [`Renamed`](EventKind::Renamed).
    pub fn from_path(&self) -> Option<PathBuf> {
        self.from.as_ref().map(|place| place.path())
    }

    /// Whether it is about a directory.
    ///
    /// The kernel does not say this of [`SelfRemoved`](EventKind::SelfRemoved) and [`SelfMoved`](EventKind::SelfMoved) in every version.
    pub fn is_dir(&self) -> bool {
        self.mask.contains(Mask::ISDIR)
    }

    /// The kernel has not said it: the entry was in a directory of a tree when this was read for the first time, or again after an overflow.
    ///
    /// What was done to it before then is not known; a file may have been written and closed.
    pub fn found_by_scan(&self) -> bool {
        self.found_by_scan
    }

    /// Why a directory is not watched, when [`Event::kind`] is [`Unwatched`](EventKind::Unwatched).
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_deref()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut event = f.debug_struct("Event");
        event.field("kind", &self.kind).field("path", &self.path());
        if let Some(from) = self.from_path() {
            event.field("from", &from);
        }
        if self.cookie != 0 {
            event.field("cookie", &self.cookie);
        }
        if self.found_by_scan {
            event.field("found_by_scan", &true);
        }
        if let Some(error) = &self.error {
            event.field("error", error);
        }
        event.field("mask", &self.mask).field("watch", &self.watch).finish()
    }
}
