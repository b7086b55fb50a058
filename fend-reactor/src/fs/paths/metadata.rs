//! What there is to know of a path.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::Path;

use super::on_path;

/// Whether there is something at the end of all symbolic links: [`std::fs::exists`].
///
/// # Errors
///
/// When that is not to be known: a directory on the way may not be searched, say. And when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end; it changes nothing.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// # fend::block_on(async {
/// assert!(fend::fs::exists("/proc/self").await?);
/// assert!(!fend::fs::exists("/proc/nowhere").await?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn exists(path: impl AsRef<Path>) -> io::Result<bool> {
    on_path("metadata", path.as_ref(), |path| fs::exists(path)).await
}

/// [`exists`], by tokio's name.
///
/// # Errors
///
/// As [`exists`].
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end; it changes nothing.
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    exists(path).await
}

/// What there is at the end of all symbolic links: [`std::fs::metadata`].
///
/// # Errors
///
/// What stat(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end; it changes nothing.
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    on_path("metadata", path.as_ref(), |path| fs::metadata(path)).await
}

/// What there is, a symbolic link itself included: [`std::fs::symlink_metadata`].
///
/// # Errors
///
/// What lstat(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end; it changes nothing.
pub async fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    on_path("metadata", path.as_ref(), |path| fs::symlink_metadata(path)).await
}

/// Sets the permission bits: [`std::fs::set_permissions`].
///
/// # Errors
///
/// What chmod(2) says, and when the runtime has shut down.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end.
pub async fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    on_path("set permissions of", path.as_ref(), move |path| fs::set_permissions(path, permissions)).await
}
