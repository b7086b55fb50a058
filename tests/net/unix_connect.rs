//! Addresses of Unix sockets, and connections that are not made at once, or not at all.

use std::fs;
use std::future::{Future, poll_fn};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener as StdListener, UnixStream as StdStream};
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use fend::io::{AsyncFd, Interest, Readiness};
use fend::net::{
    SocketError, UnixDatagram, UnixListener, UnixSeqpacket, UnixSeqpacketListener, UnixSocket, UnixStream,
};
use fend::time::timeout;
use futures_lite::future::poll_once;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::forks::no_forks;
use crate::unix_place::{Directory, abstract_name};

on_every_dispatcher!(
    full_backlog_is_waited_for,
    full_backlog_of_seqpacket_is_waited_for,
    wait_for_a_full_backlog_does_not_spin_and_can_time_out,
    listener_that_goes_ends_the_wait,
    cancelled_attempt_makes_no_connection,
    errors_name_the_path,
    paths_that_are_too_long_are_told,
    abstract_names_leave_no_file,
    kernel_chooses_a_name,
    path_stays_and_a_dead_one_can_be_replaced,
    socket_before_connection,
);

/// A listener of std with room for one connection, and that one is there.
struct FullListener {
    listener: StdListener,
    path: PathBuf,
    _directory: Directory,
    _queued: Vec<Socket>,
}

impl FullListener {
    fn new(kind: Type) -> io::Result<FullListener> {
        let directory = Directory::new()?;
        let path = directory.join("full");
        let listener = Socket::new(Domain::UNIX, kind, None)?;
        let address = SockAddr::unix(&path)?;
        listener.bind(&address)?;
        listener.listen(0)?;
        let mut queued = Vec::new();
        loop {
            let client = Socket::new(Domain::UNIX, kind.nonblocking(), None)?;
            match client.connect(&address) {
                Ok(()) => queued.push(client),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        assert!(!queued.is_empty());
        let listener = StdListener::from(std::os::fd::OwnedFd::from(listener));
        Ok(FullListener { listener, path, _directory: directory, _queued: queued })
    }
}

/// NT4
async fn full_backlog_is_waited_for() -> io::Result<()> {
    let full = FullListener::new(Type::STREAM)?;
    let mut attempt = Box::pin(UnixStream::connect(&full.path));
    assert!(poll_once(&mut attempt).await.is_none(), "no false success");
    let (_queued, _) = full.listener.accept()?;
    let stream = attempt.await?;
    let (peer, _) = full.listener.accept()?;
    stream.send_all(b"through").await?;
    let mut buf = [0; 7];
    io::Read::read_exact(&mut &peer, &mut buf)?;
    assert_eq!(&buf, b"through");
    Ok(())
}

/// NT4
async fn full_backlog_of_seqpacket_is_waited_for() -> io::Result<()> {
    let full = FullListener::new(Type::SEQPACKET)?;
    let mut attempt = Box::pin(UnixSeqpacket::connect(&full.path));
    assert!(poll_once(&mut attempt).await.is_none());
    let (_queued, _) = full.listener.accept()?;
    let client = attempt.await?;
    assert_eq!(client.peer_addr()?.as_pathname(), Some(&*full.path));
    Ok(())
}

/// NT4
async fn wait_for_a_full_backlog_does_not_spin_and_can_time_out() -> io::Result<()> {
    let full = FullListener::new(Type::STREAM)?;
    let mut polls = 0;
    let mut attempt = pin!(UnixStream::connect(&full.path));
    let counted = poll_fn(|cx| {
        polls += 1;
        attempt.as_mut().poll(cx)
    });
    assert!(timeout(Duration::from_millis(300), counted).await.is_err(), "timed out");
    // 1 + 2 + 4 + .. + 64 + 64 + 64 ms, and the timeout's own.
    assert!(polls <= 15, "{polls} polls in 300 ms");
    Ok(())
}

/// NT5. A socket that waits for its turn is writable and hung up all the while, as poll(2) sees it.
async fn listener_that_goes_ends_the_wait() -> io::Result<()> {
    let fresh = AsyncFd::new(UnixSocket::new_stream()?)?;
    let ready = fresh.ready(Interest::WRITABLE).await?;
    assert!(ready.contains(Readiness::WRITABLE | Readiness::WRITE_CLOSED), "{ready:?}");

    let FullListener { listener, path, _directory, _queued } = FullListener::new(Type::STREAM)?;
    let mut attempt = Box::pin(UnixStream::connect(&path));
    assert!(poll_once(&mut attempt).await.is_none(), "no false success");
    drop(listener);
    let error = attempt.await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    Ok(())
}

/// NT3
async fn cancelled_attempt_makes_no_connection() -> io::Result<()> {
    let full = FullListener::new(Type::STREAM)?;
    let mut attempt = Box::pin(UnixStream::connect(&full.path));
    assert!(poll_once(&mut attempt).await.is_none());
    drop(attempt);
    full.listener.accept()?;
    full.listener.set_nonblocking(true)?;
    assert_eq!(full.listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    Ok(())
}

async fn errors_name_the_path() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("nobody");
    let shown = path.display();

    let error = UnixStream::connect(&path).await.unwrap_err();
    assert_eq!(error.to_string(), format!("connect {shown}: No such file or directory (os error 2)"));
    let no_forks = no_forks();
    drop(StdListener::bind(&path)?);
    drop(no_forks);
    let error = UnixStream::connect(&path).await.unwrap_err();
    assert_eq!(error.to_string(), format!("connect {shown}: Connection refused (os error 111)"));
    let error = UnixSeqpacket::connect(&path).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);

    let in_use = format!("bind {shown}: Address already in use (os error 98)");
    assert_eq!(UnixListener::bind(&path).await.unwrap_err().to_string(), in_use);
    assert_eq!(UnixSeqpacketListener::bind(&path).await.unwrap_err().to_string(), in_use);
    assert_eq!(UnixDatagram::bind(&path).await.unwrap_err().to_string(), in_use);
    assert_eq!(UnixSocket::new_stream()?.bind(&path).unwrap_err().to_string(), in_use);

    let socket = UnixDatagram::unbound()?;
    let refused = format!("{shown}: Connection refused (os error 111)");
    let error = socket.connect(&path).await.unwrap_err();
    assert_eq!(error.to_string(), format!("connect {refused}"));
    assert_eq!(socket.send_to(b"x", &path).await.unwrap_err().to_string(), format!("send to {refused}"));
    assert_eq!(socket.try_send_to(b"x", &path).unwrap_err().to_string(), format!("send to {refused}"));

    let name = SocketAddr::from_abstract_name(b"fend-nobody\0there")?;
    let error = UnixStream::connect(name).await.unwrap_err();
    assert_eq!(error.to_string(), "connect @fend-nobody\\x00there: Connection refused (os error 111)");
    let detail = error.get_ref().and_then(|error| error.downcast_ref::<SocketError>()).expect("its detail");
    assert_eq!(detail.os_error().raw_os_error(), Some(libc::ECONNREFUSED));
    Ok(())
}

async fn paths_that_are_too_long_are_told() -> io::Result<()> {
    let directory = Directory::new()?;
    let room = 107 - directory.path().as_os_str().len() - 1;
    let longest = directory.join(&"x".repeat(room));
    let listener = UnixListener::bind(&longest).await?;
    let client = UnixStream::connect(longest.as_path()).await?;
    assert_eq!(client.peer_addr()?.as_pathname(), Some(&*longest));
    assert_eq!(listener.accept().await?.0.local_addr()?.as_pathname(), Some(&*longest));

    let too_long = directory.join(&"x".repeat(room + 1));
    let message = format!("{}: the path has 108 bytes, a socket's may have at most 107", too_long.display());
    let error = UnixListener::bind(&too_long).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), format!("bind {message}"));
    let error = UnixStream::connect(&too_long).await.unwrap_err();
    assert_eq!(error.to_string(), format!("connect {message}"));
    let error = UnixStream::connect("").await.unwrap_err();
    assert_eq!(error.to_string(), "connect \"\": the path is empty");
    Ok(())
}

async fn abstract_names_leave_no_file() -> io::Result<()> {
    let name = abstract_name();
    let address = SocketAddr::from_abstract_name(&name)?;
    let listener = UnixListener::bind(&address).await?;
    let client = StdStream::connect_addr(&address)?;
    let (server, peer) = listener.accept().await?;
    assert!(peer.is_unnamed());
    assert_eq!(server.local_addr()?.as_abstract_name(), Some(&*name));
    assert_eq!(client.peer_addr()?.as_abstract_name(), Some(&*name));
    let shown = format!("{listener:?}");
    assert!(shown.contains(std::str::from_utf8(&name).unwrap()), "{shown}");
    let _closed_at_once = no_forks();
    drop(listener);
    // Free again at once.
    UnixListener::bind(&address).await?;
    Ok(())
}

async fn kernel_chooses_a_name() -> io::Result<()> {
    let unnamed = SocketAddr::from_pathname("")?;
    let listener = UnixListener::bind(&unnamed).await?;
    let chosen = listener.local_addr()?;
    assert!(chosen.as_abstract_name().is_some_and(|name| !name.is_empty()), "{chosen:?}");
    UnixStream::connect(chosen).await?;
    Ok(())
}

async fn path_stays_and_a_dead_one_can_be_replaced() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("service");
    let listener = UnixListener::bind(&path).await?;
    let error = UnixListener::bind_replacing(&path).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "alive: {error}");
    // Somebody asked whether it is alive.
    assert_eq!(listener.accept().await?.0.recv(&mut [0]).await?, 0);
    let no_forks = no_forks();
    drop(listener);
    assert!(path.exists(), "the file stays");
    UnixListener::bind(&path).await.unwrap_err();

    let listener = UnixListener::bind_replacing(&path).await?;
    UnixStream::connect(&path).await?;
    // Of another type, and alive.
    let error = UnixSeqpacketListener::bind_replacing(&path).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{error}");
    drop(listener);
    let seqpacket = UnixSeqpacketListener::bind_replacing(&path).await?;
    UnixSeqpacket::connect(&path).await?;
    drop(seqpacket);
    let datagram = UnixSocket::new_datagram()?;
    datagram.bind_replacing(&path)?;
    drop(no_forks);

    let full = FullListener::new(Type::STREAM)?;
    let error = UnixListener::bind_replacing(&full.path).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "a full queue is alive: {error}");

    let file = directory.join("file");
    fs::write(&file, "precious")?;
    let error = UnixListener::bind_replacing(&file).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{error}");
    assert_eq!(fs::read(&file)?, b"precious");
    UnixListener::bind_replacing(directory.join("new")).await?;
    Ok(())
}

async fn socket_before_connection() -> io::Result<()> {
    let directory = Directory::new()?;
    let (server, client) = (directory.join("server"), directory.join("client"));
    let socket = UnixSocket::new_stream()?;
    socket.bind(&server)?;
    assert_eq!(socket.local_addr()?.as_pathname(), Some(&*server));
    let listener = socket.listen(7)?;
    let socket = UnixSocket::new_stream()?;
    socket.bind(&client)?;
    let stream = socket.connect(&server).await?;
    assert_eq!(stream.local_addr()?.as_pathname(), Some(&*client));
    let (accepted, peer) = listener.accept().await?;
    assert_eq!(peer.as_pathname(), Some(&*client));
    assert_eq!(accepted.peer_addr()?.as_pathname(), Some(&*client));

    let wrong = [
        (
            UnixSocket::new_datagram()?.listen(1).map(drop),
            "listen: this is a datagram socket, not a stream socket",
        ),
        (
            UnixSocket::new_stream()?.datagram().map(drop),
            "datagram: this is a stream socket, not a datagram socket",
        ),
        (
            UnixSocket::new_stream()?.connect_seqpacket(&server).await.map(drop),
            "connect: this is a stream socket, not a seqpacket socket",
        ),
    ];
    for (result, message) in wrong {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
    // The wrong type at the other end.
    let error = UnixSocket::new_seqpacket()?.connect_seqpacket(&server).await.unwrap_err();
    assert!(error.to_string().contains(&server.display().to_string()), "{error}");
    let shown = format!("{:?}", UnixSocket::new_stream()?);
    assert!(shown.starts_with("UnixSocket") && shown.contains("fd: "), "{shown}");
    Ok(())
}
