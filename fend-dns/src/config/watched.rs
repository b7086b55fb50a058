//! [`Watched`]: one file, and whether there is news of it.

#[cfg(test)]
mod tests;

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The most that is read of a file. A larger one is none that a person or a program would want to be read for each lookup.
pub(super) const MAX_SIZE: u64 = 16 << 20;

/// A file that has changed this short a time before it was read may change once more without its time or size telling: times have
/// the grain of the file system, at worst two seconds. It is read again at the next look.
const SETTLED: Duration = Duration::from_secs(2);

/// A file that is read again when it is another one, or has changed: when its device, inode, size, or a time is another.
#[derive(Debug)]
pub(super) struct Watched {
    path: PathBuf,
    seen: Seen,
    was_read: bool,
}

/// What was there at the last look.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// Nothing that the next look could rely on: it reads whatever is there.
    Unsure,
    Missing,
    Version(Version),
}

/// What changes with a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// The kernel sets it at each change, and programs cannot set it.
    changed: (i64, i64),
}

/// What a look has found.
#[derive(Debug)]
pub(super) enum News {
    None,
    Missing,
    Content(Vec<u8>),
    /// More than [`MAX_SIZE`].
    TooLarge(io::Error),
    /// It is there, but cannot be read now.
    Failed(io::Error),
}

impl Watched {
    pub(super) fn new(path: PathBuf) -> Watched {
        Watched { path, seen: Seen::Unsure, was_read: false }
    }

    /// Whether there has been any content yet.
    pub(super) fn was_read(&self) -> bool {
        self.was_read
    }

    /// Looks at the file, and reads it when it has changed. `wall` is the time by which files are dated.
    pub(super) fn look(&mut self, wall: SystemTime) -> News {
        let version = match version_at(&self.path) {
            Ok(version) => version,
            Err(error) if error.kind() == ErrorKind::NotFound => return self.missing(),
            Err(error) => return self.failed(&error),
        };
        if self.seen == Seen::Version(version) {
            return News::None;
        }
        self.read(wall)
    }

    fn read(&mut self, wall: SystemTime) -> News {
        match read_file(&self.path) {
            Ok((content, version)) => {
                let is_settled =
                    version.is_settled(wall) && version_at(&self.path).is_ok_and(|now| now == version);
                self.seen = if is_settled { Seen::Version(version) } else { Seen::Unsure };
                self.was_read = true;
                self.content(content)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => self.missing(),
            Err(error) => self.failed(&error),
        }
    }

    fn content(&self, content: Vec<u8>) -> News {
        if content.len() as u64 > MAX_SIZE {
            return News::TooLarge(self.error(ErrorKind::FileTooLarge, "more than 16 MiB; treated as empty"));
        }
        News::Content(content)
    }

    fn missing(&mut self) -> News {
        if self.seen == Seen::Missing {
            return News::None;
        }
        self.seen = Seen::Missing;
        News::Missing
    }

    fn failed(&mut self, error: &io::Error) -> News {
        self.seen = Seen::Unsure;
        News::Failed(self.error(error.kind(), &error.to_string()))
    }

    fn error(&self, kind: ErrorKind, message: &str) -> io::Error {
        io::Error::new(kind, format!("read {}: {message}", self.path.display()))
    }
}

impl Version {
    fn of(metadata: &Metadata) -> Version {
        Version {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether it changed so long ago that a further change has another time. A time in the future tells of a clock that was set
    /// back, and of nothing recent.
    fn is_settled(&self, wall: SystemTime) -> bool {
        let changed =
            SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(self.changed.0).unwrap_or(0));
        match wall.duration_since(changed) {
            Ok(age) => age > SETTLED,
            Err(ahead) => ahead.duration() > SETTLED,
        }
    }
}

fn version_at(path: &Path) -> io::Result<Version> {
    regular(&std::fs::metadata(path)?)
}

/// Only regular files have an end that comes without waiting for anybody.
fn regular(metadata: &Metadata) -> io::Result<Version> {
    if metadata.is_file() {
        return Ok(Version::of(metadata));
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "no regular file"))
}

/// The content, up to a byte more than is allowed, and the version that was there before it was read.
fn read_file(path: &Path) -> io::Result<(Vec<u8>, Version)> {
    let file = open(path)?;
    let version = regular(&file.metadata()?)?;
    let mut content = Vec::with_capacity(usize::try_from(version.size.min(MAX_SIZE)).unwrap_or(0) + 1);
    file.take(MAX_SIZE + 1).read_to_end(&mut content)?;
    Ok((content, version))
}

/// A FIFO that has come in between does not block for want of a writer, and a terminal does not become ours.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}
