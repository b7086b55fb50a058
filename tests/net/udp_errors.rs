//! ICMP errors: each is met once, and then the socket works on.

use std::io::{self, ErrorKind};
use std::net;
use std::sync::OnceLock;
use std::time::Duration;

use fend::net::UdpSocket;
use futures_lite::future::poll_once;

use crate::udp_basics::connected_pair;

on_every_dispatcher!(
    icmp_error_is_consumed_once_and_does_not_spin,
    icmp_error_meets_a_sender_too,
    icmp_error_can_be_taken,
    unconnected_hears_of_no_errors,
);

/// How often this runtime's drivers turned in a time in which nothing happens.
pub(crate) async fn turns_while_idle() -> u64 {
    let turns = || fend::Handle::current().metrics().driver_turns();
    let before = turns();
    fend::time::sleep(Duration::from_millis(50)).await;
    turns() - before
}

/// An address of this host that nobody answers at, and that nobody gets meanwhile: it belongs to a socket which knows another peer, so that
/// the kernel answers others as if there was none.
pub(crate) fn nobody() -> io::Result<net::SocketAddr> {
    static KEPT: OnceLock<net::UdpSocket> = OnceLock::new();
    let kept = net::UdpSocket::bind("127.0.0.1:0")?;
    kept.connect("127.0.0.1:1")?;
    KEPT.get_or_init(|| kept).local_addr()
}

/// NT8
async fn icmp_error_is_consumed_once_and_does_not_spin() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(nobody()?).await?;
    let mut buf = [0; 8];
    for _ in 0..3 {
        assert!(poll_once(socket.recv(&mut buf)).await.is_none());
        socket.send(b"anybody?").await?;
        let error = socket.recv(&mut buf).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    let waiting = fend::spawn({
        let socket = socket.clone();
        async move { socket.recv(&mut [0; 8]).await }
    });
    let turns = turns_while_idle().await;
    assert!(turns < 40, "{turns} turns while nothing happened");
    assert!(!waiting.is_finished());
    // And it works on.
    let peer = net::UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(peer.local_addr()?).await?;
    peer.send_to(b"there", socket.local_addr()?)?;
    assert_eq!(waiting.await.expect("the receiver")?, 5);
    Ok(())
}

async fn icmp_error_meets_a_sender_too() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(nobody()?).await?;
    socket.send(b"one").await?;
    assert_eq!(socket.send(b"two").await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    // The second was not sent, so no further error comes of it.
    assert!(poll_once(socket.recv(&mut [0; 8])).await.is_none());
    assert_eq!(socket.send(b"three").await?, 5);
    Ok(())
}

async fn icmp_error_can_be_taken() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(nobody()?).await?;
    socket.send(b"one").await?;
    socket.readable().await?;
    assert_eq!(socket.take_error()?.expect("an error").kind(), ErrorKind::ConnectionRefused);
    assert!(socket.take_error()?.is_none());
    assert!(poll_once(socket.recv(&mut [0; 8])).await.is_none());
    Ok(())
}

async fn unconnected_hears_of_no_errors() -> io::Result<()> {
    let (_, peer) = connected_pair().await?;
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let nobody = nobody()?;
    for _ in 0..3 {
        socket.send_to(b"x", nobody).await?;
    }
    assert!(poll_once(socket.recv(&mut [0; 8])).await.is_none());
    drop(peer);
    Ok(())
}
