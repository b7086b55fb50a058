use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use fend_reactor::runtime::Builder;
use fend_reactor::spawn;
use fend_reactor::time::{now, sleep};
use futures_lite::future::{poll_once, zip};
use futures_lite::{StreamExt, stream};

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

/// A stream of connections that a test fills.
#[derive(Default, Clone)]
struct Source(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    connections: VecDeque<io::Result<End>>,
    is_over: bool,
    waiter: Option<Waker>,
}

impl Source {
    fn put(&self, connection: io::Result<End>) {
        let waker = {
            let mut source = self.0.lock().unwrap();
            source.connections.push_back(connection);
            source.waiter.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    fn end(&self) {
        let waker = {
            let mut source = self.0.lock().unwrap();
            source.is_over = true;
            source.waiter.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

impl stream::Stream for Source {
    type Item = io::Result<End>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<io::Result<End>>> {
        let mut source = self.0.lock().unwrap();
        match source.connections.pop_front() {
            Some(connection) => Poll::Ready(Some(connection)),
            None if source.is_over => Poll::Ready(None),
            None => {
                source.waiter = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[test]
fn incoming_connections_come_in_the_order_in_which_they_are_ready() {
    paused(async {
        let source = Source::default();
        let mut incoming = acceptor_with(Some(10 * SECOND)).incoming(source.clone());
        let (_silent, far) = connection(1000);
        source.put(Ok(far));
        source.put(Err(io::ErrorKind::ConnectionAborted.into()));
        let (near, far) = connection(1 << 20);
        source.put(Ok(far));
        let client = spawn(connector().handshake("localhost", near));

        let error = incoming.next().await.unwrap().unwrap_err();
        assert!(error.is_io() && error.io_kind() == io::ErrorKind::ConnectionAborted, "{error}");
        incoming.next().await.unwrap().unwrap();
        let client = client.await.unwrap().unwrap();
        // It comes while somebody waits already.
        let late = spawn({
            let source = source.clone();
            async move {
                sleep(SECOND).await;
                let (near, far) = connection(1 << 20);
                source.put(Ok(far));
                source.end();
                connector().handshake("localhost", near).await
            }
        });
        incoming.next().await.unwrap().unwrap();
        assert!(is_timeout(&incoming.next().await.unwrap()));
        assert!(incoming.next().await.is_none() && incoming.next().await.is_none());
        drop((client, late.await.unwrap().unwrap()));
    });
}

#[test]
fn incoming_handshakes_end_with_the_stream() {
    paused(async {
        let source = Source::default();
        let mut incoming = acceptor_with(None).incoming(source.clone());
        let (silent, far) = connection(1000);
        source.put(Ok(far));
        assert!(poll_once(incoming.next()).await.is_none());
        drop(incoming);
        sleep(SECOND).await;
        assert!(silent.is_closed());
    });
}

/// More at once than are taken in one go.
#[test]
fn incoming_connections_are_all_taken() {
    paused(async {
        let source = Source::default();
        let mut incoming = acceptor_with(Some(SECOND)).incoming(source.clone());
        let silent: Vec<_> = (0..200)
            .map(|_| {
                let (near, far) = connection(1000);
                source.put(Ok(far));
                near
            })
            .collect();
        source.end();
        let (mut count, start) = (0, now());
        while let Some(result) = incoming.next().await {
            assert!(is_timeout(&result));
            count += 1;
        }
        assert_eq!(count, silent.len());
        assert!(now() - start < 2 * SECOND, "they were not taken at once");
    });
}

/// The certificate that a client is shown.
async fn shown(acceptor: &TlsAcceptor) -> [u8; 32] {
    let client = crate::Context::builder(Mode::Client).danger_accept_invalid_certs().session_cache(0);
    let connector = TlsConnector::with_context(client.handshake_timeout(None).build().unwrap()).unwrap();
    let (near, far) = connection(1 << 20);
    let (client, server) = zip(connector.handshake("localhost", near), acceptor.handshake(far)).await;
    server.unwrap();
    client.unwrap().peer_certificate().unwrap().fingerprint_sha256()
}

fn another() -> Identity {
    Identity::self_signed(["localhost"]).unwrap()
}

#[test]
fn a_new_certificate_is_for_the_next_handshake() {
    paused(async {
        let acceptor = TlsAcceptor::new(another()).unwrap();
        let clone = acceptor.clone();
        let new = another();
        // Began, and has not said anything: the context is taken when there is something to do.
        let before = shown(&acceptor).await;
        acceptor.reload_identity(new.clone()).unwrap();
        assert_ne!(before, new.certificate().fingerprint_sha256());
        assert_eq!(shown(&clone).await, new.certificate().fingerprint_sha256());
    });
}

/// Two files.
struct Pair(std::path::PathBuf);

impl Pair {
    fn new(name: &str) -> Pair {
        let directory = std::env::temp_dir().join(format!("fend-acceptor-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        Pair(directory)
    }

    fn certificate(&self) -> std::path::PathBuf {
        self.0.join("cert.pem")
    }

    fn key(&self) -> std::path::PathBuf {
        self.0.join("key.pem")
    }

    /// As programs do that renew certificates: a new file in the place of the old.
    fn replace(path: &Path, bytes: &[u8]) {
        let new = path.with_extension("new");
        std::fs::write(&new, bytes).unwrap();
        std::fs::rename(new, path).unwrap();
    }

    fn write(&self, identity: &Identity) {
        Pair::replace(&self.certificate(), &identity.certificate().to_pem());
        self.write_key(identity);
    }

    fn write_key(&self, identity: &Identity) {
        let pem = identity.key().0.private_key_to_pem_pkcs8().unwrap();
        Pair::replace(&self.key(), &pem);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_bad_pair_changes_nothing() {
    paused(async {
        let pair = Pair::new("bad-pair");
        let (old, new) = (another(), another());
        pair.write(&old);
        let acceptor = TlsAcceptor::from_files(pair.certificate(), pair.key()).unwrap();
        pair.write_key(&new);
        let error = acceptor.reload(pair.certificate(), pair.key()).unwrap_err();
        assert!(error.to_string().contains("cert.pem") && error.to_string().contains("belong"), "{error}");
        std::fs::remove_file(pair.key()).unwrap();
        assert!(acceptor.reload(pair.certificate(), pair.key()).unwrap_err().is_io());
        assert_eq!(shown(&acceptor).await, old.certificate().fingerprint_sha256());
        pair.write(&new);
        acceptor.reload(pair.certificate(), pair.key()).unwrap();
        assert_eq!(shown(&acceptor).await, new.certificate().fingerprint_sha256());
    });
}

/// Two pairs of files, renewed at the same time.
#[test]
fn two_reloads_at_once_both_count() {
    let of_rsa = || {
        let key = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
        crate::testing::self_signed(key)
    };
    let of_ec = || crate::testing::self_signed(openssl::pkey::PKey::ec_gen("prime256v1").unwrap());
    let (old_rsa, new_rsa, old_ec, new_ec) = (of_rsa(), of_rsa(), of_ec(), of_ec());
    let context = Context::builder(Mode::Server).identity(old_rsa.clone()).identity(old_ec.clone());
    let acceptor = TlsAcceptor::with_context(context.build().unwrap()).unwrap();
    let reload = |identity: &Identity| acceptor.reload_identity(identity.clone()).unwrap();
    for _ in 0..50 {
        let together = Barrier::new(2);
        std::thread::scope(|scope| {
            for identity in [&new_rsa, &new_ec] {
                scope.spawn(|| {
                    together.wait();
                    reload(identity);
                });
            }
        });
        let context = acceptor.context();
        let has = |new: &Identity| {
            let new = new.certificate().fingerprint_sha256();
            let mut identities = context.settings().identities.iter();
            identities.any(|identity| identity.certificate().fingerprint_sha256() == new)
        };
        assert!(has(&new_rsa) && has(&new_ec), "one is lost");
        reload(&old_rsa);
        reload(&old_ec);
    }
}

#[test]
fn files_are_watched() {
    // The blocking pool and the disk are in real time.
    fend_reactor::runtime::Runtime::new().unwrap().block_on(async {
        let pair = Pair::new("watch");
        let (first, second, third) = (another(), another(), another());
        pair.write(&first);
        let acceptor = TlsAcceptor::from_files(pair.certificate(), pair.key()).unwrap();
        let (told, events) = std::sync::mpsc::channel();
        let watched = acceptor.clone();
        let (certificate, key) = (pair.certificate(), pair.key());
        let watch = spawn(async move {
            watched
                .watch(certificate, key, Duration::from_millis(2), move |result| {
                    let _ = told.send(result);
                })
                .await
        });
        let event = async || loop {
            match events.try_recv() {
                Ok(event) => return event,
                Err(_) => sleep(Duration::from_millis(1)).await,
            }
        };
        // A change may be seen by halves: then it is loaded twice.
        let failure = async || loop {
            if let Err(error) = event().await {
                return error;
            }
        };
        // Nobody knows when it has looked for the first time. So changes are made until one is noticed.
        let mut loaded = false;
        while !loaded {
            pair.write(&second);
            sleep(Duration::from_millis(20)).await;
            loaded = events.try_iter().any(|event| event.is_ok());
        }
        assert_eq!(shown(&acceptor).await, second.certificate().fingerprint_sha256());

        // Half of a new pair is told once, however often it is tried.
        pair.write_key(&third);
        let error = failure().await;
        assert!(error.to_string().contains("belong"), "{error}");
        sleep(Duration::from_millis(50)).await;
        assert!(events.try_recv().is_err(), "told twice");
        assert_eq!(shown(&acceptor).await, second.certificate().fingerprint_sha256());
        // The other half makes it whole.
        Pair::replace(&pair.certificate(), &third.certificate().to_pem());
        event().await.unwrap();
        assert_eq!(shown(&acceptor).await, third.certificate().fingerprint_sha256());

        // Gone is told, and what comes back is taken.
        std::fs::remove_file(pair.certificate()).unwrap();
        assert!(failure().await.is_io());
        Pair::replace(&pair.certificate(), &third.certificate().to_pem());
        event().await.unwrap();
        watch.abort();
        assert!(watch.await.unwrap_err().is_cancelled());
    });
}
