//! [`Stdin`].

use std::fmt;
use std::io::{self, IsTerminal, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;

use super::channel::Channel;
use super::direct::{direct, poll_direct, uninterrupted};
use super::polled::Kept;
use super::reads::Reads;
use super::shared::Shared;
use super::which::Which;
use crate::sys;

static INPUT: Shared<Reads> = Shared::new(Which::Input);

/// A handle to the standard input of the process.
///
/// Making one never fails and costs nothing: whatever is wrong with the stream is the error of the first read. See
/// [`Stdin`] for what may be done with it.
///
/// # Examples
///
/// Lines, by the buffer of a crate that knows the traits of futures-io:
///
/// ```no_run
/// # use fend_reactor as fend;
/// use futures_lite::io::{AsyncBufReadExt, BufReader};
/// use futures_lite::stream::StreamExt;
///
/// # fn main() -> std::io::Result<()> {
/// fend::block_on(async {
///     let mut lines = BufReader::new(fend::io::stdin()).lines();
///     while let Some(line) = lines.next().await {
///         if line? == "quit" {
///             break;
///         }
///     }
///     Ok(())
/// })
/// # }
/// ```
pub fn stdin() -> Stdin {
    Stdin { std: io::stdin(), kept: Kept::default() }
}

/// The standard input of the process. Made by [`stdin`].
///
/// Everything takes `&self`. All handles read the same stream, and each byte goes to one of them. Nothing is buffered here: a
/// read takes from the kernel what it returns. `Stdin` and `&Stdin` implement [`futures_io::AsyncRead`].
///
/// # How it waits
///
/// `O_NONBLOCK` is never set on what the process has inherited, since other processes would find it set too. A terminal or a pipe is
/// opened once more; a socket is read by calls that do not wait. Both wait in the runtime's dispatcher, as sockets do. A regular file is
/// read by the threads for files. What remains (a pipe or terminal that may not be opened again, the controlling side of a pseudoterminal,
/// unusual devices) is read by a thread that is left behind when the program ends. So a read that waits never delays the end of the program
/// or of the runtime.
///
/// What fd 0 is at the first use is read from then on, whatever the program makes of the number later. For a pipe or terminal that
/// means that it stays open for reading until the process ends, even if the program closes fd 0: a writer at the other end sees
/// no `EPIPE` before.
///
/// # With `std::io::stdin`
///
/// std's has a buffer, and this one knows nothing of it: what std has read ahead does not come here. Use one of the two.
///
/// # In the background of a terminal
///
/// A read stops the process, like any other program's, until it is brought to the foreground (`SIGTTIN`; see
/// [credentials(7)](https://man7.org/linux/man-pages/man7/credentials.7.html)). Where nobody could do that (the shell is gone), or
/// where the signal is ignored, it fails with `EIO`. [`is_in_background`](Stdin::is_in_background) tells.
pub struct Stdin {
    std: io::Stdin,
    kept: Kept,
}

impl Stdin {
    /// Receives what is there, up to the size of `buf`, and waits when there is nothing. `Ok(0)` is the end, or an empty `buf`. At a
    /// terminal the end is not for good: the next receive waits for the next line.
    ///
    /// # Errors
    ///
    /// What read(2) says, and when the stream is closed, not open for reading, or has a number that is another file's now. When it
    /// cannot be registered, no thread can be had, or the runtime was shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was taken, or what was taken goes to the next receive.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// # let _unread = async {
    /// let mut buf = [0; 1024];
    /// let count = fend::io::stdin().recv(&mut buf).await?;
    /// # std::io::Result::Ok(count)
    /// # };
    /// ```
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.recv_bare(buf).await.map_err(|error| Which::Input.explain(error))
    }

    async fn recv_bare(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        match &*INPUT.channel()? {
            Channel::Polled(polled) => self.kept.with(polled, |calls, file| calls.read(file, buf)).await,
            Channel::Direct(file) => direct(|| (&*file).read(buf)).await,
            Channel::Threaded(runner) => runner.read(buf).await,
        }
    }

    /// Fills `buf`.
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when the end comes first, else as [`recv`](Self::recv). What was received
    /// before is then lost.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: when the future is dropped, what was received so far is lost.
    pub async fn recv_exact(&self, mut buf: &mut [u8]) -> io::Result<()> {
        while !buf.is_empty() {
            match self.recv(buf).await? {
                0 => return Err(Which::Input.explain(io::ErrorKind::UnexpectedEof.into())),
                count => buf = &mut buf[count..],
            }
        }
        Ok(())
    }

    /// Receives what is there without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is nothing; always so for a stream that a thread reads, such as a regular
    /// file, unless a receive that was given up has left something. Else as [`recv`](Self::recv).
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let result = INPUT.channel().and_then(|channel| match &*channel {
            Channel::Polled(polled) => self.kept.try_with(polled, |calls, file| calls.read(file, buf)),
            Channel::Direct(file) => uninterrupted(|| (&*file).read(buf)),
            Channel::Threaded(runner) => runner.try_read(buf),
        });
        result.map_err(|error| Which::Input.explain(error))
    }

    /// [`recv`](Self::recv), polled. Of the wakers that are left, 32 different ones are kept.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let result = ready!(match INPUT.channel() {
            Ok(channel) => self.poll_channel(cx, &channel, buf),
            Err(error) => Poll::Ready(Err(error)),
        });
        Poll::Ready(result.map_err(|error| Which::Input.explain(error)))
    }

    fn poll_channel(
        &self,
        cx: &mut Context<'_>,
        channel: &Channel<Reads>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match channel {
            Channel::Polled(polled) => self.kept.poll_with(cx, polled, |calls, file| calls.read(file, buf)),
            Channel::Direct(file) => poll_direct(cx, || (&*file).read(buf)),
            Channel::Threaded(runner) => runner.poll_read(cx, buf),
        }
    }

    /// Whether it is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.std.is_terminal()
    }

    /// Whether the process runs in the background of this terminal: a read would stop it. False for all that is no terminal, or not
    /// that of the process's session. True when it is said; the shell may change it at any time.
    pub fn is_in_background(&self) -> bool {
        sys::standard::is_in_background(self.std.as_fd())
    }
}

impl Clone for Stdin {
    fn clone(&self) -> Stdin {
        stdin()
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdin").finish_non_exhaustive()
    }
}

/// Fd 0. What is done to it through this is not noticed by the handle.
impl AsFd for Stdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std.as_fd()
    }
}

impl AsRawFd for Stdin {
    fn as_raw_fd(&self) -> RawFd {
        self.std.as_raw_fd()
    }
}

impl AsyncRead for Stdin {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_recv(cx, buf)
    }
}

impl AsyncRead for &Stdin {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_recv(cx, buf)
    }
}
