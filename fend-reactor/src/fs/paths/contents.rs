//! What is in a file, as a whole.

use std::fs;
use std::io;
use std::path::Path;

use super::{on_path, on_paths};

/// Reads a whole file: [`std::fs::read`].
///
/// # Errors
///
/// What opening and reading say, and when the runtime has shut down.
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
/// let status = fend::fs::read("/proc/self/status").await?;
/// assert!(status.starts_with(b"Name:"));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    on_path("read", path.as_ref(), |path| fs::read(path)).await
}

/// Reads a whole file that is text: [`std::fs::read_to_string`].
///
/// # Errors
///
/// As [`read`], and [`InvalidData`](io::ErrorKind::InvalidData) when it is not UTF-8.
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
/// let release = fend::fs::read_to_string("/proc/sys/kernel/osrelease").await?;
/// assert!(release.contains('.'));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    on_path("read", path.as_ref(), |path| fs::read_to_string(path)).await
}

/// Creates the file, or empties it, and writes `contents`, of which a copy is made: [`std::fs::write`].
///
/// Readers see the file grow. [`write_atomic`](crate::fs::write_atomic) shows them the old contents or the new.
///
/// # Errors
///
/// What opening and writing say, and when the runtime has shut down. The file may be incomplete then.
///
/// # Cancel safety
///
/// Given up early, a call that has begun runs to its end: all is written, or nothing.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::fs;
///
/// # fend::block_on(async {
/// # let path = std::env::temp_dir().join(format!("fend-write-{}", std::process::id()));
/// fs::write(&path, "hello").await?;
/// assert_eq!(fs::read_to_string(&path).await?, "hello");
/// # fs::remove_file(&path).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let contents = contents.as_ref().to_owned();
    on_path("write", path.as_ref(), move |path| fs::write(path, contents)).await
}

/// Copies contents and permission bits of a file, within the kernel where it can: [`std::fs::copy`]. Gives the number of bytes.
///
/// # Errors
///
/// What opening, reading and writing say, and when the runtime has shut down.
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
/// # let root = std::env::temp_dir().join(format!("fend-copy-{}", std::process::id()));
/// # fs::create_dir(&root).await?;
/// # let (from, to) = (root.join("a"), root.join("b"));
/// fs::write(&from, "hello").await?;
/// assert_eq!(fs::copy(&from, &to).await?, 5);
/// assert_eq!(fs::read(&to).await?, b"hello");
/// # fs::remove_dir_all(&root).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    on_paths("copy", from.as_ref(), to.as_ref(), copy_anew).await
}

/// std goes on with interrupted reads and writes, but gives up an interrupted copy_file_range(2), which knows regular files only: those are
/// emptied when they are opened anew.
fn copy_anew(from: &Path, to: &Path) -> io::Result<u64> {
    loop {
        match fs::copy(from, to) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
