//! Names: given, changed, removed and followed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{on_path, on_paths};

/// Gives a file or directory another name, which may be in another directory of the same file system, and replaces a file there:
/// [`std::fs::rename`].
///
/// # Errors
///
/// What rename(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end.
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    on_paths("rename", from.as_ref(), to.as_ref(), |from, to| fs::rename(from, to)).await
}

/// Gives a file a further name: [`std::fs::hard_link`].
///
/// # Errors
///
/// What link(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end.
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    on_paths("hard link", original.as_ref(), link.as_ref(), |from, to| fs::hard_link(from, to)).await
}

/// Makes a symbolic link at `link` that says `original`: [`std::os::unix::fs::symlink`].
///
/// # Errors
///
/// What symlink(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::fs;
///
/// # fend::block_on(async {
/// # let link = std::env::temp_dir().join(format!("fend-symlink-{}", std::process::id()));
/// fs::symlink("/proc/self", &link).await?;
/// assert_eq!(fs::read_link(&link).await?.to_str(), Some("/proc/self"));
/// assert!(fs::symlink_metadata(&link).await?.is_symlink());
/// assert!(fs::metadata(&link).await?.is_dir());
/// # fs::remove_file(&link).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    on_paths("symlink", original.as_ref(), link.as_ref(), |from, to| std::os::unix::fs::symlink(from, to))
        .await
}

/// What a symbolic link says: [`std::fs::read_link`].
///
/// # Errors
///
/// What readlink(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end; it changes nothing.
pub async fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    on_path("read link", path.as_ref(), |path| fs::read_link(path)).await
}

/// The absolute path, without symbolic links: [`std::fs::canonicalize`].
///
/// # Errors
///
/// What realpath(3) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end; it changes nothing.
pub async fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    on_path("canonicalize", path.as_ref(), |path| fs::canonicalize(path)).await
}

/// Removes a file, or rather this name of it: [`std::fs::remove_file`].
///
/// # Errors
///
/// What unlink(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end.
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    on_path("remove", path.as_ref(), |path| fs::remove_file(path)).await
}
