//! [`Listener`](fend::net::Listener): its limit, its drain, its numbers.

use std::io::{self, Read, Write};
use std::net::{self, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use fend::net::{DrainReport, Listener, ListenerHandle, SocketError, TcpListener, TcpStream};
use fend::task::JoinHandle;
use fend::time::sleep;
use futures_lite::future::poll_once;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::forks::no_forks;
use crate::peer::reset;
use crate::shape::Shape;

on_every_dispatcher!(
    connections_finish_within_the_deadline,
    the_deadline_aborts_with_a_reset,
    a_token_ends_connections_between_requests,
    nothing_is_accepted_once_the_drain_has_begun,
    queued_connections_are_reset_when_the_socket_closes,
    queued_connections_stay_for_who_shares_the_socket,
    the_earliest_deadline_counts,
    a_task_without_an_await_is_stuck,
    the_limit_holds,
    a_limit_is_shared_by_all_who_accept,
    a_connection_gives_its_slot_back,
    a_dropped_accept_keeps_no_slot,
    a_held_connection_is_aborted_in_place,
    an_accept_that_waits_ends_with_the_drain,
    options_are_set_before_the_connection_is_given_out,
    a_connection_that_cannot_be_prepared_is_passed_over,
    accept_with_prepares_and_tells,
    a_listener_that_is_of_no_more_use_ends_the_server,
    dropping_the_server_leaves_its_connections,
    a_connection_is_a_stream,
);

alone_on_every_dispatcher!(a_panic_ends_one_connection);

const LONG: Duration = Duration::from_secs(60);

/// A server that answers byte by byte, its address and its handle. No other test looks for a port at this address, so that nobody gets one
/// that was closed, and a connection that was meant for it.
async fn echo_server(
    set_up: impl FnOnce(Listener) -> Listener,
) -> io::Result<(SocketAddr, ListenerHandle, JoinHandle<io::Result<DrainReport>>)> {
    let listener = set_up(Listener::bind("127.66.0.2:0").await?);
    let (address, handle) = (listener.local_addr()?, listener.handle());
    Ok((address, handle, fend::spawn(listener.serve(echo))))
}

async fn echo(stream: TcpStream, _peer: SocketAddr) {
    let mut byte = [0];
    while let Ok(1) = stream.recv(&mut byte).await {
        let _ = stream.send_all(&byte).await;
    }
}

/// A client that was answered once: its connection is being served.
async fn served(address: SocketAddr) -> io::Result<TcpStream> {
    let client = TcpStream::connect(address).await?;
    client.send_all(b"x").await?;
    client.recv_exact(&mut [0]).await?;
    Ok(client)
}

#[track_caller]
fn assert_reset(result: io::Result<usize>) {
    assert_eq!(result.expect_err("the connection was reset").kind(), io::ErrorKind::ConnectionReset);
}

#[track_caller]
fn counts(report: DrainReport) -> [u64; 4] {
    [report.finished, report.panicked, report.aborted, report.stuck as u64]
}

async fn connections_finish_within_the_deadline() -> io::Result<()> {
    let (address, handle, server) = echo_server(|listener| listener).await?;
    let early = served(address).await?;
    drop(early);
    while handle.metrics().finished == 0 {
        fend::yield_now().await;
    }
    let clients = [served(address).await?, served(address).await?];
    let drain = fend::spawn({
        let handle = handle.clone();
        async move { handle.drain(LONG).await }
    });
    while !handle.metrics().draining {
        fend::yield_now().await;
    }
    for client in clients {
        client.send_all(b"y").await?;
        client.recv_exact(&mut [0]).await?;
    }
    let report = drain.await?;
    assert_eq!(counts(report), [2, 0, 0, 0], "those that were there when it began");
    assert!(report.is_clean());
    assert_eq!(server.await??, report);
    let metrics = handle.metrics();
    assert_eq!((metrics.accepted, metrics.finished, metrics.active), (3, 3, 0));
    Ok(())
}

async fn the_deadline_aborts_with_a_reset() -> io::Result<()> {
    let (address, handle, server) = echo_server(|listener| listener).await?;
    let client = served(address).await?;
    let (start, limit) = (Instant::now(), Duration::from_millis(30));
    let report = handle.drain(limit).await;
    assert!(start.elapsed() >= limit);
    assert_eq!(counts(report), [0, 0, 1, 0]);
    assert!(!report.is_clean());
    assert_reset(client.recv(&mut [0]).await);
    assert_eq!(server.await??, report);
    Ok(())
}

async fn a_token_ends_connections_between_requests() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?;
    let (address, handle) = (listener.local_addr()?, listener.handle());
    let token = handle.token();
    let server = fend::spawn(listener.serve(move |stream: TcpStream, _peer| {
        let token = token.clone();
        async move {
            let mut byte = [0];
            while let Some(Ok(1)) = token.run_until_cancelled(stream.recv(&mut byte)).await {
                let _ = stream.send_all(&byte).await;
            }
        }
    }));
    let client = served(address).await?;
    assert_eq!(counts(handle.drain(LONG).await), [1, 0, 0, 0]);
    assert_eq!(client.recv(&mut [0]).await?, 0, "an orderly end");
    server.await??;
    Ok(())
}

async fn nothing_is_accepted_once_the_drain_has_begun() -> io::Result<()> {
    let (address, handle, server) = echo_server(|listener| listener).await?;
    let client = served(address).await?;
    handle.stop();
    // The socket closes as soon as the server has seen it, while the connection goes on.
    while TcpStream::connect(address).await.is_ok() {
        fend::yield_now().await;
    }
    client.send_all(b"y").await?;
    client.recv_exact(&mut [0]).await?;
    drop(client);
    assert_eq!(counts(server.await??), [1, 0, 0, 0]);
    assert_eq!(handle.metrics().accepted, 1);

    // Not even what is in the queue already.
    let listener = Listener::bind("127.0.0.1:0").await?;
    let _queued = TcpStream::connect(listener.local_addr()?).await?;
    listener.handle().stop();
    assert!(listener.accept().await?.is_none());
    Ok(())
}

async fn queued_connections_are_reset_when_the_socket_closes() -> io::Result<()> {
    let (address, handle, server) = echo_server(|listener| listener.max_connections(1)).await?;
    let client = served(address).await?;
    let queued = TcpStream::connect(address).await?;
    queued.send_all(b"x").await?;
    handle.stop();
    assert_reset(queued.recv(&mut [0]).await);
    drop(client);
    assert!(server.await??.is_clean());
    Ok(())
}

async fn queued_connections_stay_for_who_shares_the_socket() -> io::Result<()> {
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    let listener = Listener::new(socket.clone()).max_connections(1);
    let handle = listener.handle();
    let server = fend::spawn(listener.serve(echo));
    let client = served(address).await?;
    let queued = TcpStream::connect(address).await?;
    queued.send_all(b"x").await?;
    handle.stop();
    drop(client);
    assert!(server.await??.is_clean());
    let (stream, peer) = socket.accept().await?;
    assert_eq!(peer, queued.local_addr()?);
    fend::spawn(echo(stream, peer));
    queued.recv_exact(&mut [0]).await?;
    Ok(())
}

async fn the_earliest_deadline_counts() -> io::Result<()> {
    let (address, handle, server) = echo_server(|listener| listener).await?;
    let client = served(address).await?;
    let patient = fend::spawn({
        let handle = handle.clone();
        async move { handle.drain(LONG).await }
    });
    let report = handle.drain(Duration::ZERO).await;
    assert_eq!(counts(report), [0, 0, 1, 0]);
    assert_eq!(patient.await?, report);
    assert_eq!(server.await??, report);
    assert_reset(client.recv(&mut [0]).await);
    assert_eq!(handle.drain(LONG).await, report, "it is over, and stays so");
    Ok(())
}

async fn a_task_without_an_await_is_stuck() -> io::Result<()> {
    // In a task, which can leave the worker that gets stuck.
    fend::spawn(stuck()).await?
}

async fn stuck() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?;
    let (address, handle) = (listener.local_addr()?, listener.handle());
    let (go_on, gate) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let (begun, has_begun) = mpsc::channel();
    let server = fend::spawn(listener.serve(move |_stream, _peer| {
        begun.send(()).expect("the test waits");
        let _ = gate.lock().unwrap().recv();
        async {}
    }));
    let client = TcpStream::connect(address).await?;
    // That it is active is not enough: a task that has not begun is aborted without being stuck.
    while has_begun.try_recv() == Err(mpsc::TryRecvError::Empty) {
        fend::yield_now().await;
    }
    let report = handle.drain(Duration::from_millis(1)).await;
    assert_eq!(counts(report), [0, 0, 0, 1]);
    assert!(!report.is_clean());
    assert_reset(client.recv(&mut [0]).await);
    assert_eq!(server.await??, report);
    drop(go_on);
    while handle.metrics().aborted == 0 {
        fend::yield_now().await;
    }
    Ok(())
}

async fn the_limit_holds() -> io::Result<()> {
    const LIMIT: usize = 3;
    const CLIENTS: usize = 40;
    let (address, handle, server) = echo_server(|listener| listener.max_connections(LIMIT)).await?;
    let most = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (handle, most) = (handle.clone(), most.clone());
            fend::spawn(async move {
                let client = served(address).await?;
                most.fetch_max(handle.metrics().active, Ordering::Relaxed);
                drop(client);
                io::Result::Ok(())
            })
        })
        .collect();
    for client in clients {
        client.await??;
    }
    assert!(most.load(Ordering::Relaxed) <= LIMIT, "{most:?} at once");
    let metrics = handle.metrics();
    assert_eq!(metrics.accepted, CLIENTS as u64);
    assert!(metrics.limit_reached > 0, "{metrics:?}");
    assert!(handle.drain(LONG).await.is_clean());
    server.await??;
    Ok(())
}

async fn a_limit_is_shared_by_all_who_accept() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?.max_connections(2);
    let (address, handle) = (listener.local_addr()?, listener.handle());
    let acceptors: Vec<_> = (0..4)
        .map(|_| {
            let listener = listener.clone();
            fend::spawn(async move {
                while let Some((connection, _)) = listener.accept().await? {
                    let mut byte = [0];
                    while let Ok(1) = connection.recv(&mut byte).await {
                        connection.send_all(&byte).await?;
                    }
                }
                io::Result::Ok(())
            })
        })
        .collect();
    drop(listener);
    for _ in 0..10 {
        let first = served(address).await?;
        let second = served(address).await?;
        let mut third = Box::pin(served(address));
        assert!(poll_once(&mut third).await.is_none());
        assert_eq!(handle.metrics().active, 2);
        drop(first);
        drop((third.await?, second));
    }
    handle.stop();
    for acceptor in acceptors {
        acceptor.await??;
    }
    Ok(())
}

async fn a_connection_gives_its_slot_back() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?.max_connections(1);
    let address = listener.local_addr()?;
    let first = TcpStream::connect(address).await?;
    let _second = TcpStream::connect(address).await?;
    let (connection, peer) = listener.accept().await?.expect("a connection");
    assert_eq!(peer, first.local_addr()?);
    let mut next = Box::pin(listener.accept());
    assert!(poll_once(&mut next).await.is_none());
    assert_eq!(listener.handle().metrics().limit_reached, 1);
    drop(connection);
    let (connection, _) = next.await?.expect("a connection");
    // The slot alone counts, wherever the stream is.
    let (stream, slot) = connection.into_parts();
    assert_eq!(listener.handle().metrics().active, 1);
    drop(slot);
    assert_eq!(listener.handle().metrics().active, 0);
    stream.into_std()?;
    Ok(())
}

async fn a_dropped_accept_keeps_no_slot() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?.max_connections(1);
    for _ in 0..100 {
        assert!(poll_once(listener.accept()).await.is_none());
    }
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (connection, peer) = listener.accept().await?.expect("a connection");
    assert_eq!(peer, client.local_addr()?);
    for _ in 0..100 {
        assert!(poll_once(listener.accept()).await.is_none());
    }
    drop(connection);
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (_, peer) = listener.accept().await?.expect("a connection");
    assert_eq!(peer, client.local_addr()?);
    Ok(())
}

async fn a_held_connection_is_aborted_in_place() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?;
    let handle = listener.handle();
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (connection, _) = listener.accept().await?.expect("a connection");
    let holder = fend::spawn(async move {
        let first = connection.recv(&mut [0]).await;
        assert_reset(first);
        assert!(connection.send(b"late").await.is_err());
    });
    assert_eq!(counts(handle.drain(Duration::from_millis(10)).await), [0, 0, 1, 0]);
    holder.await?;
    assert_reset(client.recv(&mut [0]).await);
    Ok(())
}

async fn an_accept_that_waits_ends_with_the_drain() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?.max_connections(1);
    // One waits for a connection, the other for the slot that the first holds.
    let (mut first, mut second) = (pin!(listener.accept()), pin!(listener.accept()));
    assert!(poll_once(first.as_mut()).await.is_none());
    assert!(poll_once(second.as_mut()).await.is_none());
    listener.handle().stop();
    assert!(first.await?.is_none());
    assert!(second.await?.is_none());
    Ok(())
}

async fn options_are_set_before_the_connection_is_given_out() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?.prepare(|stream| stream.set_nodelay(true));
    let _client = TcpStream::connect(listener.local_addr()?).await?;
    let (connection, _) = listener.accept().await?.expect("a connection");
    assert!(connection.nodelay()?);
    Ok(())
}

async fn a_connection_that_cannot_be_prepared_is_passed_over() -> io::Result<()> {
    let failures = Arc::new(AtomicUsize::new(0));
    let told = failures.clone();
    let listener = Listener::bind("127.0.0.1:0").await?.max_connections(1);
    let address = listener.local_addr()?;
    let first = TcpStream::connect(address).await?;
    let refused = first.local_addr()?;
    let listener = listener
        .prepare(move |stream| match stream.peer_addr()? == refused {
            true => Err(io::Error::from_raw_os_error(libc::ENOPROTOOPT)),
            false => Ok(()),
        })
        .on_error(move |failure| {
            assert_eq!((failure.pause(), failure.begins_back_off()), (None, false));
            let detail = failure.error().get_ref().and_then(|error| error.downcast_ref::<SocketError>());
            let detail = detail.expect("the operation and the peer");
            assert_eq!((detail.operation(), detail.address()), ("prepare the connection of", Some(refused)));
            assert_eq!(detail.os_error().raw_os_error(), Some(libc::ENOPROTOOPT));
            told.fetch_add(1, Ordering::Relaxed);
        });
    let second = TcpStream::connect(address).await?;
    let (_connection, peer) = listener.accept().await?.expect("a connection");
    assert_eq!(peer, second.local_addr()?);
    assert_eq!(first.recv(&mut [0]).await?, 0, "closed");
    let metrics = listener.handle().metrics();
    assert_eq!((metrics.transient_errors, metrics.accepted, metrics.active), (1, 1, 1));
    assert_eq!(failures.load(Ordering::Relaxed), 1);
    Ok(())
}

async fn accept_with_prepares_and_tells() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = net::TcpStream::connect(address)?;
    let peer = client.local_addr()?;
    let refuse = |_: &TcpStream| Err(io::Error::from_raw_os_error(libc::ENOPROTOOPT));
    let error = listener.accept_with(refuse).await.unwrap_err();
    assert_eq!(fend::net::AcceptErrorKind::of(&error), fend::net::AcceptErrorKind::Retry);
    let expected = format!("prepare the connection of {peer}: Protocol not available (os error 92)");
    assert_eq!(error.to_string(), expected);

    // One that has died is passed over: its failure is no news.
    let no_forks = no_forks();
    reset(net::TcpStream::connect(address)?)?;
    let alive = net::TcpStream::connect(address)?;
    let ttl = |stream: &TcpStream| {
        stream.peer_addr()?;
        stream.set_ttl(17)
    };
    let (stream, peer) = listener.accept_with(ttl).await?;
    drop(no_forks);
    assert_eq!((peer, stream.ttl()?), (alive.local_addr()?, 17));
    Ok(())
}

async fn a_listener_that_is_of_no_more_use_ends_the_server() -> io::Result<()> {
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    let server = fend::spawn(Listener::new(socket.clone()).serve(echo));
    socket2::SockRef::from(&socket).shutdown(net::Shutdown::Both)?;
    let error = server.await?.unwrap_err();
    assert_eq!(fend::net::AcceptErrorKind::of(&error), fend::net::AcceptErrorKind::Fatal, "{error}");
    Ok(())
}

async fn dropping_the_server_leaves_its_connections() -> io::Result<()> {
    let (address, handle, server) = echo_server(|listener| listener).await?;
    let client = served(address).await?;
    assert!(server.cancel().await.is_none());
    while TcpStream::connect(address).await.is_ok() {
        fend::yield_now().await;
    }
    client.send_all(b"y").await?;
    client.recv_exact(&mut [0]).await?;
    assert_eq!(counts(handle.drain(Duration::ZERO).await), [0, 0, 1, 0]);
    assert_reset(client.recv(&mut [0]).await);
    Ok(())
}

async fn a_connection_is_a_stream() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = thread::spawn(move || {
        let mut client = net::TcpStream::connect(address)?;
        client.write_all(b"whole")?;
        client.shutdown(net::Shutdown::Write)?;
        let mut answer = String::new();
        client.read_to_string(&mut answer).map(|_| answer)
    });
    let (mut connection, _) = listener.accept().await?.expect("a connection");
    let mut all = String::new();
    connection.read_to_string(&mut all).await?;
    connection.write_all(all.as_bytes()).await?;
    connection.close().await?;
    assert_eq!(client.join().expect("no panic")?, "whole");
    assert!(format!("{connection:?} {listener:?}").contains("active: 1"), "{connection:?} {listener:?}");
    Ok(())
}

fn a_panic_ends_one_connection(shape: Shape) {
    let (hook, panics) = mpsc::channel();
    let builder = shape.builder().on_unhandled_panic(move |_, payload| {
        let message = payload.downcast_ref::<&str>().copied().unwrap_or_default();
        hook.send(message).expect("the test waits");
    });
    let runtime = builder.build().expect("a runtime");
    let outcome = runtime.block_on(async {
        let listener = Listener::bind("127.0.0.1:0").await?.max_connections(1);
        let (address, handle) = (listener.local_addr()?, listener.handle());
        let server = fend::spawn(listener.serve(|stream: TcpStream, peer| async move {
            let mut byte = [0];
            let _ = stream.peek(&mut byte).await;
            assert_ne!(byte, [b'!'], "no such request");
            echo(stream, peer).await;
        }));
        let client = TcpStream::connect(address).await?;
        client.send_all(b"!").await?;
        assert!(matches!(client.recv(&mut [0]).await, Ok(0) | Err(_)));
        drop(served(address).await?);
        let report = handle.drain(LONG).await;
        assert!(report.is_clean(), "the panic was before: {report:?}");
        let metrics = handle.metrics();
        assert_eq!((metrics.accepted, metrics.panicked, metrics.finished), (2, 1, 1));
        sleep(Duration::ZERO).await;
        server.await?
    });
    outcome.expect("the sockets");
    drop(runtime);
    assert_eq!(panics.try_iter().count(), 1);
}
