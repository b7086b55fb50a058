//! [`ChildStdout`] and [`ChildStderr`]: our ends of what a child prints. They differ in nothing but the name, as in std.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use futures_io::AsyncRead;

use super::pipe_end::{self, PipeEnd, adopt, into_blocking};
use crate::dispatcher::{Direction, Readiness};

/// A type with all its methods and traits, for the stream of that `name`.
macro_rules! output {
    ($type:ident, $name:literal) => {
        #[doc = concat!("The reading end of a child's standard ", $name, ".")]
        ///
        /// It comes to its end when the child, and all others that have inherited it from the child, have closed it or ended.
        #[derive(Debug)]
        pub struct $type {
            pipe: PipeEnd,
        }

        impl $type {
            /// Receives what is there into `buf`, and waits when there is nothing. 0 is the end, unless `buf` is empty.
            ///
            /// # Errors
            ///
            /// What read(2) says; and when the pipe cannot be registered, or the runtime was shut down.
            ///
            /// # Cancel safety
            ///
            /// Cancel safe: bytes are either returned or still in the pipe.
            pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
                if buf.is_empty() {
                    return Ok(0);
                }
                self.pipe.read_with(|pipe| pipe_end::recv(pipe, buf)).await
            }

            /// Fills `buf`.
            ///
            /// # Errors
            ///
            /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when the end comes first, else as [`recv`](Self::recv).
            ///
            /// # Cancel safety
            ///
            /// **Not** cancel safe: the bytes received so far are in `buf`, and how many they are is lost.
            pub async fn recv_exact(&self, buf: &mut [u8]) -> io::Result<()> {
                let mut filled = 0;
                while filled < buf.len() {
                    match self.recv(&mut buf[filled..]).await? {
                        0 => return Err(early_end(filled, buf.len())),
                        count => filled += count,
                    }
                }
                Ok(())
            }

            /// Receives into several buffers, filled one after the other. At most 1024 of them are used.
            ///
            /// # Errors
            ///
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            ///
            /// Cancel safe: bytes are either returned or still in the pipe.
            pub async fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                if bufs.iter().all(|buf| buf.is_empty()) {
                    return Ok(0);
                }
                self.pipe.read_with(|pipe| pipe_end::recv_vectored(pipe, bufs)).await
            }

            /// Receives what is there without waiting.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is nothing, else as [`recv`](Self::recv).
            pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
                if buf.is_empty() {
                    return Ok(0);
                }
                self.pipe.try_read_with(|pipe| pipe_end::recv(pipe, buf))
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
                self.pipe.poll_with(cx, Direction::Read, |pipe| pipe_end::recv(pipe, buf))
            }

            /// [`recv_vectored`](Self::recv_vectored), polled. Of the wakers that are left, 32 different ones are kept.
            ///
            /// # Errors
            ///
            /// As [`recv`](Self::recv).
            pub fn poll_recv_vectored(
                &self,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                if bufs.iter().all(|buf| buf.is_empty()) {
                    return Poll::Ready(Ok(0));
                }
                self.pipe.poll_with(cx, Direction::Read, |pipe| pipe_end::recv_vectored(pipe, bufs))
            }

            /// std's type for the same end, which blocks.
            ///
            /// # Errors
            ///
            /// What fcntl(2) says: nothing, on an open pipe.
            pub fn into_std(self) -> io::Result<std::process::$type> {
                into_blocking(self.pipe).map(Into::into)
            }

            pub(super) fn into_pipe(self) -> PipeEnd {
                self.pipe
            }
        }

        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_recv(cx, buf)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.poll_recv_vectored(cx, bufs)
            }
        }

        impl AsyncRead for &$type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_recv(cx, buf)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.poll_recv_vectored(cx, bufs)
            }
        }

        /// Makes the pipe non-blocking. The child's end stays as it is.
        impl TryFrom<std::process::$type> for $type {
            type Error = io::Error;

            fn try_from(output: std::process::$type) -> io::Result<Self> {
                $type::try_from(OwnedFd::from(output))
            }
        }

        /// Makes the fd non-blocking. Regular files are refused, since they cannot be waited for.
        impl TryFrom<OwnedFd> for $type {
            type Error = io::Error;

            fn try_from(fd: OwnedFd) -> io::Result<Self> {
                Ok($type { pipe: adopt(fd, Readiness::READABLE)? })
            }
        }

        /// The fd stays non-blocking.
        impl From<$type> for OwnedFd {
            fn from(output: $type) -> OwnedFd {
                File::into(output.pipe.into_inner())
            }
        }

        /// Blocking again, for another child to read from.
        impl TryFrom<$type> for Stdio {
            type Error = io::Error;

            fn try_from(output: $type) -> io::Result<Self> {
                into_blocking(output.pipe).map(Into::into)
            }
        }

        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.pipe.as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.pipe.as_raw_fd()
            }
        }
    };
}

output!(ChildStdout, "output");
output!(ChildStderr, "error");

fn early_end(received: usize, wanted: usize) -> io::Error {
    let message = format!("the child's output ended after {received} of {wanted} bytes");
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}
