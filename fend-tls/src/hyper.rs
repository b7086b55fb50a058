//! hyper's [`Read`] and [`Write`] for TLS streams, and hyper-util's [`Connection`]: OpenSSL decrypts straight into hyper's own buffer.
//!
//! Who has the stream itself has it alone, as in the traits of futures-io: it takes no turn.
//!
//! Rule that the SAFETY comments cite:
//!
//! 1. What is behind a [`ReadBufCursor`] may not be initialised. It is only ever handed to OpenSSL, as a place to write to, and the cursor is
//!    advanced by what OpenSSL says that it has written there.

#![expect(unsafe_code, reason = "a ReadBufCursor is filled and advanced by unsafe calls alone")]

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

use crate::TlsStream;

impl<S: AsyncRead + AsyncWrite + Unpin> Read for TlsStream<S> {
    /// Receives into the whole of what is left of the cursor.
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: rule 1.
        let room = unsafe { buf.as_mut() };
        let received = ready!(self.session_mut().poll_recv_uninit(cx, room))?;
        // SAFETY: rule 1.
        unsafe { buf.advance(received) };
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Write for TlsStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(self, cx, buf)
    }

    /// Small buffers are put together to records.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write_vectored(self, cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(self, cx)
    }

    /// close_notify, and a half close of the stream below. A peer that has gone already is no error.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_close(self, cx)
    }
}

impl<S: Connection> Connection for TlsStream<S> {
    /// What the stream below says, and whether both ends have agreed on HTTP/2 (ALPN).
    fn connected(&self) -> Connected {
        let connected = self.get_ref().connected();
        if self.alpn().as_deref() == Some(b"h2") { connected.negotiated_h2() } else { connected }
    }
}
