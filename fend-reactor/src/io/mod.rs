//! Any file descriptor that can be polled: sockets, pipes, terminals, eventfds, timerfds, CAN and netlink sockets, inotify.
//!
//! [`AsyncFd`] wraps any object that lends its fd ([`AsFd`](std::os::fd::AsFd)). Waits name a [`Direction`], or several at once
//! as an [`Interest`]; what the kernel reported is a [`Readiness`].
//!
//! Regular files are never "not ready" and cannot be polled: their calls go to the blocking pool
//! ([`spawn_blocking`](crate::spawn_blocking)).

mod async_fd;
mod async_read_write;
mod attempt;
#[cfg(all(test, not(loom)))]
mod tests;

pub use crate::dispatcher::{Direction, Interest, Readiness};
pub use crate::driver::registration_error::RegistrationError;
pub use async_fd::AsyncFd;
