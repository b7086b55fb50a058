//! Callbacks and streams that panic, below OpenSSL's own frames.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use fend::net::TcpStream;
use fend::tls::{TlsError, TlsStream, Verify};
use futures::{AsyncRead, AsyncWrite};

use crate::ours::{
    PROTOCOLS, Setting, acceptor, acceptor_of, client, connector, connector_of, handshake, pair, root,
    server, tcp,
};
use crate::pki::pki;

on_every_dispatcher!(
    a_callback_of_the_client_that_panics,
    a_callback_of_the_server_that_panics,
    a_stream_that_panics_in_the_handshake,
    a_stream_that_panics_later,
);

/// What the panics say.
const WORDS: &str = "on purpose";

fn is_told(error: &TlsError) {
    assert!(error.to_string().contains(WORDS), "{error}");
    assert_eq!(error.io_kind(), io::ErrorKind::Other);
    assert!(!error.is_timeout() && !error.is_certificate());
}

/// That a panic has done no harm to what is shared: the error queue, the context, the runtime.
async fn goes_on(healthy: &(TlsStream<TcpStream>, TlsStream<TcpStream>)) -> io::Result<()> {
    let (client, server) = healthy;
    let mut received = [0; 4];
    client.send_all(b"ping").await?;
    server.recv_exact(&mut received).await?;
    server.send_all(b"pong").await?;
    client.recv_exact(&mut received).await?;
    assert_eq!(&received, b"pong");
    let (client, server) = handshake(&connector(), &acceptor(), "localhost").await?;
    drop((client?, server?));
    Ok(())
}

/// TL12
async fn a_callback_of_the_client_that_panics() -> io::Result<()> {
    let settings: [(&str, Setting); 2] = [
        ("verify", |builder| builder.verify_callback(|_, _| panic!("{WORDS}"))),
        ("keylog", |builder| builder.keylog(|_| panic!("{WORDS}"))),
    ];
    for protocol in PROTOCOLS {
        let healthy = pair(protocol).await?;
        for (name, panics) in settings {
            let connector = connector_of(panics(client()));
            let acceptor = acceptor_of(server().protocol(protocol));
            for _ in 0..3 {
                let (client, server) = handshake(&connector, &acceptor, "localhost").await?;
                is_told(&client.map(|_| ()).expect_err(name));
                if let Ok(stream) = server {
                    // With TLS 1.3 the client may have been through with it already.
                    assert!(stream.recv(&mut [0; 16]).await.is_err());
                }
                goes_on(&healthy).await?;
            }
        }
    }
    Ok(())
}

/// TL12
async fn a_callback_of_the_server_that_panics() -> io::Result<()> {
    let settings: [(&str, Setting); 4] = [
        ("sni", |builder| builder.sni_callback(|_| panic!("{WORDS}"))),
        ("ocsp", |builder| builder.ocsp_callback(|| panic!("{WORDS}"))),
        ("keylog", |builder| builder.keylog(|_| panic!("{WORDS}"))),
        ("verify", |builder| {
            builder.ca(root()).verify(Verify::PEER).verify_callback(|_, _| panic!("{WORDS}"))
        }),
    ];
    for protocol in PROTOCOLS {
        let healthy = pair(protocol).await?;
        for (name, panics) in settings {
            let acceptor = acceptor_of(panics(server()));
            let connector =
                connector_of(client().protocol(protocol).identity(pki().client.identity()).request_ocsp());
            for _ in 0..3 {
                let (client, server) = handshake(&connector, &acceptor, "localhost").await?;
                is_told(&server.map(|_| ()).expect_err(name));
                if let Ok(stream) = client {
                    assert!(stream.recv(&mut [0; 16]).await.is_err());
                }
                goes_on(&healthy).await?;
            }
        }
    }
    Ok(())
}

/// Panics at one of its calls.
#[derive(Debug)]
struct Brittle {
    stream: TcpStream,
    calls: Arc<AtomicUsize>,
    last: usize,
}

impl Brittle {
    fn new(stream: TcpStream, last: usize) -> Brittle {
        Brittle { stream, calls: Arc::default(), last }
    }

    fn count(&self) {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        assert_ne!(calls, self.last, "{WORDS}");
    }
}

impl AsyncRead for Brittle {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.count();
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Brittle {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.count();
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

/// TL12
async fn a_stream_that_panics_in_the_handshake() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let healthy = pair(protocol).await?;
        let (mut panicked, mut done) = (0, 0);
        for last in 0..100 {
            let (ours, theirs) = tcp().await?;
            let theirs = fend::spawn(acceptor_of(server().protocol(protocol)).handshake(theirs));
            match connector().handshake("localhost", Brittle::new(ours, last)).await {
                Err(error) => {
                    is_told(&error);
                    panicked += 1;
                }
                Ok(_) => done += 1,
            }
            drop(theirs.await?);
            let (ours, theirs) = tcp().await?;
            let theirs =
                fend::spawn(connector_of(client().protocol(protocol)).handshake("localhost", theirs));
            match acceptor().handshake(Brittle::new(ours, last)).await {
                Err(error) => {
                    is_told(&error);
                    panicked += 1;
                }
                Ok(_) => done += 1,
            }
            drop(theirs.await?);
            goes_on(&healthy).await?;
            if done >= 6 {
                break;
            }
        }
        assert!(panicked >= 6, "{panicked}");
        assert!(done >= 6, "{done}");
    }
    Ok(())
}

/// TL12
async fn a_stream_that_panics_later() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let healthy = pair(protocol).await?;
        let mut panicked = 0;
        // How many of the calls are the handshake's is not the same each time: those that have to wait are made again.
        for last in 0..100 {
            let (ours, theirs) = tcp().await?;
            let theirs = fend::spawn(async move {
                let stream = acceptor_of(server().protocol(protocol)).handshake(theirs).await?;
                let mut buf = [0; 64];
                loop {
                    match stream.recv(&mut buf).await? {
                        0 => return io::Result::Ok(()),
                        n => stream.send_all(&buf[..n]).await?,
                    }
                }
            });
            let Ok(stream) = connector().handshake("localhost", Brittle::new(ours, last)).await else {
                let _ = theirs.await?;
                continue;
            };
            let talk = async {
                for _ in 0..30 {
                    stream.send_all(b"there").await?;
                    stream.recv_exact(&mut [0; 5]).await?;
                }
                stream.shutdown().await
            };
            if let Err(error) = talk.await {
                panicked += 1;
                assert!(error.kind() == io::ErrorKind::Other && error.to_string().contains(WORDS), "{error}");
                // It is broken for good, and says so.
                assert!(stream.send(b"more").await.is_err());
                assert!(stream.recv(&mut [0; 5]).await.is_err());
            }
            drop(stream);
            let _ = theirs.await?;
            goes_on(&healthy).await?;
            if panicked == 15 {
                break;
            }
        }
        assert_eq!(panicked, 15);
    }
    Ok(())
}
