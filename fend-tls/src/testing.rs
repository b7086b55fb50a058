//! For unit tests: a connection in memory that misbehaves on request, and sessions over it.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context as TaskContext, Poll, Wake, Waker};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::{block_on, zip};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name, X509Ref};

use crate::{
    Certificate, Context, ContextBuilder, Identity, Mode, PrivateKey, TlsAcceptor, TlsConnector, TlsError,
    TlsStream,
};

/// What an end of a connection does in place of its duty, when it is next asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    Fail(io::ErrorKind),
    Panic,
    /// Wakes the task and does nothing, as a stream does whose task has used up its time. For good; who does not return for it gets a
    /// panic in the end.
    Yield,
}

/// One direction.
#[derive(Debug)]
struct Lane {
    bytes: VecDeque<u8>,
    room: usize,
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What a test may see and say, of the end that it is handed out with.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) on_read: Mutex<Option<Trick>>,
    pub(crate) on_write: Mutex<Option<Trick>>,
    pub(crate) on_flush: Mutex<Option<Trick>>,
    pub(crate) on_close: Mutex<Option<Trick>>,
    pub(crate) reads: AtomicUsize,
    pub(crate) writes: AtomicUsize,
    pub(crate) closes: AtomicUsize,
    yields: AtomicUsize,
}

impl Script {
    fn act<T>(&self, trick: &Mutex<Option<Trick>>, cx: &mut TaskContext<'_>) -> Option<Poll<io::Result<T>>> {
        let next = {
            let mut trick = trick.lock().unwrap();
            match *trick {
                Some(Trick::Fail(_) | Trick::Panic) => trick.take(),
                other => other,
            }
        };
        match next? {
            Trick::Fail(kind) => Some(Poll::Ready(Err(kind.into()))),
            Trick::Panic => panic!("a trick"),
            Trick::Yield => {
                assert!(self.yields.fetch_add(1, Ordering::Relaxed) < 1000, "nobody returns");
                cx.waker().wake_by_ref();
                Some(Poll::Pending)
            }
        }
    }
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct End {
    incoming: Arc<Mutex<Lane>>,
    outgoing: Arc<Mutex<Lane>>,
    pub(crate) script: Arc<Script>,
}

/// A connection of which either direction holds `room` bytes.
pub(crate) fn connection(room: usize) -> (End, End) {
    let lane = || {
        let lane = Lane { bytes: VecDeque::new(), room, closed: false, reader: None, writer: None };
        Arc::new(Mutex::new(lane))
    };
    let (up, down) = (lane(), lane());
    let end = |incoming: &Arc<Mutex<Lane>>, outgoing: &Arc<Mutex<Lane>>| End {
        incoming: incoming.clone(),
        outgoing: outgoing.clone(),
        script: Arc::default(),
    };
    (end(&down, &up), end(&up, &down))
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Lane {
    fn close(lane: &Mutex<Lane>) {
        let (reader, writer) = {
            let mut lane = lane.lock().unwrap();
            lane.closed = true;
            (lane.reader.take(), lane.writer.take())
        };
        wake(reader);
        wake(writer);
    }
}

impl End {
    /// Whether the other end is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.incoming.lock().unwrap().closed
    }

    /// Has the other end receive `bytes`.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let reader = {
            let mut lane = self.outgoing.lock().unwrap();
            lane.bytes.extend(bytes);
            lane.reader.take()
        };
        wake(reader);
    }

    /// Puts bytes into what comes in, as if the other end had sent them.
    pub(crate) fn inject(&self, bytes: &[u8]) {
        let reader = {
            let mut lane = self.incoming.lock().unwrap();
            lane.bytes.extend(bytes);
            lane.reader.take()
        };
        wake(reader);
    }

    /// Takes what the other end has sent, before this one reads it.
    pub(crate) fn intercept(&self) -> Vec<u8> {
        self.incoming.lock().unwrap().bytes.drain(..).collect()
    }
}

impl Drop for End {
    fn drop(&mut self) {
        Lane::close(&self.incoming);
        Lane::close(&self.outgoing);
    }
}

impl AsyncRead for End {
    fn poll_read(self: Pin<&mut Self>, cx: &mut TaskContext<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read_vectored(cx, &mut [IoSliceMut::new(buf)])
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.script.reads.fetch_add(1, Ordering::Relaxed);
        if let Some(result) = self.script.act(&self.script.on_read, cx) {
            return result;
        }
        let (count, writer) = {
            let mut lane = self.incoming.lock().unwrap();
            if lane.bytes.is_empty() && !lane.closed {
                lane.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
            // Not `read`, which leaves room where the ring of bytes begins anew.
            let mut count = 0;
            for buf in bufs {
                let len = buf.len().min(lane.bytes.len());
                io::Read::read_exact(&mut lane.bytes, &mut buf[..len])?;
                count += len;
            }
            (count, lane.writer.take())
        };
        wake(writer);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for End {
    fn poll_write(self: Pin<&mut Self>, cx: &mut TaskContext<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.script.writes.fetch_add(1, Ordering::Relaxed);
        if let Some(result) = self.script.act(&self.script.on_write, cx) {
            return result;
        }
        let (count, reader) = {
            let mut lane = self.outgoing.lock().unwrap();
            if lane.closed {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let count = buf.len().min(lane.room.saturating_sub(lane.bytes.len()));
            if count == 0 {
                lane.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            lane.bytes.extend(&buf[..count]);
            (count, lane.reader.take())
        };
        wake(reader);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        self.script.act(&self.script.on_flush, cx).unwrap_or(Poll::Ready(Ok(())))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        self.script.closes.fetch_add(1, Ordering::Relaxed);
        if let Some(result) = self.script.act(&self.script.on_close, cx) {
            return result;
        }
        Lane::close(&self.outgoing);
        Poll::Ready(Ok(()))
    }
}

/// A certificate for `localhost`, the same for all tests.
pub(crate) fn identity() -> Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::self_signed(["localhost", "127.0.0.1"]).unwrap()).clone()
}

/// A client that trusts [`identity`].
pub(crate) fn client() -> ContextBuilder {
    Context::builder(Mode::Client).ca(identity().certificate().clone()).handshake_timeout(None)
}

/// A server with [`identity`].
pub(crate) fn server() -> ContextBuilder {
    Context::builder(Mode::Server).identity(identity()).handshake_timeout(None)
}

/// Sessions of a client and a server over a connection with `room` bytes in either direction.
pub(crate) fn sessions_with(
    client: ContextBuilder,
    server: ContextBuilder,
    room: usize,
) -> (TlsStream<End>, TlsStream<End>) {
    let (near, far) = connection(room);
    let (client, server) = shake_hands(client, server, near, far);
    (client.unwrap(), server.unwrap())
}

/// Both sides' results.
pub(crate) fn shake_hands(
    client: ContextBuilder,
    server: ContextBuilder,
    near: End,
    far: End,
) -> (Result<TlsStream<End>, TlsError>, Result<TlsStream<End>, TlsError>) {
    let connector = TlsConnector::with_context(client.build().unwrap()).unwrap();
    let acceptor = TlsAcceptor::with_context(server.build().unwrap()).unwrap();
    shake_hands_with(&connector, &acceptor, near, far)
}

/// Both sides' results.
pub(crate) fn shake_hands_with(
    connector: &TlsConnector,
    acceptor: &TlsAcceptor,
    near: End,
    far: End,
) -> (Result<TlsStream<End>, TlsError>, Result<TlsStream<End>, TlsError>) {
    block_on(zip(connector.handshake("localhost", near), acceptor.handshake(far)))
}

/// [`sessions_with`] the defaults, and plenty of room.
pub(crate) fn sessions() -> (TlsStream<End>, TlsStream<End>) {
    sessions_with(client(), server(), 1 << 20)
}

/// A task's waker that counts.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A waker, and how often it was woken.
pub(crate) fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), count.into())
}

/// Polls a future once with a waker that nobody looks at.
pub(crate) fn once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut TaskContext::from_waker(Waker::noop()))
}

fn name(text: &str) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, text).unwrap();
    name.build()
}

/// A certificate for `localhost` that says it is of the trusted `root`, whose signature is somebody else's.
pub(crate) fn forgery(root: &X509Ref) -> Identity {
    let key = PKey::ec_gen("prime256v1").unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&name("forged")).unwrap();
    builder.set_issuer_name(root.subject_name()).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    let names = SubjectAlternativeName::new().dns("localhost").build(&builder.x509v3_context(None, None));
    builder.append_extension(names.unwrap()).unwrap();
    builder.sign(&PKey::ec_gen("prime256v1").unwrap(), MessageDigest::sha256()).unwrap();
    Identity::new(vec![Certificate(builder.build())], PrivateKey(key)).unwrap()
}

/// A root that may sign others.
pub(crate) fn root() -> Certificate {
    let key = PKey::ec_gen("prime256v1").unwrap();
    let mut builder = self_issued(&key);
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    Certificate(builder.build())
}

/// A certificate for no name, with this key.
pub(crate) fn self_signed(key: PKey<Private>) -> Identity {
    let mut builder = self_issued(&key);
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    Identity::new(vec![Certificate(builder.build())], PrivateKey(key)).unwrap()
}

fn self_issued(key: &PKey<Private>) -> X509Builder {
    let name = name("root");
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
}
