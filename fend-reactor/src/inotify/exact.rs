//! A directory that is known by its watch, and reached by what is open: a path may lead elsewhere at any time.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::mask::Mask;
use crate::sys::Inotify;

pub(super) struct Exact {
    path: PathBuf,
    /// Where the path leads, while this is open.
    _directory: File,
}

impl Exact {
    /// Opens the directory that has the watch, if `path` leads to it; else gives the number of the one to which it leads.
    pub(super) fn open(inotify: &Inotify, watch: i32, path: &Path) -> io::Result<Result<Exact, i32>> {
        let mask = (Mask::CREATE | Mask::ONLYDIR | Mask::MASK_ADD).bits();
        // With this flag nothing is told of the opening.
        let flags = libc::O_PATH | libc::O_DIRECTORY;
        let directory = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let mut exact = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
        let found = match inotify.add(&exact, mask) {
            // Where proc(5) is not mounted this is less exact.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                exact = path.to_owned();
                inotify.add(path, mask)?
            }
            found => found?,
        };
        Ok(if found == watch { Ok(Exact { path: exact, _directory: directory }) } else { Err(found) })
    }

    /// A path that leads to it as long as this is there.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
