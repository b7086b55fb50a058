//! Child processes: [`Command`] starts one, [`Child`] waits for it, and its standard streams are async.
//!
//! The names are those of [`std::process`], and so is what they mean; each difference is told where it is.
//!
//! # How an end is noticed
//!
//! Each child has a pidfd ([pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html), Linux 5.4 or later), which is readable
//! when the child has ended, and is waited for like any other descriptor. No handler for `SIGCHLD` is set and no other child is ever
//! waited for, so that other libraries' children and handlers are left alone. Signals are sent by the pidfd too, so that they never go to
//! another process that has got the child's id.
//!
//! # Children that nobody waits for
//!
//! A [`Child`] that is dropped runs on, unless [`kill_on_drop`](Command::kill_on_drop) was asked for. Its end is waited for all the same,
//! and at once, so that no zombie stays: a thread (`fend-reaper`) does so for all of them. It exists while there are such children, needs
//! no runtime, and has one descriptor for each of them. When this thread cannot be started, the next [`spawn`](Command::spawn),
//! [`wait`](Child::wait) or drop of a child does its work.
//!
//! # What a child inherits
//!
//! - The standard streams, unless the command says otherwise. No other descriptor: all of fend and of std are close-on-exec.
//! - The ids, the limits, the environment and the directory, unless the command says otherwise.
//! - Signals that the program ignores stay ignored, but for `SIGPIPE`, which has its default again. Those that it has a handler for have
//!   their default. No signal is blocked, whatever the thread has blocked that starts it; a mask of its own can be set in
//!   [`pre_exec`](Command::pre_exec).
//!
//! # Examples
//!
//! ```
//! # use fend_reactor as fend;
//! use fend::process::{Command, Stdio};
//!
//! # fn main() -> std::io::Result<()> {
//! fend::block_on(async {
//!     let output = Command::new("echo").arg("hello").output().await?;
//!     assert!(output.status.success());
//!     assert_eq!(output.stdout, b"hello\n");
//!
//!     let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//!     let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
//!     stdin.send_all(b"meow").await?;
//!     drop(stdin); // The end of its input.
//!     let mut answer = [0; 4];
//!     stdout.recv_exact(&mut answer).await?;
//!     assert_eq!(&answer, b"meow");
//!     assert!(child.wait().await?.success());
//!     Ok(())
//! })
//! # }
//! ```

mod child;
mod collect;
mod command;
mod error;
mod handle;
mod output;
mod pipe_end;
mod reaper;
mod signaller;
mod spawn;
mod stdin;
mod subprocess;

pub use std::process::{ExitStatus, Output, Stdio};

pub use child::Child;
pub use command::Command;
pub use error::ProcessError;
pub use output::{ChildStderr, ChildStdout};
pub use signaller::Signaller;
pub use stdin::ChildStdin;
