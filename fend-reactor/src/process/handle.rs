//! The part of a child that its [`Child`](super::Child) owns apart from the streams: waiting for the end, and what a drop does.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use super::reaper;
use super::subprocess::Subprocess;
use crate::dispatcher::{Direction, Readiness};
use crate::io::RoamingFd;
use crate::signal::Signal;
use crate::time::sleep;

/// How long a wait rests when the kernel says that the child has ended and gives no status: somebody traces it (ptrace(2)), and is told
/// first. The rest is twice as long each time.
const SHORTEST_REST: Duration = Duration::from_millis(1);
const LONGEST_REST: Duration = Duration::from_millis(128);

/// What is killed when the handle is dropped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OnDrop {
    /// The child, if it has not ended.
    pub(super) kill: bool,
    /// All of the group that it leads, though it may have ended itself; the child alone, if it leads none.
    pub(super) kill_group: bool,
}

#[derive(Debug)]
pub(super) struct Handle {
    pub(super) process: Arc<Subprocess>,
    pub(super) on_drop: OnDrop,
    /// While somebody waits, or has given up to.
    exit: Option<RoamingFd<OwnedFd>>,
}

impl Handle {
    pub(super) fn new(process: Subprocess, on_drop: OnDrop) -> Handle {
        Handle { process: Arc::new(process), on_drop, exit: None }
    }

    /// Waits for the end. The pidfd is registered with the runtime that waits first; when that is gone, with the next one.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        reaper::tend();
        let mut rest = SHORTEST_REST;
        loop {
            if let Some(status) = self.process.try_wait()? {
                self.exit = None;
                return Ok(status);
            }
            let Some(exit) = registered(&mut self.exit, &self.process) else { continue };
            exit.wait(Direction::Read).await.map_err(|error| self.process.cannot_wait(error))?;
            let asked = exit.try_with(Direction::Read, |_| match self.process.try_wait() {
                Ok(None) => Err(io::ErrorKind::WouldBlock.into()),
                _ => Ok(()),
            });
            if asked.is_err() {
                sleep(rest).await;
                rest = LONGEST_REST.min(rest * 2);
            }
        }
    }

    fn end_as_asked(&self) {
        // What cannot be killed, as it has become another user's, runs on.
        let _ = match self.on_drop {
            OnDrop { kill_group: true, .. } => {
                self.process.signal_group(Signal::KILL).or_else(|_| self.process.signal(Signal::KILL))
            }
            OnDrop { kill: true, .. } => self.process.signal(Signal::KILL),
            OnDrop { .. } => Ok(()),
        };
    }
}

/// `None` for one without a pidfd: [`Subprocess::try_wait`] tells what there is to tell of it.
fn registered<'a>(
    exit: &'a mut Option<RoamingFd<OwnedFd>>,
    process: &Subprocess,
) -> Option<&'a RoamingFd<OwnedFd>> {
    if exit.is_none() {
        *exit = Some(RoamingFd::with_assumed(process.pidfd()?.clone(), Readiness::NONE));
    }
    exit.as_ref()
}

impl Drop for Handle {
    fn drop(&mut self) {
        // In a forked process, this is the copy of a handle that its parent has.
        if !self.process.is_child_of_this_process() {
            return;
        }
        reaper::tend();
        if self.on_drop.kill_group || !self.process.is_over() {
            self.end_as_asked();
            // Out of its runtime, before the reaper waits for it.
            self.exit = None;
            if !self.process.is_over() {
                reaper::adopt(self.process.clone());
            }
        }
    }
}
