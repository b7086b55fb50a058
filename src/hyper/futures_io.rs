//! Between futures-io's traits and hyper's, in both directions.
//!
//! Rule that the SAFETY comment cites:
//!
//! 1. The cursor is advanced over bytes that `initialize_unfilled` has given a value, and not beyond them.

#![expect(unsafe_code, reason = "a ReadBufCursor is advanced by an unsafe call alone")]

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use pin_project_lite::pin_project;

pin_project! {
    /// A stream with the traits of futures-io, for hyper; or one of hyper's, for what wants the traits of futures-io.
    ///
    /// fend's own streams need it in neither direction: sockets, [`TlsStream`](crate::tls::TlsStream) and
    /// [`Stream`](super::Stream) have both. It is for streams of others, and for what hyper hands out:
    ///
    /// - `T: AsyncRead + AsyncWrite` makes it hyper's `rt::Read` and `rt::Write`, and hyper-util's `Connection`. hyper's own buffer is read into, all that is
    ///   left of it, after it was filled with zeros.
    /// - `T: rt::Read + rt::Write`, such as [`Upgraded`](hyper::upgrade::Upgraded), makes it `AsyncRead` and `AsyncWrite`. Closing is hyper's
    ///   shutdown.
    ///
    /// # Examples
    ///
    /// Both ends of a connection that was upgraded, as WebSockets are (RFC 9110, section 7.8):
    ///
    /// ```
    /// use hyper::body::Bytes;
    /// use fend::hyper::FuturesIo;
    /// use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
    /// use http::{Request, Response, StatusCode};
    /// use http_body_util::Empty;
    /// use hyper::upgrade::Upgraded;
    ///
    /// async fn echo(upgraded: Upgraded) -> std::io::Result<u64> {
    ///     let (mut reader, mut writer) = futures_lite::io::split(FuturesIo::new(upgraded));
    ///     let copied = futures_lite::io::copy(&mut reader, &mut writer).await?;
    ///     writer.close().await?;
    ///     Ok(copied)
    /// }
    ///
    /// async fn server(request: Request<hyper::body::Incoming>) -> http::Result<Response<Empty<Bytes>>> {
    ///     fend::spawn(async { echo(hyper::upgrade::on(request).await?).await.map_err(Box::<dyn std::error::Error + Send + Sync>::from) });
    ///     Response::builder()
    ///         .status(StatusCode::SWITCHING_PROTOCOLS)
    ///         .header("connection", "upgrade")
    ///         .header("upgrade", "echo")
    ///         .body(Empty::new())
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// fend::block_on(async {
    ///     let (near, far) = fend::net::UnixStream::pair()?;
    ///     let connection = hyper::server::conn::http1::Builder::new()
    ///         .serve_connection(far, hyper::service::service_fn(server))
    ///         .with_upgrades();
    ///     fend::spawn(connection);
    ///
    ///     let (mut sender, connection) = hyper::client::conn::http1::handshake(near).await?;
    ///     fend::spawn(connection.with_upgrades());
    ///     let request = Request::get("/").header("connection", "upgrade").header("upgrade", "echo");
    ///     let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    ///     let mut stream = FuturesIo::new(hyper::upgrade::on(response).await?);
    ///     stream.write_all(b"hello").await?;
    ///     stream.close().await?;
    ///     let mut answer = String::new();
    ///     stream.read_to_string(&mut answer).await?;
    ///     assert_eq!(answer, "hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[derive(Debug, Clone, Default)]
    pub struct FuturesIo<T> {
        #[pin]
        inner: T,
        vectored: bool,
    }
}

impl<T> FuturesIo<T> {
    /// Wraps `inner`, whose vectored writes are not used by hyper; see [`vectored`](Self::vectored).
    pub fn new(inner: T) -> FuturesIo<T> {
        FuturesIo { inner, vectored: false }
    }

    /// Whether hyper hands over several buffers at once, a message's head and its body say, by `poll_write_vectored`: `false` unless
    /// it is set here, and hyper copies small ones together.
    ///
    /// It is good for streams that write them with one call. Those that have futures-io's own `poll_write_vectored` write the first one alone,
    /// which makes a call, and perhaps a packet, of each. futures-io has no way to ask which ones do.
    pub fn vectored(self, vectored: bool) -> Self {
        FuturesIo { vectored, ..self }
    }

    /// What is wrapped.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// What is wrapped.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// What is wrapped, pinned.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut T> {
        self.project().inner
    }

    /// What is wrapped. There is no buffer in between.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: AsyncRead> Read for FuturesIo<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buf.initialize_unfilled();
        let most = room.len();
        let received = ready!(self.project().inner.poll_read(cx, room))?;
        if received > most {
            let message = format!("a stream read {received} bytes where there was room for {most}");
            return Poll::Ready(Err(io::Error::other(message)));
        }
        // SAFETY: rule 1.
        unsafe { buf.advance(received) };
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite> Write for FuturesIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
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

impl<T> Connection for FuturesIo<T> {
    /// Nothing is known of it.
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl<T: Read> AsyncRead for FuturesIo<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(self.project().inner.poll_read(cx, buf.unfilled()))?;
        Poll::Ready(Ok(buf.filled().len()))
    }

    /// Into the first buffer with room.
    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        match bufs.iter_mut().find(|buf| !buf.is_empty()) {
            Some(buf) => AsyncRead::poll_read(self, cx, buf),
            None => Poll::Ready(Ok(0)),
        }
    }
}

impl<T: Write> AsyncWrite for FuturesIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
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

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::mem::MaybeUninit;

    use futures_lite::future::block_on;
    use futures_lite::io::{AsyncReadExt, AsyncWriteExt, Cursor};

    use super::*;

    /// Says of each read that it was longer.
    #[derive(Debug)]
    struct Liar(usize);

    impl AsyncRead for Liar {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len() + self.0))
        }
    }

    /// Of hyper's traits, takes and counts what it is asked for.
    #[derive(Debug, Default)]
    struct Sink {
        written: Vec<u8>,
        vectored: usize,
        shutdowns: usize,
    }

    impl Write for Sink {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.written.extend(buf);
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.vectored += 1;
            bufs.iter().for_each(|buf| self.written.extend(&**buf));
            Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.shutdowns += 1;
            Poll::Ready(Ok(()))
        }
    }

    /// Of hyper's traits, gives these bytes.
    #[derive(Debug)]
    struct Source(&'static [u8]);

    impl Read for Source {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            mut buf: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            let (now, later) = self.0.split_at(buf.remaining().min(self.0.len()));
            buf.put_slice(now);
            self.0 = later;
            Poll::Ready(Ok(()))
        }
    }

    fn read<T: AsyncRead + Unpin>(stream: &mut FuturesIo<T>, buf: &mut ReadBuf<'_>) -> io::Result<()> {
        block_on(poll_fn(|cx| Read::poll_read(Pin::new(&mut *stream), cx, buf.unfilled())))
    }

    #[test]
    fn the_rest_of_hypers_cursor_is_filled() {
        let mut stream = FuturesIo::new(Cursor::new(b"cdefghij"));
        let mut bytes = [MaybeUninit::uninit(); 8];
        let mut buf = ReadBuf::uninit(&mut bytes);
        buf.unfilled().put_slice(b"ab");
        read(&mut stream, &mut buf).unwrap();
        assert_eq!(buf.filled(), b"abcdefgh");
        let mut bytes = [MaybeUninit::uninit(); 8];
        let mut buf = ReadBuf::uninit(&mut bytes);
        read(&mut stream, &mut buf).unwrap();
        assert_eq!(buf.filled(), b"ij");
        // The end.
        read(&mut stream, &mut buf).unwrap();
        assert_eq!(buf.filled(), b"ij");
    }

    #[test]
    fn a_stream_that_lies_of_its_reads_is_not_believed() {
        let mut bytes = [MaybeUninit::uninit(); 8];
        let mut buf = ReadBuf::uninit(&mut bytes);
        let error = read(&mut FuturesIo::new(Liar(1)), &mut buf).unwrap_err();
        assert_eq!(error.to_string(), "a stream read 9 bytes where there was room for 8");
        assert!(buf.filled().is_empty());
        read(&mut FuturesIo::new(Liar(0)), &mut buf).unwrap();
        assert_eq!(buf.filled(), [0; 8]);
    }

    #[test]
    fn hyper_is_told_of_vectored_writes_where_there_are_any() {
        let stream = FuturesIo::new(Vec::<u8>::new());
        assert!(!Write::is_write_vectored(&stream));
        let mut stream = stream.vectored(true);
        assert!(Write::is_write_vectored(&stream));
        let bufs = [b"head".as_slice(), b"body"].map(IoSlice::new);
        let written = block_on(poll_fn(|cx| Write::poll_write_vectored(Pin::new(&mut stream), cx, &bufs)));
        assert_eq!(written.unwrap(), 8);
        assert_eq!(stream.into_inner(), b"headbody");
    }

    #[test]
    fn what_is_hypers_can_be_read() {
        let mut stream = FuturesIo::new(Source(b"abcdef"));
        let (mut first, mut rest) = ([0; 4], Vec::new());
        let mut bufs = [IoSliceMut::new(&mut []), IoSliceMut::new(&mut first)];
        assert_eq!(block_on(stream.read_vectored(&mut bufs)).unwrap(), 4);
        assert_eq!(&first, b"abcd");
        assert_eq!(block_on(stream.read_to_end(&mut rest)).unwrap(), 2);
        assert_eq!(rest, b"ef");
    }

    #[test]
    fn what_is_hypers_can_be_written_and_closed() {
        let mut stream = FuturesIo::new(Sink::default());
        block_on(async {
            stream.write_all(b"some ").await?;
            let bufs = [b"more ".as_slice(), b"bytes"].map(IoSlice::new);
            assert_eq!(stream.write_vectored(&bufs).await?, 10);
            stream.flush().await?;
            stream.close().await
        })
        .unwrap();
        let Sink { written, vectored, shutdowns } = stream.get_ref();
        assert_eq!((written.as_slice(), *vectored, *shutdowns), (&b"some more bytes"[..], 1, 1));
    }
}
