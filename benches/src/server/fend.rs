//! The servers on fend: one task accepts, each connection has a task.

use std::io;
use std::net;

use fend::hyper::Server;
use fend::net::udp::{RecvBatch, SendBatch};
use fend::net::{Listener, TcpListener, TcpStream, UdpSocket};
use fend::tls::{Context, Identity, Mode as TlsMode, PrivateKey, TlsAcceptor};
use hyper::service::service_fn;

use super::certificate::{self, Certificate};
use super::connections::{self, Counted};
use super::options::{Mode, Options};
use super::{ACCEPT_PAUSE, http};

fn runtime(options: &Options) -> io::Result<fend::Runtime> {
    let Options { workers, drivers, dispatcher, .. } = *options;
    fend::Runtime::builder().worker_threads(workers).drivers(drivers).dispatcher(dispatcher).build()
}

pub(super) fn serve(options: &Options, listener: net::TcpListener) -> io::Result<()> {
    let Options { mode, buffer, .. } = *options;
    let runtime = runtime(options)?;
    let acceptor = acceptor()?;
    let served = runtime.spawn(async move {
        let listener = TcpListener::try_from(listener)?;
        if mode == Mode::HttpServer {
            return serve_http(listener).await;
        }
        let http = http::builder();
        loop {
            let stream = accept(&listener).await;
            let counted = Counted::new();
            match mode {
                Mode::Http | Mode::HttpServer => {
                    let connection = http.serve_connection(stream, service_fn(http::hello));
                    fend::spawn(async move {
                        // A connection that breaks is over, and that is all.
                        let _ = connection.await;
                        drop(counted);
                    });
                }
                Mode::Tls => {
                    let acceptor = acceptor.clone();
                    fend::spawn(async move {
                        let _ = tls(acceptor, stream, buffer).await;
                        drop(counted);
                    });
                }
                Mode::Echo | Mode::Udp => {
                    fend::spawn(async move {
                        let _ = echo(stream, buffer).await;
                        drop(counted);
                    });
                }
            }
        }
    });
    runtime.block_on(served)?
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        let accepted = listener.accept().await;
        match accepted.and_then(|(stream, _)| stream.set_nodelay(true).map(|()| stream)) {
            Ok(stream) => return stream,
            Err(_) => fend::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn echo(stream: TcpStream, buffer: usize) -> io::Result<()> {
    let mut buffer = vec![0; buffer].into_boxed_slice();
    loop {
        let received = stream.recv(&mut buffer).await?;
        if received == 0 {
            return Ok(());
        }
        stream.send_all(&buffer[..received]).await?;
    }
}

/// fend reads ahead and gives buffers back by itself; the rest is said.
fn acceptor() -> io::Result<TlsAcceptor> {
    let Certificate { certificate, key } = Certificate::make()?;
    let key = PrivateKey::from_der(&key.private_key_to_der()?)?;
    let identity = Identity::new(vec![certificate.into()], key)?;
    let context = Context::builder(TlsMode::Server)
        .identity(identity)
        .session_tickets(false)
        .tickets(0)
        .with_openssl(certificate::set_negotiation)
        .build()?;
    Ok(TlsAcceptor::with_context(context)?)
}

async fn tls(acceptor: TlsAcceptor, stream: TcpStream, buffer: usize) -> io::Result<()> {
    let stream = acceptor.handshake(stream).await?;
    drop(acceptor);
    let mut buffer = vec![0; buffer].into_boxed_slice();
    loop {
        let received = stream.recv(&mut buffer).await?;
        if received == 0 {
            return stream.shutdown().await;
        }
        stream.send_all(&buffer[..received]).await?;
    }
}

/// fend's own server, as it comes, but for HTTP/1 alone.
async fn serve_http(listener: TcpListener) -> io::Result<()> {
    let listener = Listener::new(listener).prepare(|stream| stream.set_nodelay(true));
    let handle = listener.handle();
    connections::count_by(move || {
        let metrics = handle.metrics();
        (metrics.accepted, metrics.accepted - metrics.active as u64)
    });
    Server::new(listener).http1_only().serve(service_fn(http::hello)).await.map(drop)
}

pub(super) fn serve_udp(options: &Options, socket: net::UdpSocket) -> io::Result<()> {
    let Options { buffer, batch, .. } = *options;
    let runtime = runtime(options)?;
    let served = runtime.spawn(async move {
        let socket = UdpSocket::try_from(socket)?;
        if batch > 0 { echo_many(&socket, batch, buffer).await } else { echo_one(&socket, buffer).await }
    });
    runtime.block_on(served)?
}

async fn echo_one(socket: &UdpSocket, buffer: usize) -> io::Result<()> {
    let mut buffer = vec![0; buffer].into_boxed_slice();
    loop {
        let (received, sender) = socket.recv_from(&mut buffer).await?;
        socket.send_to(&buffer[..received], sender).await?;
    }
}

async fn echo_many(socket: &UdpSocket, batch: usize, buffer: usize) -> io::Result<()> {
    let (mut received, mut answers) = (RecvBatch::new(batch, buffer), SendBatch::new());
    loop {
        socket.recv_many(&mut received).await?;
        for datagram in received.iter() {
            answers.push_to(datagram.data(), datagram.source()?);
        }
        socket.send_many(&mut answers).await?;
    }
}
