//! A Unix datagram socket that is connected to one peer and sends to others: each is waited for alone.

use std::io::{self, ErrorKind, IoSlice};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram as StdDatagram};
use std::time::Duration;

use fend::net::control::ControlBuffer;
use fend::net::{MsgFlags, UnixDatagram};
use fend::time::timeout;
use futures_lite::future::poll_once;

use crate::unix_place::abstract_name;

on_every_dispatcher!(
    full_peer_does_not_hold_up_others,
    full_peer_and_full_receiver,
    full_receiver_does_not_hold_up_the_peer,
    another_peer_ends_the_wait_for_a_full_one,
    sending_past_a_full_peer_lets_others_run,
);

/// Far more than what is waited for takes, far less than the harness waits for a stalled test.
const LONG: Duration = Duration::from_secs(5);

fn receiver() -> io::Result<(StdDatagram, SocketAddr)> {
    let name = SocketAddr::from_abstract_name(abstract_name())?;
    Ok((StdDatagram::bind_addr(&name)?, name))
}

fn fill(socket: &UnixDatagram, receiver: &SocketAddr) -> io::Result<()> {
    loop {
        match socket.try_send_to(b"full", receiver) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            other => other?,
        };
    }
}

/// A socket that is connected to a peer whose queue is full, and knows it.
async fn with_full_peer() -> io::Result<(UnixDatagram, StdDatagram, SocketAddr)> {
    let (peer, name) = receiver()?;
    let socket = UnixDatagram::unbound()?;
    socket.connect(&name).await?;
    fill(&socket, &name)?;
    assert!(poll_once(socket.send(b"x")).await.is_none());
    Ok((socket, peer, name))
}

async fn full_peer_does_not_hold_up_others() -> io::Result<()> {
    let (socket, _peer, _) = with_full_peer().await?;
    let (other, name) = receiver()?;
    let mut buf = [0; 8];
    for _ in 0..100 {
        timeout(LONG, socket.send_to(b"past", &name)).await.expect("no wait for the peer")?;
        assert_eq!(other.recv(&mut buf)?, 4);
        let (bufs, control) = ([IoSlice::new(b"and again")], ControlBuffer::new());
        let sent = socket.send_msg_to(&bufs, &name, &control, MsgFlags::NONE);
        timeout(LONG, sent).await.expect("no wait for the peer")?;
        other.recv(&mut buf)?;
    }
    Ok(())
}

async fn full_peer_and_full_receiver() -> io::Result<()> {
    let (socket, peer, _) = with_full_peer().await?;
    let (other, name) = receiver()?;
    fill(&socket, &name)?;
    let mut send = Box::pin(socket.send_to(b"last", &name));
    assert!(timeout(Duration::from_millis(20), send.as_mut()).await.is_err());
    let mut buf = [0; 8];
    // Room at the peer is none at the receiver.
    peer.recv(&mut buf)?;
    assert!(timeout(Duration::from_millis(20), send.as_mut()).await.is_err());
    other.recv(&mut buf)?;
    assert_eq!(timeout(LONG, send).await.expect("room at the receiver")?, 4);
    Ok(())
}

async fn full_receiver_does_not_hold_up_the_peer() -> io::Result<()> {
    let (peer, peer_name) = receiver()?;
    let (other, name) = receiver()?;
    let socket = UnixDatagram::unbound()?;
    socket.connect(&peer_name).await?;
    fill(&socket, &name)?;
    let mut stuck = Box::pin(socket.send_to(b"stuck", &name));
    assert!(poll_once(stuck.as_mut()).await.is_none());
    timeout(LONG, socket.send(b"free")).await.expect("no wait for the receiver")?;
    assert_eq!(peer.recv(&mut [0; 8])?, 4);
    other.recv(&mut [0; 8])?;
    assert_eq!(timeout(LONG, stuck).await.expect("room at the receiver")?, 5);
    Ok(())
}

async fn another_peer_ends_the_wait_for_a_full_one() -> io::Result<()> {
    let (socket, _peer, _) = with_full_peer().await?;
    let (other, name) = receiver()?;
    let waiting = fend::spawn({
        let socket = socket.clone();
        async move { socket.send(b"x").await }
    });
    fend::yield_now().await;
    socket.connect(&name).await?;
    timeout(LONG, waiting).await.expect("the new peer has room")??;
    assert_eq!(other.recv(&mut [0; 8])?, 1);
    Ok(())
}

/// A receiver that is always emptied, by a thread of its own: the sender never has to wait.
async fn sending_past_a_full_peer_lets_others_run() -> io::Result<()> {
    let (socket, _peer, _) = with_full_peer().await?;
    let (other, name) = receiver()?;
    let drain = std::thread::spawn(move || -> io::Result<()> {
        let mut buf = [0; 8];
        while other.recv(&mut buf)? > 0 {}
        Ok(())
    });
    let (mut others, mut sends) = (0_u32, 0_u32);
    let counted = async {
        while others < 10 {
            others += 1;
            fend::yield_now().await;
        }
    };
    let sending = async {
        loop {
            socket.send_to(b"on", &name).await?;
            sends += 1;
        }
    };
    let failed: io::Result<()> = futures_lite::future::or(sending, async {
        counted.await;
        Ok(())
    })
    .await;
    failed?;
    assert_eq!(others, 10);
    socket.send_to(b"", &name).await?;
    drain.join().expect("the receiver")?;
    Ok(())
}
