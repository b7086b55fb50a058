//! [`ServerStream`]: a connection as hyper has it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

use super::first_bytes::{Expected, FirstBytes, Version};
use crate::task::{CancellationToken, DropGuard};

/// A transport that gives its first bytes twice: to whoever wants to know what they are, and to hyper. Before them comes what the client has sent
/// in its handshake. It tells when it is dropped, which an upgrade may put off.
#[derive(Debug)]
pub(super) struct ServerStream<T> {
    // In this order: the socket is closed before anybody hears of it.
    received: Received<T>,
    first: FirstBytes,
    _dropped: DropGuard,
}

/// A transport, and what was received with its handshake.
#[derive(Debug)]
struct Received<T> {
    transport: T,
    early: Vec<u8>,
    /// How much of it has been read.
    read: usize,
}

impl<T> ServerStream<T> {
    /// `early` comes before what `transport` receives. The token is cancelled when the stream is dropped.
    pub(super) fn new(transport: T, early: Vec<u8>) -> (ServerStream<T>, CancellationToken) {
        let dropped = CancellationToken::new();
        let stream = ServerStream {
            received: Received { transport, early, read: 0 },
            first: FirstBytes::default(),
            _dropped: dropped.clone().drop_guard(),
        };
        (stream, dropped)
    }
}

impl<T: Read + Unpin> Received<T> {
    fn poll_read(&mut self, cx: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let rest = &self.early[self.read..];
        if rest.is_empty() {
            return Pin::new(&mut self.transport).poll_read(cx, buf);
        }
        let count = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..count]);
        self.read += count;
        if self.read == self.early.len() {
            (self.early, self.read) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Read + Unpin> ServerStream<T> {
    /// Receives until it is clear which HTTP this is. `None`: the client has gone without a word.
    pub(super) fn poll_version(
        &mut self,
        cx: &mut Context<'_>,
        expected: Expected,
    ) -> Poll<io::Result<Option<Version>>> {
        loop {
            if let Some(version) = self.first.version(expected) {
                return Poll::Ready(Ok(Some(version)));
            }
            let mut buf = ReadBuf::new(self.first.room());
            ready!(self.received.poll_read(cx, buf.unfilled()))?;
            match buf.filled().len() {
                // The beginning of a preface is for hyper to complain about.
                0 => return Poll::Ready(Ok((!self.first.rest().is_empty()).then_some(Version::Http2))),
                count => self.first.received(count),
            }
        }
    }
}

impl<T: Read + Unpin> Read for ServerStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = self.first.rest();
        if rest.is_empty() {
            return self.received.poll_read(cx, buf);
        }
        let count = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..count]);
        self.first.give(count);
        Poll::Ready(Ok(()))
    }
}

impl<T: Write + Unpin> Write for ServerStream<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.received.transport).poll_write(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        self.received.transport.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.received.transport).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.received.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.received.transport).poll_shutdown(cx)
    }
}
