//! What a client may not do to [`fend::hyper::Server`]: stay silent, send its head in drips, take all places; and what the server
//! survives itself: to have no descriptors left.

use std::fs;
use std::io::{self, Read, Write};
use std::net;
use std::time::Duration;

use fend::hyper::Server;
use fend::net::Listener;
use hyper::service::service_fn;

use crate::alone::alone;
use crate::process::limit_fds;
use crate::serving::{Serving, acceptor, echo, get, until_closed};
use crate::shape::Shape;

on_every_dispatcher!(
    silent_clients_are_closed,
    a_head_in_drips_is_closed,
    an_idle_connection_is_closed,
    a_client_of_http2_that_answers_no_ping_is_closed,
    the_limit_of_connections_holds,
);
alone_on_every_dispatcher!(out_of_descriptors_it_pauses_and_goes_on);

const SHORT: Duration = Duration::from_millis(50);

/// What is told of a client that has sent nothing in this time, or too little to be HTTP of either version.
const NO_REQUEST: &str = "HTTP: no request has come within 50ms";

async fn impatient() -> io::Result<Serving> {
    Serving::on(Server::bind("127.0.0.1:0").await?.header_read_timeout(SHORT), service_fn(echo))
}

async fn silent_clients_are_closed() -> io::Result<()> {
    let serving = impatient().await?;
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n"] {
        let stream = serving.connect().await?;
        stream.send_all(beginning.as_bytes()).await?;
        until_closed(&stream).await;
        let (failure, peer) = (serving.failure().await, stream.local_addr()?);
        assert_eq!(failure, format!("everyday: {peer}: {NO_REQUEST}"));
    }
    // Behind a handshake that went well, too.
    let server = Server::bind("127.0.0.1:0").await?.header_read_timeout(SHORT).tls(acceptor());
    let serving = Serving::on(server, service_fn(echo))?;
    for protocol in ["h2", "http/1.1"] {
        let connector = crate::serving::connector(&[protocol]);
        let stream = connector.handshake("localhost", serving.connect().await?).await?;
        while let Ok(1..) = stream.recv(&mut [0; 64]).await {}
        let failure = serving.failure().await;
        assert!(failure.ends_with(NO_REQUEST), "{failure}");
    }
    Ok(())
}

async fn a_head_in_drips_is_closed() -> io::Result<()> {
    let serving = impatient().await?;
    let failure = loop {
        let stream = serving.connect().await?;
        let drip = b"GET / HTTP/1.1\r\nhost: localhost\r\nx-drip: ".iter().chain(std::iter::repeat(&b'x'));
        // Until it is closed: sending fails then.
        for byte in drip {
            if stream.send_all(&[*byte]).await.is_err() {
                break;
            }
            fend::time::sleep(Duration::from_millis(1)).await;
        }
        let failure = serving.failure().await;
        // On a machine that stands still not even the first drip may have come in time.
        if !failure.ends_with(NO_REQUEST) {
            break failure;
        }
    };
    assert!(failure.starts_with("everyday: ") && failure.contains("HTTP: read header"), "{failure}");
    Ok(())
}

async fn an_idle_connection_is_closed() -> io::Result<()> {
    let serving = impatient().await?;
    let stream = loop {
        let stream = serving.connect().await?;
        if let Ok(answer) = get(&stream, "/").await {
            assert_eq!(answer.body, "HTTP/1.1 / ");
            break stream;
        }
        // On a machine that stands still the request may have been too late.
        assert!(serving.failure().await.starts_with("everyday: "));
    };
    until_closed(&stream).await;
    assert!(serving.failure().await.starts_with("everyday: "));
    Ok(())
}

async fn a_client_of_http2_that_answers_no_ping_is_closed() -> io::Result<()> {
    let server = Server::bind("127.0.0.1:0").await?;
    let server = server.http2(|http2| {
        http2.keep_alive_interval(SHORT).keep_alive_timeout(SHORT);
    });
    let serving = Serving::on(server, service_fn(echo))?;
    let stream = serving.connect().await?;
    stream.send_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
    until_closed(&stream).await;
    let failure = serving.failure().await;
    assert!(failure.starts_with("everyday: "), "{failure}");
    Ok(())
}

async fn the_limit_of_connections_holds() -> io::Result<()> {
    let server = Server::bind("127.0.0.1:0").await?.max_connections(2);
    let serving = Serving::on(server, service_fn(echo))?;
    let first = serving.connect().await?;
    let second = serving.connect().await?;
    assert_eq!(get(&first, "/1").await?.body, "HTTP/1.1 /1 ");
    assert_eq!(get(&second, "/2").await?.body, "HTTP/1.1 /2 ");
    // The kernel takes it, and nobody else does.
    let third = serving.connect().await?;
    third.send_all(b"GET /3 HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    while serving.handle.metrics().limit_reached == 0 {
        fend::yield_now().await;
    }
    assert_eq!(serving.handle.metrics().accepted, 2);
    drop(first);
    assert_eq!(crate::serving::receive(&third).await?.body, "HTTP/1.1 /3 ");
    Ok(())
}

/// The limit at which every new fd fails: the lowest number that is free.
fn none_left() -> u64 {
    let is_open = |number: &u64| fs::read_link(format!("/proc/self/fd/{number}")).is_ok();
    (0..).find(|number| !is_open(number)).expect("some number is free")
}

fn out_of_descriptors_it_pauses_and_goes_on(shape: Shape) {
    alone(shape, || {
        let served = shape.block_on(async {
            let (sender, told) = std::sync::mpsc::channel();
            let listener = Listener::bind("127.0.0.1:0").await?.on_error(move |failure| {
                let _ = sender.send(failure.error().to_string());
            });
            let serving = Serving::on(Server::new(listener), service_fn(echo))?;
            let mut clients: Vec<_> =
                (0..3).map(|_| net::TcpStream::connect(serving.address)).collect::<io::Result<_>>()?;
            // Whatever the runtime opens for itself it has opened.
            serving.until_accepted(3).await;
            let late = net::TcpStream::connect(serving.address)?;
            serving.until_accepted(4).await;
            clients.push(late);
            let limit = limit_fds(none_left());
            // A descriptor for the client, and none for the server.
            drop(clients.pop());
            let late = loop {
                match net::TcpStream::connect(serving.address) {
                    Ok(stream) => break stream,
                    Err(_) => fend::yield_now().await,
                }
            };
            let told = fend::spawn_blocking(move || told.recv()).await.expect("no panic").expect("a pause");
            assert!(told.contains("RLIMIT_NOFILE"), "{told}");
            limit_fds(limit);
            clients.push(late);
            fend::spawn_blocking(move || clients.iter_mut().try_for_each(ask_once))
                .await
                .expect("no panic")?;
            assert!(serving.handle.metrics().back_offs >= 1);
            io::Result::Ok(())
        });
        served.expect("the test's I/O");
    });
}

fn ask_once(client: &mut net::TcpStream) -> io::Result<()> {
    client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
    Ok(())
}
