//! rustls at the other end, over sockets of fend in the same runtime.

use std::io;

use fend::net::TcpStream;
use fend::tls::{Protocol, TlsAcceptor, TlsConnector, TlsStream, Verify};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use openssl::sha::sha256;

use crate::ours::{PROTOCOLS, acceptor_of, client, connector_of, root, server, tcp};
use crate::peer::noise;
use crate::pki::pki;
use crate::rustls_peer::{self, TLS12, TLS13};

on_every_dispatcher!(
    our_client_gets_back_what_it_sent,
    our_server_gives_back_what_it_got,
    client_certificates_both_ways,
    a_refusal_both_ways,
    a_protocol_is_agreed_upon,
    our_client_resumes,
    their_client_resumes,
);

const LENGTH: usize = 1 << 20;

fn version(protocol: Protocol) -> &'static futures_rustls::rustls::SupportedProtocolVersion {
    if protocol == Protocol::Tls1_2 { &TLS12 } else { &TLS13 }
}

/// Gives back all that comes, then ends its own direction.
async fn echo(stream: impl AsyncRead + AsyncWrite) -> io::Result<u64> {
    let (reader, mut writer) = stream.split();
    let count = futures::io::copy(reader, &mut writer).await?;
    writer.close().await?;
    Ok(count)
}

/// Sends a mebibyte, and gets it back.
async fn exchange(stream: impl AsyncRead + AsyncWrite) -> io::Result<()> {
    let sent = noise(LENGTH);
    let (mut reader, mut writer) = stream.split();
    let mut received = Vec::new();
    let writing = async {
        writer.write_all(&sent).await?;
        writer.close().await
    };
    let reading = reader.read_to_end(&mut received);
    futures::future::try_join(writing, reading).await?;
    assert_eq!(sha256(&received), sha256(&sent));
    Ok(())
}

async fn our_client_gets_back_what_it_sent() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (stream, theirs) = tcp().await?;
        let server = fend::spawn(async move {
            echo(rustls_peer::accept(theirs, version(protocol), false, |_| {}).await?).await
        });
        let stream = connector_of(client().protocol(protocol)).handshake("localhost", stream).await?;
        assert_eq!(stream.protocol(), protocol);
        exchange(stream).await?;
        assert_eq!(server.await??, LENGTH as u64);
    }
    Ok(())
}

async fn our_server_gives_back_what_it_got() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (stream, theirs) = tcp().await?;
        let client = fend::spawn(async move {
            exchange(rustls_peer::connect(theirs, rustls_peer::client(version(protocol), None)).await?).await
        });
        let stream = acceptor_of(server()).handshake(stream).await?;
        assert_eq!(stream.protocol(), protocol);
        assert_eq!(echo(stream).await?, LENGTH as u64);
        client.await??;
    }
    Ok(())
}

async fn client_certificates_both_ways() -> io::Result<()> {
    let strict = server().ca(root()).verify(Verify::PEER | Verify::FAIL_IF_NO_PEER_CERT);
    let strict = acceptor_of(strict);
    for protocol in PROTOCOLS {
        let (stream, theirs) = tcp().await?;
        let client_side = fend::spawn(async move {
            let config = rustls_peer::client(version(protocol), Some(&pki().client));
            exchange(rustls_peer::connect(theirs, config).await?).await
        });
        let stream = strict.handshake(stream).await?;
        assert!(stream.peer_certificate().expect("a certificate").subject().contains("CN=a client"));
        echo(stream).await?;
        client_side.await??;
        let (stream, theirs) = tcp().await?;
        let server_side = fend::spawn(async move {
            let stream = rustls_peer::accept(theirs, version(protocol), true, |_| {}).await?;
            assert_eq!(stream.get_ref().1.peer_certificates().map(<[_]>::len), Some(2));
            echo(stream).await
        });
        let ours = connector_of(client().protocol(protocol).identity(pki().client.identity()));
        exchange(ours.handshake("localhost", stream).await?).await?;
        server_side.await??;
    }
    Ok(())
}

async fn a_refusal_both_ways() -> io::Result<()> {
    for protocol in PROTOCOLS {
        // Their server wants a certificate, and we have none.
        let (stream, theirs) = tcp().await?;
        let server_side = fend::spawn(rustls_peer::accept(theirs, version(protocol), true, |_| {}));
        let refused = async {
            let stream = connector_of(client()).handshake("localhost", stream).await?;
            stream.recv(&mut [0; 16]).await
        };
        let error = refused.await.expect_err("a refusal").downcast::<fend::tls::TlsError>();
        let error = error.expect("an error of TLS");
        assert!(error.is_alert(), "{error}");
        assert!(server_side.await?.is_err());
        // Their client does not like ours.
        let (stream, theirs) = tcp().await?;
        let client_side =
            fend::spawn(rustls_peer::connect(theirs, rustls_peer::client(version(protocol), None)));
        let acceptor = acceptor_of(crate::ours::server_with(&pki().expired));
        let error = acceptor.handshake(stream).await.unwrap_err();
        assert!(error.alert().is_some_and(|alert| alert.contains("certificate expired")), "{error}");
        assert!(client_side.await?.is_err());
    }
    Ok(())
}

async fn a_protocol_is_agreed_upon() -> io::Result<()> {
    let (stream, theirs) = tcp().await?;
    let server_side = fend::spawn(rustls_peer::accept(theirs, &TLS13, false, |config| {
        config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    }));
    let stream = connector_of(client().alpn(["h2", "http/1.1"])).handshake("localhost", stream).await?;
    let theirs = server_side.await??;
    assert_eq!(theirs.get_ref().1.alpn_protocol(), stream.alpn().as_deref());
    assert!(stream.alpn().is_some());
    Ok(())
}

async fn our_client_resumes() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let connector: TlsConnector = connector_of(client().protocol(protocol));
        let sessions = futures_rustls::rustls::server::ServerSessionMemoryCache::new(32);
        for round in 0..3 {
            let (stream, theirs) = tcp().await?;
            let sessions = sessions.clone();
            let server_side = fend::spawn(async move {
                let tune =
                    |config: &mut futures_rustls::rustls::ServerConfig| config.session_storage = sessions;
                echo(rustls_peer::accept(theirs, version(protocol), false, tune).await?).await
            });
            let stream: TlsStream<TcpStream> = connector.handshake("localhost", stream).await?;
            assert_eq!(stream.is_resumed(), round > 0, "{protocol}, round {round}");
            exchange(stream).await?;
            server_side.await??;
        }
    }
    Ok(())
}

async fn their_client_resumes() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let acceptor: TlsAcceptor = acceptor_of(server());
        let config = rustls_peer::client(version(protocol), None);
        for round in 0..3 {
            let (stream, theirs) = tcp().await?;
            let config = config.clone();
            let client_side =
                fend::spawn(async move { exchange(rustls_peer::connect(theirs, config).await?).await });
            let stream = acceptor.handshake(stream).await?;
            assert_eq!(stream.is_resumed(), round > 0, "{protocol}, round {round}");
            echo(stream).await?;
            client_side.await??;
        }
    }
    Ok(())
}
