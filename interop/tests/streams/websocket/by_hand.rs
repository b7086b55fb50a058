//! Peers that are no library: std's sockets, and the bytes of RFC 6455.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{self, Shutdown, SocketAddr};

use async_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use async_tungstenite::tungstenite::protocol::WebSocketConfig;
use async_tungstenite::tungstenite::{Error, Message};
use async_tungstenite::{WebSocketStream, accept_async, accept_async_with_config, client_async};
use fend::net::{TcpListener, TcpStream};
use fend::task::JoinHandle;
use futures::StreamExt;

use super::echo;

const FINAL: u8 = 0x80;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

on_every_dispatcher!(
    a_client_made_by_hand,
    a_server_made_by_hand,
    a_message_in_fragments_with_a_ping_between,
    a_peer_that_vanishes_between_messages,
    a_peer_that_vanishes_within_a_frame,
    a_message_that_is_too_large,
    a_request_that_is_no_handshake,
);

/// A client's frame: masked, as all that a client sends must be.
fn masked(head: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![head];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xFFFF => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The first byte of a server's frame, and its payload.
fn read_frame(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let length = match head[1] {
        126 => {
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            usize::from(u16::from_be_bytes(length))
        }
        127 => {
            let mut length = [0; 8];
            stream.read_exact(&mut length)?;
            usize::try_from(u64::from_be_bytes(length)).expect("64 bits")
        }
        length => usize::from(length),
    };
    assert!(head[1] < 0x80, "a server masks nothing");
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload)?;
    Ok((head[0], payload))
}

/// The lines of a request's or a response's head.
fn read_head(stream: &mut impl BufRead) -> io::Result<Vec<String>> {
    stream.lines().take_while(|line| !line.as_ref().is_ok_and(String::is_empty)).collect()
}

/// Connects, and sends the handshake that RFC 6455 has for an example (section 1.3), with the answer that it gives.
fn open(address: SocketAddr) -> io::Result<BufReader<net::TcpStream>> {
    let mut stream = BufReader::new(net::TcpStream::connect(address)?);
    stream.get_mut().write_all(
        b"GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )?;
    let head = read_head(&mut stream)?;
    assert!(head[0].starts_with("HTTP/1.1 101 "), "{head:?}");
    let accept = head.iter().find(|line| line.to_ascii_lowercase().starts_with("sec-websocket-accept:"));
    assert!(accept.is_some_and(|line| line.ends_with(" s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")), "{head:?}");
    Ok(stream)
}

/// The closing handshake, after which the server is the first to close.
fn close(stream: &mut BufReader<net::TcpStream>) -> io::Result<()> {
    /// 1000: all is well.
    const NORMAL: [u8; 2] = 1000_u16.to_be_bytes();
    stream.get_mut().write_all(&masked(FINAL | CLOSE, &NORMAL))?;
    assert_eq!(read_frame(stream)?, (FINAL | CLOSE, NORMAL.to_vec()));
    assert_eq!(stream.read(&mut [0])?, 0);
    Ok(())
}

/// A client that talks as `talk` says, on a thread of its own, and the server's end of its connection.
async fn accepted_from(
    talk: impl FnOnce(BufReader<net::TcpStream>) -> io::Result<()> + Send + 'static,
) -> io::Result<(WebSocketStream<TcpStream>, JoinHandle<io::Result<()>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = fend::spawn_blocking(move || talk(open(address)?));
    let (stream, _) = listener.accept().await?;
    Ok((accept_async(stream).await.map_err(io::Error::other)?, client))
}

async fn a_client_made_by_hand() -> io::Result<()> {
    let (server, client) = accepted_from(|mut stream| {
        for length in [0, 5, 125, 126, 300, 65_535, 65_536, 300_000] {
            let payload: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            stream.get_mut().write_all(&masked(FINAL | BINARY, &payload))?;
            assert!(
                read_frame(&mut stream)? == (FINAL | BINARY, payload),
                "{length} bytes came back changed"
            );
        }
        close(&mut stream)
    })
    .await?;
    echo(server).await?;
    client.await?
}

async fn a_message_in_fragments_with_a_ping_between() -> io::Result<()> {
    let (server, client) = accepted_from(|mut stream| {
        for (head, payload) in
            [(TEXT, "in "), (FINAL | PING, "now?"), (CONTINUATION, "three "), (FINAL | CONTINUATION, "parts")]
        {
            stream.get_mut().write_all(&masked(head, payload.as_bytes()))?;
        }
        assert_eq!(read_frame(&mut stream)?, (FINAL | PONG, b"now?".to_vec()));
        assert_eq!(read_frame(&mut stream)?, (FINAL | TEXT, b"in three parts".to_vec()));
        close(&mut stream)
    })
    .await?;
    echo(server).await?;
    client.await?
}

/// `base64(sha1(key + the GUID of RFC 6455))`
fn accept_key(head: &[String]) -> String {
    let key = head.iter().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
    let hash = openssl::sha::sha1(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11").as_bytes());
    openssl::base64::encode_block(&hash)
}

async fn a_server_made_by_hand() -> io::Result<()> {
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = fend::spawn_blocking(move || {
        let mut stream = BufReader::new(listener.accept()?.0);
        let key = accept_key(&read_head(&mut stream)?);
        write!(
            stream.get_mut(),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {key}\r\n\r\n"
        )?;
        // A text in two frames, and a ping.
        stream.get_mut().write_all(b"\x01\x03one\x80\x03two\x89\x01?")?;
        // A masked pong, then nothing before the connection is ended without a closing handshake.
        let mut pong = [0; 7];
        stream.read_exact(&mut pong)?;
        assert_eq!(pong[..2], [FINAL | PONG, 0x81]);
        assert_eq!(pong[6] ^ pong[2], b'?');
        stream.get_ref().shutdown(Shutdown::Write)
    });
    let stream = TcpStream::connect(address).await?;
    let (mut client, _) = client_async("ws://localhost/", stream).await.map_err(io::Error::other)?;
    assert_eq!(client.next().await.expect("a message").map_err(io::Error::other)?, Message::text("onetwo"));
    assert!(matches!(client.next().await, Some(Ok(Message::Ping(_)))));
    let error = client.next().await.expect("an error").unwrap_err();
    assert!(matches!(error, Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)), "{error:?}");
    server.await?
}

async fn a_peer_that_vanishes_between_messages() -> io::Result<()> {
    let (mut server, client) = accepted_from(|stream| {
        drop(stream);
        Ok(())
    })
    .await?;
    client.await??;
    let error = server.next().await.expect("an error").unwrap_err();
    assert!(matches!(error, Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)), "{error:?}");
    assert!(server.next().await.is_none());
    // Sooner or later it is told that nobody listens.
    while server.send(Message::text("anybody?")).await.is_ok() {}
    Ok(())
}

async fn a_peer_that_vanishes_within_a_frame() -> io::Result<()> {
    let (mut server, client) = accepted_from(|mut stream| {
        let frame = masked(FINAL | BINARY, &[0; 300_000]);
        stream.get_mut().write_all(&frame[..200_000])
    })
    .await?;
    let error = server.next().await.expect("an error").unwrap_err();
    assert!(matches!(error, Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)), "{error:?}");
    client.await?
}

async fn a_message_that_is_too_large() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = fend::spawn_blocking(move || {
        let mut stream = open(address)?;
        stream.get_mut().write_all(&masked(FINAL | BINARY, &[0; 1000]))?;
        // Two frames that are small enough, of a message that is not. The server may have had enough before it has all.
        let large = [masked(BINARY, &[0; 900]), masked(FINAL | CONTINUATION, &[0; 900])].concat();
        match stream.get_mut().write_all(&large) {
            Err(error) if !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                Err(error)
            }
            _ => Ok(()),
        }
    });
    let (stream, _) = listener.accept().await?;
    let config = WebSocketConfig::default().max_message_size(Some(1000)).max_frame_size(Some(1000));
    let mut server = accept_async_with_config(stream, Some(config)).await.map_err(io::Error::other)?;
    assert_eq!(server.next().await.expect("a message").map_err(io::Error::other)?.len(), 1000);
    let error = server.next().await.expect("an error").unwrap_err();
    assert!(matches!(error, Error::Capacity(CapacityError::MessageTooLong { .. })), "{error:?}");
    drop(server);
    client.await?
}

async fn a_request_that_is_no_handshake() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = fend::spawn_blocking(move || {
        let mut stream = net::TcpStream::connect(address)?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    });
    let (stream, _) = listener.accept().await?;
    let error = accept_async(stream).await.expect_err("it is no handshake");
    assert!(matches!(error, Error::Protocol(_)), "{error:?}");
    client.await?
}
