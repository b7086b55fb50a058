//! Our client, and nginx.

use std::io;

use fend::net::TcpStream;
use fend::tls::{TlsConnector, TlsStream};

use crate::nginx::{LARGE, Nginx};
use crate::ours::{PROTOCOLS, client, connector_of};
use crate::peer::{assert_same, noise};
use crate::pki::pki;

on_every_dispatcher!(
    pages_small_and_large_on_one_connection,
    a_client_certificate_is_given_or_not,
    a_stranger_gets_no_page,
    sessions_are_resumed,
    the_end_of_a_connection_is_told,
);

async fn connect(connector: &TlsConnector, nginx: &Nginx) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(nginx.address).await?;
    Ok(connector.handshake("localhost", stream).await?)
}

/// Asks for a page, and gives what is in it. The connection is kept.
async fn get(stream: &TlsStream<TcpStream>, page: &str) -> io::Result<(u16, Vec<u8>)> {
    stream.send_all(format!("GET {page} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.recv_exact(&mut byte).await?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("plain letters");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).expect("a length")];
    stream.recv_exact(&mut body).await?;
    Ok((status, body))
}

async fn facts(stream: &TlsStream<TcpStream>) -> io::Result<String> {
    let (status, body) = get(stream, "/facts").await?;
    assert_eq!(status, 200);
    Ok(String::from_utf8(body).expect("plain letters"))
}

async fn pages_small_and_large_on_one_connection() -> io::Result<()> {
    let Some(nginx) = Nginx::start().await else { return Ok(()) };
    for protocol in PROTOCOLS {
        let stream = connect(&connector_of(client().protocol(protocol)), &nginx).await?;
        assert_eq!(facts(&stream).await?, format!("{protocol} . NONE  localhost"));
        for _ in 0..3 {
            assert_eq!(get(&stream, "/small").await?, (200, b"a small page\n".to_vec()));
            let (status, large) = get(&stream, "/large").await?;
            assert_eq!(status, 200);
            assert_same(&large, &noise(LARGE));
        }
        assert_eq!(get(&stream, "/none").await?.0, 404);
    }
    Ok(())
}

async fn a_client_certificate_is_given_or_not() -> io::Result<()> {
    let Some(nginx) = Nginx::start().await else { return Ok(()) };
    for protocol in PROTOCOLS {
        let connector = connector_of(client().protocol(protocol).identity(pki().client.identity()));
        let facts_of_client = facts(&connect(&connector, &nginx).await?).await?;
        assert_eq!(facts_of_client, format!("{protocol} . SUCCESS CN=a client,O=fend tests localhost"));
    }
    Ok(())
}

async fn a_stranger_gets_no_page() -> io::Result<()> {
    let Some(nginx) = Nginx::start().await else { return Ok(()) };
    for protocol in PROTOCOLS {
        let connector = connector_of(client().protocol(protocol).identity(pki().foreign_client.identity()));
        let (status, _) = get(&connect(&connector, &nginx).await?, "/small").await?;
        assert_eq!(status, 400);
    }
    Ok(())
}

async fn sessions_are_resumed() -> io::Result<()> {
    let Some(nginx) = Nginx::start().await else { return Ok(()) };
    for protocol in PROTOCOLS {
        let connector = connector_of(client().protocol(protocol));
        for round in 0..4 {
            let stream = connect(&connector, &nginx).await?;
            let said = facts(&stream).await?;
            assert_eq!(stream.is_resumed(), round > 0, "{protocol}, round {round}");
            assert_eq!(said.contains(" r "), round > 0, "{said}");
            stream.shutdown().await?;
        }
    }
    Ok(())
}

/// TL1
async fn the_end_of_a_connection_is_told() -> io::Result<()> {
    let Some(nginx) = Nginx::start().await else { return Ok(()) };
    for protocol in PROTOCOLS {
        let stream = connect(&connector_of(client().protocol(protocol)), &nginx).await?;
        stream.send_all(b"GET /large HTTP/1.0\r\n\r\n").await?;
        let mut all = Vec::new();
        futures_lite::AsyncReadExt::read_to_end(&mut &stream, &mut all).await?;
        let start = all.len() - LARGE;
        assert_same(&all[start..], &noise(LARGE));
    }
    Ok(())
}
