//! The file of the control socket, told from another one that has come to its path.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub(crate) struct ControlFile {
    path: PathBuf,
    identity: Identity,
}

/// A file system gives the number of a file that was removed to the next one: the time tells those apart.
#[derive(PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl ControlFile {
    /// The one that is at `path` now.
    pub(crate) fn at(path: &Path) -> io::Result<ControlFile> {
        Ok(ControlFile { path: path.to_owned(), identity: identity(path)? })
    }

    /// Removes it, if it is still there. To be called while the socket is open: nobody replaces the file of a socket that is alive, but
    /// that of a dead one may be replaced at any moment.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let removed = match identity(&self.path) {
            Ok(identity) if identity == self.identity => fs::remove_file(&self.path),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(io::Error::new(error.kind(), format!("remove {:?}: {error}", self.path))),
            Ok(()) => Ok(()),
        }
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    let file = fs::symlink_metadata(path)?;
    Ok(Identity {
        device: file.dev(),
        number: file.ino(),
        seconds: file.mtime(),
        nanoseconds: file.mtime_nsec(),
    })
}
