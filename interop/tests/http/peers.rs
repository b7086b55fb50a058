//! Both ends of a connection, and servers of a few lines.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fend::hyper::{Executor, Timer};
use fend::net::{TcpListener, TcpStream};
use fend::tls::{Certificate, Context, ContextBuilder, Mode, TlsAcceptor, TlsConnector, TlsStream};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::pki::{Credentials, pki};

pub(crate) async fn tcp() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let near = TcpStream::connect(listener.local_addr()?).await?;
    let far = listener.accept().await?.0;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok((near, far))
}

/// Client and server after their handshake, in which they agree on `protocol`.
pub(crate) async fn tls(protocol: &str) -> io::Result<(TlsStream<TcpStream>, TlsStream<TcpStream>)> {
    let (near, far) = tcp().await?;
    let connector = TlsConnector::with_context(trusting().alpn([protocol]).build()?)?;
    let acceptor = acceptor(&pki().localhost, &[protocol])?;
    let shaken = futures::future::try_join(connector.handshake("localhost", near), acceptor.handshake(far));
    Ok(shaken.await?)
}

/// A client that knows the root.
pub(crate) fn trusting() -> ContextBuilder {
    let root = Certificate::from_pem(&pki().root_pem()).expect("a certificate");
    Context::builder(Mode::Client).ca(root)
}

pub(crate) fn connector() -> io::Result<TlsConnector> {
    Ok(TlsConnector::with_context(trusting().build()?)?)
}

pub(crate) fn acceptor(credentials: &Credentials, protocols: &[&str]) -> io::Result<TlsAcceptor> {
    let context = Context::builder(Mode::Server).identity(credentials.identity()).alpn(protocols);
    Ok(TlsAcceptor::with_context(context.build()?)?)
}

/// Gives each request's body back.
pub(crate) async fn echo(request: Request<Incoming>) -> Result<Response<Incoming>, Infallible> {
    Ok(Response::new(request.into_body()))
}

/// A server that answers with what the request was, and which of its connections has brought it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
    /// How many of them have ended.
    pub(crate) ended: Arc<AtomicUsize>,
}

impl Server {
    /// On `listener`, with TLS where there is an acceptor.
    pub(crate) fn on(listener: TcpListener, acceptor: Option<TlsAcceptor>) -> io::Result<Server> {
        let address = listener.local_addr()?;
        let (connections, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let server = Server { address, connections: connections.clone(), ended: ended.clone() };
        fend::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, ended) = (acceptor.clone(), ended.clone());
                fend::spawn(async move {
                    // How a connection ends is the client's to judge.
                    let _ = match acceptor {
                        None => serve(stream, number, false).await,
                        Some(acceptor) => match acceptor.handshake(stream).await {
                            Ok(stream) => {
                                let h2 = stream.alpn().as_deref() == Some(b"h2");
                                serve(stream, number, h2).await
                            }
                            Err(error) => Err(error.into()),
                        },
                    };
                    ended.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Ok(server)
    }

    /// On a port of 127.0.0.1.
    pub(crate) async fn start(acceptor: Option<TlsAcceptor>) -> io::Result<Server> {
        Server::on(TcpListener::bind("127.0.0.1:0").await?, acceptor)
    }
}

async fn serve<S: Read + Write + Unpin + Send + 'static>(
    stream: S,
    number: usize,
    h2: bool,
) -> io::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| async move {
        let text = format!("{number} {} {:?}", request.uri().path(), request.version());
        Ok::<_, Infallible>(Response::new(text))
    });
    let served = if h2 {
        let mut builder = hyper::server::conn::http2::Builder::new(Executor);
        builder.timer(Timer).serve_connection(stream, service).await
    } else {
        let mut builder = hyper::server::conn::http1::Builder::new();
        // Who has nothing to ask may stay.
        builder.timer(Timer).header_read_timeout(None).serve_connection(stream, service).await
    };
    served.map_err(io::Error::other)
}
