//! Deadlines and places. Beside it: incoming connections, and certificates that change.

mod incoming;
mod reload;

use std::future::Future;
use std::io;
use std::time::Duration;

use fend_reactor::runtime::Builder;
use fend_reactor::spawn;
use fend_reactor::time::{now, sleep};
use futures_lite::future::{poll_once, zip};

use super::*;
use crate::testing::{End, Trick, client, connection, once, server};
use crate::{TlsConnector, TlsStream};

const SECOND: Duration = Duration::from_secs(1);

/// Runs with a clock that goes on by itself when nobody has anything to do.
fn paused<T>(future: impl Future<Output = T>) -> T {
    Builder::new().start_paused(true).build().unwrap().block_on(future)
}

fn acceptor_with(timeout: Option<Duration>) -> TlsAcceptor {
    TlsAcceptor::with_context(server().handshake_timeout(timeout).build().unwrap()).unwrap()
}

fn connector() -> TlsConnector {
    TlsConnector::with_context(client().build().unwrap()).unwrap()
}

/// What a client says first.
fn hello() -> Vec<u8> {
    let (near, far) = connection(1 << 20);
    let mut handshake = connector().handshake("localhost", near);
    assert!(once(&mut handshake).is_pending());
    let hello = far.intercept();
    assert!(hello.len() > 100 && hello.len() < 2000, "{}", hello.len());
    hello
}

async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let start = now();
    let result = future.await;
    (result, now() - start)
}

fn is_timeout<S>(result: &Result<TlsStream<S>, TlsError>) -> bool {
    result.as_ref().is_err_and(|error| error.is_timeout())
}

/// TL6
#[test]
fn a_silent_client_has_until_the_deadline_and_takes_no_place() {
    paused(async {
        let acceptor = acceptor_with(Some(10 * SECOND)).max_handshakes(1);
        let ends: Vec<_> = (0..100).map(|_| connection(1000)).collect();
        let (near, far): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
        let handshakes: Vec<_> = far.into_iter().map(|far| spawn(timed(acceptor.handshake(far)))).collect();
        sleep(SECOND).await;
        assert_eq!(acceptor.handshakes(), 0);
        // They are in nobody's way.
        let (one, other) = connection(1 << 20);
        let (client, server) = zip(connector().handshake("localhost", one), acceptor.handshake(other)).await;
        client.unwrap();
        server.unwrap();
        for handshake in handshakes {
            let (result, time) = handshake.await.unwrap();
            assert!(is_timeout(&result), "{result:?}");
            assert!(time >= 10 * SECOND && time < 11 * SECOND, "{time:?}");
        }
        // The connections are closed.
        assert!(near.iter().all(End::is_closed));
    });
}

/// TL6
#[test]
fn a_client_that_drips_has_until_the_deadline() {
    paused(async {
        let acceptor = acceptor_with(Some(10 * SECOND));
        let (near, far) = connection(1000);
        let handshake = spawn(timed(acceptor.handshake(far)));
        for byte in hello() {
            if near.is_closed() {
                break;
            }
            near.send(&[byte]);
            sleep(SECOND / 10).await;
        }
        let (result, time) = handshake.await.unwrap();
        assert!(is_timeout(&result), "{result:?}");
        assert!(time >= 10 * SECOND && time < 11 * SECOND, "{time:?}");
        assert_eq!(acceptor.handshakes(), 0);
    });
}

/// The time in the queue counts.
#[test]
fn a_handshake_that_waits_for_its_turn_has_the_same_deadline() {
    paused(async {
        let acceptor = acceptor_with(Some(10 * SECOND)).max_handshakes(1);
        let (near, far) = connection(1000);
        near.send(&hello()[..1]);
        let slow = spawn(acceptor.handshake(far).timeout(Some(15 * SECOND)));
        sleep(SECOND).await;
        assert_eq!(acceptor.handshakes(), 1);
        let (one, other) = connection(1 << 20);
        let queued = spawn(timed(acceptor.handshake(other)));
        let client = spawn(connector().handshake("localhost", one));
        let (result, time) = queued.await.unwrap();
        assert!(is_timeout(&result), "{result:?}");
        assert!(time >= 10 * SECOND && time < 11 * SECOND, "{time:?}");
        assert!(client.await.unwrap().is_err());
        assert!(is_timeout(&slow.await.unwrap()));
        assert_eq!(acceptor.handshakes(), 0);
    });
}

#[test]
fn a_place_is_free_again_however_a_handshake_ends() {
    paused(async {
        let acceptor = acceptor_with(None).max_handshakes(1);
        let hello = hello();
        let begin = |bytes: &[u8]| {
            let (near, far) = connection(1 << 20);
            near.send(bytes);
            (near, acceptor.handshake(far))
        };
        // Dropped while it runs, and while it waits.
        let (_one, mut running) = begin(&hello[..1]);
        let (_other, mut queued) = begin(&hello[..1]);
        assert!(poll_once(&mut running).await.is_none() && poll_once(&mut queued).await.is_none());
        drop(queued);
        drop(running);
        assert_eq!(acceptor.handshakes(), 0);
        // Dropped between the call and the coming.
        let (_one, mut running) = begin(&hello[..1]);
        let (_other, mut queued) = begin(&hello[..1]);
        assert!(poll_once(&mut running).await.is_none() && poll_once(&mut queued).await.is_none());
        drop(running);
        assert_eq!(acceptor.handshakes(), 1, "it is the queued one's");
        drop(queued);
        assert_eq!(acceptor.handshakes(), 0);
        // Refused.
        let error = begin(b"GET / HTTP/1.1\r\n\r\n").1.await.unwrap_err();
        assert!(error.is_http_request(), "{error}");
        assert_eq!(acceptor.handshakes(), 0);
        // The stream fails, or panics.
        for trick in [Trick::Fail(io::ErrorKind::ConnectionReset), Trick::Panic] {
            let (near, far) = connection(1 << 20);
            near.send(&hello[..1]);
            let script = far.script.clone();
            let mut handshake = acceptor.handshake(far);
            assert!(poll_once(&mut handshake).await.is_none());
            *script.on_read.lock().unwrap() = Some(trick);
            handshake.await.unwrap_err();
            assert_eq!(acceptor.handshakes(), 0, "{trick:?}");
        }
        // Over.
        let (one, other) = connection(1 << 20);
        let (client, server) = zip(connector().handshake("localhost", one), acceptor.handshake(other)).await;
        assert_eq!(acceptor.handshakes(), 0);
        drop((client.unwrap(), server.unwrap()));
    });
}

#[test]
fn those_that_wait_get_their_turn_one_after_the_other() {
    paused(async {
        let acceptor = acceptor_with(None).max_handshakes(2);
        let mut most = 0;
        let mut clients = Vec::new();
        let mut servers = Vec::new();
        for _ in 0..20 {
            let (near, far) = connection(1 << 20);
            clients.push(spawn(connector().handshake("localhost", near)));
            servers.push(spawn(acceptor.handshake(far)));
        }
        for (client, server) in clients.into_iter().zip(servers) {
            most = most.max(acceptor.handshakes());
            client.await.unwrap().unwrap();
            server.await.unwrap().unwrap();
        }
        assert!(most <= 2, "{most}");
        assert_eq!(acceptor.handshakes(), 0);
    });
}

#[test]
fn a_handshake_can_have_protocols_of_its_own() {
    let context = |builder: crate::ContextBuilder| builder.build().unwrap();
    for (ours, offered, chosen) in [
        (&["h2", "http/1.1"][..], &["http/1.1", "h2"][..], Some("h2")),
        (&["http/1.1"], &["h2", "http/1.1"], Some("http/1.1")),
        (&["h2"], &["http/1.1"], None),
        (&["h2"], &[], None),
    ] {
        // Whether or not the context names others.
        for of_context in [&[][..], &["x", "http/1.1"]] {
            let acceptor = TlsAcceptor::with_context(context(server().alpn(of_context))).unwrap();
            let connector = TlsConnector::with_context(context(client().alpn(offered))).unwrap();
            let (near, far) = connection(1 << 20);
            let accept = acceptor.handshake(far).alpn(ours);
            let (theirs, ours) = paused(zip(connector.handshake("localhost", near), accept));
            assert_eq!(ours.unwrap().alpn().as_deref(), chosen.map(str::as_bytes));
            assert_eq!(theirs.unwrap().alpn().as_deref(), chosen.map(str::as_bytes));
        }
    }
    let (near, far) = connection(1 << 20);
    let refused = acceptor_with(None).handshake(far).alpn([""]);
    let (_, refused) = paused(zip(connector().handshake("localhost", near), refused));
    let error = refused.unwrap_err();
    assert_eq!(error.to_string(), "TLS handshake: alpn: a protocol's name is empty");
}
