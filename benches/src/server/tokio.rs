//! The servers on tokio: one task accepts, each connection has a task.

use std::io;
use std::net;
use std::pin::Pin;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use openssl::ssl::Ssl;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_openssl::SslStream;

use super::connections::Counted;
use super::options::{Mode, Options};
use super::{ACCEPT_PAUSE, certificate, http};
use crate::peer::{Peer, Tokio};

/// Runs the server as a task, so that a worker has it.
fn run(options: &Options, server: impl Future<Output = io::Result<()>> + Send + 'static) -> io::Result<()> {
    Tokio::new(options.workers).block_on(async { Tokio::spawn(server).await })
}

pub(super) fn serve(options: &Options, listener: net::TcpListener) -> io::Result<()> {
    let Options { mode, buffer, .. } = *options;
    let context = certificate::context()?;
    run(options, async move {
        let listener = TcpListener::from_std(listener)?;
        let http = http::builder();
        loop {
            let stream = accept(&listener).await;
            let counted = Counted::new();
            match mode {
                Mode::Http | Mode::HttpServer => {
                    let connection = http.serve_connection(TokioIo::new(stream), service_fn(http::hello));
                    tokio::spawn(async move {
                        // A connection that breaks is over, and that is all.
                        let _ = connection.await;
                        drop(counted);
                    });
                }
                Mode::Tls => {
                    let ssl = Ssl::new(&context)?;
                    tokio::spawn(async move {
                        let _ = tls(ssl, stream, buffer).await;
                        drop(counted);
                    });
                }
                Mode::Echo | Mode::Udp => {
                    tokio::spawn(async move {
                        let _ = echo(stream, buffer).await;
                        drop(counted);
                    });
                }
            }
        }
    })
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        let accepted = listener.accept().await;
        match accepted.and_then(|(stream, _)| stream.set_nodelay(true).map(|()| stream)) {
            Ok(stream) => return stream,
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn echo(mut stream: TcpStream, buffer: usize) -> io::Result<()> {
    let mut buffer = vec![0; buffer].into_boxed_slice();
    loop {
        let received = stream.read(&mut buffer).await?;
        if received == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..received]).await?;
    }
}

/// On any stream, since smol has it from here.
pub(super) async fn tls<S>(ssl: Ssl, stream: S, buffer: usize) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = SslStream::new(ssl, stream)?;
    Pin::new(&mut stream).accept().await.map_err(io::Error::other)?;
    let mut buffer = vec![0; buffer].into_boxed_slice();
    loop {
        let received = stream.read(&mut buffer).await?;
        if received == 0 {
            return stream.shutdown().await;
        }
        stream.write_all(&buffer[..received]).await?;
    }
}

pub(super) fn serve_udp(options: &Options, socket: net::UdpSocket) -> io::Result<()> {
    let mut buffer = vec![0; options.buffer].into_boxed_slice();
    run(options, async move {
        let socket = UdpSocket::from_std(socket)?;
        loop {
            let (received, sender) = socket.recv_from(&mut buffer).await?;
            socket.send_to(&buffer[..received], sender).await?;
        }
    })
}
