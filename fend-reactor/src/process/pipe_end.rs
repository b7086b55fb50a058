//! What the streams of a child share: the calls on our end of the pipe, and the ways in and out.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use crate::dispatcher::Readiness;
use crate::io::{AsyncFd, taken_of, taken_of_mut};
use crate::sys::{self, FileKind, without_sigpipe};

pub(super) type PipeEnd = AsyncFd<File>;

/// Takes over an end, which is made non-blocking. The child's end is another open file, with a mode of its own.
pub(super) fn adopt(fd: OwnedFd, assumed: Readiness) -> io::Result<PipeEnd> {
    if sys::status(fd.as_fd())?.kind == FileKind::Storage {
        let message = "the file descriptor is a regular file, a directory or a block device, and not a pipe";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    sys::set_nonblocking(fd.as_fd(), true)?;
    Ok(AsyncFd::with_assumed(File::from(fd), assumed))
}

/// The fd in blocking mode, out of the runtime.
pub(super) fn into_blocking(end: PipeEnd) -> io::Result<OwnedFd> {
    let fd = OwnedFd::from(end.into_inner());
    sys::set_nonblocking(fd.as_fd(), false)?;
    Ok(fd)
}

/// read(2).
pub(super) fn recv(mut pipe: &File, buf: &mut [u8]) -> io::Result<usize> {
    pipe.read(buf)
}

/// readv(2) into buffers that are not all empty.
pub(super) fn recv_vectored(mut pipe: &File, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    pipe.read_vectored(taken_of_mut(bufs))
}

/// write(2). No reader is an error, never a signal.
pub(super) fn send(mut pipe: &File, buf: &[u8]) -> io::Result<usize> {
    without_sigpipe(|| pipe.write(buf))
}

/// writev(2) of buffers that are not all empty.
pub(super) fn send_vectored(mut pipe: &File, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    without_sigpipe(|| pipe.write_vectored(taken_of(bufs)))
}
