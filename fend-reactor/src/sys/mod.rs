//! The system-call layer: each call once, safe to use, errno handled as its doc says.
//!
//! No other module of this crate calls the kernel through libc. That keeps the unsafe code in one place, and gives tests
//! one place to make calls fail.

mod append_only;
mod clock;
mod epoll;
mod eventfd;
mod fd;
mod fork;
mod inotify;
mod mask;
mod pidfd;
mod poll;
mod preadv2;
mod process_lock;
mod rlimit;
mod signal;
mod sigpipe;
pub(crate) mod standard;
mod timerfd;

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
pub(crate) use fd::{FileIdentity, FileKind, set_nonblocking, status, status_flags};
pub use fork::PerProcess;
pub(crate) use fork::{count_forks, forks};
pub(crate) use inotify::Inotify;
pub use mask::block_signals;
pub(crate) use mask::{blocks_signals, unblock_signals_of_children};
pub(crate) use pidfd::{
    check_child, pidfd_open, signal_group, signal_group_by_id, signal_process, take_exit_status,
};
pub(crate) use poll::ppoll;
pub(crate) use preadv2::{is_direct, read_cached};
pub(crate) use process_lock::ProcessLock;
pub(crate) use rlimit::fd_limits;
pub(crate) use signal::{Action, begin_to_listen, process_id, raise, signal_slots};
pub use sigpipe::without_sigpipe;
pub(crate) use timerfd::{TimerClock, TimerFd, boot_time};

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
