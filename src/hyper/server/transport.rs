//! What HTTP goes over: the stream itself, or TLS over it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};

#[cfg(feature = "tls")]
use crate::tls::TlsStream;

#[derive(Debug)]
pub(super) enum Transport<S> {
    Plain(S),
    #[cfg(feature = "tls")]
    Tls(TlsStream<S>),
}

/// Calls a method of whichever it is.
macro_rules! of_either {
    ($this:expr, $stream:ident => $call:expr) => {
        match $this {
            Transport::Plain($stream) => $call,
            #[cfg(feature = "tls")]
            Transport::Tls($stream) => $call,
        }
    };
}

impl<S> Read for Transport<S>
where
    S: Read + AsyncRead + AsyncWrite + Unpin,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        of_either!(self.get_mut(), stream => Read::poll_read(Pin::new(stream), cx, buf))
    }
}

impl<S> Write for Transport<S>
where
    S: Write + AsyncRead + AsyncWrite + Unpin,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        of_either!(self.get_mut(), stream => Write::poll_write(Pin::new(stream), cx, buf))
    }

    fn is_write_vectored(&self) -> bool {
        of_either!(self, stream => stream.is_write_vectored())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        of_either!(self.get_mut(), stream => Write::poll_write_vectored(Pin::new(stream), cx, bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_either!(self.get_mut(), stream => Write::poll_flush(Pin::new(stream), cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_either!(self.get_mut(), stream => Write::poll_shutdown(Pin::new(stream), cx))
    }
}
