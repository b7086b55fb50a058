//! System calls of the caller's own: `read_with`, `write_with` and their `try_` forms, on every type.

use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::pin;
use std::time::Duration;

use fend::net::pipe::pipe;
use fend::net::{
    TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixSeqpacket, UnixSeqpacketListener,
    UnixStream, VsockListener, VsockStream,
};
use fend::time::timeout;
use futures_lite::future::poll_once;
use socket2::SockRef;

use crate::peer::{accepted, connected};
use crate::unix_place::abstract_name;

on_every_dispatcher!(
    a_read_waits_and_gives_what_the_call_gives,
    a_write_waits_for_room,
    a_would_block_of_a_call_without_waiting_is_remembered,
    an_error_comes_through_as_it_is,
    a_dropped_call_has_taken_nothing,
    polled_calls_keep_their_waker,
    polled_calls_of_datagrams,
    an_interrupted_call_is_made_again,
    listeners_accept_by_a_call_of_the_callers,
    pipes_have_their_direction,
    datagrams_are_read_one_by_one,
    the_error_queue_keeps_no_receiver_awake,
);

/// Flags that no method has: the bytes are thrown away by the kernel.
fn skip(socket: &impl AsFd) -> io::Result<usize> {
    SockRef::from(socket).recv_with_flags(&mut [MaybeUninit::uninit(); 1024], libc::MSG_TRUNC)
}

fn fill(socket: &impl AsFd) -> io::Result<usize> {
    SockRef::from(socket).send_with_flags(&[7; 65_536], libc::MSG_NOSIGNAL)
}

fn pipe_file(end: &impl AsFd) -> io::Result<std::fs::File> {
    end.as_fd().try_clone_to_owned().map(std::fs::File::from)
}

async fn a_read_waits_and_gives_what_the_call_gives() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let mut calls = 0;
    let mut read = Box::pin(stream.read_with(|stream| {
        calls += 1;
        skip(stream)
    }));
    assert!(poll_once(read.as_mut()).await.is_none());
    peer.write_all(b"noise")?;
    assert_eq!(read.await?, 5);
    assert!(calls >= 2, "once without anything to read, once with it");
    // What was read by the call is gone for the methods, and what comes next is theirs.
    peer.write_all(b"data")?;
    let mut buf = [0; 8];
    assert_eq!(stream.recv(&mut buf).await?, 4);
    assert_eq!(&buf[..4], b"data");
    Ok(())
}

async fn a_write_waits_for_room() -> io::Result<()> {
    let (stream, mut peer) = connected().await?;
    let mut sent = 0;
    let mut write = loop {
        let mut write = Box::pin(stream.write_with(fill));
        match poll_once(write.as_mut()).await {
            Some(count) => sent += count?,
            None => break write,
        }
    };
    let reader = fend::spawn_blocking(move || {
        let mut buf = vec![0; 65_536];
        let mut received = 0;
        while received < sent {
            received += peer.read(&mut buf)?;
        }
        Ok::<_, io::Error>(peer)
    });
    assert!(write.as_mut().await? > 0);
    drop(reader.await.map_err(io::Error::other)??);
    Ok(())
}

async fn a_would_block_of_a_call_without_waiting_is_remembered() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    assert_eq!(stream.try_read_with(skip).unwrap_err().kind(), ErrorKind::WouldBlock);
    peer.write_all(b"noise")?;
    stream.readable().await?;
    assert_eq!(stream.try_read_with(skip)?, 5);

    // Of TCP the peer's kernel takes more and makes room again after a while, although nobody reads.
    let (stream, _peer) = UnixStream::pair()?;
    while stream.try_write_with(fill).is_ok() {}
    assert_eq!(stream.try_write_with(fill).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(poll_once(stream.writable()).await.is_none());
    Ok(())
}

async fn an_error_comes_through_as_it_is() -> io::Result<()> {
    let (stream, _peer) = accepted().await?;
    let error =
        stream.read_with(|_| Err::<(), _>(io::Error::from_raw_os_error(libc::ENOTTY))).await.unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOTTY));
    let error = stream.write_with(|_| Err::<(), _>(io::Error::other("mine"))).await.unwrap_err();
    assert_eq!(error.to_string(), "mine");
    Ok(())
}

async fn a_dropped_call_has_taken_nothing() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    {
        let mut read = pin!(stream.read_with(skip));
        assert!(poll_once(read.as_mut()).await.is_none());
        peer.write_all(b"data")?;
    }
    stream.recv_exact(&mut [0; 4]).await
}

async fn an_interrupted_call_is_made_again() -> io::Result<()> {
    let (stream, _peer) = accepted().await?;
    let mut interruptions = 0;
    let mut interrupted = |_: &TcpStream| {
        interruptions += 1;
        if interruptions % 3 == 0 { Ok(interruptions) } else { Err(ErrorKind::Interrupted.into()) }
    };
    assert_eq!(stream.write_with(&mut interrupted).await?, 3);
    assert_eq!(stream.try_read_with(&mut interrupted)?, 6);
    Ok(())
}

async fn listeners_accept_by_a_call_of_the_callers() -> io::Result<()> {
    let tcp = TcpListener::bind("127.0.0.1:0").await?;
    let accept = |listener: &TcpListener| SockRef::from(listener).accept_raw();
    let mut accepting = pin!(tcp.read_with(accept));
    assert!(poll_once(accepting.as_mut()).await.is_none());
    let client = std::net::TcpStream::connect(tcp.local_addr()?)?;
    let (accepted, _) = accepting.await?;
    let accepted = TcpStream::try_from(OwnedFd::from(accepted))?;
    assert_eq!(accepted.peer_addr()?, client.local_addr()?);
    assert_eq!(tcp.try_read_with(accept).unwrap_err().kind(), ErrorKind::WouldBlock);

    use std::os::linux::net::SocketAddrExt;
    let name = fend::net::unix::SocketAddr::from_abstract_name(abstract_name())?;
    let unix = UnixListener::bind(&name).await?;
    let _client = UnixStream::connect(&name).await?;
    unix.read_with(|listener| SockRef::from(listener).accept_raw()).await?;
    let name = fend::net::unix::SocketAddr::from_abstract_name(abstract_name())?;
    let seqpacket = UnixSeqpacketListener::bind(&name).await?;
    let _client = UnixSeqpacket::connect(&name).await?;
    seqpacket.read_with(|listener| SockRef::from(listener).accept_raw()).await?;
    Ok(())
}

async fn pipes_have_their_direction() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    let mut buf = [0; 8];
    let mut read = Box::pin(reader.read_with(|end| pipe_file(end)?.read(&mut buf)));
    assert!(poll_once(read.as_mut()).await.is_none());
    assert_eq!(writer.write_with(|end| pipe_file(end)?.write(b"data")).await?, 4);
    assert_eq!(read.await?, 4);
    assert_eq!(&buf[..4], b"data");
    while writer.try_write_with(|end| pipe_file(end)?.write(&[0; 4096])).is_ok() {}
    assert!(poll_once(writer.writable()).await.is_none());
    reader.try_read_with(|end| pipe_file(end)?.read(&mut [0; 65_536]))?;
    writer.writable().await
}

/// A short datagram says nothing about what comes behind it.
async fn datagrams_are_read_one_by_one() -> io::Result<()> {
    let (ours, theirs) = UnixDatagram::pair()?;
    let (ours_in_order, theirs_in_order) = UnixSeqpacket::pair()?;
    let (stream, other) = UnixStream::pair()?;
    for data in [&b"a"[..], b"bb", b"ccc"] {
        theirs.write_with(|socket| SockRef::from(socket).send(data)).await?;
        theirs_in_order.write_with(|socket| SockRef::from(socket).send(data)).await?;
        other.write_with(|socket| SockRef::from(socket).send(data)).await?;
        assert_eq!(stream.read_with(skip_unix).await?, data.len());
    }
    for len in 1..4 {
        assert_eq!(ours.read_with(skip_unix).await?, len);
        assert_eq!(ours_in_order.read_with(skip_unix).await?, len);
    }
    Ok(())
}

fn skip_unix(socket: &impl AsFd) -> io::Result<usize> {
    SockRef::from(socket).recv(&mut [MaybeUninit::uninit(); 16])
}

/// What a call finds in its way is set aside, as for the methods: else the socket would be in error for ever.
async fn the_error_queue_keeps_no_receiver_awake() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.set_recv_errors(true)?;
    // One that is connected elsewhere, which is as if there were none, and nobody else gets its port.
    let elsewhere = std::net::UdpSocket::bind("127.0.0.1:0")?;
    elsewhere.connect("127.0.0.1:1")?;
    let nobody = elsewhere.local_addr()?;
    socket.send_to(b"lost", nobody).await?;
    let mut calls = 0;
    let mut errors = 0;
    let mut read = Box::pin(socket.read_with(|socket| {
        calls += 1;
        match skip(socket) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                errors += 1;
                Err(ErrorKind::WouldBlock.into())
            }
            other => other,
        }
    }));
    // The driver turns meanwhile: a socket that stays in error would bring a call with each turn.
    assert!(timeout(Duration::from_millis(50), read.as_mut()).await.is_err());
    let to = socket.local_addr()?;
    UdpSocket::bind("127.0.0.1:0").await?.send_to(b"found", to).await?;
    assert_eq!(read.await?, 5);
    assert!(calls < 20, "{calls} calls for an error and a datagram");
    assert!(errors <= 1);
    assert_eq!(socket.recv_error().await?.destination, Some(nobody));
    Ok(())
}

/// Vsock may not be there to run.
#[test]
fn the_calls_of_every_type_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    fn check(stream: &VsockStream, listener: &VsockListener, tcp: &TcpStream) {
        is_send(stream.read_with(skip));
        is_send(stream.write_with(fill));
        is_send(listener.read_with(|_| Ok(())));
        is_send(tcp.read_with(skip));
        let _ = (stream.try_read_with(skip), stream.try_write_with(fill), listener.try_read_with(|_| Ok(())));
    }
    let _ = check;
}

async fn polled_calls_keep_their_waker() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let mut read = pin!(poll_fn(|cx| stream.poll_read_with(cx, skip)));
    assert!(poll_once(read.as_mut()).await.is_none());
    let writer = fend::spawn_blocking(move || peer.write_all(b"noise").map(|()| peer));
    assert_eq!(read.await?, 5);
    let mut peer = writer.await??;

    let write = loop {
        let mut write = Box::pin(poll_fn(|cx| stream.poll_write_with(cx, fill)));
        if poll_once(write.as_mut()).await.transpose()?.is_none() {
            break write;
        }
    };
    let reader = fend::spawn_blocking(move || io::copy(&mut peer, &mut io::sink()));
    assert!(write.await? > 0);
    drop(stream);
    assert!(reader.await?? > 0);
    Ok(())
}

async fn polled_calls_of_datagrams() -> io::Result<()> {
    let receiver = UdpSocket::bind("127.0.0.1:0").await?;
    let sender = UdpSocket::bind("127.0.0.1:0").await?;
    sender.connect(receiver.local_addr()?).await?;
    let mut read =
        pin!(poll_fn(|cx| receiver.poll_read_with(cx, |socket| SockRef::from(socket).peek_sender())));
    assert!(poll_once(read.as_mut()).await.is_none());
    let send = |socket: &UdpSocket| SockRef::from(socket).send(b"hello");
    assert_eq!(poll_fn(|cx| sender.poll_write_with(cx, send)).await?, 5);
    assert_eq!(read.await?.as_socket(), Some(sender.local_addr()?));
    Ok(())
}
