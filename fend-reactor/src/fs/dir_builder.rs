//! [`DirBuilder`]: how a directory is made.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::paths::on_path;

/// How a directory is made: [`std::fs::DirBuilder`], with a [`create`](DirBuilder::create) that does not block.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::fs::{self, DirBuilder};
///
/// # fend::block_on(async {
/// # let root = std::env::temp_dir().join(format!("fend-dir-builder-{}", std::process::id()));
/// let path = root.join("cache/pages");
/// DirBuilder::new().recursive(true).mode(0o700).create(&path).await?;
/// assert!(fs::metadata(&path).await?.is_dir());
/// # fs::remove_dir_all(&root).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct DirBuilder {
    recursive: bool,
    mode: u32,
}

impl DirBuilder {
    /// For one directory, with the permission bits 0o777.
    #[expect(clippy::new_without_default, reason = "std's has none")]
    #[must_use]
    pub fn new() -> DirBuilder {
        DirBuilder { recursive: false, mode: 0o777 }
    }

    /// Makes what is missing on the way, too, and takes a directory that is there already.
    pub fn recursive(&mut self, recursive: bool) -> &mut DirBuilder {
        self.recursive = recursive;
        self
    }

    /// The permission bits of what is made, of which the umask takes some away.
    pub fn mode(&mut self, mode: u32) -> &mut DirBuilder {
        self.mode = mode;
        self
    }

    /// Makes the directory.
    ///
    /// # Errors
    ///
    /// What mkdir(2) says, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end.
    pub async fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let (recursive, mode) = (self.recursive, self.mode);
        on_path("create directory", path.as_ref(), move |path| {
            std::fs::DirBuilder::new().recursive(recursive).mode(mode).create(path)
        })
        .await
    }
}
