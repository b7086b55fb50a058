//! QUIC by quinn, on fend's runtime: both ends in one, over loopback.

mod ends;
mod vanishing;

use std::future::poll_fn;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::net::UdpSocket;

use bytes::Bytes;
use futures::future::try_join_all;
use interop::quinn_runtime::FendRuntime;
use quinn::{Connection, RecvStream, Runtime, SendStream, VarInt};

use ends::Ends;

const MEGABYTE: usize = 1 << 20;

on_every_dispatcher!(
    twenty_megabytes_there_and_back,
    many_streams_at_once,
    datagrams,
    a_reset_and_a_stop_reach_the_peer,
    the_socket_is_replaced_under_a_connection,
    an_untrusted_certificate_is_refused,
    each_connection_has_its_own_wait_for_room,
);

/// Sends back what comes on every stream of two ways, each in a task of its own, until the connection ends.
async fn echo(connection: Connection) {
    while let Ok((send, receive)) = connection.accept_bi().await {
        fend::spawn(echo_stream(send, receive));
    }
}

async fn echo_stream(mut send: SendStream, mut receive: RecvStream) -> io::Result<()> {
    while let Some(chunk) = receive.read_chunk(64 * 1024, true).await? {
        send.write_chunk(chunk.bytes).await?;
    }
    Ok(send.finish()?)
}

/// `length` bytes that repeat nowhere near each other, made piece by piece and told apart by their `seed`.
fn pieces(seed: u64, length: usize) -> impl Iterator<Item = Vec<u8>> {
    const PIECE: usize = 64 * 1024;
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    (0..length).step_by(PIECE).map(move |at| {
        let mut piece = vec![0; PIECE.min(length - at)];
        for word in piece.chunks_mut(8) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            word.copy_from_slice(&state.to_be_bytes()[..word.len()]);
        }
        piece
    })
}

/// Sends `length` bytes on a new stream and receives as many at the same time; the checksums of both must agree.
async fn echoed(connection: &Connection, seed: u64, length: usize) -> io::Result<()> {
    let (mut send, mut receive) = connection.open_bi().await?;
    let sending = async {
        let mut sum = DefaultHasher::new();
        for piece in pieces(seed, length) {
            sum.write(&piece);
            send.write_all(&piece).await?;
        }
        send.finish()?;
        io::Result::Ok(sum.finish())
    };
    let receiving = async {
        let (mut sum, mut count, mut piece) = (DefaultHasher::new(), 0, vec![0; 64 * 1024]);
        while count < length {
            let size = piece.len().min(length - count);
            receive.read_exact(&mut piece[..size]).await.map_err(io::Error::other)?;
            sum.write(&piece[..size]);
            count += size;
        }
        assert_eq!(receive.read(&mut piece).await?, None, "more than was sent");
        io::Result::Ok(sum.finish())
    };
    let (sent, received) = futures::try_join!(sending, receiving)?;
    assert_eq!(sent, received, "the bytes of stream {seed}");
    Ok(())
}

async fn twenty_megabytes_there_and_back() -> io::Result<()> {
    let ends = Ends::new().await?;
    let echo = fend::spawn(echo(ends.accepted.clone()));
    echoed(&ends.connected, 1, 20 * MEGABYTE).await?;
    ends.close().await;
    echo.await.map_err(io::Error::other)
}

async fn many_streams_at_once() -> io::Result<()> {
    let ends = Ends::new().await?;
    let echo = fend::spawn(echo(ends.accepted.clone()));
    try_join_all((0..40).map(|seed| echoed(&ends.connected, seed, 200_000 + 1000 * seed as usize))).await?;
    ends.close().await;
    echo.await.map_err(io::Error::other)
}

async fn datagrams() -> io::Result<()> {
    let ends = Ends::new().await?;
    // One at a time: QUIC may lose a datagram that comes while others wait, and says nothing.
    for number in 0..100_u8 {
        let sent = Bytes::from(vec![number; 1000]);
        ends.connected.send_datagram_wait(sent.clone()).await.map_err(io::Error::other)?;
        assert_eq!(ends.accepted.read_datagram().await?, sent);
        ends.accepted.send_datagram_wait(sent.clone()).await.map_err(io::Error::other)?;
        assert_eq!(ends.connected.read_datagram().await?, sent);
    }
    ends.close().await;
    Ok(())
}

async fn a_reset_and_a_stop_reach_the_peer() -> io::Result<()> {
    let ends = Ends::new().await?;
    let mut sender = ends.connected.open_uni().await?;
    sender.write_all(b"begun").await?;
    let mut receiver = ends.accepted.accept_uni().await?;
    receiver.read_exact(&mut [0; 5]).await.map_err(io::Error::other)?;
    sender.reset(VarInt::from_u32(7))?;
    let error = receiver.read(&mut [0; 5]).await.unwrap_err();
    assert_eq!(error, quinn::ReadError::Reset(VarInt::from_u32(7)));

    let mut sender = ends.connected.open_uni().await?;
    sender.write_all(b"begun").await?;
    ends.accepted.accept_uni().await?.stop(VarInt::from_u32(8))?;
    assert_eq!(sender.stopped().await.map_err(io::Error::other)?, Some(VarInt::from_u32(8)));
    ends.close().await;
    Ok(())
}

async fn the_socket_is_replaced_under_a_connection() -> io::Result<()> {
    let ends = Ends::new().await?;
    let echo = fend::spawn(echo(ends.accepted.clone()));
    echoed(&ends.connected, 1, MEGABYTE).await?;
    let before = ends.accepted.remote_address();
    ends.client.rebind(UdpSocket::bind("127.0.0.1:0")?)?;
    // On a machine that stands still, the server may take the client back to the old address when its check of the new one takes too long: until
    // the next packet comes from there.
    let after = ends.client.local_addr()?;
    let mut seed = 2;
    while seed == 2 || ends.accepted.remote_address() != after {
        echoed(&ends.connected, seed, MEGABYTE).await?;
        seed += 1;
    }
    assert_ne!(after, before);
    ends.close().await;
    echo.await.map_err(io::Error::other)
}

async fn an_untrusted_certificate_is_refused() -> io::Result<()> {
    let (server, client) = ends::endpoints(ends::transport())?;
    let accepting = fend::spawn({
        let server = server.clone();
        async move { server.accept().await.expect("it is open").await }
    });
    let stranger = ends::client_config(&ends::certificate(), ends::transport());
    let connecting = client.connect_with(stranger, server.local_addr()?, "localhost").expect("a client");
    let error = connecting.await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    accepting.await.expect("it does not panic").unwrap_err();
    Ok(())
}

/// On loopback there is always room, so that connections never come to this wait by themselves.
async fn each_connection_has_its_own_wait_for_room() -> io::Result<()> {
    let socket = FendRuntime.wrap_udp_socket(UdpSocket::bind("127.0.0.1:0")?)?;
    let mut waits: Vec<_> = (0..100).map(|_| socket.clone().create_io_poller()).collect();
    for _ in 0..3 {
        for wait in &mut waits {
            poll_fn(|cx| wait.as_mut().poll_writable(cx)).await?;
        }
    }
    Ok(())
}
