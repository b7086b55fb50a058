//! From std and bare fds and back, and what the types are.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::panic::{RefUnwindSafe, UnwindSafe};

use fend::net::{
    OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, TcpListener, TcpSocket, TcpStream, WriteHalf,
};
use futures_lite::future::poll_once;
use socket2::SockRef;

use crate::peer::accepted;

on_every_dispatcher!(
    blocking_socket_of_std_is_made_non_blocking,
    blocking_listener_of_std_is_made_non_blocking,
    into_std_is_blocking_again,
    clones_keep_the_socket,
    bare_fd_there_and_back,
    unfit_fds_are_refused,
    options_are_kept,
);

/// NT12
async fn blocking_socket_of_std_is_made_non_blocking() -> io::Result<()> {
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let blocking = net::TcpStream::connect(listener.local_addr()?)?;
    let (mut peer, _) = listener.accept()?;
    let stream = TcpStream::try_from(blocking)?;
    let mut buf = [0; 4];
    assert!(poll_once(stream.recv(&mut buf)).await.is_none(), "waits, and does not block the thread");
    peer.write_all(b"data")?;
    stream.recv_exact(&mut buf).await?;
    assert_eq!(&buf, b"data");
    Ok(())
}

/// NT12
async fn blocking_listener_of_std_is_made_non_blocking() -> io::Result<()> {
    let listener = TcpListener::try_from(net::TcpListener::bind("127.0.0.1:0")?)?;
    assert!(poll_once(listener.accept()).await.is_none(), "waits, and does not block the thread");
    let client = net::TcpStream::connect(listener.local_addr()?)?;
    assert_eq!(listener.accept().await?.1, client.local_addr()?);
    let listener = listener.into_std()?;
    assert!(!SockRef::from(&listener).nonblocking()?);
    Ok(())
}

async fn into_std_is_blocking_again() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    assert!(SockRef::from(&stream).nonblocking()?);
    // Registered by a wait, so that leaving the runtime has something to undo.
    assert!(poll_once(stream.readable()).await.is_none());
    let mut stream = stream.into_std()?;
    assert!(!SockRef::from(&stream).nonblocking()?);
    peer.write_all(b"data")?;
    let mut buf = [0; 4];
    stream.read_exact(&mut buf)?;
    assert_eq!(&buf, b"data");
    // And back in: the same fd is registered anew.
    let stream = TcpStream::try_from(stream)?;
    assert!(poll_once(stream.readable()).await.is_none());
    peer.write_all(b"more")?;
    stream.recv_exact(&mut buf).await?;
    assert_eq!(&buf, b"more");
    Ok(())
}

async fn clones_keep_the_socket() -> io::Result<()> {
    let (stream, _peer) = accepted().await?;
    let fd = stream.as_raw_fd();
    let clone = stream.clone();
    let error = stream.into_std().unwrap_err();
    assert_eq!(error.error().kind(), io::ErrorKind::ResourceBusy);
    let stream = error.into_inner();
    assert_eq!(stream.as_raw_fd(), fd);
    drop(clone);
    assert_eq!(stream.into_std()?.as_raw_fd(), fd);
    Ok(())
}

async fn bare_fd_there_and_back() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let fd = OwnedFd::try_from(stream)?;
    let stream = TcpStream::try_from(fd)?;
    peer.write_all(b"x")?;
    assert_eq!(stream.recv(&mut [0; 2]).await?, 1);

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = TcpListener::try_from(OwnedFd::try_from(listener)?)?;
    assert_eq!(listener.local_addr()?, address);
    Ok(())
}

async fn unfit_fds_are_refused() -> io::Result<()> {
    let (unix, _other) = StdUnixStream::pair()?;
    let udp = net::UdpSocket::bind("127.0.0.1:0")?;
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let stream = net::TcpStream::connect(listener.local_addr()?)?;
    let refusals = [
        (TcpStream::try_from(OwnedFd::from(unix)).map(drop), "not an IPv4 or IPv6 socket"),
        (TcpStream::try_from(OwnedFd::from(udp)).map(drop), "not a stream socket"),
        (TcpStream::try_from(OwnedFd::from(listener)).map(drop), "is a listener"),
        (TcpListener::try_from(OwnedFd::from(stream)).map(drop), "does not listen"),
    ];
    for (result, reason) in refusals {
        let error = result.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    let file = std::fs::File::open("/dev/null")?;
    assert!(TcpStream::try_from(OwnedFd::from(file)).is_err());
    Ok(())
}

async fn options_are_kept() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    stream.set_nodelay(true)?;
    assert!(stream.nodelay()?);
    stream.set_ttl(33)?;
    assert_eq!(stream.ttl()?, 33);
    stream.set_linger(Some(std::time::Duration::from_secs(3)))?;
    assert_eq!(stream.linger()?, Some(std::time::Duration::from_secs(3)));
    stream.set_linger(None)?;
    assert_eq!(stream.linger()?, None);
    assert!(stream.take_error()?.is_none());
    let shown = format!("{stream:?}");
    for part in [stream.local_addr()?.to_string(), peer.local_addr()?.to_string(), "fd: ".to_owned()] {
        assert!(shown.contains(&part), "{shown} has {part}");
    }
    Ok(())
}

#[test]
fn types_are_what_the_design_promises() {
    fn shared<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Debug>() {}
    fn socket<
        T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Debug + Clone + AsFd + AsRawFd + 'static,
    >() {
    }
    socket::<TcpStream>();
    socket::<TcpListener>();
    shared::<TcpSocket>();
    shared::<ReadHalf<'static>>();
    shared::<WriteHalf<'static>>();
    shared::<OwnedReadHalf>();
    shared::<OwnedWriteHalf>();
    shared::<ReuniteError>();
    shared::<fend::net::Incoming<'static>>();
    shared::<fend::net::IntoIncoming>();
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    fn check(stream: &TcpStream, listener: &TcpListener) {
        let mut buf = [0];
        is_send(stream.recv(&mut buf));
        is_send(stream.send_all(b""));
        is_send(stream.readable());
        is_send(listener.accept());
    }
    let _ = check;
    is_send(TcpStream::connect("127.0.0.1:1"));
    is_send(TcpListener::bind("127.0.0.1:1"));
}
