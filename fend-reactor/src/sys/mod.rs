//! The system-call layer: each call once, safe to use, errno handled as its doc says.
//!
//! No other module of this crate calls the kernel through libc. That keeps the unsafe code in one place, and gives tests
//! one place to make calls fail.

mod clock;
mod epoll;
mod eventfd;
mod fd;
mod poll;
mod rlimit;

#[cfg(all(test, not(loom)))]
mod duplicate;
#[cfg(all(test, not(loom)))]
mod interrupt;
#[cfg(all(test, not(loom)))]
mod pipe;

use std::io;

pub(crate) use clock::monotonic_nanos;
pub(crate) use epoll::{
    EpollEvents, epoll_accepts, epoll_add, epoll_create, epoll_delete, epoll_modify, epoll_wait,
};
pub(crate) use eventfd::EventFd;
pub(crate) use fd::{FileIdentity, FileKind, set_nonblocking, status};
pub(crate) use poll::ppoll;
pub(crate) use rlimit::fd_limits;

#[cfg(all(test, not(loom)))]
pub(crate) use duplicate::duplicate_onto;
#[cfg(all(test, not(loom)))]
pub(crate) use fd::is_nonblocking;
#[cfg(all(test, not(loom)))]
pub(crate) use interrupt::{ignore_without_restart, interrupt};
#[cfg(all(test, not(loom)))]
pub(crate) use pipe::pipe;
#[cfg(all(test, not(loom)))]
pub(crate) use rlimit::set_fd_limit;

/// What a call returned, with errno when it was -1.
fn checked(returned: libc::c_int) -> io::Result<libc::c_int> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}

/// The count a waiting call returned. A signal handler that ran meanwhile (`EINTR`, see signal(7)) has ended the wait
/// early with nothing, which the caller has to expect of any wait.
fn ready_count(returned: io::Result<libc::c_int>) -> io::Result<usize> {
    match returned {
        Ok(count) => Ok(count as usize),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        Err(error) => Err(error),
    }
}
