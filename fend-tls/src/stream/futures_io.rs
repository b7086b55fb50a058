//! [`AsyncRead`] and [`AsyncWrite`] for the stream and its halves: the `poll_` methods under their names. `poll_close` is a shutdown.
//!
//! Who has the stream itself, and not a reference or a half, has it alone: then it takes no turn, which saves two locked instructions a call.

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, TlsStream, WriteHalf};

macro_rules! async_read {
    ($($type:ty),+) => {$(
        impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for $type {
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
    )+};
}

macro_rules! async_write {
    ($($type:ty as $base:ty),+) => {$(
        impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_send(cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.poll_send_vectored(cx, bufs)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                <$base>::poll_flush(&self, cx)
            }

            fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_shutdown(cx)
            }
        }
    )+};
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.session.get_mut().poll_recv(cx, buf)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.session.get_mut().poll_recv_vectored(cx, bufs)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.session.get_mut().poll_send(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.session.get_mut().poll_send(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.session.get_mut().poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.session.get_mut().poll_close(cx)
    }
}

async_read!(&TlsStream<S>, OwnedReadHalf<S>, &OwnedReadHalf<S>, ReadHalf<'_, S>, &ReadHalf<'_, S>);
async_write!(
    &TlsStream<S> as TlsStream<S>,
    OwnedWriteHalf<S> as OwnedWriteHalf<S>,
    &OwnedWriteHalf<S> as OwnedWriteHalf<S>,
    WriteHalf<'_, S> as WriteHalf<'_, S>,
    &WriteHalf<'_, S> as WriteHalf<'_, S>
);
