//! [`AsyncRead`] and [`AsyncWrite`] for the stream and its halves: the `poll_` methods under their names. `poll_close` is a shutdown.

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

async_read!(
    TlsStream<S>,
    &TlsStream<S>,
    OwnedReadHalf<S>,
    &OwnedReadHalf<S>,
    ReadHalf<'_, S>,
    &ReadHalf<'_, S>
);
async_write!(
    TlsStream<S> as TlsStream<S>,
    &TlsStream<S> as TlsStream<S>,
    OwnedWriteHalf<S> as OwnedWriteHalf<S>,
    &OwnedWriteHalf<S> as OwnedWriteHalf<S>,
    WriteHalf<'_, S> as WriteHalf<'_, S>,
    &WriteHalf<'_, S> as WriteHalf<'_, S>
);
