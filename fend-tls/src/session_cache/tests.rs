use std::io::{self, Read, Write};

use openssl::ssl::{Ssl, SslContext, SslMethod, SslSessionCacheMode, SslStream, SslVerifyMode};

use super::*;
use crate::Identity;

type Pipe = Arc<Mutex<VecDeque<u8>>>;

/// One end of a connection in memory.
struct Wire {
    incoming: Pipe,
    outgoing: Pipe,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.incoming.lock().unwrap().read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The sessions that a client gets of one handshake: one of TLS 1.2, or two of TLS 1.3.
fn sessions(version: SslVersion) -> Vec<SslSession> {
    let identity = Identity::self_signed(["localhost"]).unwrap();
    let mut server = SslContext::builder(SslMethod::tls_server()).unwrap();
    server.set_certificate(&identity.certificate().0).unwrap();
    server.set_private_key(&identity.key().0).unwrap();
    let got = Arc::new(Mutex::new(Vec::new()));
    let mut client = SslContext::builder(SslMethod::tls_client()).unwrap();
    client.set_verify(SslVerifyMode::NONE);
    client.set_max_proto_version(Some(version)).unwrap();
    client.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
    let sink = Arc::clone(&got);
    client.set_new_session_callback(move |_, session| sink.lock().unwrap().push(session));

    let (up, down) = (Pipe::default(), Pipe::default());
    let stream = |context: SslContext, incoming: &Pipe, outgoing: &Pipe| {
        let wire = Wire { incoming: Arc::clone(incoming), outgoing: Arc::clone(outgoing) };
        SslStream::new(Ssl::new(&context).unwrap(), wire).unwrap()
    };
    let mut client = stream(client.build(), &down, &up);
    let mut server = stream(server.build(), &up, &down);
    for _ in 0..4 {
        let _ = client.connect();
        let _ = server.accept();
    }
    server.ssl_write(b"x").unwrap();
    client.ssl_read(&mut [0]).unwrap();
    drop(client);
    std::mem::take(&mut *got.lock().unwrap())
}

fn session(version: SslVersion) -> SslSession {
    sessions(version).pop().unwrap()
}

/// The session as if it were that many seconds older.
fn older(session: &SslSession, seconds: i64) -> SslSession {
    let mut der = session.to_der().unwrap();
    // [1] { INTEGER of four bytes }
    let field = |time: i64| [&[0xa1, 6, 2, 4][..], &u32::try_from(time).unwrap().to_be_bytes()].concat();
    let (old, new) = (field(session.time()), field(session.time() - seconds));
    let at = der.windows(old.len()).position(|window| window == old).unwrap();
    der[at..at + new.len()].copy_from_slice(&new);
    let older = SslSession::from_der(&der).unwrap();
    assert_eq!(older.time(), session.time() - seconds);
    older
}

/// What is there for the key, taken in turn, at most `most`.
fn ids(cache: &SessionCache, key: &str, most: usize) -> Vec<Vec<u8>> {
    (0..most).map_while(|_| cache.take(key)).map(|session| session.id().to_vec()).collect()
}

#[test]
fn a_session_of_tls_1_3_is_used_once_and_the_newest_first() {
    let cache = SessionCache::new(2);
    let both = sessions(SslVersion::TLS1_3);
    let [first, second] = [0, 1].map(|at| both[at].id().to_vec());
    assert_ne!(first, second);
    both.into_iter().for_each(|session| cache.insert("a", session));
    assert_eq!(cache.len(), 1);
    assert!(cache.take("b").is_none());
    assert_eq!(ids(&cache, "a", 9), [second, first]);
    assert_eq!(cache.len(), 0, "a key without sessions is not kept");
}

#[test]
fn a_session_of_tls_1_2_stays() {
    let cache = SessionCache::new(2);
    let session = session(SslVersion::TLS1_2);
    let id = session.id().to_vec();
    cache.insert("a", session);
    assert_eq!(ids(&cache, "a", 3), [&id[..]; 3]);
    cache.clear();
    assert!(cache.take("a").is_none() && cache.len() == 0);
}

#[test]
fn four_of_a_key_are_kept() {
    let cache = SessionCache::new(1);
    let all: Vec<SslSession> = (0..3).flat_map(|_| sessions(SslVersion::TLS1_3)).collect();
    let mut newest: Vec<Vec<u8>> = all.iter().rev().map(|session| session.id().to_vec()).collect();
    newest.truncate(PER_KEY);
    all.into_iter().for_each(|session| cache.insert("a", session));
    assert_eq!(ids(&cache, "a", 9), newest);
}

#[test]
fn the_key_used_least_recently_goes_first() {
    let cache = SessionCache::new(3);
    let session = session(SslVersion::TLS1_2);
    for key in ["a", "b", "c"] {
        cache.insert(key, session.clone());
    }
    assert!(cache.take("a").is_some());
    cache.insert("b", session.clone());
    cache.insert("d", session.clone());
    assert_eq!(["a", "b", "c", "d"].map(|key| cache.take(key).is_some()), [true, true, false, true]);
    // By now "a" is the oldest again.
    cache.insert("e", session.clone());
    assert_eq!(["a", "b", "d", "e"].map(|key| cache.take(key).is_some()), [false, true, true, true]);
    for number in 0..1000 {
        cache.insert(&number.to_string(), session.clone());
        let state = cache.lock();
        assert_eq!((state.entries.len(), state.by_use.len()), (3, 3));
    }
    assert!(cache.take("996").is_none() && cache.take("997").is_some());
}

#[test]
fn without_room_nothing_is_kept() {
    let cache = SessionCache::new(0);
    cache.insert("a", session(SslVersion::TLS1_2));
    assert!(cache.take("a").is_none() && cache.len() == 0);
}

#[test]
fn what_has_expired_is_dropped() {
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let cache = SessionCache::new(2);
        let fresh = session(version);
        let limit = fresh.timeout();
        assert!(limit > 60, "{limit}");
        cache.insert("a", older(&fresh, limit - 60));
        cache.insert("a", older(&fresh, limit + 1));
        let taken = cache.take("a").unwrap();
        assert_eq!(taken.time(), fresh.time() - (limit - 60), "the newer one has expired");
        cache.clear();

        cache.insert("a", older(&fresh, limit + 1));
        cache.insert("a", older(&fresh, limit + 1));
        assert!(cache.take("a").is_none());
        assert_eq!(cache.len(), 0);
        let state = cache.lock();
        assert!(state.by_use.is_empty());
    }
}

#[test]
fn it_is_shared_between_threads() {
    let cache = SessionCache::new(4);
    let session = session(SslVersion::TLS1_3);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (cache, session) = (&cache, session.clone());
            scope.spawn(move || {
                for round in 0..500 {
                    let key = ((thread + round) % 6).to_string();
                    cache.insert(&key, session.clone());
                    let _ = cache.take(&((round * 5) % 6).to_string());
                }
            });
        }
    });
    let state = cache.lock();
    assert!(state.entries.len() <= 4 && state.entries.len() == state.by_use.len());
    assert!(state.entries.iter().all(|(key, entry)| state.by_use.get(&entry.last_use) == Some(key)));
    assert!(state.entries.values().all(|entry| (1..=PER_KEY).contains(&entry.sessions.len())));
}
