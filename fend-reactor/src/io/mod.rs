//! Any file descriptor that can be polled: sockets, pipes, terminals, eventfds, timerfds, CAN and netlink sockets, inotify.
//!
//! [`AsyncFd`] wraps any object that lends its fd ([`AsFd`](std::os::fd::AsFd)). Waits name a [`Direction`], or several at once
//! as an [`Interest`]; what the kernel reported is a [`Readiness`].
//!
//! Regular files are never "not ready" and cannot be polled: [`fs`](crate::fs) is for them.
//!
//! [`stdin`], [`stdout`] and [`stderr`] are the standard streams, whatever kind of file they are.

mod async_fd;
mod async_read_write;
mod attempt;
mod roaming_fd;
mod standard;
#[cfg(all(test, not(loom)))]
mod tests;
mod vectored;

pub use crate::dispatcher::{Direction, Interest, Readiness};
pub use crate::driver::registration_error::RegistrationError;
#[doc(hidden)]
pub use crate::fork::Origin;
#[doc(hidden)]
pub use crate::sys::{PerProcess, block_signals, without_sigpipe};
pub use async_fd::AsyncFd;
pub(crate) use roaming_fd::RoamingFd;
pub use standard::{Stderr, Stdin, Stdout, stderr, stdin, stdout};
#[doc(hidden)]
pub use vectored::{MAX_BUFFERS, taken_of, taken_of_mut};
