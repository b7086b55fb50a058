//! What both ends of a pipe share: the calls on the bare fd, and the check of a foreign one.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, taken_of, taken_of_mut, without_sigpipe};
use socket2::SockRef;

use crate::sys;

/// One registered end of a pipe, shared by the clones of its owner.
pub(crate) type RegisteredPipe = Arc<AsyncFd<File>>;

/// read(2) into a buffer that is not empty. The end of the pipe is 0.
pub(super) fn recv(mut pipe: &File, buf: &mut [u8]) -> io::Result<usize> {
    unless_before_the_start(pipe, || pipe.read(buf))
}

/// readv(2) into buffers that are not all empty.
pub(super) fn recv_vectored(mut pipe: &File, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    let bufs = taken_of_mut(bufs);
    unless_before_the_start(pipe, || pipe.read_vectored(bufs))
}

/// Tells the end from the time before the start, which is worth waiting for: a FIFO that no writer has opened yet reads like one
/// that all have closed. Only the second is a hang-up for poll(2). A writer may come between the two calls, and one that comes
/// and goes while poll looks makes it report a hang-up and miss the data; so the hang-up is believed if the pipe is empty
/// after it.
fn unless_before_the_start(pipe: &File, mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    let mut hung_up = false;
    loop {
        let count = read()?;
        if count > 0 || hung_up {
            return Ok(count);
        }
        let events = sys::poll_now(pipe.as_fd(), libc::POLLIN)?;
        if events == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        hung_up = events & libc::POLLIN == 0;
    }
}

/// write(2). No reader is an error, never a signal.
pub(super) fn send(mut pipe: &File, buf: &[u8]) -> io::Result<usize> {
    without_sigpipe(|| pipe.write(buf))
}

/// writev(2) of buffers that are not all empty.
pub(super) fn send_vectored(mut pipe: &File, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    without_sigpipe(|| pipe.write_vectored(taken_of(bufs)))
}

/// Makes sure that a foreign fd is an end of a pipe or FIFO which can do what it is to be used for (`O_RDONLY` or
/// `O_WRONLY`), and makes it non-blocking, so that no call on it can stall a worker.
pub(super) fn adopt(pipe: File, access: libc::c_int) -> io::Result<File> {
    if !pipe.metadata()?.file_type().is_fifo() {
        return Err(unfit("the file descriptor is not a pipe"));
    }
    let mode = sys::pipe::access_mode(pipe.as_fd())?;
    if mode != access && mode != libc::O_RDWR {
        return Err(unfit(match access {
            libc::O_RDONLY => "the file descriptor is the writing end of a pipe",
            _ => "the file descriptor is the reading end of a pipe",
        }));
    }
    SockRef::from(&pipe).set_nonblocking(true)?;
    Ok(pipe)
}

pub(super) fn capacity(pipe: &File) -> io::Result<usize> {
    sys::pipe::capacity(pipe.as_fd())
}

pub(super) fn set_capacity(pipe: &File, bytes: usize) -> io::Result<usize> {
    let error =
        |e: io::Error| io::Error::new(e.kind(), format!("set the pipe's capacity to {bytes} bytes: {e}"));
    let limit = |_| io::Error::from_raw_os_error(libc::EINVAL);
    let bytes = libc::c_int::try_from(bytes).map_err(limit).map_err(error)?;
    sys::pipe::set_capacity(pipe.as_fd(), bytes).map_err(error)
}

fn unfit(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
