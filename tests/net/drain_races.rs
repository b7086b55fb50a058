//! Drains that meet an accept on its way, and pauses without a runtime.

use std::io;
use std::net::{self, SocketAddr};
use std::pin::pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fend::net::{DrainReport, Listener, TcpListener, TcpStream};
use futures_lite::future::poll_once;

use crate::alone::alone;
use crate::process::limit_fds;
use crate::shape::Shape;

on_every_dispatcher!(
    stopping_before_an_accept_is_no_panic,
    stopping_at_the_limit_is_no_panic,
    a_connection_that_comes_after_the_deadline_is_aborted,
    a_connection_that_comes_after_the_deadline_is_not_given_out,
    a_drain_waits_for_a_connection_that_is_being_prepared,
    a_prepare_that_panics_gives_its_slot_back,
    a_connection_that_comes_after_the_report_is_not_given_out,
    slots_of_accepts_that_wait_are_not_the_limit,
);

alone_on_every_dispatcher!(
    out_of_descriptors_without_a_runtime_it_pauses,
    metrics_start_no_runtime,
    stopping_ends_a_pause,
    a_paused_clock_ends_a_pause,
);

const LONG: Duration = Duration::from_secs(60);

#[track_caller]
fn counts(report: DrainReport) -> [u64; 4] {
    [report.finished, report.panicked, report.aborted, report.stuck as u64]
}

#[track_caller]
fn assert_reset(result: io::Result<usize>) {
    assert_eq!(result.expect_err("the connection was reset").kind(), io::ErrorKind::ConnectionReset);
}

async fn stopping_before_an_accept_is_no_panic() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?;
    listener.handle().stop();
    assert!(listener.accept().await?.is_none());
    assert!(listener.handle().drain(LONG).await.is_clean());
    Ok(())
}

async fn stopping_at_the_limit_is_no_panic() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?.max_connections(1);
    let (address, handle) = (listener.local_addr()?, listener.handle());
    let server = fend::spawn(listener.serve(|stream: TcpStream, _| async move {
        let _ = stream.send_all(b"x").await;
        let _ = stream.recv(&mut [0]).await;
    }));
    let client = TcpStream::connect(address).await?;
    client.recv_exact(&mut [0]).await?;
    while handle.metrics().limit_reached == 0 {
        fend::yield_now().await;
    }
    handle.stop();
    drop(client);
    assert_eq!(counts(handle.drain(LONG).await), [1, 0, 0, 0]);
    assert!(server.await??.is_clean());
    Ok(())
}

/// A listener whose `prepare` says that it has begun, and waits until it may go on.
async fn slow() -> io::Result<(Listener, mpsc::Receiver<()>, mpsc::Sender<()>)> {
    let ((begins, begun), (go_on, gate)) = (mpsc::channel(), mpsc::channel());
    let (begins, gate) = (Mutex::new(begins), Mutex::new(gate));
    let listener = Listener::bind("127.0.0.1:0").await?.prepare(move |_| {
        begins.lock().unwrap().send(()).expect("the test waits");
        let _ = gate.lock().unwrap().recv();
        Ok(())
    });
    Ok((listener, begun, go_on))
}

/// In a thread, so that a worker is left.
async fn elsewhere<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    fend::spawn_blocking(work).await.expect("no panic")
}

async fn a_connection_that_comes_after_the_deadline_is_aborted() -> io::Result<()> {
    let (listener, begun, go_on) = slow().await?;
    let (address, handle) = (listener.local_addr()?, listener.handle());
    let (served, was_served) = mpsc::channel();
    let server = elsewhere(move || {
        thread::spawn(move || {
            futures_lite::future::block_on(listener.serve(move |_, _| {
                served.send(()).expect("the test waits");
                std::future::pending()
            }))
        })
    })
    .await;
    let client = TcpStream::connect(address).await?;
    elsewhere(move || begun.recv()).await.expect("an accept");
    // One poll stops the listener and finds the deadline over: nothing is waited for then but the grace.
    let mut drain = pin!(handle.drain(Duration::ZERO));
    assert!(poll_once(drain.as_mut()).await.is_none(), "a connection is on its way");
    go_on.send(()).expect("prepare waits");
    assert_eq!(counts(drain.await), [0, 0, 1, 0]);
    assert!(was_served.recv().is_err(), "no task was begun");
    assert_eq!(counts(elsewhere(move || server.join().expect("no panic")).await?), [0, 0, 1, 0]);
    assert_reset(client.recv(&mut [0]).await);
    let metrics = handle.metrics();
    assert_eq!((metrics.accepted, metrics.aborted, metrics.active), (1, 1, 0));
    Ok(())
}

async fn a_connection_that_comes_after_the_deadline_is_not_given_out() -> io::Result<()> {
    let (listener, begun, go_on) = slow().await?;
    let (address, handle) = (listener.local_addr()?, listener.handle());
    let accepted = thread::spawn(move || {
        futures_lite::future::block_on(async { listener.accept().await.map(|n| n.is_some()) })
    });
    let client = TcpStream::connect(address).await?;
    elsewhere(move || begun.recv()).await.expect("an accept");
    // It does not come within the second of grace either.
    let report = handle.drain(Duration::ZERO).await;
    assert_eq!(counts(report), [0, 0, 0, 1]);
    go_on.send(()).expect("prepare waits");
    assert!(!elsewhere(move || accepted.join().expect("no panic")).await?);
    assert_reset(client.recv(&mut [0]).await);
    assert_eq!(handle.drain(LONG).await, report);
    Ok(())
}

async fn a_drain_waits_for_a_connection_that_is_being_prepared() -> io::Result<()> {
    let (listener, begun, go_on) = slow().await?;
    let (address, handle) = (listener.local_addr()?, listener.handle());
    let accepted = thread::spawn(move || {
        let connection = futures_lite::future::block_on(listener.accept());
        (connection, listener)
    });
    let client = TcpStream::connect(address).await?;
    elsewhere(move || begun.recv()).await.expect("an accept");
    let mut drain = pin!(handle.drain(LONG));
    assert!(poll_once(drain.as_mut()).await.is_none(), "there is a connection");
    go_on.send(()).expect("prepare waits");
    let (connection, _listener) = elsewhere(move || accepted.join().expect("no panic")).await;
    let (connection, _) = connection?.expect("accepted before the drain began");
    assert!(poll_once(drain.as_mut()).await.is_none(), "it has not ended");
    connection.send_all(b"x").await?;
    drop(connection);
    assert_eq!(counts(drain.await), [1, 0, 0, 0]);
    assert_eq!(client.recv(&mut [0]).await?, 1);
    Ok(())
}

async fn a_prepare_that_panics_gives_its_slot_back() -> io::Result<()> {
    let listener =
        Listener::bind("127.0.0.1:0").await?.max_connections(1).prepare(|_| panic!("as it should"));
    let handle = listener.handle();
    let _client = TcpStream::connect(listener.local_addr()?).await?;
    let panicked = fend::spawn(async move { listener.accept().await.map(|_| ()) }).await;
    assert!(panicked.unwrap_err().is_panic());
    assert!(handle.drain(LONG).await.is_clean());
    Ok(())
}

/// The same when accept(2) itself is under way, which lasts too short a time to be met: the connection is there, nobody knows of
/// it, and the report is given.
async fn a_connection_that_comes_after_the_report_is_not_given_out() -> io::Result<()> {
    for _ in 0..200 {
        let listener = Arc::new(Listener::bind("127.0.0.1:0").await?);
        let (address, handle) = (listener.local_addr()?, listener.handle());
        let accepting = fend::spawn({
            let listener = listener.clone();
            async move { listener.accept().await }
        });
        let client = fend::spawn(async move { TcpStream::connect(address).await });
        let report = handle.drain(Duration::ZERO).await;
        let given = accepting.await??;
        let metrics = handle.metrics();
        // A connection that was given out was part of the drain: aborted, or stuck while it is held.
        assert_eq!(given.is_some(), report.stuck == 1, "{report:?} {metrics:?}");
        assert_eq!(metrics.active, usize::from(given.is_some()), "{report:?} {metrics:?}");
        drop(client);
        if report.stuck == 1 {
            break;
        }
    }
    Ok(())
}

async fn slots_of_accepts_that_wait_are_not_the_limit() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?.max_connections(1);
    let handle = listener.handle();
    let mut second = pin!(listener.accept());
    {
        let mut first = pin!(listener.accept());
        assert!(poll_once(first.as_mut()).await.is_none());
        assert!(poll_once(second.as_mut()).await.is_none(), "the first holds the slot");
        assert_eq!(handle.metrics().limit_reached, 0);
        let _client = TcpStream::connect(listener.local_addr()?).await?;
        let _connection = first.await?.expect("a connection");
        assert!(poll_once(second.as_mut()).await.is_none());
        assert_eq!(handle.metrics().limit_reached, 1);
    }
    assert!(poll_once(second.as_mut()).await.is_none(), "it has the slot, and nobody connects");
    Ok(())
}

/// The first fd number that is free: as a limit it makes every new fd fail.
fn none_left() -> u64 {
    (0..).find(|number| std::fs::read_link(format!("/proc/self/fd/{number}")).is_err()).expect("some number")
}

fn plain_listener() -> (Listener, SocketAddr) {
    let listener = net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    (Listener::new(TcpListener::try_from(listener).expect("a listener")), address)
}

/// RX1: the default runtime, whose timers would measure the pause, cannot start either.
fn out_of_descriptors_without_a_runtime_it_pauses(shape: Shape) {
    alone(shape, || {
        let (listener, address) = plain_listener();
        let (freed, is_free) = mpsc::channel();
        let limit = limit_fds(none_left());
        let listener = listener.on_error(move |failure| {
            if failure.pause() == Some(Duration::from_millis(40)) {
                limit_fds(limit);
                freed.send(()).expect("the client waits");
            }
        });
        let start = Instant::now();
        let client = thread::spawn(move || {
            // The metrics tell of a pause before `on_error` does.
            is_free.recv().expect("the fourth pause");
            net::TcpStream::connect(address).expect("a connection")
        });
        let (connection, peer) =
            futures_lite::future::block_on(listener.accept()).expect("no error").expect("one");
        assert!(start.elapsed() >= Duration::from_millis(5 + 10 + 20 + 40));
        assert_eq!(peer, client.join().expect("no panic").local_addr().expect("an address"));
        drop(connection);
    });
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("a list").count()
}

/// A number is read, with a pause on, on a thread that has no runtime.
fn metrics_start_no_runtime(shape: Shape) {
    alone(shape, || {
        let (listener, _) = plain_listener();
        let handle = listener.handle();
        let limit = limit_fds(none_left());
        let mut accept = Box::pin(listener.accept());
        // A pause that is long enough to be on below, however slow the machine is.
        while handle.metrics().back_off < Some(Duration::from_millis(160)) {
            // The thread of the pause, at most.
            assert!(futures_lite::future::block_on(poll_once(accept.as_mut())).is_none());
            thread::sleep(Duration::from_millis(1));
        }
        limit_fds(limit);
        let (before, free) = (threads(), none_left());
        while handle.metrics().back_off.is_some() {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(threads() <= before, "a runtime was started");
        assert_eq!(none_left(), free, "a runtime has descriptors");
    });
}

/// A listener whose pause is on, for lack of descriptors, the client that waits for it, and the limit to be put back.
async fn paused_for(least: Duration) -> (Listener, net::TcpStream, u64) {
    let (listener, _) = plain_listener();
    let handle = listener.handle();
    let client = net::TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
    let limit = limit_fds(none_left());
    {
        let mut accept = pin!(listener.accept());
        while handle.metrics().back_off < Some(least) {
            assert!(poll_once(accept.as_mut()).await.is_none());
            fend::time::sleep(Duration::from_millis(1)).await;
        }
    }
    (listener, client, limit)
}

fn stopping_ends_a_pause(shape: Shape) {
    alone(shape, || {
        shape.block_on(async {
            let (listener, _client, limit) = paused_for(Duration::from_secs(1)).await;
            let handle = listener.handle();
            let mut accept = pin!(listener.accept());
            assert!(poll_once(accept.as_mut()).await.is_none());
            let start = Instant::now();
            handle.stop();
            assert!(accept.await.expect("no error").is_none());
            assert!(start.elapsed() < Duration::from_millis(800));
            limit_fds(limit);
        });
    });
}

/// The pause is as long as the runtime's clock says, which jumps.
fn a_paused_clock_ends_a_pause(shape: Shape) {
    alone(shape, || {
        shape.block_on(async {
            let (listener, _client, limit) = paused_for(Duration::from_millis(320)).await;
            fend::time::pause();
            let before = listener.handle().metrics().back_offs;
            let start = Instant::now();
            let mut accept = pin!(listener.accept());
            while listener.handle().metrics().back_offs < before + 5 {
                assert!(poll_once(accept.as_mut()).await.is_none());
                fend::time::advance(Duration::from_secs(1)).await;
            }
            assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
            limit_fds(limit);
        });
    });
}
