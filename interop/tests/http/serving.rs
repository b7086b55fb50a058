//! What the tests of the server share: one that runs, services for it, and clients that see every byte.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fend::hyper::server::Peer;
use fend::hyper::{Executor, Server};
use fend::net::{DrainReport, ListenerHandle, TcpStream};
use fend::task::{CancellationToken, JoinHandle};
use fend::tls::{Certificate, Context, ContextBuilder, Identity, Mode, TlsAcceptor, TlsConnector};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http2;
use hyper::service::Service;
use hyper::{Request, Response};

/// Longer than any test: whatever has to end before it must end by itself.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// A server that runs in a task of its own.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ListenerHandle,
    pub(crate) served: JoinHandle<io::Result<DrainReport>>,
    /// What its hook was told, in lines.
    failures: Arc<Mutex<VecDeque<String>>>,
}

impl Serving {
    pub(crate) async fn start<S, B>(service: S) -> io::Result<Serving>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Serving::on(Server::bind("127.0.0.1:0").await?, service)
    }

    pub(crate) fn on<S, B>(server: Server, service: S) -> io::Result<Serving>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let failures = Arc::<Mutex<VecDeque<String>>>::default();
        let told = failures.clone();
        let server = server.on_error(move |failure| {
            let everyday = if failure.is_everyday() { "everyday: " } else { "" };
            told.lock().unwrap_or_else(PoisonError::into_inner).push_back(format!("{everyday}{failure}"));
        });
        let (address, handle) = (server.local_addr()?, server.handle());
        Ok(Serving { address, handle, served: fend::spawn(server.serve(service)), failures })
    }

    pub(crate) async fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect(self.address).await
    }

    /// Waits until the listener has given this many connections to their tasks.
    pub(crate) async fn until_accepted(&self, count: u64) {
        while self.handle.metrics().accepted < count {
            fend::yield_now().await;
        }
    }

    /// The next failure that the hook is told of.
    pub(crate) async fn failure(&self) -> String {
        loop {
            match self.next_failure() {
                Some(failure) => return failure,
                None => fend::yield_now().await,
            }
        }
    }

    /// The same, if there was one.
    pub(crate) fn next_failure(&self) -> Option<String> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Drains it, with a deadline that no test reaches, and waits for its end.
    pub(crate) async fn end(self) -> io::Result<DrainReport> {
        let report = self.handle.drain(LONG).await;
        assert_eq!(self.served.await??, report);
        Ok(report)
    }
}

/// Answers with the path, the version and the body.
pub(crate) async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let head = format!("{:?} {} ", request.version(), request.uri().path());
    let body = request.into_body().collect().await?.to_bytes();
    Ok(Response::new([head.as_bytes(), &body].concat().into()))
}

/// Answers with the client's address.
pub(crate) async fn whoami(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let peer: &Peer = request.extensions().get().expect("the server has put it there");
    Ok(Response::new(peer.addr().to_string()))
}

/// Where a request stays until it may go on.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    pub(crate) entered: CancellationToken,
    pub(crate) open: CancellationToken,
}

impl Gate {
    pub(crate) async fn pass(self, _: Request<Incoming>) -> Result<Response<String>, Infallible> {
        self.entered.cancel();
        self.open.cancelled().await;
        Ok(Response::new("passed".to_owned()))
    }
}

/// A response of HTTP/1, as it was sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Sends a request of HTTP/1 and receives the response.
pub(crate) async fn ask(stream: &TcpStream, request: &str) -> io::Result<Answer> {
    stream.send_all(request.as_bytes()).await?;
    receive(stream).await
}

pub(crate) async fn get(stream: &TcpStream, path: &str) -> io::Result<Answer> {
    ask(stream, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")).await
}

/// Receives a response with a length.
pub(crate) async fn receive(stream: &TcpStream) -> io::Result<Answer> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.recv_exact(&mut byte).await?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).map_err(io::Error::other)?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
    stream.recv_exact(&mut body).await?;
    Ok(Answer { head, body: String::from_utf8(body).map_err(io::Error::other)? })
}

/// Waits for the end of what the server sends. An end by a reset is one too.
pub(crate) async fn until_closed(stream: &TcpStream) {
    while let Ok(1..) = stream.recv(&mut [0; 1024]).await {}
}

/// A frame of HTTP/2: its type, its flags, and what is in it.
pub(crate) async fn frame(stream: &TcpStream) -> io::Result<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.recv_exact(&mut head).await?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; length as usize];
    stream.recv_exact(&mut payload).await?;
    Ok((head[3], head[4], payload))
}

/// A client of HTTP/2, whose connection runs in a task of its own.
pub(crate) async fn http2_over<T>(
    stream: T,
) -> io::Result<(http2::SendRequest<Full<Bytes>>, JoinHandle<hyper::Result<()>>)>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = http2::handshake(Executor, stream).await.map_err(io::Error::other)?;
    Ok((sender, fend::spawn(connection)))
}

pub(crate) fn request(path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://localhost{path}")).body(Full::default()).expect("a request")
}

/// A response's body as text.
pub(crate) async fn text(response: Response<Incoming>) -> io::Result<String> {
    let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    String::from_utf8(body.into()).map_err(io::Error::other)
}

/// Made once: keys take time.
pub(crate) fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::self_signed(["localhost", "127.0.0.1"]).expect("a certificate"))
}

pub(crate) fn certificate() -> Certificate {
    identity().certificate().clone()
}

pub(crate) fn acceptor() -> TlsAcceptor {
    TlsAcceptor::new(identity().clone()).expect("an acceptor")
}

pub(crate) fn acceptor_with(set: impl FnOnce(ContextBuilder) -> ContextBuilder) -> TlsAcceptor {
    let context = set(Context::builder(Mode::Server).identity(identity().clone())).build();
    TlsAcceptor::with_context(context.expect("a context")).expect("an acceptor")
}

/// A client that offers these application protocols.
pub(crate) fn connector(alpn: &[&str]) -> TlsConnector {
    let context = Context::builder(Mode::Client).ca(certificate()).alpn(alpn).build();
    TlsConnector::with_context(context.expect("a context")).expect("a connector")
}
