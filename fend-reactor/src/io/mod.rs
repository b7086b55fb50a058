//! Any file descriptor that can be polled.

mod async_fd;

pub use crate::dispatcher::{Direction, Interest, Readiness};
pub use async_fd::AsyncFd;
