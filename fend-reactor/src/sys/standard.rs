//! What standard streams need beyond read(2) and write(2): calls that do not wait on a file that is in blocking mode, and what is to be
//! known of descriptors and terminals.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The call takes numbers only, and the fd is open: it is borrowed. Were it not, the call would fail.
//! 2. The pointer and the length are those of a live slice, or of a live place; the kernel keeps neither, and writes only where the
//!    slice or the place is borrowed mutably.
//! 3. Address 0 belongs to no object: the kernel finds that out before it touches anything, and says `EFAULT`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::{checked, without_sigpipe};

/// Whether the fd is closed by an execve(2) (`F_GETFD` of fcntl(2)). `EBADF` when it is not open.
pub(crate) fn is_close_on_exec(fd: BorrowedFd<'_>) -> io::Result<bool> {
    // SAFETY: rule 1.
    let flags = checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) })?;
    Ok(flags & libc::FD_CLOEXEC != 0)
}

/// Sets the status flags (`F_SETFL` of fcntl(2)) of an open file that is nobody else's.
pub(crate) fn set_status_flags(fd: BorrowedFd<'_>, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: rule 1.
    checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags) }).map(drop)
}

/// recv(2) that does not wait.
pub(crate) fn recv_now(fd: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<usize> {
    // SAFETY: rule 2.
    count(unsafe { libc::recv(fd.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len(), libc::MSG_DONTWAIT) })
}

/// send(2) that does not wait. A connection that is over is an error, never a signal.
pub(crate) fn send_now(fd: BorrowedFd<'_>, buf: &[u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: rule 2.
    count(unsafe { libc::send(fd.as_raw_fd(), buf.as_ptr().cast(), buf.len(), flags) })
}

/// read(2) that does not wait (`RWF_NOWAIT` of preadv2(2)). `EOPNOTSUPP` where the kernel or the file does not know it.
pub(crate) fn read_now(fd: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<usize> {
    let iov = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    // SAFETY: rule 2, for the one place and for the slice that it names. An offset of -1 is the file's own.
    count(unsafe { libc::preadv2(fd.as_raw_fd(), &raw const iov, 1, -1, libc::RWF_NOWAIT) })
}

/// write(2) that does not wait (`RWF_NOWAIT` of pwritev2(2)). No reader is an error, never a signal.
pub(crate) fn write_now(fd: BorrowedFd<'_>, buf: &[u8]) -> io::Result<usize> {
    let iov = libc::iovec { iov_base: buf.as_ptr().cast_mut().cast(), iov_len: buf.len() };
    without_sigpipe(|| {
        // SAFETY: rule 2, for the one place and for the slice that it names, which is only read.
        count(unsafe { libc::pwritev2(fd.as_raw_fd(), &raw const iov, 1, -1, libc::RWF_NOWAIT) })
    })
}

/// Whether [`read_now`] works for this pipe (Linux 6.4, and then for a pipe without a name). Takes nothing.
pub(crate) fn knows_read_now(pipe: BorrowedFd<'_>) -> bool {
    let nowhere = libc::iovec { iov_base: ptr::null_mut(), iov_len: 1 };
    // SAFETY: rule 3.
    knows_nowait(count(unsafe {
        libc::preadv2(pipe.as_raw_fd(), &raw const nowhere, 1, -1, libc::RWF_NOWAIT)
    }))
}

/// Whether [`write_now`] works for this pipe. Writes nothing.
pub(crate) fn knows_write_now(pipe: BorrowedFd<'_>) -> bool {
    let nowhere = libc::iovec { iov_base: ptr::null_mut(), iov_len: 1 };
    knows_nowait(without_sigpipe(|| {
        // SAFETY: rule 3.
        count(unsafe { libc::pwritev2(pipe.as_raw_fd(), &raw const nowhere, 1, -1, libc::RWF_NOWAIT) })
    }))
}

/// A pipe that knows the flag has nothing (`EAGAIN`, or 0 at its end), or something that cannot be had (`EFAULT`).
fn knows_nowait(asked: io::Result<usize>) -> bool {
    match asked {
        Ok(count) => count == 0,
        Err(error) => matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EFAULT | libc::EPIPE)),
    }
}

/// The device number of a terminal (`TIOCGDEV` of ioctl_tty(2)): that of the terminal itself, whatever name it was opened by.
pub(crate) fn terminal_device(fd: BorrowedFd<'_>) -> io::Result<u32> {
    let mut device: libc::c_uint = 0;
    // SAFETY: rules 1 and 2: the kernel writes one unsigned int.
    checked(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGDEV, &raw mut device) })?;
    Ok(device)
}

/// Whether it is the controlling side of a pseudoterminal (only that has an answer to `TIOCGPTN`).
pub(crate) fn is_pty_master(fd: BorrowedFd<'_>) -> bool {
    let mut number: libc::c_uint = 0;
    // SAFETY: rules 1 and 2: the kernel writes one unsigned int.
    checked(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGPTN, &raw mut number) }).is_ok()
}

/// Whether it is this session's terminal, and the foreground belongs to another process group than ours (tcgetpgrp(3)).
pub(crate) fn is_in_background(fd: BorrowedFd<'_>) -> bool {
    // SAFETY: rule 1.
    let (foreground, ours) = unsafe { (libc::tcgetpgrp(fd.as_raw_fd()), libc::getpgrp()) };
    foreground != -1 && foreground != ours
}

fn count(returned: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(returned).map_err(|_| io::Error::last_os_error())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::sys::{is_nonblocking, pipe};

    fn would_block(result: io::Result<usize>) -> bool {
        result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    #[test]
    fn a_socket_in_blocking_mode_does_not_wait() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        assert!(would_block(recv_now(ours.as_fd(), &mut [0; 8])));
        while send_now(theirs.as_fd(), &[7; 4096]).is_ok() {}
        assert!(would_block(send_now(theirs.as_fd(), &[7])));
        assert_eq!(recv_now(ours.as_fd(), &mut [0; 8]).unwrap(), 8);
        assert!(!is_nonblocking(ours.as_fd()).unwrap());
        drop(ours);
        assert_eq!(send_now(theirs.as_fd(), &[7]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn asking_a_pipe_whether_it_can_be_read_without_waiting_takes_nothing() {
        let (reader, writer) = pipe().unwrap();
        let known = (knows_read_now(reader.as_fd()), knows_write_now(writer.as_fd()));
        assert_eq!(known.0, known.1);
        let (mut reader, mut writer) = (File::from(reader), File::from(writer));
        writer.write_all(b"ab").unwrap();
        assert_eq!((knows_read_now(reader.as_fd()), knows_write_now(writer.as_fd())), known);
        writer.write_all(b"cd").unwrap();
        let mut buf = [0; 8];
        assert_eq!(reader.read(&mut buf).unwrap(), 4);
        assert_eq!(&buf[..4], b"abcd");
        drop(writer);
        assert_eq!(knows_read_now(reader.as_fd()), known.0);
    }

    #[test]
    fn a_pipe_in_blocking_mode_does_not_wait_where_the_kernel_knows_how() {
        let (reader, writer) = pipe().unwrap();
        if !knows_read_now(reader.as_fd()) {
            return;
        }
        for end in [reader.as_fd(), writer.as_fd()] {
            crate::sys::set_nonblocking(end, false).unwrap();
        }
        assert!(would_block(read_now(reader.as_fd(), &mut [0; 8])));
        while write_now(writer.as_fd(), &[7; 4096]).is_ok() {}
        assert!(would_block(write_now(writer.as_fd(), &[7; 4096])));
        assert_eq!(read_now(reader.as_fd(), &mut [0; 8]).unwrap(), 8);
        drop(reader);
        assert_eq!(write_now(writer.as_fd(), &[7]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_is_opened_here_is_told_from_what_was_inherited() {
        let file = File::open("/").unwrap();
        assert!(is_close_on_exec(file.as_fd()).unwrap());
        assert!(terminal_device(file.as_fd()).is_err() && !is_pty_master(file.as_fd()));
        assert!(!is_in_background(file.as_fd()));
        let master = File::options().read(true).write(true).open("/dev/ptmx").unwrap();
        assert!(is_pty_master(master.as_fd()) && terminal_device(master.as_fd()).is_ok());
    }
}
