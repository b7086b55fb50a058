//! Files and directories, on threads of their own: the names of [`std::fs`], as async functions.
//!
//! A regular file is always "ready", and a call on it may wait for a disk or a server all the same. So the calls are made by threads of a
//! pool for files, and a worker waits for none of them. It works under any executor: without a runtime of fend's around it, the
//! pool of the default one is used.
//!
//! ```
//! # use fend_reactor as fend;
//! use fend::fs::{self, File};
//! use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, io::SeekFrom};
//!
//! # fend::block_on(async {
//! # let root = std::env::temp_dir().join(format!("fend-fs-{}", std::process::id()));
//! # let path = root.join("deep/notes.txt");
//! fs::create_dir_all(path.parent().unwrap()).await?;
//! let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path).await?;
//! file.write_all(b"hello, world").await?;
//! file.seek(SeekFrom::Start(7)).await?;
//! let mut end = String::new();
//! file.read_to_string(&mut end).await?;
//! assert_eq!(end, "world");
//!
//! fs::write_atomic(&path, "all of it or nothing").await?;
//! assert_eq!(fs::read_to_string(&path).await?, "all of it or nothing");
//! # fs::remove_dir_all(&root).await?;
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! **Errors** name the operation and the path: [`FsError`].
//!
//! **Giving up**: when the future is dropped, a call that still waits for its thread is not made. One that has begun cannot be stopped: it runs
//! to its end, and the result is dropped. What [`File`] has read or accepted stays with the file.
//!
//! **Closing** a file is done by whoever drops it last, the worker as a rule. Where close(2) may take long (a network file system with data
//! to send, or the last of a big file that was removed), [sync](File::sync_all) it first, or
//! [take std's file](File::into_std) to [`spawn_blocking`](crate::spawn_blocking).

mod atomic_write;
mod dir_builder;
mod error;
mod file;
mod open_options;
mod paths;
pub(crate) mod pool;
mod read_dir;

pub use atomic_write::{AtomicWrite, write_atomic};
pub use dir_builder::DirBuilder;
pub use error::FsError;
pub use file::File;
pub use open_options::OpenOptions;
pub use paths::{
    canonicalize, copy, create_dir, create_dir_all, exists, hard_link, metadata, read, read_link,
    read_to_string, remove_dir, remove_dir_all, remove_file, rename, set_permissions, symlink,
    symlink_metadata, try_exists, write,
};
pub use read_dir::{DirEntry, ReadDir, read_dir};

pub use std::fs::{FileTimes, FileType, Metadata, Permissions};
