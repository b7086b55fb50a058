//! Reading directories that have come into a tree, for what was in them before they were watched.
//!
//! It is done by whoever receives, between two events, some entries at a time: the entries of a directory that was just made are in the
//! kernel's memory, and to read a hundred takes less time than to hand them to another thread and back.

use std::collections::{HashSet, VecDeque};
use std::ffi::OsStr;
use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::path::Path;

use super::event::EventKind;
use super::exact::Exact;
use super::mask::Mask;
use super::state::State;
use super::tree::{explained, is_gone};
use crate::sys::Inotify;

/// Entries that are read at a time.
const ENTRIES: usize = 128;

/// What is told of what a scan finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// All of it.
    Everything,
    /// Directories that were not watched yet, and all that is in these.
    NewDirectories,
}

#[derive(Debug, Default)]
pub(super) struct Scans {
    waiting: VecDeque<(i32, Report)>,
    open: Option<Open>,
}

/// A directory that is being read.
#[derive(Debug)]
struct Open {
    watch: i32,
    report: Report,
    entries: ReadDir,
}

impl Scans {
    pub(super) fn push(&mut self, watch: i32, report: Report) {
        self.waiting.push_back((watch, report));
    }

    pub(super) fn is_pending(&self) -> bool {
        self.open.is_some() || !self.waiting.is_empty()
    }
}

/// Begins to read the directory that has the watch, if `path` leads to it; else gives the number of the one to which it leads.
pub(super) fn read_exactly(inotify: &Inotify, watch: i32, path: &Path) -> io::Result<Result<ReadDir, i32>> {
    match Exact::open(inotify, watch, path)? {
        Ok(exact) => fs::read_dir(exact.path()).map(Ok),
        Err(other) => Ok(Err(other)),
    }
}

impl State {
    /// Has all directories read of the trees that `is_meant`, unless they are about to be.
    pub(super) fn scan_all(&mut self, report: Report, is_meant: impl Fn(i32) -> bool) {
        let waiting: HashSet<i32> = self
            .scans
            .waiting
            .iter()
            .filter(|(_, waiting)| *waiting == Report::Everything || *waiting == report)
            .map(|(watch, _)| *watch)
            .collect();
        let directories = self.nodes.all().filter(|watch| {
            let tree = self.nodes.root_of(*watch).filter(|(_, root)| root.is_tree);
            tree.is_some_and(|(root, _)| is_meant(root)) && !waiting.contains(watch)
        });
        self.scans.waiting.extend(directories.map(|watch| (watch, report)));
    }

    /// Goes on reading.
    pub(super) fn scan(&mut self, inotify: &Inotify) {
        let mut open = match self.scans.open.take() {
            Some(open) => open,
            None => match self.open_next(inotify) {
                Some(open) => open,
                None => return,
            },
        };
        for _ in 0..ENTRIES {
            match open.entries.next() {
                Some(Ok(entry)) => self.found_entry(inotify, &open, &entry),
                Some(Err(error)) => {
                    self.unread(open.watch, error);
                    return self.end_scan(inotify, open.watch);
                }
                None => return self.end_scan(inotify, open.watch),
            }
        }
        self.scans.open = Some(open);
    }

    fn open_next(&mut self, inotify: &Inotify) -> Option<Open> {
        let (watch, report) = self.scans.waiting.pop_front()?;
        let is_wanted = self.nodes.root_of(watch).is_some_and(|(_, root)| root.is_tree && !root.is_ending);
        let path = self.nodes.path(watch).filter(|_| is_wanted)?;
        match read_exactly(inotify, watch, &path) {
            Ok(Ok(entries)) => return Some(Open { watch, report, entries }),
            Ok(Err(other)) => self.drop_stray(inotify, other),
            Err(error) if is_gone(&error) => {
                // A tree may be of one file.
                if self.nodes.root(watch).is_some() && self.is_where_it_was(inotify, watch) {
                    return None;
                }
            }
            Err(error) => {
                self.unread(watch, error);
                return None;
            }
        }
        // What has that path now is another one. A record to come says where this one is.
        self.adrift.insert(watch, Some(report));
        None
    }

    fn found_entry(&mut self, inotify: &Inotify, open: &Open, entry: &DirEntry) {
        let (watch, name) = (open.watch, entry.file_name());
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_known = is_dir && self.nodes.child(watch, &name).is_some();
        let is_told = match open.report {
            Report::Everything => true,
            Report::NewDirectories => is_dir && !is_known,
        };
        if is_told {
            self.tell_found(watch, &name, is_dir);
        }
        if is_dir {
            self.arrive(inotify, watch, &name, Report::Everything);
        }
    }

    fn tell_found(&mut self, watch: i32, name: &OsStr, is_dir: bool) {
        if !self.nodes.root_of(watch).is_some_and(|(_, root)| root.mask.contains(Mask::CREATE)) {
            return;
        }
        self.found.insert(watch, name);
        let mask = if is_dir { Mask::CREATE | Mask::ISDIR } else { Mask::CREATE };
        let mut event = self.event_of(watch, mask, Some(name), EventKind::Created);
        event.found_by_scan = true;
        self.queue.push(event);
    }

    fn end_scan(&mut self, inotify: &Inotify, watch: i32) {
        if self.found.has(watch) {
            // Without an answer the names are kept for what the queue takes at most.
            let queued = inotify.queued().unwrap_or(0);
            self.found.end(watch, self.position + queued);
        }
    }

    fn unread(&mut self, watch: i32, error: io::Error) {
        let error = match self.nodes.path(watch) {
            Some(path) => explained(&path, error),
            None => error,
        };
        self.tell_unwatched(watch, None, error);
    }
}
