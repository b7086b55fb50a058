//! [`TokioIo`]: a stream of futures-io for code that wants tokio's traits, and the other way round.

use std::fmt;
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::io::ReadBuf;

pin_project! {
    /// Gives a stream of [`futures_io`] tokio's traits, and a stream of tokio the traits of `futures_io`.
    ///
    /// | `T` is | `TokioIo<T>` is |
    /// |---|---|
    /// | [`futures_io::AsyncRead`] | [`tokio::io::AsyncRead`] |
    /// | [`futures_io::AsyncWrite`] | [`tokio::io::AsyncWrite`] |
    /// | [`futures_io::AsyncBufRead`] | [`tokio::io::AsyncBufRead`] |
    /// | [`futures_io::AsyncSeek`] | [`tokio::io::AsyncSeek`] |
    /// | tokio's | that of `futures_io` |
    ///
    /// So `TokioIo<TcpStream>` goes to libraries that are written for tokio's streams but need no tokio runtime, such as
    /// tokio-util's codecs or tokio-postgres; and `TokioIo<tokio::io::DuplexStream>` goes into [`fend::tls`](crate::tls). Nothing is
    /// buffered: bytes are read into the caller's buffer, and written from it. Errors are those of `T`.
    ///
    /// The sockets of fend do not have tokio's traits themselves. With both kinds of traits on one type, `stream.read(..)` is
    /// ambiguous as soon as the extension traits of both are in scope. Here the type says which traits are meant, and
    /// [`get_ref`](TokioIo::get_ref) leads to the methods of the stream.
    ///
    /// Since `&TcpStream` is a stream too, so is `TokioIo<&TcpStream>`: a reader and a writer over one socket need neither `split`
    /// nor `clone`.
    ///
    /// Closing is passed on as closing: tokio's `shutdown` is `poll_close`, which ends one direction of a socket, after the alert
    /// close_notify with TLS.
    ///
    /// # Cost
    ///
    /// Reading by way of tokio's traits into memory that was never written, such as the spare room of a `BytesMut`, sets that room
    /// to zero first: `futures_io` has no way to read into it otherwise. What the [`ReadBuf`] knows as initialised is left
    /// alone, so a reader that keeps its buffer pays once.
    ///
    /// [`is_write_vectored`](tokio::io::AsyncWrite::is_write_vectored) is `true`: fend's sockets write several buffers with
    /// one system call. A stream of `futures_io` cannot say that it writes only the first one of them, and callers then write
    /// the next one with the next call.
    ///
    /// # Cancel safety
    ///
    /// As with `T`. A seek that was begun is finished before the next one is.
    ///
    /// # Examples
    ///
    /// A socket with tokio's extension traits:
    ///
    /// ```
    /// use fend::io::TokioIo;
    /// use fend::net::{TcpListener, TcpStream};
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// # fend::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut client = TokioIo::new(TcpStream::connect(listener.local_addr()?).await?);
    /// let (server, _) = listener.accept().await?;
    ///
    /// client.write_u16(0xfe0d).await?;
    /// client.shutdown().await?;
    /// let mut received = Vec::new();
    /// TokioIo::new(&server).read_to_end(&mut received).await?;
    /// assert_eq!(received, [0xfe, 0x0d]);
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # std::io::Result::Ok(())
    /// ```
    ///
    /// A stream of tokio's with the extension traits for `futures_io`:
    ///
    /// ```
    /// use fend::io::TokioIo;
    /// use futures_lite::{AsyncReadExt, AsyncWriteExt};
    ///
    /// # fend::block_on(async {
    /// let (near, far) = tokio::io::duplex(64);
    /// let (mut near, mut far) = (TokioIo::new(near), TokioIo::new(far));
    /// near.write_all(b"ping").await?;
    /// near.close().await?;
    /// let mut received = String::new();
    /// far.read_to_string(&mut received).await?;
    /// assert_eq!(received, "ping");
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub struct TokioIo<T> {
        #[pin]
        inner: T,
        // The seek that is under way: one trait asks for it with each poll, the other once.
        seek: Option<SeekFrom>,
    }
}

impl<T> TokioIo<T> {
    /// Wraps a stream.
    pub const fn new(inner: T) -> TokioIo<T> {
        TokioIo { inner, seek: None }
    }

    /// The stream itself.
    pub const fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The stream itself.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// The stream without the wrapper. Nothing is lost, since nothing was buffered.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T> TokioIo<T> {
    /// A stream of tokio's, for what moves the position: a seek that was begun by then is nobody's any more, and the next one, though it be to the
    /// same place, is another.
    fn give_up_seek(self: Pin<&mut Self>) -> Pin<&mut T> {
        let this = self.project();
        *this.seek = None;
        this.inner
    }
}

impl<T> From<T> for TokioIo<T> {
    fn from(inner: T) -> TokioIo<T> {
        TokioIo::new(inner)
    }
}

impl<T: fmt::Debug> fmt::Debug for TokioIo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokioIo").field(&self.inner).finish()
    }
}

impl<T: futures_io::AsyncRead> tokio::io::AsyncRead for TokioIo<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = ready!(self.project().inner.poll_read(cx, buf.initialize_unfilled()))?;
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl<T: tokio::io::AsyncRead> futures_io::AsyncRead for TokioIo<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(self.give_up_seek().poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl<T: futures_io::AsyncWrite> tokio::io::AsyncWrite for TokioIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }
}

impl<T: tokio::io::AsyncWrite> futures_io::AsyncWrite for TokioIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.give_up_seek().poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.give_up_seek().poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}

impl<T: futures_io::AsyncBufRead> tokio::io::AsyncBufRead for TokioIo<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.project().inner.consume(amount);
    }
}

impl<T: tokio::io::AsyncBufRead> futures_io::AsyncBufRead for TokioIo<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.give_up_seek().consume(amount);
    }
}

impl<T: futures_io::AsyncSeek> tokio::io::AsyncSeek for TokioIo<T> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let seek = self.project().seek;
        if let Some(earlier) = seek {
            return Err(io::Error::other(format!(
                "cannot seek to {position:?}: the seek to {earlier:?} is not complete"
            )));
        }
        *seek = Some(position);
        Ok(())
    }

    /// Without a seek there is nothing to wait for, and no position to tell.
    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let this = self.project();
        let Some(position) = *this.seek else { return Poll::Ready(Ok(0)) };
        let sought = ready!(this.inner.poll_seek(cx, position));
        *this.seek = None;
        Poll::Ready(sought)
    }
}

impl<T: tokio::io::AsyncSeek> futures_io::AsyncSeek for TokioIo<T> {
    fn poll_seek(self: Pin<&mut Self>, cx: &mut Context<'_>, position: SeekFrom) -> Poll<io::Result<u64>> {
        let mut this = self.project();
        if *this.seek != Some(position) {
            // One that was given up on must be over before this one begins. How it went concerns nobody any more.
            let _ = ready!(this.inner.as_mut().poll_complete(cx));
            this.inner.as_mut().start_seek(position)?;
            *this.seek = Some(position);
        }
        let sought = ready!(this.inner.poll_complete(cx));
        *this.seek = None;
        Poll::Ready(sought)
    }
}
