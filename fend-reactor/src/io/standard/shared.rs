//! One stream of the process: found out about at its first use, then the same for all handles on all runtimes.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::channel::Channel;
use super::runner::Work;
use super::which::Which;
use crate::fork::Origin;

/// The process-wide part of a stream.
#[derive(Debug)]
pub(super) struct Shared<W> {
    which: Which,
    /// `None` until the first use that succeeds.
    channel: Mutex<Option<Arc<Channel<W>>>>,
    origin: OnceLock<Origin>,
}

impl<W: Work> Shared<W> {
    pub(super) const fn new(which: Which) -> Shared<W> {
        Shared { which, channel: Mutex::new(None), origin: OnceLock::new() }
    }

    pub(super) fn which(&self) -> Which {
        self.which
    }

    /// What serves the stream; found out now, if need be.
    pub(super) fn channel(&self) -> io::Result<Arc<Channel<W>>> {
        // Before the lock, which a thread of the parent's may have held.
        if !self.origin.get_or_init(Origin::here).is_here() {
            return Err(io::Error::other(
                "the process is the child of a fork, and its parent uses the stream",
            ));
        }
        let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        match &*channel {
            Some(channel) => Ok(Arc::clone(channel)),
            None => Ok(Arc::clone(channel.insert(Arc::new(Channel::open(self.which)?)))),
        }
    }
}
