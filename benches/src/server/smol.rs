//! The servers on smol: one task accepts, each connection has a task.
//!
//! For TLS there is no adapter of the crate openssl to the traits of futures-io that is kept up: tokio-openssl is it here too, on smol's sockets
//! through tokio-util's `compat`.

use std::io;
use std::net;

use hyper::service::service_fn;
use openssl::ssl::Ssl;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream, UdpSocket};
use smol_hyper::rt::FuturesIo;
use tokio_util::compat::FuturesAsyncReadCompatExt;

use super::connections::Counted;
use super::options::{Mode, Options};
use super::{ACCEPT_PAUSE, certificate, http, tokio};
use crate::peer::{Peer, Smol};

/// Runs the server as a task, so that a worker has it.
fn run(options: &Options, server: impl Future<Output = io::Result<()>> + Send + 'static) -> io::Result<()> {
    Smol::new(options.workers).block_on(async { Smol::spawn(server).await })
}

pub(super) fn serve(options: &Options, listener: net::TcpListener) -> io::Result<()> {
    let Options { mode, buffer, .. } = *options;
    let context = certificate::context()?;
    run(options, async move {
        let listener = TcpListener::try_from(listener)?;
        let http = http::builder();
        loop {
            let stream = accept(&listener).await;
            let counted = Counted::new();
            match mode {
                Mode::Http | Mode::HttpServer => {
                    let connection = http.serve_connection(FuturesIo::new(stream), service_fn(http::hello));
                    Smol::detach(Smol::spawn(async move {
                        // A connection that breaks is over, and that is all.
                        let _ = connection.await;
                        drop(counted);
                    }));
                }
                Mode::Tls => {
                    let ssl = Ssl::new(&context)?;
                    Smol::detach(Smol::spawn(async move {
                        let _ = tokio::tls(ssl, stream.compat(), buffer).await;
                        drop(counted);
                    }));
                }
                Mode::Echo | Mode::Udp => {
                    Smol::detach(Smol::spawn(async move {
                        let _ = echo(stream, buffer).await;
                        drop(counted);
                    }));
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
            Err(_) => drop(smol::Timer::after(ACCEPT_PAUSE).await),
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

pub(super) fn serve_udp(options: &Options, socket: net::UdpSocket) -> io::Result<()> {
    let mut buffer = vec![0; options.buffer].into_boxed_slice();
    run(options, async move {
        let socket = UdpSocket::try_from(socket)?;
        loop {
            let (received, sender) = socket.recv_from(&mut buffer).await?;
            socket.send_to(&buffer[..received], sender).await?;
        }
    })
}
