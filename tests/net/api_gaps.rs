//! What one type has and its neighbour must have too.

use std::io::{self, ErrorKind, Write};
use std::net;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net as unix_net;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use fend::io::{Interest, Readiness};
use fend::net::pipe::pipe;
use fend::net::unix::SocketAddr as UnixAddr;
use fend::net::{
    Listener, OwnedReadHalf, OwnedWriteHalf, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener,
    UnixSeqpacket, UnixSocket, UnixStream,
};
use futures_lite::future::{poll_fn, poll_once};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use socket2::{Domain, SockRef, Socket, Type};

use crate::forks::no_forks;
use crate::peer::{accepted, reset};
use crate::unix_place::{Directory, abstract_name};

on_every_dispatcher!(
    pipes_say_what_is_ready,
    a_pipe_that_is_full_or_empty_waits,
    the_sender_of_a_datagram_is_peeked,
    unix_datagrams_are_peeked_in_every_form,
    a_dead_datagram_socket_is_replaced,
    a_socket_that_was_never_connected_is_no_stream,
    a_stream_that_was_reset_is_one_all_the_same,
    a_stream_whose_peer_has_closed_is_one_all_the_same,
    a_stream_that_is_connecting_is_one,
    a_connected_socket_is_no_unix_socket,
    an_unconnected_socket_of_std_becomes_a_unix_socket,
    a_huge_backlog_is_refused,
    references_to_halves_are_read_and_written,
    a_connection_is_read_and_written_by_reference,
);

async fn pipes_say_what_is_ready() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    assert_eq!(writer.ready(Interest::WRITABLE | Interest::PEER_CLOSED).await?, Readiness::WRITABLE);
    writer.send_all(b"data").await?;
    assert_eq!(reader.ready(Interest::READABLE | Interest::PEER_CLOSED).await?, Readiness::READABLE);
    drop(writer);
    let ready = reader.ready(Interest::PEER_CLOSED).await?;
    assert!(ready.contains(Readiness::READ_CLOSED), "{ready:?}");

    let (reader, writer) = pipe()?;
    drop(reader);
    let ready = writer.ready(Interest::PEER_CLOSED).await?;
    assert!(ready.contains(Readiness::ERROR), "{ready:?}");
    Ok(())
}

async fn a_pipe_that_is_full_or_empty_waits() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    {
        let mut ready = std::pin::pin!(reader.ready(Interest::READABLE | Interest::PEER_CLOSED));
        assert!(poll_once(ready.as_mut()).await.is_none());
        writer.send_all(b"data").await?;
        assert!(ready.await?.contains(Readiness::READABLE));
    }
    while writer.try_send(&[0; 4096]).is_ok() {}
    let mut ready = std::pin::pin!(writer.ready(Interest::WRITABLE | Interest::PEER_CLOSED));
    assert!(poll_once(ready.as_mut()).await.is_none());
    drop(reader);
    assert!(ready.await?.contains(Readiness::ERROR));
    Ok(())
}

async fn the_sender_of_a_datagram_is_peeked() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    assert_eq!(socket.try_peek_sender().unwrap_err().kind(), ErrorKind::WouldBlock);
    let mut peeking = std::pin::pin!(socket.peek_sender());
    assert!(poll_once(peeking.as_mut()).await.is_none());
    let peer = UdpSocket::bind("127.0.0.1:0").await?;
    peer.send_to(b"data", socket.local_addr()?).await?;
    let sender = peer.local_addr()?;
    assert_eq!(peeking.await?, sender);
    assert_eq!(poll_fn(|cx| socket.poll_peek_sender(cx)).await?, sender);
    assert_eq!(socket.try_peek_sender()?, sender);
    assert_eq!(socket.recv_from(&mut [0; 8]).await?, (4, sender), "it is still there");
    Ok(())
}

async fn unix_datagrams_are_peeked_in_every_form() -> io::Result<()> {
    let name = UnixAddr::from_abstract_name(abstract_name())?;
    let receiver = UnixDatagram::bind(&name).await?;
    let mut buf = [0; 2];
    assert_eq!(receiver.try_peek_from(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(receiver.poll_peek_from(&mut cx, &mut buf).is_pending());
    let sender = UnixAddr::from_abstract_name(abstract_name())?;
    UnixDatagram::bind(&sender).await?.send_to(b"data", &name).await?;
    let (len, from) = poll_fn(|cx| receiver.poll_peek_from(cx, &mut buf)).await?;
    assert_eq!((len, from.as_abstract_name()), (2, sender.as_abstract_name()));
    assert_eq!(receiver.try_peek_from(&mut buf)?.0, 2, "what is longer is no error, as of `peek_from`");
    assert_eq!(receiver.recv(&mut [0; 8]).await?, 4);
    Ok(())
}

async fn a_dead_datagram_socket_is_replaced() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("socket");
    let no_forks = no_forks();
    drop(UnixDatagram::bind(&path).await?);
    drop(no_forks);
    assert_eq!(UnixDatagram::bind(&path).await.unwrap_err().kind(), ErrorKind::AddrInUse);
    let alive = UnixDatagram::bind_replacing(&path).await?;
    let error = UnixDatagram::bind_replacing(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse, "one that is alive stays");
    UnixDatagram::unbound()?.send_to(b"data", &path).await?;
    assert_eq!(alive.recv(&mut [0; 8]).await?, 4);
    Ok(())
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: io::Result<T>, reason: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), reason);
}

async fn a_socket_that_was_never_connected_is_no_stream() -> io::Result<()> {
    let open = |domain, kind| Socket::new(domain, kind, None);
    let reason = "the socket is not connected: make it a TcpSocket";
    refused(TcpStream::try_from(OwnedFd::from(open(Domain::IPV4, Type::STREAM)?)), reason);
    refused(TcpStream::try_from(net::TcpStream::from(open(Domain::IPV4, Type::STREAM)?)), reason);
    let bound = open(Domain::IPV4, Type::STREAM)?;
    bound.bind(&net::SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    refused(TcpStream::try_from(OwnedFd::from(bound)), reason);

    let reason = "the socket is not connected: make it a UnixSocket";
    refused(UnixStream::try_from(OwnedFd::from(open(Domain::UNIX, Type::STREAM)?)), reason);
    let of_std = unix_net::UnixStream::from(OwnedFd::from(open(Domain::UNIX, Type::STREAM)?));
    refused(UnixStream::try_from(of_std), reason);
    refused(UnixSeqpacket::try_from(OwnedFd::from(open(Domain::UNIX, Type::SEQPACKET)?)), reason);
    Ok(())
}

async fn a_stream_that_was_reset_is_one_all_the_same() -> io::Result<()> {
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let client = net::TcpStream::connect(listener.local_addr()?)?;
    reset(listener.accept()?.0)?;
    while client.peer_addr().is_ok() {
        std::thread::yield_now();
    }
    let stream = TcpStream::try_from(OwnedFd::from(client))?;
    assert_eq!(stream.recv(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    // The error is told once; the stream is one still.
    let stream = TcpStream::try_from(OwnedFd::try_from(stream)?)?;
    assert_eq!(stream.recv(&mut [0]).await?, 0);
    Ok(())
}

async fn a_stream_whose_peer_has_closed_is_one_all_the_same() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    peer.write_all(b"last")?;
    drop(peer);
    stream.peer_closed().await?;
    let stream = TcpStream::try_from(OwnedFd::try_from(stream)?)?;
    stream.recv_exact(&mut [0; 4]).await?;
    stream.shutdown(fend::net::Shutdown::Write)?;
    TcpStream::try_from(OwnedFd::try_from(stream)?)?;

    let (ours, theirs) = UnixStream::pair()?;
    drop(theirs);
    let ours = UnixStream::try_from(OwnedFd::try_from(ours)?)?;
    assert_eq!(ours.recv(&mut [0]).await?, 0);
    let (ours, theirs) = UnixSeqpacket::pair()?;
    drop(theirs);
    UnixSeqpacket::try_from(OwnedFd::try_from(ours)?)?;
    Ok(())
}

/// A listener that takes nothing, with its queue full, leaves a connection open to be made.
async fn a_stream_that_is_connecting_is_one() -> io::Result<()> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&net::SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    listener.listen(0)?;
    let address = listener.local_addr()?;
    let mut queued = Vec::new();
    let connecting = loop {
        let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        client.set_nonblocking(true)?;
        let _ = client.connect(&address);
        if SockRef::from(&client).peer_addr().is_err() {
            break client;
        }
        queued.push(client);
        assert!(queued.len() < 64, "the queue is never full");
    };
    let stream = TcpStream::try_from(OwnedFd::from(connecting))?;
    assert!(poll_once(stream.send(b"data")).await.is_none());
    Ok(())
}

async fn a_connected_socket_is_no_unix_socket() -> io::Result<()> {
    let (stream, _other) = UnixStream::pair()?;
    let reason = "the socket is connected: make it a UnixStream";
    refused(UnixSocket::try_from(stream.into_std()?), reason);
    let (datagram, _other) = UnixDatagram::pair()?;
    let reason = "the socket is connected: make it a UnixDatagram";
    refused(UnixSocket::try_from(datagram.into_std()?), reason);
    let (seqpacket, _other) = UnixSeqpacket::pair()?;
    let reason = "the socket is connected: make it a UnixSeqpacket";
    refused(UnixSocket::try_from(OwnedFd::try_from(seqpacket)?), reason);
    Ok(())
}

async fn an_unconnected_socket_of_std_becomes_a_unix_socket() -> io::Result<()> {
    let name = UnixAddr::from_abstract_name(abstract_name())?;
    let bare = OwnedFd::from(Socket::new(Domain::UNIX, Type::STREAM, None)?);
    let socket = UnixSocket::try_from(unix_net::UnixStream::from(bare))?;
    assert!(SockRef::from(&socket).nonblocking()?);
    socket.bind(&name)?;
    let listener = socket.listen(UnixSocket::DEFAULT_BACKLOG)?;
    UnixStream::connect(&name).await?;
    listener.accept().await?;

    let name = UnixAddr::from_abstract_name(abstract_name())?;
    let socket = UnixSocket::try_from(unix_net::UnixDatagram::bind_addr(&name)?)?;
    assert!(SockRef::from(&socket).nonblocking()?);
    let receiver = socket.datagram()?;
    UnixDatagram::unbound()?.send_to(b"data", &name).await?;
    assert_eq!(receiver.recv(&mut [0; 8]).await?, 4);
    Ok(())
}

async fn a_huge_backlog_is_refused() -> io::Result<()> {
    let name = UnixAddr::from_abstract_name(abstract_name())?;
    let socket = UnixSocket::new_stream()?;
    socket.bind(&name)?;
    let error = socket.listen(u32::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().ends_with("a backlog of 4294967295: not 0 to 2147483647"), "{error}");
    let error = UnixSocket::new_seqpacket()?.listen_seqpacket(1 << 31).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = TcpSocket::new_v4()?.listen(1 << 31).unwrap_err();
    assert!(error.to_string().ends_with("a backlog of 2147483648: not 0 to 2147483647"), "{error}");
    let largest = UnixSocket::new_stream()?;
    largest.bind(UnixAddr::from_abstract_name(abstract_name())?)?;
    largest.listen(i32::MAX as u32)?;
    Ok(())
}

/// Both directions through shared references, as of the whole stream.
async fn echo(mut read: impl AsyncRead + Unpin, mut write: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut buf = [0; 4];
    read.read_exact(&mut buf).await?;
    write.write_all(&buf).await?;
    write.flush().await?;
    write.close().await
}

fn echoed(mut peer: net::TcpStream) -> io::Result<()> {
    use std::io::Read;
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer)?;
    assert_eq!(answer, b"data");
    Ok(())
}

async fn references_to_halves_are_read_and_written() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    peer.write_all(b"data")?;
    let (read, write) = stream.into_split();
    echo(&read, &write).await?;
    fend::spawn_blocking(|| echoed(peer)).await.map_err(io::Error::other)??;

    let (mut stream, mut peer) = accepted().await?;
    peer.write_all(b"data")?;
    let (read, write) = stream.split();
    echo(&read, &write).await?;
    fend::spawn_blocking(|| echoed(peer)).await.map_err(io::Error::other)?
}

async fn a_connection_is_read_and_written_by_reference() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?;
    assert_eq!(listener.as_fd().as_raw_fd(), listener.get_ref().as_raw_fd());
    assert_eq!(listener.as_raw_fd(), listener.get_ref().as_raw_fd());
    let mut peer = net::TcpStream::connect(listener.local_addr()?)?;
    let (connection, _) = listener.accept().await?.expect("nobody drains it");
    fn fd(socket: &(impl AsFd + AsRawFd)) -> (i32, i32) {
        (socket.as_fd().as_raw_fd(), socket.as_raw_fd())
    }
    let number = connection.as_ref().as_raw_fd();
    assert_eq!(fd(&connection), (number, number));
    peer.write_all(b"data")?;
    echo(&connection, &connection).await?;
    fend::spawn_blocking(|| echoed(peer)).await.map_err(io::Error::other)??;
    drop(connection);
    listener.handle().drain(Duration::from_secs(10)).await;
    Ok(())
}

#[test]
fn references_to_the_halves_of_every_stream_are_futures_io() {
    fn both<R, W>()
    where
        for<'a> &'a R: AsyncRead,
        for<'a> &'a W: AsyncWrite,
    {
    }
    both::<OwnedReadHalf<UnixStream>, OwnedWriteHalf<UnixStream>>();
    both::<OwnedReadHalf, OwnedWriteHalf>();
    fn listener<T: AsFd + AsRawFd>() {}
    listener::<Listener<UnixListener>>();
    let _ =
        |half: &OwnedReadHalf, cx: &mut Context<'_>| Pin::new(&mut &*half).poll_read(cx, &mut []).is_ready();
}
