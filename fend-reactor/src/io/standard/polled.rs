//! A stream that the kernel can call ready.
//!
//! The open file is found once in a process; it is registered as long as some handle has a use for that. Handles share the registration, which
//! goes from one runtime to the next.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};

use super::which::Which;
use crate::io::RoamingFd;
use crate::sys;

/// The calls that do not wait on a file of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calls {
    /// read(2) and write(2): the open file is our own, and non-blocking.
    File,
    /// recv(2) and send(2) with a flag.
    Socket,
    /// preadv2(2) and pwritev2(2) with a flag.
    NoWait,
}

impl Calls {
    pub(super) fn read(self, mut file: &File, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Calls::File => file.read(buf),
            Calls::Socket => sys::standard::recv_now(file.as_fd(), buf),
            Calls::NoWait => sys::standard::read_now(file.as_fd(), buf),
        }
    }

    pub(super) fn write(self, mut file: &File, buf: &[u8]) -> io::Result<usize> {
        match self {
            Calls::File => sys::without_sigpipe(|| file.write(buf)),
            Calls::Socket => sys::standard::send_now(file.as_fd(), buf),
            Calls::NoWait => sys::standard::write_now(file.as_fd(), buf),
        }
    }
}

/// A file, and what waits for it while some handle does.
#[derive(Debug)]
pub(super) struct Polled {
    file: File,
    calls: Calls,
    which: Which,
    in_use: Mutex<Weak<RoamingFd<File>>>,
}

impl Polled {
    pub(super) fn new(file: File, calls: Calls, which: Which) -> Polled {
        Polled { file, calls, which, in_use: Mutex::default() }
    }

    /// What other handles wait with, or a new one. It has an fd of its own: an earlier one may be on its way out.
    fn shared(&self) -> io::Result<Arc<RoamingFd<File>>> {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = in_use.upgrade() {
            return Ok(known);
        }
        let new = Arc::new(RoamingFd::with_assumed(self.file.try_clone()?, self.which.assumed()));
        *in_use = Arc::downgrade(&new);
        Ok(new)
    }
}

/// What a handle keeps registered.
#[derive(Debug, Default)]
pub(super) struct Kept(OnceLock<Arc<RoamingFd<File>>>);

impl Kept {
    fn get(&self, polled: &Polled) -> io::Result<&RoamingFd<File>> {
        match self.0.get() {
            Some(kept) => Ok(kept),
            None => {
                let shared = polled.shared()?;
                Ok(self.0.get_or_init(|| shared))
            }
        }
    }

    /// Tries `op` each time the stream is ready, until it does not say `WouldBlock`.
    pub(super) async fn with(
        &self,
        polled: &Polled,
        mut op: impl FnMut(Calls, &File) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.get(polled)?.with(polled.which.direction(), |file| op(polled.calls, file)).await
    }

    /// [`with`](Kept::with), polled.
    pub(super) fn poll_with(
        &self,
        cx: &mut Context<'_>,
        polled: &Polled,
        mut op: impl FnMut(Calls, &File) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.get(polled)?.poll_with(cx, polled.which.direction(), |file| op(polled.calls, file))
    }

    /// Calls `op` once, without waiting.
    pub(super) fn try_with(
        &self,
        polled: &Polled,
        mut op: impl FnMut(Calls, &File) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.get(polled)?.try_with(polled.which.direction(), |file| op(polled.calls, file))
    }
}
