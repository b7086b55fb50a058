//! A drain of [`fend::hyper::Server`]: what is under way finishes, what is idle ends, and what does not end is told.

use std::convert::Infallible;
use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fend::hyper::Server;
use fend::net::{DrainReport, TcpStream};
use fend::task::CancellationToken;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::serving::{
    Gate, LONG, Serving, acceptor_with, connector, echo, frame, get, http2_over, receive, request, text,
    until_closed,
};

on_every_dispatcher!(
    a_request_under_way_finishes_and_its_connection_closes,
    a_stream_under_way_finishes_and_no_other_begins,
    idle_connections_end_at_once,
    an_idle_connection_of_http2_is_told_to_go_away,
    new_connections_are_refused,
    what_was_sent_before_the_drain_is_answered,
    a_request_that_never_ends_is_aborted,
    a_handler_that_blocks_is_stuck,
    a_stalled_handshake_does_not_hold_up_a_drain,
    a_silent_client_of_tls_does_not_hold_up_a_drain,
    half_a_head_does_not_hold_up_a_drain,
    a_client_of_http2_that_asks_nothing_does_not_hold_up_a_drain,
);

/// Begins a drain with a deadline that no test reaches.
fn drain(serving: &Serving) -> fend::task::JoinHandle<DrainReport> {
    let handle = serving.handle.clone();
    fend::spawn(async move { handle.drain(LONG).await })
}

fn finished(report: DrainReport) -> u64 {
    assert!(report.is_clean(), "{report:?}");
    report.finished
}

async fn a_request_under_way_finishes_and_its_connection_closes() -> io::Result<()> {
    let gate = Gate::default();
    let server = Server::bind("127.0.0.1:0").await?;
    let (inside, token) = (gate.clone(), server.handle().token());
    let service = service_fn(move |request| {
        let (gate, token) = (inside.clone(), token.clone());
        async move {
            let passed = gate.pass(request).await;
            // The connection hears of the drain before it has the response.
            token.cancelled().await;
            fend::yield_now().await;
            passed
        }
    });
    let serving = Serving::on(server, service)?;
    let stream = serving.connect().await?;
    stream.send_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    gate.entered.cancelled().await;
    let draining = drain(&serving);
    gate.open.cancel();
    let answer = receive(&stream).await?;
    assert_eq!(answer.body, "passed");
    assert!(answer.head.contains("connection: close\r\n"), "{answer:?}");
    until_closed(&stream).await;
    assert_eq!(finished(draining.await?), 1);
    assert_eq!(finished(serving.served.await??), 1);
    Ok(())
}

async fn a_stream_under_way_finishes_and_no_other_begins() -> io::Result<()> {
    let gate = Gate::default();
    let inside = gate.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let gate = inside.clone();
        async move {
            match request.uri().path() {
                "/" => gate.pass(request).await,
                _ => Ok(Response::new("passed by".to_owned())),
            }
        }
    });
    let serving = Serving::start(service).await?;
    let (mut sender, connection) = http2_over(serving.connect().await?).await?;
    let response = sender.send_request(request("/"));
    let response = fend::spawn(response);
    gate.entered.cancelled().await;
    let draining = drain(&serving);
    // Until GOAWAY has come.
    while sender.send_request(request("/more")).await.is_ok() {}
    assert!(!response.is_finished());
    gate.open.cancel();
    assert_eq!(text(response.await?.map_err(io::Error::other)?).await?, "passed");
    assert_eq!(finished(draining.await?), 1);
    connection.await?.map_err(io::Error::other)
}

async fn idle_connections_end_at_once() -> io::Result<()> {
    let serving = Serving::start(service_fn(echo)).await?;
    let used = serving.connect().await?;
    assert_eq!(get(&used, "/").await?.body, "HTTP/1.1 / ");
    let fresh = serving.connect().await?;
    let (mut sender, connection) = http2_over(serving.connect().await?).await?;
    let response = sender.send_request(request("/")).await.map_err(io::Error::other)?;
    assert_eq!(text(response).await?, "HTTP/2.0 / ");
    serving.until_accepted(3).await;
    let draining = drain(&serving);
    until_closed(&used).await;
    until_closed(&fresh).await;
    connection.await?.map_err(io::Error::other)?;
    assert_eq!(finished(draining.await?), 3);
    Ok(())
}

async fn an_idle_connection_of_http2_is_told_to_go_away() -> io::Result<()> {
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    let serving = Serving::start(service_fn(echo)).await?;
    let stream = serving.connect().await?;
    stream.send_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
    stream.send_all(&[0, 0, 0, SETTINGS, 0, 0, 0, 0, 0]).await?;
    let (kind, ..) = frame(&stream).await?;
    assert_eq!(kind, SETTINGS);
    let draining = drain(&serving);
    let mut last_streams = Vec::new();
    // Twice: that no more may begin, and, when the client has heard of it, which one was the last.
    while last_streams.len() < 2 {
        let (kind, flags, payload) = frame(&stream).await?;
        match kind {
            GOAWAY => {
                assert_eq!(payload[4..8], [0; 4], "no error");
                last_streams.push(u32::from_be_bytes(payload[..4].try_into().expect("4 bytes")));
            }
            PING if flags == 0 => {
                let pong = [&[0, 0, 8, PING, 1, 0, 0, 0, 0][..], &payload].concat();
                stream.send_all(&pong).await?;
            }
            _ => {}
        }
    }
    assert_eq!(last_streams, [u32::MAX >> 1, 0]);
    until_closed(&stream).await;
    assert_eq!(finished(draining.await?), 1);
    Ok(())
}

async fn new_connections_are_refused() -> io::Result<()> {
    let gate = Gate::default();
    let inside = gate.clone();
    let serving = Serving::start(service_fn(move |request| inside.clone().pass(request))).await?;
    let stream = serving.connect().await?;
    stream.send_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    gate.entered.cancelled().await;
    let draining = drain(&serving);
    let error = loop {
        // One that is in the queue when the socket closes is reset. It is not waited for: of a connection that is made in that very moment Linux may
        // tell neither end anything.
        match serving.connect().await {
            Ok(_) => fend::yield_now().await,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    gate.open.cancel();
    assert_eq!(receive(&stream).await?.body, "passed");
    assert!(draining.await?.is_clean());
    Ok(())
}

/// The task of the connection has not run once when the drain begins.
async fn what_was_sent_before_the_drain_is_answered() -> io::Result<()> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let mut client = std::net::TcpStream::connect(listener.local_addr()?)?;
    io::Write::write_all(&mut client, b"GET /early HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    let listener = fend::net::TcpListener::try_from(listener)?;
    let stopping = Arc::new(Mutex::new(None::<fend::net::ListenerHandle>));
    let stop = stopping.clone();
    let listener = fend::net::Listener::new(listener).prepare(move |_| {
        stop.lock().unwrap_or_else(PoisonError::into_inner).take().expect("one connection").stop();
        Ok(())
    });
    *stopping.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener.handle());
    let report = Server::new(listener).serve(service_fn(echo)).await?;
    assert_eq!(finished(report), 1);
    let stream = TcpStream::try_from(client)?;
    assert_eq!(receive(&stream).await?.body, "HTTP/1.1 /early ");
    Ok(())
}

async fn a_request_that_never_ends_is_aborted() -> io::Result<()> {
    let gate = Gate::default();
    let inside = gate.clone();
    let serving = Serving::start(service_fn(move |request| inside.clone().pass(request))).await?;
    let stream = serving.connect().await?;
    stream.send_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    gate.entered.cancelled().await;
    let report = serving.handle.drain(Duration::from_millis(50)).await;
    assert_eq!((report.finished, report.aborted, report.stuck), (0, 1, 0));
    let error = stream.recv(&mut [0]).await.expect_err("no end that could be taken for that of a response");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(serving.served.await??, report);
    Ok(())
}

/// In a task: it may be the thread of `block_on` that is blocked.
async fn a_handler_that_blocks_is_stuck() -> io::Result<()> {
    fend::spawn(find_it_stuck()).await?
}

async fn find_it_stuck() -> io::Result<()> {
    let gate = Gate::default();
    let (release, released) = mpsc::channel::<()>();
    let (inside, released) = (gate.clone(), Arc::new(Mutex::new(released)));
    let serving = Serving::start(service_fn(move |_: Request<Incoming>| {
        let (gate, released) = (inside.clone(), released.clone());
        async move {
            gate.entered.cancel();
            let _ = released.lock().unwrap_or_else(PoisonError::into_inner).recv();
            Ok::<_, Infallible>(Response::new(String::new()))
        }
    }))
    .await?;
    let stream = serving.connect().await?;
    stream.send_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    gate.entered.cancelled().await;
    let report = serving.handle.drain(Duration::from_millis(50)).await;
    assert_eq!((report.finished, report.aborted, report.stuck), (0, 0, 1));
    assert_eq!(serving.served.await??, report);
    drop(release);
    Ok(())
}

/// Without a deadline of its own, it would hold it up for ever.
async fn a_stalled_handshake_does_not_hold_up_a_drain() -> io::Result<()> {
    let acceptor = acceptor_with(|context| context.handshake_timeout(None));
    let serving = Serving::on(Server::bind("127.0.0.1:0").await?.tls(acceptor), service_fn(echo))?;
    let silent = serving.connect().await?;
    let begins = serving.connect().await?;
    // A record of a handshake, of which the rest is missing.
    begins.send_all(&[22, 3, 1, 2, 0, 1]).await?;
    serving.until_accepted(2).await;
    let draining = drain(&serving);
    until_closed(&silent).await;
    until_closed(&begins).await;
    assert_eq!(finished(draining.await?), 2);
    assert_eq!(serving.next_failure(), None, "it is no failure of theirs");
    Ok(())
}

async fn a_silent_client_of_tls_does_not_hold_up_a_drain() -> io::Result<()> {
    let acceptor = acceptor_with(|context| context.handshake_timeout(None));
    let server = Server::bind("127.0.0.1:0").await?.tls(acceptor).header_read_timeout(LONG);
    let serving = Serving::on(server, service_fn(echo))?;
    let stream = connector(&["h2"]).handshake("localhost", serving.connect().await?).await?;
    let draining = drain(&serving);
    assert_eq!(stream.recv(&mut [0]).await.unwrap_or(0), 0);
    assert_eq!(finished(draining.await?), 1);
    Ok(())
}

async fn half_a_head_does_not_hold_up_a_drain() -> io::Result<()> {
    let server = Server::bind("127.0.0.1:0").await?.header_read_timeout(LONG);
    let (address, handle) = (server.local_addr()?, server.handle());
    let begun = CancellationToken::new();
    let tell = begun.clone();
    let served = fend::spawn(server.serve_with(move |_| {
        tell.cancel();
        service_fn(echo)
    }));
    let client = TcpStream::connect(address).await?;
    client.send_all(b"GET / HTTP/1.1\r\nhost: loc").await?;
    begun.cancelled().await;
    assert_eq!(finished(handle.drain(LONG).await), 1);
    until_closed(&client).await;
    assert_eq!(finished(served.await??), 1);
    Ok(())
}

async fn a_client_of_http2_that_asks_nothing_does_not_hold_up_a_drain() -> io::Result<()> {
    const SETTINGS: u8 = 4;
    let server = Server::bind("127.0.0.1:0").await?.http2(|http2| {
        // What finds a client that is gone is not what is wanted here.
        http2.keep_alive_interval(None);
    });
    let serving = Serving::on(server, service_fn(echo))?;
    let client = serving.connect().await?;
    client.send_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
    while frame(&client).await?.0 != SETTINGS {}
    // It does not answer the PING by which hyper makes sure that nothing is on its way.
    assert_eq!(finished(serving.end().await?), 1);
    Ok(())
}
