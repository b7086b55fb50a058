use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::testing::{Trick, client, connection, counting, once, server, sessions, sessions_with};
use crate::{TlsAcceptor, TlsConnector};

fn error_of<T: std::fmt::Debug>(result: Poll<io::Result<T>>) -> io::Error {
    match result {
        Poll::Ready(Err(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// A stream whose task has used up its time wakes it and says "pending": so must we. fend's sockets do so.
#[test]
fn a_stream_that_yields_is_let_go() {
    let (client, _server) = sessions();
    let (count, waker) = counting();
    let mut cx = Context::from_waker(&waker);
    let script = client.get_ref().script.clone();
    *script.on_read.lock().unwrap() = Some(Trick::Yield);
    assert!(client.poll_recv(&mut cx, &mut [0; 10]).is_pending());
    assert_eq!(count.get(), 1, "it comes back");
    *script.on_read.lock().unwrap() = None;

    *script.on_write.lock().unwrap() = Some(Trick::Yield);
    assert!(client.poll_send(&mut cx, b"taken").is_ready());
    assert!(client.poll_flush(&mut cx).is_pending());
    assert_eq!(count.get(), 2, "it comes back");
}

/// Neither by itself, nor by what others do.
#[test]
fn a_receive_with_nothing_to_receive_sleeps() {
    let (client, server) = sessions();
    let (count, waker) = counting();
    let mut cx = Context::from_waker(&waker);
    // The first one takes the tickets.
    for _ in 0..3 {
        assert!(client.poll_recv(&mut cx, &mut [0; 10]).is_pending());
        assert!(once(client.send_all(b"x")).is_ready());
        assert_eq!(count.get(), 0);
    }
    assert!(once(server.send_all(b"x")).is_ready());
    assert_eq!(count.get(), 1);
}

/// What a sender meets on its way through OpenSSL is a receiver's end, too.
#[test]
fn a_receiver_hears_of_what_has_broken_the_session() {
    let (mut client, server) = sessions();
    let session = client.session_mut();
    session.broken = Some(TlsError::input("a test", "broken"));
    let error = error_of(once(client.recv(&mut [0; 10])));
    assert_eq!(error.to_string(), "a test: broken");
    drop(server);
}

#[test]
fn a_stream_is_closed_once() {
    let (client, _server) = sessions();
    assert!(matches!(once(client.shutdown()), Poll::Ready(Ok(()))));
    let script = client.get_ref().script.clone();
    *script.on_close.lock().unwrap() = Some(Trick::Fail(io::ErrorKind::NotConnected));
    assert!(matches!(once(client.shutdown()), Poll::Ready(Ok(()))));
    assert_eq!(script.closes.load(Relaxed), 1);
}

/// A peer that has gone is no error for a shutdown, wherever that is noticed.
#[test]
fn a_peer_that_has_gone_is_no_error_at_the_close() {
    let (client, _server) = sessions();
    *client.get_ref().script.on_close.lock().unwrap() = Some(Trick::Fail(io::ErrorKind::NotConnected));
    assert!(matches!(once(client.shutdown()), Poll::Ready(Ok(()))));
}

/// TL11
#[test]
fn a_stream_may_panic_when_it_is_dropped() {
    struct Bad(crate::testing::End);
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    impl AsyncRead for Bad {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            std::pin::Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
        }
    }
    impl AsyncWrite for Bad {
        fn poll_write(
            self: std::pin::Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            std::pin::Pin::new(&mut self.get_mut().0).poll_write(cx, buf)
        }
        fn poll_flush(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_close(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
    let connector = TlsConnector::with_context(client().build().unwrap()).unwrap();
    let (near, _far) = connection(1000);
    let mut handshake = Box::pin(connector.handshake("localhost", Bad(near)));
    assert!(once(handshake.as_mut()).is_pending());
    let text = crate::unwind::caught(|| drop(handshake)).unwrap_err();
    assert_eq!(text, "dropped");
}

/// TL12
#[test]
fn a_keylog_that_panics_ends_the_handshake() {
    let connector = TlsConnector::with_context(client().keylog(|_| panic!("a bad log")).build().unwrap());
    let acceptor = TlsAcceptor::with_context(server().build().unwrap()).unwrap();
    let (near, far) = connection(1 << 20);
    let both =
        futures_lite::future::zip(connector.unwrap().handshake("localhost", near), acceptor.handshake(far));
    let (client, server) = futures_lite::future::block_on(both);
    let error = client.map(drop).unwrap_err().to_string();
    assert!(error.contains("a bad log"), "{error}");
    assert!(server.is_err());
}

/// TL7
#[test]
fn answers_that_a_peer_asks_for_and_does_not_read_have_a_limit() {
    let old = |builder: crate::ContextBuilder| builder.protocol(crate::Protocol::Tls1_2);
    let hook = |context: &mut openssl::ssl::SslContextBuilder| {
        context.clear_options(openssl::ssl::SslOptions::NO_RENEGOTIATION);
        Ok(())
    };
    let (mut client, mut server) = sessions_with(old(client()), old(server()).with_openssl(hook), 1 << 12);
    // The server asks for a new handshake again and again, and reads no answer.
    let mut most = 0;
    let mut outcome = Poll::Pending;
    for _ in 0..100_000 {
        let session = server.session_mut();
        sys::renegotiate(session.ssl()).unwrap();
        session.begin();
        session.tls.do_handshake().unwrap();
        assert!(once(server.flush()).is_ready());
        outcome = once(client.recv(&mut [0; 10]));
        most = most.max(client.session_mut().tls.get_ref().output.len());
        if outcome.is_ready() {
            break;
        }
    }
    assert!(most < 1 << 20, "{most} bytes wait for the peer");
    assert!(outcome.is_ready(), "{most} bytes wait for the peer");
}

/// OpenSSL may ask to be called again without having asked the stream.
#[test]
fn a_receive_without_automatic_retries_is_not_left_asleep() {
    const SSL_CTRL_CLEAR_MODE: i32 = 78;
    const SSL_MODE_AUTO_RETRY: i64 = 4;
    let hook = |context: &mut openssl::ssl::SslContextBuilder| {
        sys::control(context, SSL_CTRL_CLEAR_MODE, SSL_MODE_AUTO_RETRY);
        Ok(())
    };
    let (client, server) = sessions_with(client().read_ahead(false).with_openssl(hook), server(), 1 << 20);
    assert!(once(server.send_all(b"x")).is_ready());
    let (count, waker) = counting();
    let (mut cx, mut byte) = (Context::from_waker(&waker), [0]);
    // Two tickets come first.
    for wakes in 1..10 {
        if client.poll_recv(&mut cx, &mut byte).is_ready() {
            assert_eq!(byte, *b"x");
            return;
        }
        assert_eq!(count.get(), wakes, "there are bytes, and nobody wakes the task");
    }
    panic!("nothing comes");
}

#[test]
fn an_alert_goes_out_from_a_vectored_receive() {
    let (client, server) = sessions();
    assert!(once(server.send_all(&[1; 100])).is_ready());
    // A record that nobody has encrypted.
    client.get_ref().inject(&[23, 3, 3, 0, 32]);
    client.get_ref().inject(&[0; 32]);
    let (mut first, mut second) = ([0; 100], [0; 100]);
    let mut bufs = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    assert!(matches!(once(client.recv_vectored(&mut bufs)), Poll::Ready(Ok(100))));
    let error = error_of(once(server.recv(&mut [0; 10])));
    assert!(error.to_string().contains("bad record mac"), "{error}");
    assert!(error_of(once(client.recv(&mut [0; 10]))).to_string().contains("bad record mac"));
}

/// OpenSSL sends no close_notify while a message of the handshake is half read. That must not pass for a shutdown.
#[test]
fn a_shutdown_that_cannot_be_told_is_an_error() {
    const SSL_CTRL_SET_MAX_SEND_FRAGMENT: i32 = 52;
    let hook = |context: &mut openssl::ssl::SslContextBuilder| {
        sys::control(context, SSL_CTRL_SET_MAX_SEND_FRAGMENT, 512);
        Ok(())
    };
    // A ticket with a client's certificate is longer than that.
    let (identity, roots) = (crate::testing::identity(), crate::testing::identity());
    let server = server().ca(roots.certificate().clone()).verify(crate::Verify::PEER).with_openssl(hook);
    let (client, server) = sessions_with(client().identity(identity), server, 1 << 20);
    let tickets = client.get_ref().intercept();
    let first = 5 + usize::from(u16::from_be_bytes([tickets[3], tickets[4]]));
    assert!(first > 512, "{first}");
    client.get_ref().inject(&tickets[..first]);
    assert!(once(client.recv(&mut [0])).is_pending());

    let error = error_of(once(client.shutdown()));
    assert!(error.to_string().starts_with("TLS shutdown: "), "{error}");
    assert!(once(server.recv(&mut [0])).is_pending(), "the peer has heard nothing");
    client.get_ref().inject(&tickets[first..]);
    assert!(once(client.recv(&mut [0])).is_pending());
    assert!(matches!(once(client.shutdown()), Poll::Ready(Ok(()))));
    assert!(matches!(once(server.recv(&mut [0])), Poll::Ready(Ok(0))));
}

#[test]
fn a_server_does_not_wait_for_its_tickets_to_be_read() {
    let (client, server) = sessions_with(client(), server(), 64);
    let request = [7; 1000];
    let mut received = [0; 1000];
    let (sent, received) = futures_lite::future::block_on(futures_lite::future::zip(
        client.send_all(&request),
        server.recv_exact(&mut received),
    ));
    sent.and(received).unwrap();
}

#[test]
fn a_handshake_that_cannot_be_sent_ends() {
    let connector = TlsConnector::with_context(client().build().unwrap()).unwrap();
    let (near, _far) = connection(1000);
    *near.script.on_write.lock().unwrap() = Some(Trick::Fail(io::ErrorKind::QuotaExceeded));
    match once(connector.handshake("localhost", near)) {
        Poll::Ready(Err(error)) => assert_eq!(error.io_kind(), io::ErrorKind::QuotaExceeded),
        other => panic!("{other:?}"),
    }
}

/// TL5
#[test]
fn what_a_callback_leaves_in_the_error_queue_fails_nothing() {
    let littering = |_: Option<&str>| {
        openssl::x509::X509::from_pem(b"none").unwrap_err().put();
        crate::Sni::Accept
    };
    let (client, server) = sessions_with(client(), server().sni_callback(littering), 64);
    drop((client, server));
}
