//! Sockets, pipes, copying and TLS.

use std::io;
use std::net::Shutdown;

use fend::io::copy;
use fend::net::pipe::pipe;
use fend::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use futures::future::{try_join, try_join3};

use super::place::Place;
use crate::tls_ends::both_ends;

/// More than fits into any buffer of the kernel's, so that both ends wait.
const LARGE: usize = 1 << 20;

fn pattern(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n % 251) as u8).collect()
}

async fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (client, (server, _)) =
        try_join(TcpStream::connect(listener.local_addr()?), listener.accept()).await?;
    Ok((client, server))
}

/// Connected, accepted, sent, received, ended.
pub(super) async fn tcp() -> io::Result<()> {
    let (client, server) = connected().await?;
    let data = pattern(LARGE);
    let send = async {
        client.send_all(&data).await?;
        client.shutdown(Shutdown::Write)
    };
    let receive = async {
        let mut received = vec![0; LARGE];
        server.recv_exact(&mut received).await?;
        assert!(received == data);
        assert_eq!(server.recv(&mut [0; 8]).await?, 0);
        Ok(())
    };
    try_join(send, receive).await.map(drop)
}

pub(super) async fn udp(round: u64) -> io::Result<()> {
    let one = UdpSocket::bind("127.0.0.1:0").await?;
    let other = UdpSocket::bind("127.0.0.1:0").await?;
    for number in 0..10 {
        let message = (round + number).to_be_bytes();
        let mut buf = [0; 16];
        let (_, (count, from)) =
            try_join(one.send_to(&message, other.local_addr()?), other.recv_from(&mut buf)).await?;
        assert_eq!((&buf[..count], from), (&message[..], one.local_addr()?));
    }
    Ok(())
}

/// With a path, as a pair, and datagrams.
pub(super) async fn unix() -> io::Result<()> {
    let place = Place::new();
    let listener = UnixListener::bind(place.join("socket")).await?;
    let (client, (server, _)) =
        try_join(UnixStream::connect(place.join("socket")), listener.accept()).await?;
    let data = pattern(LARGE);
    let mut received = vec![0; LARGE];
    try_join(client.send_all(&data), server.recv_exact(&mut received)).await?;
    assert!(received == data);
    let (one, other) = UnixDatagram::pair()?;
    let mut buf = [0; 16];
    let (_, count) = try_join(one.send(b"message"), other.recv(&mut buf)).await?;
    assert_eq!(&buf[..count], b"message");
    Ok(())
}

pub(super) async fn pipes() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    let data = pattern(LARGE);
    let mut received = vec![0; LARGE];
    try_join(writer.send_all(&data), reader.recv_exact(&mut received)).await?;
    assert!(received == data);
    drop(writer);
    assert_eq!(reader.recv(&mut [0; 8]).await?, 0);
    Ok(())
}

/// From one connection to another, inside the kernel.
pub(super) async fn copying() -> io::Result<()> {
    let ((from, input), (output, to)) = try_join(connected(), connected()).await?;
    let data = pattern(LARGE);
    let send = async {
        from.send_all(&data).await?;
        from.shutdown(Shutdown::Write)
    };
    let pass = async {
        assert_eq!(copy(&input, &output).await?, LARGE as u64);
        output.shutdown(Shutdown::Write)
    };
    let receive = async {
        let mut received = vec![0; LARGE];
        to.recv_exact(&mut received).await?;
        assert!(received == data);
        Ok(())
    };
    try_join3(send, pass, receive).await.map(drop)
}

/// A handshake, a message each way, and the end.
pub(super) async fn tls() -> io::Result<()> {
    let (connector, acceptor) = both_ends();
    let (client, server) = connected().await?;
    let client = async { connector.handshake("localhost", client).await.map_err(io::Error::from) };
    let server = async { acceptor.handshake(server).await.map_err(io::Error::from) };
    let (client, server) = try_join(client, server).await?;
    let data = pattern(LARGE);
    let mut received = vec![0; LARGE];
    try_join(client.send_all(&data), server.recv_exact(&mut received)).await?;
    assert!(received == data);
    let mut buf = [0; 16];
    let (_, count) = try_join(server.send(b"thanks"), client.recv(&mut buf)).await?;
    assert_eq!(&buf[..count], b"thanks");
    Ok(())
}
