//! [`Stderr`].

use std::fmt;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::AsyncWrite;

use super::handle::handle;
use super::output::Output;
use super::shared::Shared;
use super::which::Which;
use super::writes::Writes;

static SHARED: Shared<Writes> = Shared::new(Which::Error);

/// A handle to the standard error of the process.
///
/// Making one never fails and costs nothing: whatever is wrong with the stream is the error of the first write. See
/// [`Stderr`] for what may be done with it.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// # fend::block_on(async {
/// fend::io::stderr().send_all(b"something is odd\n").await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn stderr() -> Stderr {
    Stderr { std: io::stderr(), output: Output::new(&SHARED) }
}

/// The standard error of the process. Made by [`stderr`].
///
/// Everything takes `&self`; all handles write to the same stream. Nothing is buffered here, nor by std's `eprintln!`. `Stderr` and
/// `&Stderr` implement [`futures_io::AsyncWrite`].
///
/// It waits as [`Stdin`](super::Stdin) does. All that is said of [`Stdout`](super::Stdout) and fd 1 is true of it and fd 2.
///
/// A message that must come out, such as that of a panic, is better written by `eprintln!`, which waits until it has.
pub struct Stderr {
    std: io::Stderr,
    output: Output,
}

handle!(Stderr, stderr, "2");
