//! [`AsyncRead`](futures_io::AsyncRead) and [`AsyncWrite`](futures_io::AsyncWrite) for the streams and their halves.
//!
//! All of them come down to the `poll_` methods of `methods.rs`. Nothing is buffered, so that a flush has nothing to do. `close` is a
//! half close: the peer reads to the end and may go on sending.

use super::{ByteStream, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};

/// `async_read!([S: ByteStream] ReadHalf<'_, S>)`: a type with the methods of `receive_methods!`.
macro_rules! async_read {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> ::futures_io::AsyncRead for $type {
            fn poll_read(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buf: &mut [u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.poll_recv(cx, buf)
            }

            fn poll_read_vectored(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bufs: &mut [::std::io::IoSliceMut<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.poll_recv_vectored(cx, bufs)
            }
        }
    };
}

/// `async_write!([] TcpStream)`: a type with the methods of `send_methods!`.
macro_rules! async_write {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> ::futures_io::AsyncWrite for $type {
            fn poll_write(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buf: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.poll_send(cx, buf)
            }

            fn poll_write_vectored(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bufs: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.poll_send_vectored(cx, bufs)
            }

            fn poll_flush(
                self: ::std::pin::Pin<&mut Self>,
                _: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::task::Poll::Ready(Ok(()))
            }

            fn poll_close(
                self: ::std::pin::Pin<&mut Self>,
                _: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                let socket = self.registered().get_ref();
                ::std::task::Poll::Ready($crate::socket::shutdown(socket, ::std::net::Shutdown::Write))
            }
        }
    };
}

pub(crate) use {async_read, async_write};

async_read!([S: ByteStream] ReadHalf<'_, S>);
async_write!([S: ByteStream] WriteHalf<'_, S>);
async_read!([S: ByteStream] &ReadHalf<'_, S>);
async_write!([S: ByteStream] &WriteHalf<'_, S>);
async_read!([S: ByteStream] OwnedReadHalf<S>);
async_write!([S: ByteStream] OwnedWriteHalf<S>);
async_read!([S: ByteStream] &OwnedReadHalf<S>);
async_write!([S: ByteStream] &OwnedWriteHalf<S>);
