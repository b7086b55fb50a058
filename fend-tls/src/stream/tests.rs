use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;

use fend_reactor::runtime::Builder;
use fend_reactor::{spawn, yield_now};
use futures_lite::future::{block_on, zip};

use super::*;
use crate::testing::{
    Trick, client, connection, counting, once, server, sessions, sessions_with, shake_hands_with,
};
use crate::{Protocol, TlsAcceptor, TlsConnector};

fn error_of<T: fmt::Debug>(result: Poll<io::Result<T>>) -> io::Error {
    match result {
        Poll::Ready(Err(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Bytes that tell where they stand.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 + at / 251) as u8).collect()
}

async fn send_pattern<S>(write: OwnedWriteHalf<S>, len: usize, piece: usize) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for piece in pattern(len).chunks(piece) {
        write.send_all(piece).await?;
        yield_now().await;
    }
    write.shutdown().await
}

async fn receive_pattern<S>(read: OwnedReadHalf<S>, len: usize, piece: usize) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut received, mut buf) = (Vec::new(), vec![0; piece]);
    loop {
        match read.recv(&mut buf).await? {
            0 => break,
            count => received.extend_from_slice(&buf[..count]),
        }
    }
    assert!(received == pattern(len), "{} of {len} bytes, or others", received.len());
    Ok(())
}

/// Both directions at once, each with a task of its own on several threads, over a connection that is nearly always full or empty.
///
/// TL10
#[test]
fn two_tasks_at_each_end_lose_no_wake_up() {
    const LEN: usize = 200_000;
    let runtime = Builder::new().worker_threads(4).build().unwrap();
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        for room in [17, 300, 5000, 70_000] {
            let (client, server) = sessions_with(client(), server().protocol(protocol), room);
            runtime.block_on(async {
                let mut tasks = Vec::new();
                for (stream, piece) in [(client, 700), (server, 40_000)] {
                    let (read, write) = stream.into_split();
                    tasks.push(spawn(send_pattern(write, LEN, piece)));
                    tasks.push(spawn(receive_pattern(read, LEN, 1 + room / 2)));
                }
                for task in tasks {
                    task.await.unwrap().unwrap();
                }
            });
        }
    }
}

/// The buffers that a thread keeps are in use by the outer session when the inner one wants them.
#[test]
fn a_session_may_run_in_a_session() {
    const LEN: usize = 300_000;
    let runtime = Builder::new().worker_threads(2).build().unwrap();
    let (near, far) = sessions_with(client(), server(), 10_000);
    let connector = TlsConnector::with_context(client().build().unwrap()).unwrap();
    let acceptor = TlsAcceptor::with_context(server().build().unwrap()).unwrap();
    let (client, server) = block_on(zip(connector.handshake("localhost", near), acceptor.handshake(far)));
    runtime.block_on(async {
        let mut tasks = Vec::new();
        for stream in [client.unwrap(), server.unwrap()] {
            let (read, write) = stream.into_split();
            tasks.push(spawn(send_pattern(write, LEN, 50_000)));
            tasks.push(spawn(receive_pattern(read, LEN, 9000)));
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
}

/// TL12
#[test]
fn a_stream_that_panics_ends_the_session_and_nothing_else() {
    let (client, server) = sessions();
    let script = client.get_ref().script.clone();
    *script.on_read.lock().unwrap() = Some(Trick::Panic);
    assert!(error_of(once(client.recv(&mut [0]))).to_string().contains("a trick"));
    for _ in 0..2 {
        assert!(error_of(once(client.recv(&mut [0]))).to_string().contains("panicked"));
        assert!(error_of(once(client.send(b"x"))).to_string().contains("panicked"));
    }
    let reads = script.reads.load(Relaxed);
    assert!(once(client.shutdown()).is_ready());
    assert_eq!((script.reads.load(Relaxed), script.closes.load(Relaxed)), (reads, 0), "nobody asks it again");
    drop((client, server));

    let (client, _server) = sessions();
    let script = client.get_ref().script.clone();
    *script.on_write.lock().unwrap() = Some(Trick::Panic);
    // It is taken, and the next one is told.
    assert!(matches!(once(client.send(b"x")), Poll::Ready(Ok(1))));
    assert!(error_of(once(client.send(b"x"))).to_string().contains("panicked"));
    assert!(error_of(once(client.flush())).to_string().contains("panicked"));
    assert!(error_of(once(client.recv(&mut [0]))).to_string().contains("panicked"));
    assert!(error_of(once(client.shutdown())).to_string().contains("panicked"));

    let (client, _server) = sessions();
    *client.get_ref().script.on_flush.lock().unwrap() = Some(Trick::Panic);
    assert!(error_of(once(client.send_all(b"x"))).to_string().contains("a trick"));

    let (client, _server) = sessions();
    *client.get_ref().script.on_close.lock().unwrap() = Some(Trick::Panic);
    assert!(error_of(once(client.shutdown())).to_string().contains("a trick"));
}

/// TL1
#[test]
fn an_end_without_a_word_is_told_as_one_in_each_state() {
    // Nothing, data, and half a record before it.
    for cut in [0, 1, 30, 59] {
        let (client, server) = sessions();
        assert!(once(client.recv(&mut [0])).is_pending());
        assert!(once(server.send_all(b"whole")).is_ready());
        let record = client.get_ref().intercept();
        let cut = cut.min(record.len() - 1);
        client.get_ref().inject(&record[..cut]);
        drop(server);
        for _ in 0..2 {
            let error = error_of(once(client.recv(&mut [0; 10])));
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{cut}");
        }
        let error = error_of(once(client.shutdown_and_wait()));
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{cut}");
    }
}

/// A peer that has said its word and gone is one that has said its word. Over a Unix socket nothing can be sent to it.
#[test]
fn who_waits_for_the_end_gets_it_from_a_peer_that_has_gone() {
    let (client, server) = sessions();
    assert!(once(server.send_all(b"rest")).is_ready());
    assert!(matches!(once(server.shutdown()), Poll::Ready(Ok(()))));
    drop(server);
    assert!(matches!(once(client.shutdown_and_wait()), Poll::Ready(Ok(4))));
}

/// An alert that ends all is no clean end, at the second look neither.
#[test]
fn a_fatal_alert_is_no_clean_end() {
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let (client, server) = sessions_with(client(), server().protocol(protocol), 1 << 20);
        // What nobody has encrypted has the server say "bad record mac".
        server.get_ref().inject(&[23, 3, 3, 0, 40]);
        server.get_ref().inject(&[0; 40]);
        assert!(once(server.recv(&mut [0])).is_ready());
        for _ in 0..3 {
            let error = error_of(once(client.recv(&mut [0]))).downcast::<crate::TlsError>().unwrap();
            assert!(error.is_alert(), "{error}");
            assert!(error_of(once(client.send(b"x"))).get_ref().is_some());
        }
    }
}

#[test]
fn a_shutdown_beside_a_send_that_waits() {
    let (client, server) = sessions_with(client(), server(), 1000);
    let bytes = pattern(300_000);
    let (count, waker) = counting();
    let mut cx = Context::from_waker(&waker);
    let mut sent = 0;
    while let Poll::Ready(count) = client.poll_send(&mut cx, &bytes[sent..]) {
        sent += count.unwrap();
    }
    assert!(once(client.shutdown()).is_pending());
    // The one that waited hears of it when there is room.
    let receiving = async {
        let (mut received, mut buf) = (Vec::new(), [0; 5000]);
        loop {
            match server.recv(&mut buf).await.unwrap() {
                0 => break received,
                count => received.extend_from_slice(&buf[..count]),
            }
        }
    };
    let (closed, received) = block_on(zip(client.shutdown(), receiving));
    closed.unwrap();
    assert!(received == bytes[..sent], "all that was taken, and nothing else");
    assert!(count.get() > 0);
    let error = error_of(client.poll_send(&mut cx, &bytes));
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    // The other direction goes on.
    assert!(once(server.send_all(b"still")).is_ready());
    assert!(matches!(once(client.recv(&mut [0; 10])), Poll::Ready(Ok(5))));
}

/// EX8, EX9
#[test]
fn bad_wakers_harm_nobody_else() {
    struct Bad(Arc<TlsStream<crate::testing::End>>);
    impl std::task::Wake for Bad {
        fn wake(self: Arc<Self>) {
            // It asks again at once, from inside the wake-up.
            let waker = Waker::noop();
            let _ = self.0.poll_recv(&mut Context::from_waker(waker), &mut [0; 1]);
            let _ = format!("{:?}", self.0);
            panic!("a bad waker");
        }
    }
    let (client, server) = sessions();
    let client = Arc::new(client);
    assert!(once(client.recv(&mut [0])).is_pending());
    let bad = Waker::from(Arc::new(Bad(client.clone())));
    let (count, good) = counting();
    assert!(client.poll_recv(&mut Context::from_waker(&bad), &mut [0]).is_pending());
    assert!(client.poll_recv(&mut Context::from_waker(&good), &mut [0]).is_pending());
    assert!(once(server.send_all(b"ab")).is_ready());
    assert!(count.get() > 0);
    assert!(matches!(once(client.recv(&mut [0; 10])), Poll::Ready(Ok(1))), "the bad one has taken the other");
}

/// What ends the stream may come in the same call as the last bytes: it is what it is then, too.
///
/// TL1
#[test]
fn an_end_behind_data_is_told_as_it_is() {
    for allowed in [false, true] {
        let client = if allowed { client().allow_truncation() } else { client() };
        let (client, server) = sessions_with(client, server(), 1 << 20);
        block_on(server.send_all(b"all there is")).unwrap();
        // The stream below ends without a close_notify.
        drop(server.into_inner());
        let mut buf = [0; 100];
        assert_eq!(block_on(client.recv(&mut buf)).unwrap(), 12);
        let end = block_on(client.recv(&mut buf));
        match allowed {
            true => assert_eq!(end.unwrap(), 0),
            false => assert_eq!(end.unwrap_err().kind(), io::ErrorKind::UnexpectedEof),
        }
    }
}

/// Without reading ahead, what follows the peer's goodbye is still in the stream below.
#[test]
fn what_follows_the_goodbye_is_left_alone_without_reading_ahead() {
    let (client, server) = sessions_with(client().read_ahead(false), server(), 1 << 20);
    block_on(async {
        server.send_all(b"the end").await.unwrap();
        let both = zip(client.shutdown_and_wait(), server.shutdown_and_wait()).await;
        assert_eq!((both.0.unwrap(), both.1.unwrap()), (7, 0));
        let (mut client, mut server) = (client.into_inner(), server.into_inner());
        futures_lite::AsyncWriteExt::write_all(&mut server, b"in the clear").await.unwrap();
        let mut clear = [0; 12];
        futures_lite::AsyncReadExt::read_exact(&mut client, &mut clear).await.unwrap();
        assert_eq!(&clear, b"in the clear");
    });
}

#[test]
fn sessions_that_were_forgotten_are_not_resumed() {
    let connector = TlsConnector::with_context(client().build().unwrap()).unwrap();
    let acceptor = TlsAcceptor::with_context(server().build().unwrap()).unwrap();
    let is_resumed = || {
        let (near, far) = connection(1 << 20);
        let (client, server) = shake_hands_with(&connector, &acceptor, near, far);
        let (client, server) = (client.unwrap(), server.unwrap());
        // What is behind the tickets has come, so they have.
        block_on(server.send_all(b".")).unwrap();
        block_on(client.recv_exact(&mut [0])).unwrap();
        client.is_resumed()
    };
    assert_eq!([is_resumed(), is_resumed()], [false, true]);
    connector.context().forget_sessions();
    assert_eq!([is_resumed(), is_resumed()], [false, true]);
}
