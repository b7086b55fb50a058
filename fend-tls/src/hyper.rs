//! hyper's [`Read`] and [`Write`] for TLS streams, and hyper-util's [`Connection`].

#![expect(unsafe_code, reason = "a ReadBufCursor is filled and advanced by unsafe calls alone")]

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

use crate::TlsStream;

impl<S: AsyncRead + AsyncWrite + Unpin> Read for TlsStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: everything is initialised before it is read.
        let room = unsafe {
            let room = buf.as_mut();
            room.fill(MaybeUninit::new(0));
            std::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), room.len())
        };
        let received = ready!(AsyncRead::poll_read(self, cx, room))?;
        // SAFETY: all of it is initialised.
        unsafe { buf.advance(received) };
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Write for TlsStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(self, cx, buf)
    }

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

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_close(self, cx)
    }
}

impl<S: Connection> Connection for TlsStream<S> {
    fn connected(&self) -> Connected {
        let connected = self.get_ref().connected();
        if self.alpn().as_deref() == Some(b"h2") { connected.negotiated_h2() } else { connected }
    }
}
