//! hyper's [`Read`] and [`Write`] for the streams, and hyper-util's [`Connection`]: hyper reads straight into its own buffer.
//!
//! Rule that the SAFETY comments cite:
//!
//! 1. What is behind a [`ReadBufCursor`] may not be initialised. It is only ever handed to recv(2), as a place to write to, and the
//!    cursor is advanced by what recv(2) says it has written there.

#![expect(unsafe_code, reason = "a ReadBufCursor is filled and advanced by unsafe calls alone")]

use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use fend_reactor::io::Direction;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

use crate::stream::{ByteStream, registered_of, short_of};
use crate::tcp::TcpStream;
use crate::unix::UnixStream;
use crate::vsock::VsockStream;
use crate::{socket, sys};

/// Receives into the whole of what is left of the cursor.
fn poll_read<S: ByteStream>(
    stream: &S,
    cx: &mut Context<'_>,
    mut buf: ReadBufCursor<'_>,
) -> Poll<io::Result<()>> {
    // SAFETY: rule 1.
    let room = unsafe { buf.as_mut() };
    if room.is_empty() {
        return Poll::Ready(Ok(()));
    }
    let short_of = short_of::<S>(socket::asked(room.len()));
    let received = ready!(registered_of(stream).poll_bytes_with(cx, Direction::Read, short_of, |socket| {
        sys::recv_uninit(socket.as_fd(), room)
    }))?;
    // SAFETY: rule 1.
    unsafe { buf.advance(received) };
    Poll::Ready(Ok(()))
}

macro_rules! hyper_stream {
    ($($stream:ty),+) => {$(
        impl Read for $stream {
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
                poll_read(&*self, cx, buf)
            }
        }

        impl Write for $stream {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                self.poll_send(cx, buf)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.poll_send_vectored(cx, bufs)
            }

            /// Nothing is buffered.
            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_io::AsyncWrite::poll_close(self, cx)
            }
        }

        impl Connection for $stream {
            fn connected(&self) -> Connected {
                Connected::new()
            }
        }
    )+};
}

hyper_stream!(TcpStream, UnixStream, VsockStream);
