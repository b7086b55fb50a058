//! Certificates that change.

use std::sync::Barrier;

use super::*;

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
        // A change may be seen by halves, or be made between the look and the load: then it is loaded twice, and told twice.
        let failure = async || loop {
            if let Err(error) = event().await {
                return error;
            }
        };
        let success = async || while event().await.is_err() {};
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
        // A change that was seen by halves may be told twice; each time that it was tried would be about 25 times.
        let more = events.try_iter().count();
        assert!(more < 2, "told {more} times more");
        assert_eq!(shown(&acceptor).await, second.certificate().fingerprint_sha256());
        // The other half makes it whole.
        Pair::replace(&pair.certificate(), &third.certificate().to_pem());
        success().await;
        assert_eq!(shown(&acceptor).await, third.certificate().fingerprint_sha256());

        // Gone is told, and what comes back is taken.
        std::fs::remove_file(pair.certificate()).unwrap();
        assert!(failure().await.is_io());
        Pair::replace(&pair.certificate(), &third.certificate().to_pem());
        success().await;
        watch.abort();
        assert!(watch.await.unwrap_err().is_cancelled());
    });
}
