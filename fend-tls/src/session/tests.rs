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

/// OpenSSL may ask to be called again without having asked the stream.
#[test]
fn a_receive_without_automatic_retries_is_not_left_asleep() {
    let hook = |context: &mut openssl::ssl::SslContextBuilder| {
        sys::clear_auto_retry(context);
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
