//! [`Child`]: a child process that was started.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{ExitStatus, Output};

use super::collect::collect;
use super::handle::Handle;
use super::signaller::Signaller;
use super::{ChildStderr, ChildStdin, ChildStdout};
use crate::signal::Signal;

/// A child process: [`Command::spawn`](super::Command::spawn) starts it.
///
/// Dropped, it runs on, unless [`kill_on_drop`](super::Command::kill_on_drop) was asked for, and no zombie stays of it. Its
/// [`wait`](Child::wait) works under any executor and on any runtime, also after the one where it waited first was shut down.
///
/// It has one descriptor, its pidfd, until it and all [signallers](Child::signaller) are dropped.
pub struct Child {
    /// The writing end of its standard input, when that is piped. [`wait`](Child::wait) closes it.
    pub stdin: Option<ChildStdin>,
    /// The reading end of its standard output, when that is piped.
    pub stdout: Option<ChildStdout>,
    /// The reading end of its standard error, when that is piped.
    pub stderr: Option<ChildStderr>,
    pub(super) handle: Handle,
}

impl Child {
    /// The process's id. It may be another process's when this one has ended and was waited for.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.handle.process.id()
    }

    /// Waits until the child has ended, and gives its exit status, the same each time. Closes [`stdin`](Child::stdin) first, if it is still
    /// there, so that a child which reads up to the end comes to it.
    ///
    /// A child that writes into a pipe which nobody reads does not end: see [`wait_with_output`](Child::wait_with_output).
    ///
    /// # Errors
    ///
    /// - `ECHILD`, in [`ProcessError::os_error`](super::ProcessError::os_error), when the status is lost: `SIGCHLD` is ignored, other code
    ///   has waited for the child (with `waitpid(-1)`, say), or this process was forked from the one that started it. Each time.
    /// - any, when the pidfd cannot be registered, or the runtime that is to wait has shut down. The child may be waited for elsewhere.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the status stays for the next wait.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// # fn main() -> std::io::Result<()> {
    /// fend::block_on(async {
    ///     let mut child = fend::process::Command::new("sh").args(["-c", "exit 7"]).spawn()?;
    ///     assert_eq!(child.wait().await?.code(), Some(7));
    ///     assert_eq!(child.wait().await?.code(), Some(7));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        self.handle.wait().await
    }

    /// The exit status if the child has ended, without waiting. Works without a runtime. Closes nothing.
    ///
    /// # Errors
    ///
    /// `ECHILD`, as [`wait`](Child::wait).
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        self.handle.process.try_wait()
    }

    /// Waits until the child has ended, and reads its standard output and error up to their ends at the same time, if they are piped. All
    /// of it is kept in memory, however much it is. Closes [`stdin`](Child::stdin) first.
    ///
    /// It lasts until the pipes come to their ends: a grandchild that has inherited them may hold them open when the child has ended.
    ///
    /// # Errors
    ///
    /// As [`wait`](Child::wait), and what read(2) says. The child is dropped then.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: the child is dropped, and what was read is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use fend::process::{Command, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// fend::block_on(async {
    ///     let script = "echo out; echo err >&2";
    ///     let mut command = Command::new("sh");
    ///     command.args(["-c", script]).stdout(Stdio::piped()).stderr(Stdio::piped());
    ///     let output = command.spawn()?.wait_with_output().await?;
    ///     assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        drop(self.stdin.take());
        let (stdout, stderr) = collect(self.stdout.take(), self.stderr.take()).await?;
        let status = self.handle.wait().await?;
        Ok(Output { status, stdout, stderr })
    }

    /// Kills the child with `SIGKILL`. It is to be waited for still: this does not. One that has ended is left alone, and that is no error.
    ///
    /// # Errors
    ///
    /// As [`signal`](Child::signal).
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    /// Sends a signal to the child, and never to another process that has got its id. One that has ended does not get it, and that is no
    /// error: it may end at any time.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` when the child has become another user's.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        self.handle.process.signal(signal)
    }

    /// Sends a signal to all processes of the group that the child leads: see [`process_group(0)`](super::Command::process_group). Those
    /// that the child has started are in it, unless they have left it.
    ///
    /// It goes to the rest of the group when the child itself has ended, and when nothing is left of the group that is no error. Before
    /// Linux 6.9 that is known only until the child's exit status was taken.
    ///
    /// # Errors
    ///
    /// - `ESRCH`, in [`ProcessError::os_error`](super::ProcessError::os_error), when the child does not lead a group.
    /// - `PermissionDenied` when all that is in it are other users'.
    /// - `Unsupported` before Linux 6.9, when the exit status was taken, and in the child of a fork.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use std::os::unix::process::ExitStatusExt;
    /// use fend::process::Command;
    /// use fend::signal::Signal;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// fend::block_on(async {
    ///     let mut child = Command::new("sh").args(["-c", "sleep 60 | sleep 60"]).process_group(0).spawn()?;
    ///     child.signal_group(Signal::TERM)?; // The shell and both that it has started.
    ///     assert_eq!(child.wait().await?.signal(), Some(Signal::TERM.as_raw()));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        self.handle.process.signal_group(signal)
    }

    /// For signals from elsewhere, while something waits for the child.
    #[must_use]
    pub fn signaller(&self) -> Signaller {
        Signaller::new(self.handle.process.clone())
    }

    /// The pidfd, for poll(2) and what else takes one. `None` when the child was gone before one could be had: `SIGCHLD` is ignored.
    #[must_use]
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.handle.process.pidfd().map(|pidfd| pidfd.as_fd())
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("process", &self.handle.process)
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .finish()
    }
}
