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

#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
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

#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
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

#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
impl<S: Connection> Connection for TlsStream<S> {
    /// What the stream below says, and whether both ends have agreed on HTTP/2 (ALPN).
    fn connected(&self) -> Connected {
        let connected = self.get_ref().connected();
        if self.alpn().as_deref() == Some(b"h2") { connected.negotiated_h2() } else { connected }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::future::poll_fn;
    use std::mem::MaybeUninit;

    use hyper::rt::ReadBuf;

    use super::*;
    use crate::testing::{End, client, counting, once, server, sessions, sessions_with};

    impl Connection for End {
        fn connected(&self) -> Connected {
            Connected::new().proxy(true)
        }
    }

    /// Once into what is left of `buf`.
    fn read(stream: &mut TlsStream<End>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        once(poll_fn(|cx| Read::poll_read(Pin::new(&mut *stream), cx, buf.unfilled())))
    }

    #[test]
    fn the_rest_of_a_cursor_is_filled() {
        let (mut client, server) = sessions();
        assert!(once(server.send_all(b"cdefghij")).is_ready());
        let mut bytes = [MaybeUninit::uninit(); 8];
        let mut buf = ReadBuf::uninit(&mut bytes);
        buf.unfilled().put_slice(b"ab");
        assert!(read(&mut client, &mut buf).is_ready());
        assert_eq!(buf.filled(), b"abcdefgh");
        // The rest of a record that has been decrypted.
        let mut bytes = [MaybeUninit::uninit(); 8];
        let mut buf = ReadBuf::uninit(&mut bytes);
        assert!(read(&mut client, &mut buf).is_ready());
        assert_eq!(buf.filled(), b"ij");
    }

    /// How many reads it takes to get four records, and what was in them.
    fn reads(mut read: impl FnMut(&mut TlsStream<End>, &mut Vec<u8>)) -> (usize, Vec<u8>) {
        let (mut client, server) = sessions();
        for record in 0..4 {
            assert!(once(server.send_all(&[record; 10_000])).is_ready());
        }
        let (mut received, mut reads) = (Vec::new(), 0);
        while received.len() < 40_000 {
            read(&mut client, &mut received);
            reads += 1;
        }
        (reads, received)
    }

    #[test]
    fn a_cursor_takes_as_many_records_at_once_as_a_receive() {
        let plain = reads(|client, received| {
            let mut buf = vec![0; 50_000];
            match once(client.recv(&mut buf)) {
                Poll::Ready(Ok(count)) => received.extend(&buf[..count]),
                other => panic!("{other:?}"),
            }
        });
        let by_cursor = reads(|client, received| {
            let mut bytes = vec![MaybeUninit::uninit(); 50_000];
            let mut buf = ReadBuf::uninit(&mut bytes);
            assert!(matches!(read(client, &mut buf), Poll::Ready(Ok(()))));
            received.extend(buf.filled());
        });
        assert!(by_cursor == plain, "{} and {} reads", by_cursor.0, plain.0);
        assert!(plain.0 < 4, "a record at a time would prove nothing");
    }

    #[test]
    fn a_full_cursor_takes_nothing() {
        let (mut client, server) = sessions();
        assert!(read(&mut client, &mut ReadBuf::uninit(&mut [])).is_ready());
        assert!(once(server.send_all(b"x")).is_ready());
        assert!(read(&mut client, &mut ReadBuf::uninit(&mut [])).is_ready());
        assert!(matches!(once(client.recv(&mut [0; 2])), Poll::Ready(Ok(1))));
    }

    #[test]
    fn a_read_of_nothing_waits_and_is_woken() {
        let (mut client, server) = sessions();
        let (count, waker) = counting();
        let mut bytes = [MaybeUninit::uninit(); 8];
        let mut buf = ReadBuf::uninit(&mut bytes);
        let mut cx = Context::from_waker(&waker);
        assert!(Read::poll_read(Pin::new(&mut client), &mut cx, buf.unfilled()).is_pending());
        assert!(buf.filled().is_empty());
        assert!(once(server.send_all(b"x")).is_ready());
        assert_eq!(count.get(), 1);
        assert!(read(&mut client, &mut buf).is_ready());
        assert_eq!(buf.filled(), b"x");
    }

    /// With the peer's word, and without it.
    #[test]
    fn an_end_is_told_from_a_break() {
        let (mut client, mut server) = sessions();
        let mut bytes = [MaybeUninit::uninit(); 8];
        let mut buf = ReadBuf::uninit(&mut bytes);
        assert!(once(poll_fn(|cx| Write::poll_shutdown(Pin::new(&mut server), cx))).is_ready());
        assert!(matches!(read(&mut client, &mut buf), Poll::Ready(Ok(()))));
        assert!(buf.filled().is_empty());

        let (mut client, server) = sessions();
        drop(server);
        match read(&mut client, &mut buf) {
            Poll::Ready(Err(error)) => assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn several_buffers_become_one_record() {
        let (mut client, mut server) = sessions();
        assert!(Write::is_write_vectored(&server));
        let script = server.get_ref().script.clone();
        let before = script.writes.load(std::sync::atomic::Ordering::Relaxed);
        let parts = [b"head".as_slice(), b"", b"body"].map(IoSlice::new);
        let sent = once(poll_fn(|cx| Write::poll_write_vectored(Pin::new(&mut server), cx, &parts)));
        assert!(matches!(sent, Poll::Ready(Ok(8))));
        assert_eq!(script.writes.load(std::sync::atomic::Ordering::Relaxed), before + 1);
        let mut bytes = [MaybeUninit::uninit(); 9];
        let mut buf = ReadBuf::uninit(&mut bytes);
        assert!(read(&mut client, &mut buf).is_ready());
        assert_eq!(buf.filled(), b"headbody");
    }

    #[test]
    fn the_client_of_a_pool_hears_of_http_2() {
        let (old, _server) = sessions_with(client().alpn(["http/1.1"]), server().alpn(["http/1.1"]), 1 << 20);
        assert!(!old.connected().is_negotiated_h2());
        let (new, _server) = sessions_with(client().alpn(["h2", "http/1.1"]), server().alpn(["h2"]), 1 << 20);
        assert!(new.connected().is_negotiated_h2());
        assert!(new.connected().is_proxied(), "what the stream below says stays said");
    }
}
