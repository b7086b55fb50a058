//! What a server needs beside the handshake: new certificates while it runs, limits, and an accept loop that nobody can hold up.

use std::io::{self, Write};
use std::net;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fend::net::{TcpListener, TcpStream};
use fend::time::{sleep, timeout};
use fend::tls::{TlsAcceptor, TlsError, TlsStream};
use futures_lite::StreamExt;

use crate::ours::{acceptor, acceptor_of, connector, handshake, hello, pair_of, server, tcp};
use crate::peer;
use crate::pki::{Credentials, pki};
use crate::place::Place;

on_every_dispatcher!(
    a_new_certificate_is_used_by_the_next_handshake,
    a_bad_pair_keeps_the_old_one,
    sessions_of_before_are_still_resumed,
    files_are_watched,
    handshakes_wait_for_their_turn,
    silent_clients_take_no_turn,
    a_turn_that_does_not_come_ends_at_the_deadline,
    stalled_handshakes_beside_good_ones,
    connections_come_after_their_handshakes,
    dropping_the_incoming_ends_its_handshakes,
    errors_of_the_listener_go_through,
);

type Pair = (TlsStream<TcpStream>, TlsStream<TcpStream>);

/// Whether the server of this session has shown this certificate.
fn has_shown(pair: &Pair, credentials: &Credentials) -> bool {
    let shown = pair.0.peer_certificate().expect("a server's certificate");
    shown.to_der() == credentials.certificate.to_der().expect("DER")
}

async fn goes_on(pair: &Pair) -> io::Result<()> {
    let mut received = [0; 4];
    pair.0.send_all(b"ping").await?;
    pair.1.recv_exact(&mut received).await?;
    pair.1.send_all(b"pong").await?;
    pair.0.recv_exact(&mut received).await?;
    assert_eq!(&received, b"pong");
    Ok(())
}

async fn a_new_certificate_is_used_by_the_next_handshake() -> io::Result<()> {
    let place = Place::new();
    let (chain, key) = pki().successor.files(&place, "server");
    let acceptor = acceptor();
    let clone = acceptor.clone();
    let before = pair_of(&connector(), &acceptor).await?;
    assert!(has_shown(&before, &pki().localhost));
    // One that has begun keeps what it has begun with, or takes the new one: it does not fail.
    let (client, stream) = tcp().await?;
    let accepting = acceptor.handshake(stream);
    clone.reload(&chain, &key)?;
    let began = futures::future::try_join(connector().handshake("localhost", client), accepting).await?;
    for acceptor in [&acceptor, &clone] {
        let after = pair_of(&connector(), acceptor).await?;
        assert!(has_shown(&after, &pki().successor));
    }
    goes_on(&before).await?;
    goes_on(&began).await?;
    acceptor.reload_identity(pki().rsa.identity())?;
    assert!(has_shown(&pair_of(&connector(), &clone).await?, &pki().rsa));
    Ok(())
}

async fn a_bad_pair_keeps_the_old_one() -> io::Result<()> {
    let place = Place::new();
    let (chain, key) = pki().localhost.files(&place, "server");
    let (_, other_key) = pki().successor.files(&place, "other");
    let garbage =
        place.write("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let empty = place.write("empty.pem", "");
    let half = place.write("half.pem", &pki().localhost.chain_pem()[..300]);
    let missing = place.file("missing.pem");
    let acceptor = acceptor();
    let mut bad = vec![(&chain, &other_key), (&chain, &garbage), (&chain, &empty), (&chain, &missing)];
    bad.extend([(&garbage, &key), (&empty, &key), (&half, &key), (&missing, &key), (&key, &chain)]);
    for (chain, key) in bad {
        let error = acceptor.reload(chain, key).expect_err(chain);
        let text = error.to_string();
        assert!(text.contains(chain.as_str()) || text.contains(key.as_str()), "a file is named: {text}");
        let after = pair_of(&connector(), &acceptor).await?;
        assert!(has_shown(&after, &pki().localhost));
    }
    Ok(())
}

async fn sessions_of_before_are_still_resumed() -> io::Result<()> {
    for protocol in crate::ours::PROTOCOLS {
        let (acceptor, connector) = (acceptor_of(server().protocol(protocol)), connector());
        goes_on(&pair_of(&connector, &acceptor).await?).await?;
        acceptor.reload_identity(pki().successor.identity())?;
        let after = pair_of(&connector, &acceptor).await?;
        assert!(after.0.is_resumed() && after.1.is_resumed(), "{protocol}");
        goes_on(&after).await?;
    }
    Ok(())
}

/// What a watch has told.
#[derive(Debug, Default, Clone)]
struct Reports(Arc<Mutex<Vec<Result<(), String>>>>);

impl Reports {
    fn add(&self, result: Result<(), TlsError>) {
        self.0.lock().unwrap().push(result.map_err(|error| error.to_string()));
    }

    fn last(&self) -> Option<Result<(), String>> {
        self.0.lock().unwrap().last().cloned()
    }

    /// Waits until the last one is as wanted.
    async fn wait_for(&self, is_wanted: impl Fn(&Result<(), String>) -> bool) {
        while !self.last().is_some_and(|last| is_wanted(&last)) {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn files_are_watched() -> io::Result<()> {
    let place = Place::new();
    let (chain, key) = pki().localhost.files(&place, "server");
    let acceptor = TlsAcceptor::from_files(&chain, &key)?;
    let before = pair_of(&connector(), &acceptor).await?;
    let reports = Reports::default();
    let (watched, told, paths) = (acceptor.clone(), reports.clone(), (chain.clone(), key.clone()));
    let watching = fend::spawn(async move {
        watched.watch(paths.0, paths.1, Duration::from_millis(20), |result| told.add(result)).await
    });
    // The chain first: the old key does not belong to it. Again and again, since a change before its first look is none.
    let mut changes = 0;
    while reports.last().is_none() {
        place.write("server.pem", pki().successor.chain_pem());
        changes += 1;
        sleep(Duration::from_millis(40)).await;
    }
    assert!(has_shown(&pair_of(&connector(), &acceptor).await?, &pki().localhost));
    place.write("server.key", pki().successor.key_pem());
    reports.wait_for(Result::is_ok).await;
    assert!(has_shown(&pair_of(&connector(), &acceptor).await?, &pki().successor));
    let failures = reports.0.lock().unwrap().iter().filter(|report| report.is_err()).count();
    assert!(failures <= changes, "each failure is told once: {reports:?}");
    // A missing file, which comes back.
    std::fs::remove_file(&chain)?;
    reports.wait_for(|last| last.as_ref().is_err_and(|text| text.contains(&chain))).await;
    place.write("server.pem", pki().successor.chain_pem());
    reports.wait_for(Result::is_ok).await;
    goes_on(&before).await?;
    watching.abort();
    assert!(watching.await.is_err());
    Ok(())
}

/// A client that sends what a client sends first, and nothing more.
async fn stalled_client(listener: &TcpListener, hello: &[u8]) -> io::Result<(TcpStream, net::TcpStream)> {
    let mut peer = net::TcpStream::connect(listener.local_addr()?)?;
    peer.write_all(hello)?;
    Ok((listener.accept().await?.0, peer))
}

async fn wait_for(acceptor: &TlsAcceptor, handshakes: usize) {
    while acceptor.handshakes() != handshakes {
        sleep(Duration::from_millis(2)).await;
    }
}

async fn handshakes_wait_for_their_turn() -> io::Result<()> {
    let (hello, listener) = (hello().await?, TcpListener::bind("127.0.0.1:0").await?);
    let acceptor = acceptor_of(server().handshake_timeout(None)).max_handshakes(2);
    let (mut tasks, mut peers) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let (stream, peer) = stalled_client(&listener, &hello).await?;
        tasks.push(fend::spawn(acceptor.handshake(stream)));
        peers.push(peer);
    }
    wait_for(&acceptor, 2).await;
    let (client, stream) = tcp().await?;
    let waiting = fend::spawn(acceptor.handshake(stream));
    let mut connecting = Box::pin(connector().handshake("localhost", client));
    // It has had its chance.
    assert!(timeout(Duration::from_millis(200), &mut connecting).await.is_err());
    assert!(!waiting.is_finished());
    assert_eq!(acceptor.handshakes(), 2);
    // One goes away, and the next one gets its place.
    drop(peers.pop());
    let (client, server) = futures::future::join(connecting, waiting).await;
    goes_on(&(client?, server??)).await?;
    assert!(tasks.pop().expect("two").await?.is_err());
    wait_for(&acceptor, 1).await;
    // Or the limit is raised.
    let raised = acceptor.clone().max_handshakes(50);
    goes_on(&pair_of(&connector(), &raised).await?).await?;
    tasks.pop().expect("one").abort();
    wait_for(&acceptor, 0).await;
    Ok(())
}

/// TL6
async fn silent_clients_take_no_turn() -> io::Result<()> {
    let acceptor = acceptor_of(server().handshake_timeout(None)).max_handshakes(1);
    let (mut peers, mut tasks) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let (stream, peer) = peer::accepted().await?;
        tasks.push(fend::spawn(acceptor.handshake(stream)));
        peers.push(peer);
    }
    for _ in 0..3 {
        goes_on(&pair_of(&connector(), &acceptor).await?).await?;
    }
    assert_eq!(acceptor.handshakes(), 0);
    drop(peers);
    for task in tasks {
        assert!(task.await?.is_err());
    }
    Ok(())
}

/// TL6
async fn a_turn_that_does_not_come_ends_at_the_deadline() -> io::Result<()> {
    let (hello, listener) = (hello().await?, TcpListener::bind("127.0.0.1:0").await?);
    let acceptor = acceptor().max_handshakes(1);
    let (stream, _peer) = stalled_client(&listener, &hello).await?;
    let stalled = fend::spawn(acceptor.handshake(stream));
    wait_for(&acceptor, 1).await;
    let (stream, _other) = stalled_client(&listener, &hello).await?;
    let error = acceptor.handshake(stream).timeout(Some(Duration::from_millis(100))).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    // It has left the queue: the place goes to the next one.
    stalled.abort();
    goes_on(&pair_of(&connector(), &acceptor).await?).await?;
    wait_for(&acceptor, 0).await;
    Ok(())
}

/// TL6: half of the bad ones are silent, half of them stop in mid-handshake.
async fn stalled_handshakes_beside_good_ones() -> io::Result<()> {
    const STALLED: usize = 200;
    const GOOD: usize = 25;
    let deadline = Duration::from_secs(3);
    let hello = hello().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let acceptor = acceptor_of(server().handshake_timeout(Some(deadline)));
    // Once, before the clock runs: it loads the system's roots.
    let connector = connector();
    let mut incoming = acceptor.incoming(listener.into_incoming());
    let start = Instant::now();
    let mut peers = Vec::new();
    for number in 0..STALLED {
        let mut peer = net::TcpStream::connect(address)?;
        if number % 2 == 0 {
            peer.write_all(&hello)?;
        }
        peers.push(peer);
    }
    let clients: Vec<_> = (0..GOOD)
        .map(|_| {
            let connector = connector.clone();
            fend::spawn(async move {
                let stream = TcpStream::connect(address).await?;
                let stream = connector.handshake("localhost", stream).await?;
                let mut greeting = [0; 5];
                stream.recv_exact(&mut greeting).await?;
                io::Result::Ok(greeting)
            })
        })
        .collect();
    let (mut good, mut late) = (0, 0);
    while good + late < GOOD + STALLED {
        match incoming.next().await.expect("there are more") {
            Ok(stream) => {
                assert!(late == 0, "the good ones do not wait for the others");
                stream.send_all(b"hello").await?;
                stream.shutdown().await?;
                good += 1;
            }
            Err(error) => {
                assert!(error.is_timeout(), "{error}");
                assert!(start.elapsed() >= deadline);
                late += 1;
            }
        }
    }
    assert_eq!((good, late), (GOOD, STALLED));
    for client in clients {
        assert_eq!(&client.await??, b"hello");
    }
    assert_eq!(acceptor.handshakes(), 0);
    Ok(())
}

async fn connections_come_after_their_handshakes() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut incoming = acceptor().incoming(listener.into_incoming());
    // One that never begins, one that fails, one that succeeds.
    let _silent = net::TcpStream::connect(address)?;
    let mut failing = net::TcpStream::connect(address)?;
    failing.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    let error = incoming.next().await.expect("an item").map(|_| ()).expect_err("no TLS");
    assert!(error.is_http_request(), "{error}");
    let client = fend::spawn(async move {
        Ok::<_, io::Error>(connector().handshake("localhost", TcpStream::connect(address).await?).await?)
    });
    let server = incoming.next().await.expect("an item")?;
    goes_on(&(client.await??, server)).await
}

async fn dropping_the_incoming_ends_its_handshakes() -> io::Result<()> {
    // Not on 127.0.0.1, where another test may be given the port once it is free.
    let (hello, listener) = (hello().await?, TcpListener::bind("127.0.0.9:0").await?);
    let address = listener.local_addr()?;
    let acceptor = acceptor();
    let mut incoming = acceptor.incoming(listener.into_incoming());
    let mut peer = net::TcpStream::connect(address)?;
    peer.write_all(&hello)?;
    while acceptor.handshakes() == 0 {
        let waited = timeout(Duration::from_millis(5), incoming.next()).await;
        assert!(waited.is_err(), "{waited:?}");
    }
    drop(incoming);
    wait_for(&acceptor, 0).await;
    // Its answer to the hello, and the end: an orderly one or a reset.
    let _ = io::Read::read_to_end(&mut peer, &mut Vec::new());
    // The listener is closed when nobody has it any more: a child that another test starts has a copy until it runs its program, and a thread
    // in ppoll(2) until it has run again. One that is kept stalls the test.
    while net::TcpStream::connect(address).is_ok() {
        sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

async fn errors_of_the_listener_go_through() -> io::Result<()> {
    let (client, stream) = tcp().await?;
    let connections = futures::stream::iter([
        Err(io::Error::from_raw_os_error(libc::EMFILE)),
        Ok(stream),
        Err(io::ErrorKind::ConnectionAborted.into()),
    ]);
    let mut incoming = acceptor().incoming(connections);
    let error = incoming.next().await.expect("an item").map(|_| ()).expect_err("no descriptor");
    assert!(error.is_io());
    assert_eq!(io::Error::from(error).raw_os_error().or(Some(libc::EMFILE)), Some(libc::EMFILE));
    let client = fend::spawn(connector().handshake("localhost", client));
    let error = incoming.next().await.expect("an item").map(|_| ()).expect_err("an aborted one");
    assert_eq!(error.io_kind(), io::ErrorKind::ConnectionAborted);
    let server = incoming.next().await.expect("an item")?;
    goes_on(&(client.await??, server)).await?;
    assert!(incoming.next().await.is_none());
    let (_, failed) = handshake(&connector(), &acceptor(), "").await?;
    assert!(failed.is_err());
    Ok(())
}
