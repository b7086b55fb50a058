//! Starting a child: with std, between two calls that make sure of its pidfd.

use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{self, ExitStatus, Output, Stdio};

use super::error::ProcessError;
use super::handle::{Handle, OnDrop};
use super::reaper;
use super::subprocess::Subprocess;
use super::{Child, Command};
use crate::sys;

impl Command {
    /// Starts the program, with the caller's standard streams unless the command says otherwise.
    ///
    /// As std's, it blocks until the program runs, which takes around half a millisecond, and longer in a process with much memory when
    /// [`pre_exec`](Command::pre_exec), [`uid`](Command::uid) or [`gid`](Command::gid) is used, or when the calling thread blocks signals,
    /// since that takes fork(2). Where this matters, call it in [`spawn_blocking`](crate::spawn_blocking).
    ///
    /// # Errors
    ///
    /// What std's says, with the program's name, and its directory if the command gives one. What
    /// [pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html) says, mostly that the limit of open files is reached; that
    /// is found out before the program is started, unless another thread takes the last descriptor meanwhile: then the child is killed
    /// at once. No zombie and no descriptor is left.
    pub fn spawn(&mut self) -> io::Result<Child> {
        reaper::tend();
        self.start().map_err(|error| self.explain(error))
    }

    fn start(&mut self) -> io::Result<Child> {
        // Keeps a place for the child's, and tells whether the system has such at all.
        let place = sys::pidfd_open(process::id()).map_err(no_pidfd)?;
        if sys::blocks_signals() {
            self.unblock_signals();
        }
        let mut child = started(&mut self.std)?;
        drop(place);
        let process = match Subprocess::of(child.id()) {
            Ok(process) => process,
            Err(error) => {
                // It has ended soon, and never stays as a zombie.
                let _ = child.kill().and_then(|()| child.wait());
                return Err(no_pidfd(error));
            }
        };
        // Until all is well; dropped before, it must not run on.
        let mut handle = Handle::new(process, OnDrop { kill: true, ..self.on_drop });
        let stdin = child.stdin.take().map(TryInto::try_into).transpose()?;
        let stdout = child.stdout.take().map(TryInto::try_into).transpose()?;
        let stderr = child.stderr.take().map(TryInto::try_into).transpose()?;
        handle.on_drop = self.on_drop;
        Ok(Child { stdin, stdout, stderr, handle })
    }

    fn explain(&self, error: io::Error) -> io::Error {
        let program = self.get_program();
        match self.get_current_dir() {
            Some(directory) => {
                ProcessError::wrap(format_args!("cannot start {program:?} in {directory:?}"), error)
            }
            None => ProcessError::wrap(format_args!("cannot start {program:?}"), error),
        }
    }

    /// Starts the program, at once, and waits for its end. With the caller's standard streams unless the command says otherwise.
    ///
    /// # Errors
    ///
    /// Those of [`spawn`](Command::spawn), which the future gives, and of [`Child::wait`].
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: the child is dropped. It runs on, unless [`kill_on_drop`](Command::kill_on_drop) was asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// # fn main() -> std::io::Result<()> {
    /// let status = fend::block_on(fend::process::Command::new("true").status())?;
    /// assert!(status.success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + Send + use<> {
        let child = self.spawn();
        async {
            let mut child = child?;
            // What was piped and is not read must not fill up.
            drop((child.stdout.take(), child.stderr.take()));
            child.wait().await
        }
    }

    /// Starts the program, at once, waits for its end and gives all that it has printed. Unless the command says otherwise, it has nothing
    /// to read: its standard input is `/dev/null`.
    ///
    /// # Errors
    ///
    /// Those of [`spawn`](Command::spawn), which the future gives, and of [`Child::wait_with_output`].
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: as [`status`](Command::status).
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + Send + use<> {
        let child = self.spawn_for_output();
        async { child?.wait_with_output().await }
    }

    fn spawn_for_output(&mut self) -> io::Result<Child> {
        let chosen = self.chosen;
        if !chosen.stdin {
            self.std.stdin(Stdio::null());
        }
        if !chosen.stdout {
            self.std.stdout(Stdio::piped());
        }
        if !chosen.stderr {
            self.std.stderr(Stdio::piped());
        }
        let child = self.spawn();
        // Back to what the other ways to start it have.
        if !chosen.stdin {
            self.std.stdin(Stdio::inherit());
        }
        if !chosen.stdout {
            self.std.stdout(Stdio::inherit());
        }
        if !chosen.stderr {
            self.std.stderr(Stdio::inherit());
        }
        child
    }
}

/// std's spawn, and its panic as an error: while `SIGCHLD` is ignored it cannot wait for a child that could not run the program.
fn started(command: &mut process::Command) -> io::Result<process::Child> {
    catch_unwind(AssertUnwindSafe(|| command.spawn())).unwrap_or_else(|panic| {
        let text = text_of(&*panic);
        Err(io::Error::other(format!("the program could not be run, and std panicked ({text})")))
    })
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a text")
}

fn no_pidfd(error: io::Error) -> io::Error {
    ProcessError::wrap(format_args!("pidfd_open"), error)
}
