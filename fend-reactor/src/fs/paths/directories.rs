//! Directories, made and removed.

use std::fs;
use std::io;
use std::path::Path;

use super::on_path;

/// Makes a directory: [`std::fs::create_dir`]. [`DirBuilder`](crate::fs::DirBuilder) sets its permission bits.
///
/// # Errors
///
/// What mkdir(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end.
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    on_path("create directory", path.as_ref(), |path| fs::create_dir(path)).await
}

/// Makes a directory and what is missing on the way: [`std::fs::create_dir_all`].
///
/// # Errors
///
/// What mkdir(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end.
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    on_path("create directory", path.as_ref(), |path| fs::create_dir_all(path)).await
}

/// Removes an empty directory: [`std::fs::remove_dir`].
///
/// # Errors
///
/// What rmdir(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end.
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    on_path("remove directory", path.as_ref(), |path| fs::remove_dir(path)).await
}

/// Removes a directory and all that is in it, and follows no symbolic link: [`std::fs::remove_dir_all`].
///
/// # Errors
///
/// The first error, which leaves the rest in place; and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end.
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    on_path("remove directory", path.as_ref(), |path| fs::remove_dir_all(path)).await
}
