//! [`Stdout`].

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

static SHARED: Shared<Writes> = Shared::new(Which::Output);

/// A handle to the standard output of the process.
///
/// Making one never fails and costs nothing: whatever is wrong with the stream is the error of the first write. See
/// [`Stdout`] for what may be done with it.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// # fend::block_on(async {
/// fend::io::stdout().send_all(b"hello\n").await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn stdout() -> Stdout {
    Stdout { std: io::stdout(), output: Output::new(&SHARED) }
}

/// The standard output of the process. Made by [`stdout`].
///
/// Everything takes `&self`; all handles write to the same stream. Nothing is buffered here: what a send says it has sent is
/// the kernel's. Several small writes are best collected by a buffer such as that of `futures_lite::io::BufWriter`. `Stdout` and
/// `&Stdout` implement [`futures_io::AsyncWrite`].
///
/// # How it waits
///
/// As [`Stdin`](super::Stdin) does. A reader that is slow, or a terminal that was halted, holds up the task that writes, and no
/// thread that runs tasks. To a regular file the writes are made by a thread, one after the other in the order in which they were begun; the
/// file's append mode and offset are those that were inherited.
///
/// What fd 1 is at the first use is written to from then on, whatever the program makes of the number later. A pipe stays open until
/// the process ends, even if the program closes fd 1: the reader does not come to the end before.
///
/// # With `println!`
///
/// std's stdout keeps a line back until it is complete. What it has kept does not come before what is sent here: flush it
/// first.
///
/// # Order
///
/// One task that waits for each send before the next one sees them in order, through one handle or several. Of several tasks that send at
/// once, each send to a pipe of up to 4096 bytes comes out in one piece. A longer [`send_all`](Stdout::send_all) may be
/// interleaved with others.
pub struct Stdout {
    std: io::Stdout,
    output: Output,
}

handle!(Stdout, stdout, "1");
