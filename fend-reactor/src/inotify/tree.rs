//! How trees stay watched while they change.
//!
//! What the kernel's queue tells is past, and what a look-up finds is present. Both are kept apart by the position in the queue, as a number of
//! bytes: what a look-up has found holds from the position at which the queue ended then, and a record of an earlier position does not
//! change it.
//!
//! - A directory that is renamed goes where the records say, with all below it. Only what no record can tell is looked up: a new
//!   directory, and one that comes in.
//! - It is looked up in exactly the directory that the record is of: this is opened by its path, and its watch says whether that path still leads to
//!   it. If not, a record of a rename above it is still to come, and it is tried again after further records (`missing`).
//! - A directory that is not where it should be (`adrift`) is found by a later record. When nothing has changed since the last record
//!   there is none: it has left the tree, and is no longer watched.
//!
//! So when nothing changes any more and the queue is empty, every directory of the tree is watched, under its right path. What was in a
//! directory before it was watched is found by reading it (`scan`).

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use super::exact::Exact;
use super::mask::Mask;
use super::nodes::Root;
use super::scan::Report;
use super::state::State;
use crate::sys::Inotify;

/// What has to be known of directories to keep up with them.
const STRUCTURE: Mask = Mask::from_bits(
    libc::IN_CREATE | libc::IN_MOVED_FROM | libc::IN_MOVED_TO | libc::IN_DELETE | libc::IN_ONLYDIR,
);

/// How often a directory is looked up while the queue grows meanwhile.
const LOOKS: u32 = 64;

/// Paths that lead nowhere yet. Beyond them it is told that a directory is not watched.
const MOST_MISSING: usize = 16 * 1024;

impl Root {
    /// What the kernel is asked for in each directory below the root. Never less than before: others may have asked too.
    pub(super) fn directory_mask(&self) -> u32 {
        (self.mask | STRUCTURE | Mask::MASK_ADD | Mask::DONT_FOLLOW).bits()
    }

    /// What it is asked for of the root, which may be a file, and where links may lead.
    pub(super) fn root_mask(&self) -> u32 {
        (self.mask | (STRUCTURE - Mask::ONLYDIR) | Mask::MASK_ADD).bits()
    }
}

impl State {
    /// Watches a directory that has come into `parent`, and has it read when it is a new one.
    pub(super) fn arrive(&mut self, inotify: &Inotify, parent: i32, name: &OsStr, report: Report) {
        match self.place(inotify, parent, name) {
            Ok(Some(new)) => self.scans.push(new, report),
            Ok(None) => {}
            Err(error) => self.tell_unwatched(parent, Some(name), error),
        }
    }

    /// Looks up which directory has this name in `parent` now, watches it, and gives its number when it is a new one.
    ///
    /// # Errors
    ///
    /// When it cannot be watched. That it is not there is none.
    pub(super) fn place(&mut self, inotify: &Inotify, parent: i32, name: &OsStr) -> io::Result<Option<i32>> {
        let Some(mask) = self.growing_mask(parent) else { return Ok(None) };
        let Some(path) = self.nodes.path(parent) else { return Ok(None) };
        self.missing.remove(&(parent, name.to_owned()));
        let above = match Exact::open(inotify, parent, &path) {
            Ok(Ok(above)) => above,
            Ok(Err(other)) => {
                self.drop_stray(inotify, other);
                return self.place_later(inotify, parent, name, &path);
            }
            Err(error) if is_gone(&error) => return self.place_later(inotify, parent, name, &path),
            Err(error) => return Err(explained(&path, error)),
        };
        match self.look_up(inotify, &above.path().join(name), mask) {
            Ok((watch, since)) => self.put(inotify, watch, parent, name, since),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(explained(&path.join(name), error)),
        }
    }

    /// The directory above is not where it was: a record of that is to come.
    fn place_later(
        &mut self,
        inotify: &Inotify,
        parent: i32,
        name: &OsStr,
        path: &Path,
    ) -> io::Result<Option<i32>> {
        let is_lost = self.is_up_to_date(inotify) && self.nodes.root(parent).is_some();
        if is_lost || self.missing.len() >= MOST_MISSING {
            return Err(explained(&path.join(name), io::Error::from_raw_os_error(libc::ENOENT)));
        }
        self.missing.insert((parent, name.to_owned()));
        Ok(None)
    }

    /// Watches what is at `path`, and tells how far the kernel's queue had come then.
    fn look_up(&self, inotify: &Inotify, path: &Path, mask: u32) -> io::Result<(i32, u64)> {
        let mut before = inotify.queued()?;
        for _ in 0..LOOKS {
            let watch = inotify.add(path, mask)?;
            let after = inotify.queued()?;
            if after == before {
                return Ok((watch, self.taken + after));
            }
            before = after;
        }
        Ok((inotify.add(path, mask)?, self.taken + before))
    }

    /// Nothing has changed since the records that were processed: else there would be a further one.
    fn is_up_to_date(&self, inotify: &Inotify) -> bool {
        self.is_drained && inotify.queued().is_ok_and(|queued| queued == 0)
    }

    /// With what to watch a directory in `parent`; none when nothing is to be added there.
    fn growing_mask(&self, parent: i32) -> Option<u32> {
        let (_, root) = self.nodes.root_of(parent)?;
        (root.is_tree && !root.is_ending).then(|| root.directory_mask())
    }

    /// The directory that was found there gets its place.
    fn put(
        &mut self,
        inotify: &Inotify,
        watch: i32,
        parent: i32,
        name: &OsStr,
        since: u64,
    ) -> io::Result<Option<i32>> {
        if self.nodes.root(watch).is_some() || self.nodes.upwards(parent).any(|above| above == watch) {
            // A directory cannot be in itself. Unless it is by a mount, one of them is somewhere else by now.
            if self.nodes.root(watch).is_none() && !self.is_up_to_date(inotify) {
                self.missing.insert((parent, name.to_owned()));
                return Ok(None);
            }
            let path = self.nodes.path(parent).map(|parent| parent.join(name)).unwrap_or_default();
            let message = format!("watch {}: is watched by another path already", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        let is_new = !self.nodes.contains(watch);
        self.seat(inotify, watch, parent, name, since);
        Ok(is_new.then_some(watch))
    }

    /// A directory is where it is said to be.
    pub(super) fn seat(&mut self, inotify: &Inotify, watch: i32, parent: i32, name: &OsStr, since: u64) {
        let before = self.nodes.root_of(watch).map(|(root, _)| root);
        self.nodes.detach(watch);
        if let Some(displaced) = self.nodes.attach(watch, parent, name, since) {
            self.adrift.entry(displaced).or_insert(None);
        }
        self.found_places += 1;
        if let Some(Some(report)) = self.adrift.remove(&watch) {
            self.scans.push(watch, report);
        }
        if before.is_some() && before != self.nodes.root_of(watch).map(|(root, _)| root) {
            self.ask_again(inotify, watch);
        }
    }

    /// Directories have come from another tree, of which other events were asked for.
    fn ask_again(&mut self, inotify: &Inotify, top: i32) {
        for watch in self.nodes.subtree(top) {
            let Some(mask) = self.growing_mask(watch) else { return };
            if let Some(path) = self.nodes.path(watch) {
                if let Ok(other) = inotify.add(&path, mask) {
                    self.drop_stray(inotify, other);
                }
            }
        }
    }

    /// Whether the path of `watch` leads to it.
    pub(super) fn is_where_it_was(&mut self, inotify: &Inotify, watch: i32) -> bool {
        let mask = self
            .nodes
            .root_of(watch)
            .map(|(number, root)| if number == watch { root.root_mask() } else { root.directory_mask() });
        let Some(mask) = mask else { return false };
        let Some(path) = self.nodes.path(watch) else { return false };
        match inotify.add(&path, mask) {
            Ok(found) if found == watch => true,
            Ok(found) => {
                self.drop_stray(inotify, found);
                false
            }
            Err(_) => false,
        }
    }

    /// A question has made a watch that nobody wanted.
    pub(super) fn drop_stray(&self, inotify: &Inotify, watch: i32) {
        if !self.nodes.contains(watch) {
            let _ = inotify.remove(watch);
        }
    }

    /// Ties loose ends, when no rename is under way and nothing is to be read.
    pub(super) fn settle(&mut self, inotify: &Inotify) {
        let before = self.found_places;
        for (parent, name) in std::mem::take(&mut self.missing) {
            self.arrive(inotify, parent, &name, Report::Everything);
        }
        for (watch, report) in std::mem::take(&mut self.adrift) {
            self.find_or_forget(inotify, watch, report);
        }
        // What has found its place may be what others are looked up by.
        let has_ends = !self.missing.is_empty() || !self.adrift.is_empty();
        let is_worth_it = has_ends && self.found_places != before;
        self.unsettled = if is_worth_it { self.unsettled.saturating_sub(1) } else { 0 };
    }

    /// A directory is where it was seen last, or a record is to come that says where it is, or it has left the tree.
    fn find_or_forget(&mut self, inotify: &Inotify, watch: i32, report: Option<Report>) {
        let Some((parent, name)) = self.nodes.place(watch) else { return };
        if self.is_where_it_was(inotify, watch) {
            if !self.nodes.is_attached(watch) {
                self.seat(inotify, watch, parent, &name, self.position);
            }
            if let Some(report) = report {
                self.scans.push(watch, report);
            }
        } else if self.is_up_to_date(inotify) {
            self.forget_subtree(inotify, watch);
        } else {
            self.adrift.insert(watch, report);
        }
    }

    /// Ends the watches of a directory and of all below it.
    pub(super) fn forget_subtree(&mut self, inotify: &Inotify, top: i32) {
        for watch in self.nodes.subtree(top) {
            // That it is gone is just as well.
            let _ = inotify.remove(watch);
            self.forget(watch);
        }
    }

    pub(super) fn forget(&mut self, watch: i32) {
        self.nodes.remove(watch);
        self.found.remove(watch);
        self.adrift.remove(&watch);
        if !self.missing.is_empty() {
            self.missing.retain(|(parent, _)| *parent != watch);
        }
    }
}

/// It is not there, or it is no directory any more.
pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP))
}

/// The error, with the path, and the limit when it is one.
pub(super) fn explained(path: &Path, error: io::Error) -> io::Error {
    let hint = match error.raw_os_error() {
        Some(libc::ENOSPC) => " (the user has no watches left: see fs.inotify.max_user_watches in sysctl(8))",
        _ => "",
    };
    io::Error::new(error.kind(), format!("watch {}: {error}{hint}", path.display()))
}
