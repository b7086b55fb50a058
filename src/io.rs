//! Any file descriptor that can be polled, and copying between streams.
//!
//! [`AsyncFd`] wraps any object that lends its fd ([`AsFd`](std::os::fd::AsFd)). Waits name a [`Direction`], or several at once
//! as an [`Interest`]; what the kernel reported is a [`Readiness`].
//!
//! Regular files are never "not ready" and cannot be polled: their calls go to the blocking pool
//! ([`spawn_blocking`](crate::spawn_blocking)).
//!
//! [`copy`](copy()) and [`copy_bidirectional`] move bytes from one stream to another: inside the kernel between two sockets or
//! pipes of [`net`](crate::net), else through a buffer.

pub use fend_net::copy::{Copy, CopyBidirectional, CopyProgress, copy, copy_bidirectional};
pub use fend_reactor::io::*;
