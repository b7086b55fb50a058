//! One child process, as the kernel knows it: its pidfd, and its exit status once that was taken.
//!
//! ```text
//!           of                  try_wait: it has ended
//! (spawned) ──▶ Running ──────────────────────────────▶ Ended(status)
//!           │      └───────────────────────────────────▶ Lost
//!           │         try_wait: ECHILD                   ▲
//!           └────────────────────────────────────────────┘
//!             no such child any more: SIGCHLD is ignored
//! ```
//!
//! The kernel gives a status once. It is taken and kept under one lock, so that all who share the process see the same one, and so that a
//! holder of the lock who sees `Running` knows that the id has not been given to another process (unless foreign code waits for it).

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::ProcessError;
use crate::fork::Origin;
use crate::signal::Signal;
use crate::sys;

#[derive(Debug)]
pub(super) struct Subprocess {
    id: u32,
    /// `None` for one that was gone before it could be opened.
    pidfd: Option<Arc<OwnedFd>>,
    /// Whose child it is.
    parent: Origin,
    end: Mutex<End>,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Running,
    Ended(ExitStatus),
    Lost,
}

impl Subprocess {
    /// The child with this id, which nobody has waited for, as far as this process's code knows.
    pub(super) fn of(id: u32) -> io::Result<Subprocess> {
        let opened = sys::pidfd_open(id).and_then(|pidfd| {
            // The id may be another process's by now: that is no child.
            sys::check_child(pidfd.as_fd())?;
            Ok((Some(Arc::new(pidfd)), End::Running))
        });
        let (pidfd, end) = match opened {
            // The kernel throws the status away while SIGCHLD is ignored: it did run.
            Err(error) if [libc::ESRCH, libc::ECHILD].map(Some).contains(&error.raw_os_error()) => {
                (None, End::Lost)
            }
            opened => opened?,
        };
        Ok(Subprocess { id, pidfd, parent: Origin::here(), end: Mutex::new(end) })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn pidfd(&self) -> Option<&Arc<OwnedFd>> {
        self.pidfd.as_ref()
    }

    /// Whether it is a child of this very process, and not of one that this was forked from.
    pub(super) fn is_child_of_this_process(&self) -> bool {
        self.parent.is_here()
    }

    /// The exit status, once it has ended: the same each time.
    pub(super) fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        if !self.is_child_of_this_process() {
            return Err(self.lost("it is the child of the process that this one was forked from"));
        }
        let mut end = self.lock();
        if let (End::Running, Some(pidfd)) = (*end, &self.pidfd) {
            match sys::take_exit_status(pidfd.as_fd()) {
                Ok(None) => {}
                Ok(Some(status)) => *end = End::Ended(status),
                Err(error) if error.raw_os_error() == Some(libc::ECHILD) => *end = End::Lost,
                Err(error) => return Err(self.cannot_wait(error)),
            }
        }
        match *end {
            End::Running => Ok(None),
            End::Ended(status) => Ok(Some(status)),
            End::Lost => Err(self.lost("SIGCHLD is ignored, or other code has waited for it")),
        }
    }

    /// Ended, and nothing is left of it in the kernel; or it is none of ours.
    pub(super) fn is_over(&self) -> bool {
        !matches!(self.try_wait(), Ok(None))
    }

    /// Sends a signal. One that has ended does not get it, and that is no error: its end may come at any time.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        let Some(pidfd) = &self.pidfd else { return Ok(()) };
        match sys::signal_process(pidfd.as_fd(), signal.as_raw()) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            result => result.map_err(|error| {
                ProcessError::wrap(format_args!("cannot send {signal} to process {}", self.id), error)
            }),
        }
    }

    /// Sends a signal to the process group that it leads. When all in it have ended that is no error.
    pub(super) fn signal_group(&self, signal: Signal) -> io::Result<()> {
        let Some(pidfd) = &self.pidfd else { return Ok(()) };
        // Held, so that its status is not taken meanwhile: see the top. In a forked process it is the parent that may take it, and one of
        // its threads may have held the lock.
        let held = self.is_child_of_this_process().then(|| self.lock());
        let end = held.as_deref().copied();
        let result = match sys::signal_group(pidfd.as_fd(), signal.as_raw()) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                self.signal_group_by_id(end, pidfd.as_fd(), signal)
            }
            result => result,
        };
        match result {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) && is_gone(end, pidfd.as_fd()) => Ok(()),
            result => result.map_err(|error| {
                ProcessError::wrap(format_args!("cannot send {signal} to process group {}", self.id), error)
            }),
        }
    }

    /// Before Linux 6.9. The id is the group's for as long as the leader is there.
    fn signal_group_by_id(&self, end: Option<End>, pidfd: BorrowedFd<'_>, signal: Signal) -> io::Result<()> {
        let unsupported = |message| Err(io::Error::new(io::ErrorKind::Unsupported, message));
        if end.is_none() {
            return unsupported("before Linux 6.9 this takes the process that has started its leader");
        }
        if is_gone(end, pidfd) {
            return unsupported(
                "its leader has ended, and before Linux 6.9 its id may be another group's by now",
            );
        }
        sys::signal_group_by_id(self.id, signal.as_raw())
    }

    fn lost(&self, why: &str) -> io::Error {
        let error = io::Error::from_raw_os_error(libc::ECHILD);
        ProcessError::wrap(format_args!("the exit status of process {} is lost, since {why}", self.id), error)
    }

    pub(super) fn cannot_wait(&self, error: io::Error) -> io::Error {
        ProcessError::wrap(format_args!("cannot wait for process {}", self.id), error)
    }

    fn lock(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its status was taken, by whomever. One that may not be signalled, as it has become another user's, is there.
fn is_gone(end: Option<End>, pidfd: BorrowedFd<'_>) -> bool {
    matches!(end, Some(End::Ended(_) | End::Lost))
        || sys::signal_process(pidfd, 0).is_err_and(|error| error.raw_os_error() == Some(libc::ESRCH))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Its number was that of a child which left nothing behind.
    #[test]
    fn a_stranger_is_not_taken_for_a_child() {
        let stranger = Subprocess::of(std::process::id()).unwrap();
        assert!(stranger.pidfd().is_none());
        assert!(stranger.try_wait().unwrap_err().to_string().contains("is lost"));
        // Would end this process.
        stranger.signal(Signal::KILL).unwrap();
    }
}
