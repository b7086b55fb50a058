//! Where a response goes: standard output, or a file.
//!
//! Both may block, on a full pipe or a slow disk, and so they are written to on the blocking pool, a piece at a time: the next piece is
//! received when the last is written.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;

use crate::status::Failure;

#[derive(Debug, Clone)]
pub(crate) enum Target {
    Stdout,
    File(PathBuf),
}

/// An open target.
pub(crate) struct Output {
    name: String,
    file: Arc<File>,
}

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Yes,
    /// The reading end of the pipe is closed.
    NobodyReads,
}

impl Output {
    /// Makes the file, or takes the one that is there.
    pub(crate) async fn open(target: Target) -> Result<Output, Failure> {
        let name = match &target {
            Target::Stdout => "standard output".to_owned(),
            Target::File(path) => path.display().to_string(),
        };
        let open = move || match target {
            // Without the buffer that std puts before it.
            Target::Stdout => io::stdout().as_fd().try_clone_to_owned().map(File::from),
            Target::File(path) => File::create(path),
        };
        match blocking(open).await {
            Ok(file) => Ok(Output { name, file: Arc::new(file) }),
            Err(error) => Err(Failure::Output(name, error)),
        }
    }

    pub(crate) async fn write(&self, bytes: Vec<u8>) -> Result<Written, Failure> {
        let file = self.file.clone();
        match blocking(move || (&*file).write_all(&bytes)).await {
            Ok(()) => Ok(Written::Yes),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Written::NobodyReads),
            Err(error) => Err(Failure::Output(self.name.clone(), error)),
        }
    }
}

async fn blocking<T: Send + 'static>(job: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    fend::spawn_blocking(job).await?
}
