//! From std and bare fds and back, and what the type is.

use std::fmt::Debug;
use std::io;
use std::net;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::panic::{RefUnwindSafe, UnwindSafe};

use fend::net::UdpSocket;
use fend::net::udp::{RecvBatch, RecvMeta, SendBatch};
use futures_lite::future::poll_once;
use socket2::SockRef;

use crate::udp_basics::connected_pair;

on_every_dispatcher!(
    udp_of_std_is_made_non_blocking_and_back,
    udp_clones_keep_the_socket,
    udp_bare_fd_there_and_back,
    udp_unfit_fds_are_refused,
    udp_options_are_kept,
);

/// NT12
async fn udp_of_std_is_made_non_blocking_and_back() -> io::Result<()> {
    let (_, peer) = connected_pair().await?;
    let blocking = net::UdpSocket::bind("127.0.0.1:0")?;
    blocking.connect(peer.local_addr()?)?;
    peer.connect(blocking.local_addr()?)?;
    // What has come before is seen.
    peer.send(b"early")?;
    let socket = UdpSocket::try_from(blocking)?;
    let mut buf = [0; 8];
    assert_eq!(socket.recv(&mut buf).await?, 5);
    assert!(poll_once(socket.recv(&mut buf)).await.is_none(), "waits, and does not block the thread");
    let blocking = socket.into_std()?;
    assert!(!SockRef::from(&blocking).nonblocking()?);
    peer.send(b"late")?;
    assert_eq!(blocking.recv(&mut buf)?, 4);
    // And in again: the same fd is registered anew.
    let socket = UdpSocket::try_from(blocking)?;
    assert!(poll_once(socket.readable()).await.is_none());
    peer.send(b"x")?;
    assert_eq!(socket.recv(&mut buf).await?, 1);
    Ok(())
}

async fn udp_clones_keep_the_socket() -> io::Result<()> {
    let (socket, _peer) = connected_pair().await?;
    let fd = socket.as_raw_fd();
    let clone = socket.clone();
    let error = socket.into_std().unwrap_err();
    assert_eq!(error.error().kind(), io::ErrorKind::ResourceBusy);
    let socket = error.into_inner();
    assert_eq!(socket.as_raw_fd(), fd);
    drop(clone);
    assert_eq!(socket.into_std()?.as_raw_fd(), fd);
    Ok(())
}

async fn udp_bare_fd_there_and_back() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let fd = OwnedFd::try_from(socket)?;
    assert!(SockRef::from(&fd).nonblocking()?, "stays as it is");
    let socket = UdpSocket::try_from(fd)?;
    peer.send(b"x")?;
    assert_eq!(socket.recv(&mut [0; 2]).await?, 1);
    Ok(())
}

async fn udp_unfit_fds_are_refused() -> io::Result<()> {
    let (unix, _other) = UnixDatagram::pair()?;
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    for (fd, reason) in [
        (OwnedFd::from(unix), "not an IPv4 or IPv6 socket"),
        (OwnedFd::from(listener), "not a datagram socket"),
    ] {
        let error = UdpSocket::try_from(fd).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains(reason), "{error}");
    }
    assert!(UdpSocket::try_from(OwnedFd::from(std::fs::File::open("/dev/null")?)).is_err());
    Ok(())
}

async fn udp_options_are_kept() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.set_broadcast(true)?;
    assert!(socket.broadcast()?);
    socket.set_ttl(33)?;
    assert_eq!(socket.ttl()?, 33);
    socket.set_tos(0x28)?;
    assert_eq!(socket.tos()?, 0x28);
    assert!(socket.only_v6().is_err());
    assert_eq!(socket.set_ttl(0).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let socket = UdpSocket::bind("[::1]:0").await?;
    socket.set_ttl(44)?;
    assert_eq!(socket.ttl()?, 44);
    socket.set_tos(0x2C)?;
    assert_eq!(socket.tos()?, 0x2C);
    assert!(socket.take_error()?.is_none());
    Ok(())
}

#[test]
fn the_types_are_what_they_promise() {
    fn socket<
        T: AsFd + AsRawFd + Clone + Send + Sync + Unpin + Debug + UnwindSafe + RefUnwindSafe + 'static,
    >() {
    }
    fn value<T: Send + Sync + Unpin + Debug + 'static>() {}
    socket::<UdpSocket>();
    value::<RecvBatch>();
    value::<SendBatch>();
    value::<RecvMeta>();
}
