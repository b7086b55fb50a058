//! From files, bare fds and the streams of a child process, and back.
//!
//! On the way in an end is checked and made non-blocking, whatever it was. The mode is a property of the open file: whoever
//! shares it sees the change.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use fend_reactor::process;
use socket2::SockRef;

use super::end::adopt;
use super::{PipeReader, PipeWriter};
use crate::release::{ReleaseError, release};

/// The end of a pipe of a released fd, blocking again.
fn blocking(pipe: File) -> OwnedFd {
    // On a file that is open this cannot fail: the kernel refuses no change of O_NONBLOCK.
    let _ = SockRef::from(&pipe).set_nonblocking(false);
    pipe.into()
}

impl PipeReader {
    /// The fd in blocking mode, out of the runtime: what a child process expects as its standard input.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] with this end when clones of it are alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::process::Command;
    ///
    /// # fend::block_on(async {
    /// let (reader, writer) = fend::net::pipe::pipe()?;
    /// let mut child = Command::new("cat").stdin(reader.into_blocking_fd()?).stdout(std::process::Stdio::piped()).spawn()?;
    /// writer.send_all(b"meow").await?;
    /// drop(writer);
    /// assert_eq!(child.wait_with_output()?.stdout, b"meow");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_blocking_fd(self) -> Result<OwnedFd, ReleaseError<PipeReader>> {
        release(self.into_registered(), PipeReader::from_registered).map(blocking)
    }
}

impl PipeWriter {
    /// The fd in blocking mode, out of the runtime: what a child process expects as its standard output.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] with this end when clones of it are alive.
    pub fn into_blocking_fd(self) -> Result<OwnedFd, ReleaseError<PipeWriter>> {
        release(self.into_registered(), PipeWriter::from_registered).map(blocking)
    }
}

/// Checks that the fd is an end of a pipe that can be read, and makes it non-blocking.
impl TryFrom<OwnedFd> for PipeReader {
    type Error = io::Error;

    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        PipeReader::try_from(File::from(fd))
    }
}

/// Checks that the fd is an end of a pipe that can be written, and makes it non-blocking.
impl TryFrom<OwnedFd> for PipeWriter {
    type Error = io::Error;

    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        PipeWriter::try_from(File::from(fd))
    }
}

/// Checks that the file is an end of a pipe that can be read, and makes it non-blocking.
impl TryFrom<File> for PipeReader {
    type Error = io::Error;

    fn try_from(file: File) -> io::Result<Self> {
        adopt(file, libc::O_RDONLY).map(PipeReader::of)
    }
}

/// Checks that the file is an end of a pipe that can be written, and makes it non-blocking.
impl TryFrom<File> for PipeWriter {
    type Error = io::Error;

    fn try_from(file: File) -> io::Result<Self> {
        adopt(file, libc::O_WRONLY).map(PipeWriter::of)
    }
}

/// Makes the pipe non-blocking. The child's end stays as it is.
impl TryFrom<ChildStdout> for PipeReader {
    type Error = io::Error;

    fn try_from(stdout: ChildStdout) -> io::Result<Self> {
        PipeReader::try_from(OwnedFd::from(stdout))
    }
}

/// Makes the pipe non-blocking. The child's end stays as it is.
impl TryFrom<ChildStderr> for PipeReader {
    type Error = io::Error;

    fn try_from(stderr: ChildStderr) -> io::Result<Self> {
        PipeReader::try_from(OwnedFd::from(stderr))
    }
}

/// Makes the pipe non-blocking. The child's end stays as it is.
impl TryFrom<ChildStdin> for PipeWriter {
    type Error = io::Error;

    fn try_from(stdin: ChildStdin) -> io::Result<Self> {
        PipeWriter::try_from(OwnedFd::from(stdin))
    }
}

/// The same pipe, with clones.
impl TryFrom<process::ChildStdout> for PipeReader {
    type Error = io::Error;

    fn try_from(stdout: process::ChildStdout) -> io::Result<Self> {
        PipeReader::try_from(OwnedFd::from(stdout))
    }
}

/// The same pipe, with clones.
impl TryFrom<process::ChildStderr> for PipeReader {
    type Error = io::Error;

    fn try_from(stderr: process::ChildStderr) -> io::Result<Self> {
        PipeReader::try_from(OwnedFd::from(stderr))
    }
}

/// The same pipe, with clones. Fails when it was closed.
impl TryFrom<process::ChildStdin> for PipeWriter {
    type Error = io::Error;

    fn try_from(stdin: process::ChildStdin) -> io::Result<Self> {
        PipeWriter::try_from(OwnedFd::try_from(stdin)?)
    }
}

/// The fd stays non-blocking. Fails, and gives the end back, while clones of it are alive.
impl TryFrom<PipeReader> for OwnedFd {
    type Error = ReleaseError<PipeReader>;

    fn try_from(reader: PipeReader) -> Result<Self, Self::Error> {
        release(reader.into_registered(), PipeReader::from_registered).map(Into::into)
    }
}

/// The fd stays non-blocking. Fails, and gives the end back, while clones of it are alive.
impl TryFrom<PipeWriter> for OwnedFd {
    type Error = ReleaseError<PipeWriter>;

    fn try_from(writer: PipeWriter) -> Result<Self, Self::Error> {
        release(writer.into_registered(), PipeWriter::from_registered).map(Into::into)
    }
}

impl AsFd for PipeReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe().as_fd()
    }
}

impl AsFd for PipeWriter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe().as_fd()
    }
}

impl AsRawFd for PipeReader {
    fn as_raw_fd(&self) -> RawFd {
        self.pipe().as_raw_fd()
    }
}

impl AsRawFd for PipeWriter {
    fn as_raw_fd(&self) -> RawFd {
        self.pipe().as_raw_fd()
    }
}
