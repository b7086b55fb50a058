//! Any file descriptor that can be polled, standard streams, and copying between streams.
//!
//! [`AsyncFd`] wraps any object that lends its fd ([`AsFd`](std::os::fd::AsFd)). Waits name a [`Direction`], or several at once
//! as an [`Interest`]; what the kernel reported is a [`Readiness`].
//!
//! Regular files are never "not ready" and cannot be polled: [`fs`](crate::fs) is for them.
//!
//! [`stdin`], [`stdout`] and [`stderr`] are the standard streams, whatever kind of file they are.
//!
//! [`copy`](copy()) and [`copy_bidirectional`] move bytes from one stream to another: inside the kernel between two sockets or
//! pipes of [`net`](crate::net), else through a buffer.
//!
//! `TokioIo`, with the feature `tokio-io`, gives a stream of futures-io tokio's traits, and the other way round.

#[cfg(feature = "tokio-io")]
mod tokio_io;

pub use fend_net::copy::{Copy, CopyBidirectional, CopyProgress, copy, copy_bidirectional};
pub use fend_reactor::io::*;
#[cfg(feature = "tokio-io")]
pub use tokio_io::TokioIo;
