//! [`write_atomic`]: a file is replaced as a whole.
//!
//! The new contents go to a file beside the old one, onto the disk, and then take its name by rename(2). A file without a name
//! (`O_TMPFILE`) would leave nothing behind when the process is killed, but linkat(2) gives it no name that is in use.
//! All of it is one call on the pool, which nothing can interrupt in the middle.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::error::FsError;
use super::paths::on_path;
use crate::random::Random;

/// Symbolic links that are followed, as by the kernel (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// Names that are tried: none of them is ever in use but by intent.
const MAX_NAMES: usize = 16;

/// The permission bits of a new file, of which the umask takes some away.
const NEW_FILE: u32 = 0o666;

/// Replaces what is in a file as a whole: who reads it sees all of the old contents or all of the new, also after a loss of power. Creates the
/// file if there is none.
///
/// The new contents, of which a copy is made, are written to a temporary file in the same directory, `.fend-<16 digits>.tmp`, and synced
/// with fsync(2); it is renamed to `path`; and the directory is synced. Permission bits of the old file are kept, and its owner and group
/// where the process may set them. Extended attributes are not, nor do other hard links of the old file see the new
/// contents. A symbolic link is followed, as by [`write`](super::write): the file that it leads to is replaced.
///
/// [`AtomicWrite`] has settings.
///
/// # Errors
///
/// What opening, writing, syncing and renaming say; [`InvalidInput`](io::ErrorKind::InvalidInput) when there is something at `path`
/// that is no regular file; and when the runtime has shut down. The old contents are in place then, and the temporary file is
/// removed; only when the directory could not be synced the new ones are.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end: the file is replaced, or nothing has happened. Only when the process is killed in
/// the middle a temporary file is left.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::fs;
///
/// # fend::block_on(async {
/// # let root = std::env::temp_dir().join(format!("fend-write-atomic-{}", std::process::id()));
/// # fs::create_dir(&root).await?;
/// # let path = root.join("state.json");
/// fs::write_atomic(&path, r#"{"count":1}"#).await?;
/// fs::write_atomic(&path, r#"{"count":2}"#).await?;
/// assert_eq!(fs::read(&path).await?, br#"{"count":2}"#);
/// # fs::remove_dir_all(&root).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn write_atomic(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    AtomicWrite::new().write(path, contents).await
}

/// [`write_atomic`] with settings.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::fs::{self, AtomicWrite};
///
/// # fend::block_on(async {
/// # let path = std::env::temp_dir().join(format!("fend-atomic-write-{}", std::process::id()));
/// AtomicWrite::new().mode(0o600).sync(false).write(&path, "secret").await?;
/// assert_eq!(fs::read(&path).await?, b"secret");
/// # fs::remove_file(&path).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct AtomicWrite {
    mode: Option<u32>,
    sync: bool,
}

impl AtomicWrite {
    /// As [`write_atomic`] does it.
    #[expect(clippy::new_without_default, reason = "as the other builders")]
    #[must_use]
    pub fn new() -> AtomicWrite {
        AtomicWrite { mode: None, sync: true }
    }

    /// The permission bits of the new file, from its first moment on: exactly these, whatever the umask and the old file. By default those
    /// of the old file, or 0o666 less the umask.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> AtomicWrite {
        self.mode = Some(mode & 0o7777);
        self
    }

    /// Whether to wait for the disk; true by default. Without, readers see all of the old or of the new contents as long as the system
    /// runs; after a loss of power the file may be empty.
    #[must_use]
    pub fn sync(mut self, sync: bool) -> AtomicWrite {
        self.sync = sync;
        self
    }

    /// Replaces what is in the file at `path`: see [`write_atomic`].
    ///
    /// # Errors
    ///
    /// As [`write_atomic`].
    ///
    /// # Cancel safety
    ///
    /// As [`write_atomic`].
    pub async fn write(&self, path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
        let settings = self.clone();
        let contents = contents.as_ref().to_owned();
        // The error inside names the directory, when it is that which could not be synced.
        on_path("write", path.as_ref(), move |path| Ok(settings.replace(path, &contents))).await?
    }

    fn replace(&self, path: &Path, contents: &[u8]) -> io::Result<()> {
        let failed = |error| FsError::at("write", path, error);
        let target = follow(path).map_err(failed)?;
        let old = regular_file(&target).map_err(failed)?;
        let directory = match target.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            // The empty path: `/` is no regular file.
            None => return Err(failed(io::Error::from_raw_os_error(libc::ENOENT))),
        };
        let temporary = Temporary::create(directory, self.first_mode(old.as_ref())).map_err(failed)?;
        self.fill(&temporary.file, old.as_ref(), contents).map_err(failed)?;
        temporary.rename(&target).map_err(failed)?;
        if self.sync {
            sync_directory(directory).map_err(|error| FsError::at("sync directory", directory, error))?;
        }
        Ok(())
    }

    /// Nobody is to read the new contents who could not read the old ones.
    fn first_mode(&self, old: Option<&Metadata>) -> u32 {
        if self.mode.is_some() || old.is_some() { 0o600 } else { NEW_FILE }
    }

    fn fill(&self, mut file: &File, old: Option<&Metadata>, contents: &[u8]) -> io::Result<()> {
        file.write_all(contents)?;
        let kept = old.map(|old| take_after(old, file));
        if let Some(mode) = self.mode.or(kept) {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        if self.sync { file.sync_all() } else { Ok(()) }
    }
}

/// Where the symbolic links at `path` lead, also if there is nothing there.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..=MAX_LINKS {
        match std::fs::read_link(&target) {
            // A link's text counts from the link's directory.
            Ok(text) => target = target.parent().unwrap_or(Path::new("")).join(text),
            // EINVAL: no link.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => return Ok(target),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(target),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

/// What is there now. A rename would put a file in the place of a device or a FIFO.
fn regular_file(path: &Path) -> io::Result<Option<Metadata>> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) if metadata.is_dir() => Err(io::Error::from_raw_os_error(libc::EISDIR)),
        Ok(_) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "there is something that is no regular file"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives the file the old one's owner and group, as far as the process may, and tells the permission bits that it is to have. A
/// group that is another one gets no more than everybody.
fn take_after(old: &Metadata, file: &File) -> u32 {
    let new = file.metadata();
    let is_same = |same: fn(&Metadata, &Metadata) -> bool| new.as_ref().is_ok_and(|new| same(new, old));
    let same_group = |new: &Metadata, old: &Metadata| new.gid() == old.gid();
    let same_owner = |new: &Metadata, old: &Metadata| new.uid() == old.uid() && new.gid() == old.gid();
    let (for_all, mode) = (old.mode() & 0o007, old.mode());
    if is_same(same_owner) || fchown(file, Some(old.uid()), Some(old.gid())).is_ok() {
        mode & 0o7777
    } else if is_same(same_group) || fchown(file, None, Some(old.gid())).is_ok() {
        mode & 0o777
    } else {
        mode & 0o707 | mode & (for_all << 3)
    }
}

/// So that the new name is on the disk. A directory that may be searched and written to, but not read, cannot be opened; a file system
/// that syncs no directories says EINVAL.
fn sync_directory(path: &Path) -> io::Result<()> {
    let synced = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        opened => opened?.sync_all(),
    };
    match synced {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        synced => synced,
    }
}

/// A file that is removed when it is dropped.
struct Temporary {
    file: File,
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    fn create(directory: &Path, mode: u32) -> io::Result<Temporary> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        let mut tried = 0;
        loop {
            let path = directory.join(format!(".fend-{:016x}.tmp", Random::seed()));
            tried += 1;
            match options.open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tried < MAX_NAMES => {}
                opened => return opened.map(|file| Temporary { file, path, renamed: false }),
            }
        }
    }

    fn rename(mut self, target: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, target)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // The error that led here is told.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
