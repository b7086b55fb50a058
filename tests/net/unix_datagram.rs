//! Datagrams over Unix sockets.

use std::future::Future;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram as StdDatagram};
use std::path::PathBuf;
use std::task::Poll;
use std::time::Duration;

use fend::net::unix::TruncatedError;
use fend::net::{Shutdown, UnixDatagram};
use fend::time::timeout;
use futures_lite::future::{poll_fn, poll_once};

use crate::forks::no_forks;
use crate::unix_place::{Directory, abstract_name};

on_every_dispatcher!(
    datagrams_keep_their_borders_and_sender,
    truncation_is_reported,
    empty_datagrams_are_datagrams,
    connected_pair,
    connected_socket_hears_nobody_else,
    peek_leaves_the_datagram,
    polled_and_tried,
    cancelled_recv_loses_nothing,
    full_receiver_is_waited_for_without_an_event,
    full_receiver_is_waited_for_by_event_when_connected,
    full_pair_is_waited_for,
    receiver_that_goes_is_an_error,
    shutdown_ends_the_reading,
);

async fn datagrams_keep_their_borders_and_sender() -> io::Result<()> {
    let directory = Directory::new()?;
    let (here, there) = (directory.join("here"), directory.join("there"));
    let receiver = UnixDatagram::bind(&here).await?;
    let peer = StdDatagram::bind(&there)?;
    peer.send_to(b"one", &here)?;
    peer.send_to(b"two and more", &here)?;
    let mut buf = [0; 64];
    let (len, from) = receiver.recv_from(&mut buf).await?;
    assert_eq!((&buf[..len], from.as_pathname()), (&b"one"[..], Some(&*there)));
    let (len, _) = receiver.recv_from(&mut buf).await?;
    assert_eq!(&buf[..len], b"two and more");

    // And back, to the address as it was told.
    assert_eq!(receiver.send_to(b"answer", &from).await?, 6);
    let (len, from) = peer.recv_from(&mut buf)?;
    assert_eq!((&buf[..len], from.as_pathname()), (&b"answer"[..], Some(&*here)));

    let name = SocketAddr::from_abstract_name(abstract_name())?;
    let named = UnixDatagram::bind(&name).await?;
    UnixDatagram::unbound()?.send_to(b"x", &name).await?;
    let (_, from) = named.recv_from(&mut buf).await?;
    assert!(from.is_unnamed());
    assert_eq!(named.send_to(b"x", &here).await?, 1);
    let (_, from) = receiver.recv_from(&mut buf).await?;
    assert_eq!(from.as_abstract_name(), name.as_abstract_name());
    Ok(())
}

async fn truncation_is_reported() -> io::Result<()> {
    let (ours, theirs) = UnixDatagram::pair()?;
    for _ in 0..4 {
        theirs.send(b"0123456789").await?;
    }
    let mut buf = [0; 4];
    let error = ours.recv(&mut buf).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let detail =
        error.get_ref().and_then(|error| error.downcast_ref::<TruncatedError>()).expect("its detail");
    assert_eq!((detail.datagram_len(), detail.buffer_len(), &buf), (10, 4, b"0123"));
    let error = ours.try_recv_from(&mut buf).unwrap_err();
    assert!(error.to_string().contains("a datagram of 10 bytes"), "{error}");
    assert_eq!(ours.peek(&mut buf).await?, 4);
    let record = ours.recv_record(&mut buf).await?;
    assert!(record.is_truncated());
    assert_eq!((record.len, record.full_len, &buf), (4, 10, b"0123"));
    let record = ours.recv_record(&mut [0; 10]).await?;
    assert!(!record.is_truncated());
    assert_eq!((record.len, record.full_len), (10, 10));
    Ok(())
}

/// NT8
async fn empty_datagrams_are_datagrams() -> io::Result<()> {
    let (ours, theirs) = UnixDatagram::pair()?;
    assert_eq!(theirs.send(b"").await?, 0);
    theirs.send(b"more").await?;
    let mut buf = [0; 8];
    assert_eq!(ours.recv(&mut buf).await?, 0);
    assert_eq!(ours.recv(&mut buf).await?, 4);
    theirs.send(b"").await?;
    assert_eq!(ours.recv_record(&mut buf).await?.full_len, 0);
    assert!(poll_once(ours.recv(&mut buf)).await.is_none());
    Ok(())
}

async fn connected_pair() -> io::Result<()> {
    let (ours, theirs) = UnixDatagram::pair()?;
    assert!(ours.local_addr()?.is_unnamed() && ours.peer_addr()?.is_unnamed());
    ours.send(b"ping").await?;
    let mut buf = [0; 8];
    assert_eq!(theirs.recv(&mut buf).await?, 4);
    theirs.clone().send(b"pong!").await?;
    assert_eq!(ours.recv(&mut buf).await?, 5);
    Ok(())
}

async fn connected_socket_hears_nobody_else() -> io::Result<()> {
    let directory = Directory::new()?;
    let (here, there) = (directory.join("here"), directory.join("there"));
    let socket = UnixDatagram::bind(&here).await?;
    assert_eq!(socket.peer_addr().unwrap_err().kind(), io::ErrorKind::NotConnected);
    assert_eq!(socket.send(b"x").await.unwrap_err().kind(), io::ErrorKind::NotConnected);
    let peer = StdDatagram::bind(&there)?;
    socket.connect(&there).await?;
    assert_eq!(socket.peer_addr()?.as_pathname(), Some(&*there));
    let error = StdDatagram::unbound()?.send_to(b"intruder", &here).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    peer.send_to(b"friend", &here)?;
    assert_eq!(socket.recv(&mut [0; 16]).await?, 6);
    socket.send(b"back").await?;
    assert_eq!(peer.recv(&mut [0; 16])?, 4);
    let shown = format!("{socket:?}");
    for part in [here.display().to_string(), there.display().to_string(), "fd: ".to_owned()] {
        assert!(shown.contains(&part), "{shown} has {part}");
    }
    Ok(())
}

async fn peek_leaves_the_datagram() -> io::Result<()> {
    let (ours, theirs) = UnixDatagram::pair()?;
    let mut buf = [0; 8];
    assert!(poll_once(ours.peek(&mut buf)).await.is_none());
    theirs.send(b"once").await?;
    assert_eq!(ours.peek(&mut buf).await?, 4);
    assert_eq!(ours.peek_from(&mut buf).await?.0, 4);
    assert_eq!(ours.try_peek(&mut buf)?, 4);
    assert_eq!(ours.recv(&mut buf).await?, 4);
    assert_eq!(ours.try_peek(&mut buf).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    Ok(())
}

async fn polled_and_tried() -> io::Result<()> {
    let directory = Directory::new()?;
    let here = directory.join("here");
    let socket = UnixDatagram::bind(&here).await?;
    let peer = UnixDatagram::unbound()?;
    let mut buf = [0; 8];
    assert_eq!(socket.try_recv(&mut buf).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(socket.try_recv_from(&mut buf).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let early = poll_fn(|cx| Poll::Ready(socket.poll_recv_from(cx, &mut buf).is_pending()));
    assert!(early.await);
    assert_eq!(peer.try_send_to(b"one", &here)?, 3);
    socket.readable().await?;
    assert_eq!(poll_fn(|cx| socket.poll_recv_from(cx, &mut buf)).await?.0, 3);
    peer.connect(&here).await?;
    poll_fn(|cx| peer.poll_writable(cx)).await?;
    assert_eq!(poll_fn(|cx| peer.poll_send(cx, b"two!")).await?, 4);
    poll_fn(|cx| socket.poll_readable(cx)).await?;
    assert_eq!(poll_fn(|cx| socket.poll_peek(cx, &mut buf)).await?, 4);
    assert_eq!(poll_fn(|cx| socket.poll_recv(cx, &mut buf)).await?, 4);
    assert_eq!(peer.try_send(b"three")?, 5);
    assert_eq!(socket.try_recv(&mut buf)?, 5);
    Ok(())
}

/// NT11
async fn cancelled_recv_loses_nothing() -> io::Result<()> {
    let (ours, theirs) = UnixDatagram::pair()?;
    let sender = fend::spawn(async move {
        for number in 0..1000_u32 {
            theirs.send(&number.to_ne_bytes()).await?;
        }
        io::Result::Ok(())
    });
    let mut buf = [0; 4];
    let mut next = 0;
    while next < 1000_u32 {
        match poll_once(ours.recv(&mut buf)).await {
            Some(len) => {
                assert_eq!((len?, u32::from_ne_bytes(buf)), (4, next));
                next += 1;
            }
            None => ours.readable().await?,
        }
    }
    sender.await.expect("the sender")
}

/// A receiver whose queue others have filled, so that nothing which happens to the sender's own datagrams can tell it of room.
fn full_receiver(directory: &Directory) -> io::Result<(StdDatagram, PathBuf)> {
    let path = directory.join("receiver");
    let receiver = StdDatagram::bind(&path)?;
    let other = StdDatagram::unbound()?;
    other.set_nonblocking(true)?;
    loop {
        match other.send_to(b"other", &path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok((receiver, path)),
            Err(error) => return Err(error),
        }
    }
}

async fn full_receiver_is_waited_for_without_an_event() -> io::Result<()> {
    let directory = Directory::new()?;
    let (receiver, path) = full_receiver(&directory)?;
    let sender = UnixDatagram::unbound()?;
    let error = sender.try_send_to(b"ours", &path).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    let mut sending = Box::pin(sender.send_to(b"ours", &path));
    let mut polls = 0;
    let counted = poll_fn(|cx| {
        polls += 1;
        sending.as_mut().poll(cx)
    });
    assert!(timeout(Duration::from_millis(100), counted).await.is_err());
    // 1 + 2 + 4 + .. ms: the socket is writable all the while, and every attempt makes an event, which must not be followed.
    assert!(polls <= 15, "{polls} polls in 100 ms");
    receiver.recv(&mut [0; 16])?;
    receiver.recv(&mut [0; 16])?;
    assert_eq!(sending.await?, 4);
    Ok(())
}

async fn full_receiver_is_waited_for_by_event_when_connected() -> io::Result<()> {
    let directory = Directory::new()?;
    let (receiver, path) = full_receiver(&directory)?;
    let sender = UnixDatagram::unbound()?;
    sender.connect(&path).await?;
    let mut sending = Box::pin(sender.send(b"ours"));
    assert!(poll_once(&mut sending).await.is_none());
    receiver.set_nonblocking(true)?;
    while receiver.recv(&mut [0; 16]).is_ok() {}
    assert_eq!(sending.await?, 4);
    assert_eq!(receiver.recv(&mut [0; 16])?, 4);
    Ok(())
}

async fn full_pair_is_waited_for() -> io::Result<()> {
    let (ours, theirs) = UnixDatagram::pair()?;
    let block = [7; 4096];
    let mut sent = 0;
    while poll_once(ours.send(&block)).await.transpose()?.is_some() {
        sent += 1;
    }
    let mut sending = Box::pin(ours.send(&block));
    assert!(poll_once(&mut sending).await.is_none());
    let mut buf = [0; 5000];
    for _ in 0..sent {
        assert_eq!(theirs.recv(&mut buf).await?, 4096);
    }
    assert_eq!(sending.await?, 4096);
    assert_eq!(theirs.recv(&mut buf).await?, 4096);
    assert!(ours.send(&vec![0; 64 << 20]).await.unwrap_err().raw_os_error() == Some(libc::EMSGSIZE));
    Ok(())
}

async fn receiver_that_goes_is_an_error() -> io::Result<()> {
    let (ours, theirs) = UnixDatagram::pair()?;
    let _closed_at_once = no_forks();
    drop(theirs);
    let error = ours.send(b"hello?").await.unwrap_err();
    assert!(
        matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset),
        "{error}"
    );
    Ok(())
}

async fn shutdown_ends_the_reading() -> io::Result<()> {
    let (ours, theirs) = UnixDatagram::pair()?;
    let mut buf = [0; 8];
    let mut receiving = Box::pin(ours.recv(&mut buf));
    assert!(poll_once(&mut receiving).await.is_none());
    theirs.shutdown(Shutdown::Write)?;
    ours.shutdown(Shutdown::Read)?;
    assert!(timeout(Duration::from_secs(30), receiving).await.is_ok(), "no hang");
    Ok(())
}
