//! [`OpenOptions`]: how a file is opened.

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::File;
use super::paths::on_path;

/// How a file is opened: [`std::fs::OpenOptions`], with an [`open`](OpenOptions::open) that does not block.
///
/// Converts from and into std's.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::fs::{self, OpenOptions};
/// use futures_lite::AsyncWriteExt;
///
/// # fend::block_on(async {
/// # let path = std::env::temp_dir().join(format!("fend-open-options-{}", std::process::id()));
/// let mut log = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).await?;
/// log.write_all(b"one line\n").await?;
/// log.flush().await?;
/// assert_eq!(fs::read(&path).await?, b"one line\n");
/// # fs::remove_file(&path).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions(std::fs::OpenOptions);

impl OpenOptions {
    /// All set to false.
    #[expect(clippy::new_without_default, reason = "std's has none")]
    #[must_use]
    pub fn new() -> OpenOptions {
        OpenOptions(std::fs::OpenOptions::new())
    }

    /// For reading.
    pub fn read(&mut self, read: bool) -> &mut OpenOptions {
        self.0.read(read);
        self
    }

    /// For writing, over what is there.
    pub fn write(&mut self, write: bool) -> &mut OpenOptions {
        self.0.write(write);
        self
    }

    /// For writing at the end, wherever that is by then (`O_APPEND`).
    pub fn append(&mut self, append: bool) -> &mut OpenOptions {
        self.0.append(append);
        self
    }

    /// Empties the file. Needs [`write`](Self::write).
    pub fn truncate(&mut self, truncate: bool) -> &mut OpenOptions {
        self.0.truncate(truncate);
        self
    }

    /// Creates the file where there is none. Needs [`write`](Self::write) or [`append`](Self::append).
    pub fn create(&mut self, create: bool) -> &mut OpenOptions {
        self.0.create(create);
        self
    }

    /// Creates the file, and fails where there is one, be it a link that leads nowhere (`O_EXCL`).
    pub fn create_new(&mut self, create_new: bool) -> &mut OpenOptions {
        self.0.create_new(create_new);
        self
    }

    /// The permission bits of a file that is created, of which the umask takes some away. 0o666 by default.
    pub fn mode(&mut self, mode: u32) -> &mut OpenOptions {
        self.0.mode(mode);
        self
    }

    /// Further flags of open(2), such as `libc::O_NOFOLLOW`. `O_DIRECT` needs aligned buffers, which [`File`] has none of: use std's file
    /// in [`spawn_blocking`](crate::spawn_blocking).
    pub fn custom_flags(&mut self, flags: i32) -> &mut OpenOptions {
        self.0.custom_flags(flags);
        self
    }

    /// Opens the file, close-on-exec, on the pool for files.
    ///
    /// A FIFO is opened only when its other end is; until then a thread of the pool waits, also when nobody awaits this any more.
    ///
    /// # Errors
    ///
    /// What open(2) says, [`InvalidInput`](io::ErrorKind::InvalidInput) for options that contradict each other, and when the runtime has
    /// shut down.
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end: it creates or empties the file if it was told to, and closes it.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let options = self.0.clone();
        on_path("open", path.as_ref(), move |path| Ok(File::opened(options.open(path)?, path))).await
    }
}

impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(options: std::fs::OpenOptions) -> OpenOptions {
        OpenOptions(options)
    }
}

impl From<OpenOptions> for std::fs::OpenOptions {
    fn from(options: OpenOptions) -> std::fs::OpenOptions {
        options.0
    }
}
