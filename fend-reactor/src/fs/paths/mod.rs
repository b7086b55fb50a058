//! Functions that take paths: one call of std's on the pool each.

mod contents;
mod directories;
mod metadata;
mod names;

use std::io;
use std::path::Path;

use super::error::{FsError, Place};
use super::pool;

pub use contents::{copy, read, read_to_string, write};
pub use directories::{create_dir, create_dir_all, remove_dir, remove_dir_all};
pub use metadata::{exists, metadata, set_permissions, symlink_metadata, try_exists};
pub use names::{canonicalize, hard_link, read_link, remove_file, rename, symlink};

/// Runs `call` on the pool. Its error names `operation` and the path, and so does that of a call which could not be made.
pub(super) async fn on_path<T: Send + 'static>(
    operation: &'static str,
    path: &Path,
    call: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let owned = path.to_owned();
    pool::run(move || call(&owned)).await.map_err(|error| FsError::at(operation, path, error))
}

/// [`on_path`], for two.
async fn on_paths<T: Send + 'static>(
    operation: &'static str,
    from: &Path,
    to: &Path,
    call: fn(&Path, &Path) -> io::Result<T>,
) -> io::Result<T> {
    let owned = (from.to_owned(), to.to_owned());
    let place = || Place::Pair(from.to_owned(), to.to_owned());
    pool::run(move || call(&owned.0, &owned.1))
        .await
        .map_err(|error| FsError::wrap(operation, place(), error))
}
