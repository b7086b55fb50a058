//! Unix sockets from std and bare fds and back, and what the types are.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net as unix;
use std::panic::{RefUnwindSafe, UnwindSafe};

use fend::net::unix::{Record, UnixMessage};
use fend::net::{
    Incoming, IntoIncoming, OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, UnixDatagram,
    UnixListener, UnixSeqpacket, UnixSeqpacketListener, UnixSocket, UnixStream, VsockListener, VsockStream,
    WriteHalf,
};
use futures_lite::future::poll_once;
use socket2::SockRef;

use crate::unix_place::Directory;

on_every_dispatcher!(
    blocking_sockets_of_std_are_made_non_blocking,
    into_std_is_blocking_again,
    clones_keep_the_socket,
    bare_fds_there_and_back,
    unfit_fds_are_refused,
    sockets_are_non_blocking_and_close_on_exec_from_birth,
);

/// NT12
async fn blocking_sockets_of_std_are_made_non_blocking() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixListener::try_from(unix::UnixListener::bind(&path)?)?;
    assert!(poll_once(listener.accept()).await.is_none(), "waits, and does not block the thread");
    let mut peer = unix::UnixStream::connect(&path)?;
    listener.accept().await?.0.send_all(b"x").await?;
    peer.read_exact(&mut [0])?;

    let (ours, mut theirs) = unix::UnixStream::pair()?;
    let ours = UnixStream::try_from(ours)?;
    let mut buf = [0; 4];
    assert!(poll_once(ours.recv(&mut buf)).await.is_none(), "waits, and does not block the thread");
    theirs.write_all(b"data")?;
    ours.recv_exact(&mut buf).await?;

    let (ours, theirs) = unix::UnixDatagram::pair()?;
    let ours = UnixDatagram::try_from(ours)?;
    assert!(poll_once(ours.recv(&mut buf)).await.is_none(), "waits, and does not block the thread");
    theirs.send(b"abc")?;
    assert_eq!(ours.recv(&mut buf).await?, 3);
    Ok(())
}

async fn into_std_is_blocking_again() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    // Registered by a wait, so that leaving the runtime has something to undo.
    assert!(poll_once(ours.readable()).await.is_none());
    let mut ours = ours.into_std()?;
    assert!(!SockRef::from(&ours).nonblocking()?);
    theirs.send_all(b"data").await?;
    ours.read_exact(&mut [0; 4])?;
    // And back in: the same fd is registered anew.
    let ours = UnixStream::try_from(ours)?;
    assert!(poll_once(ours.readable()).await.is_none());
    theirs.send_all(b"more").await?;
    ours.recv_exact(&mut [0; 4]).await?;

    let (datagram, _other) = UnixDatagram::pair()?;
    assert!(!SockRef::from(&datagram.into_std()?).nonblocking()?);
    let directory = Directory::new()?;
    let listener = UnixListener::bind(directory.join("listener")).await?;
    assert!(!SockRef::from(&listener.into_std()?).nonblocking()?);
    Ok(())
}

async fn clones_keep_the_socket() -> io::Result<()> {
    let (ours, _theirs) = UnixStream::pair()?;
    let fd = ours.as_raw_fd();
    let clone = ours.clone();
    let error = ours.into_std().unwrap_err();
    assert_eq!(error.error().kind(), io::ErrorKind::ResourceBusy);
    let ours = error.into_inner();
    drop(clone);
    assert_eq!(ours.into_std()?.as_raw_fd(), fd);
    let (ours, _theirs) = UnixSeqpacket::pair()?;
    let clone = ours.clone();
    let ours = OwnedFd::try_from(ours).unwrap_err().into_inner();
    drop(clone);
    OwnedFd::try_from(ours)?;
    Ok(())
}

async fn bare_fds_there_and_back() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let ours = UnixStream::try_from(OwnedFd::try_from(ours)?)?;
    theirs.send_all(b"x").await?;
    assert_eq!(ours.recv(&mut [0; 2]).await?, 1);
    let (ours, theirs) = UnixDatagram::pair()?;
    let ours = UnixDatagram::try_from(OwnedFd::try_from(ours)?)?;
    theirs.send(b"x").await?;
    assert_eq!(ours.recv(&mut [0; 2]).await?, 1);
    let (ours, theirs) = UnixSeqpacket::pair()?;
    let ours = UnixSeqpacket::try_from(OwnedFd::try_from(ours)?)?;
    theirs.send(b"x").await?;
    assert_eq!(ours.recv(&mut [0; 2]).await?, 1);

    let directory = Directory::new()?;
    let path = directory.join("stream");
    let listener = UnixListener::bind(&path).await?;
    let listener = UnixListener::try_from(OwnedFd::try_from(listener)?)?;
    assert_eq!(listener.local_addr()?.as_pathname(), Some(&*path));
    let listener = UnixSeqpacketListener::bind(directory.join("seqpacket")).await?;
    UnixSeqpacketListener::try_from(OwnedFd::try_from(listener)?)?;

    let socket = UnixSocket::try_from(OwnedFd::from(UnixSocket::new_seqpacket()?))?;
    socket.bind(directory.join("socket"))?;
    socket.listen_seqpacket(1)?;
    Ok(())
}

async fn unfit_fds_are_refused() -> io::Result<()> {
    let directory = Directory::new()?;
    let stream = || unix::UnixStream::pair().map(|(one, _)| OwnedFd::from(one));
    let datagram = || unix::UnixDatagram::pair().map(|(one, _)| OwnedFd::from(one));
    let udp = || net::UdpSocket::bind("127.0.0.1:0").map(OwnedFd::from);
    let listener = |name| unix::UnixListener::bind(directory.join(name)).map(OwnedFd::from);
    let refusals = [
        (UnixStream::try_from(udp()?).map(drop), "not a Unix socket"),
        (UnixSocket::try_from(udp()?).map(drop), "not a Unix socket"),
        (VsockStream::try_from(udp()?).map(drop), "not a vsock socket"),
        (VsockListener::try_from(stream()?).map(drop), "not a vsock socket"),
        (UnixStream::try_from(datagram()?).map(drop), "not a stream socket"),
        (UnixDatagram::try_from(stream()?).map(drop), "not a datagram socket"),
        (UnixSeqpacket::try_from(stream()?).map(drop), "not a seqpacket socket"),
        (UnixSeqpacketListener::try_from(listener("a")?).map(drop), "not a seqpacket socket"),
        (UnixStream::try_from(listener("b")?).map(drop), "is a listener"),
        (UnixSocket::try_from(listener("c")?).map(drop), "is a listener"),
        (UnixListener::try_from(stream()?).map(drop), "does not listen"),
    ];
    for (result, reason) in refusals {
        let error = result.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    let file = std::fs::File::open("/dev/null")?;
    assert!(UnixStream::try_from(OwnedFd::from(file)).is_err());
    Ok(())
}

async fn sockets_are_non_blocking_and_close_on_exec_from_birth() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixListener::bind(&path).await?;
    let client = UnixStream::connect(&path).await?;
    let (server, _) = listener.accept().await?;
    let (datagram, _other) = UnixDatagram::pair()?;
    let (seqpacket, _other) = UnixSeqpacket::pair()?;
    let socket = UnixSocket::new_stream()?;
    let fds = [
        listener.as_raw_fd(),
        client.as_raw_fd(),
        server.as_raw_fd(),
        datagram.as_raw_fd(),
        seqpacket.as_raw_fd(),
        socket.as_raw_fd(),
    ];
    for fd in fds {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}"))?;
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).expect("its flags").trim();
        let flags = i32::from_str_radix(flags, 8).expect("an octal number");
        assert_eq!(
            flags & (libc::O_CLOEXEC | libc::O_NONBLOCK),
            libc::O_CLOEXEC | libc::O_NONBLOCK,
            "{info}"
        );
    }
    Ok(())
}

#[test]
fn types_are_what_the_design_promises() {
    fn shared<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Debug>() {}
    fn owner<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Debug + AsFd + AsRawFd + 'static>() {}
    fn socket<
        T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Debug + Clone + AsFd + AsRawFd + 'static,
    >() {
    }
    socket::<UnixStream>();
    socket::<UnixListener>();
    socket::<UnixDatagram>();
    socket::<UnixSeqpacket>();
    socket::<UnixSeqpacketListener>();
    socket::<VsockStream>();
    socket::<VsockListener>();
    owner::<UnixSocket>();
    shared::<ReadHalf<'static, UnixStream>>();
    shared::<WriteHalf<'static, UnixStream>>();
    shared::<OwnedReadHalf<UnixStream>>();
    shared::<OwnedWriteHalf<UnixStream>>();
    shared::<ReuniteError<UnixStream>>();
    shared::<Incoming<'static, UnixListener>>();
    shared::<IntoIncoming<UnixSeqpacketListener>>();
    shared::<Record>();
    shared::<UnixMessage>();
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    fn check(stream: &UnixStream, datagram: &UnixDatagram, seqpacket: &UnixSeqpacket) {
        let mut buf = [0];
        is_send(stream.recv_with_fds(&mut buf, 1));
        is_send(stream.send_with_fds(b"", &[stream]));
        is_send(datagram.send_to(b"", "/x"));
        is_send(datagram.recv_from(&mut buf));
        is_send(seqpacket.recv_record(&mut buf));
    }
    let _ = check;
    is_send(UnixStream::connect("/x"));
    is_send(UnixListener::bind("/x"));
}
