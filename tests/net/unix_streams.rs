//! Bytes over Unix sockets, against peers of std and tokio.

use std::future::Future;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::thread;

use fend::net::{Shutdown, UnixListener, UnixStream};
use futures_lite::future::{poll_once, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::forks::no_forks;
use crate::peer::{assert_same, noise, odd_pieces};
use crate::reset::restore_sigpipe;
use crate::unix_place::Directory;

on_every_dispatcher!(
    echo_of_a_megabyte_to_std,
    echo_of_a_megabyte_to_tokio,
    client_of_a_server_of_tokio,
    both_sides_of_fend,
    half_close_both_ways,
    unread_data_makes_a_reset,
    write_after_the_peer_is_gone,
    cancelled_recv_loses_nothing,
    halves_and_their_reunion,
    futures_io_by_value_and_by_reference,
    peer_closed_is_seen_before_the_data_is_read,
    urgent_data_does_not_hide_what_follows,
);

const SIZE: usize = 1 << 20;

/// Sends back what comes until the end, in odd sizes.
async fn echo(stream: UnixStream) -> io::Result<()> {
    let mut buf = [0; 10_007];
    loop {
        match stream.recv(&mut buf).await? {
            0 => return stream.shutdown(Shutdown::Write),
            n => stream.send_all(&buf[..n]).await?,
        }
    }
}

async fn echo_of_a_megabyte_to_std() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("echo");
    let listener = UnixListener::bind(&path).await?;
    let client = thread::spawn(move || {
        let mut reader = StdStream::connect(path)?;
        let mut writer = reader.try_clone()?;
        let sender = thread::spawn(move || {
            odd_pieces(&noise(SIZE)).try_for_each(|piece| writer.write_all(piece))?;
            writer.shutdown(Shutdown::Write)
        });
        let mut back = Vec::new();
        reader.read_to_end(&mut back)?;
        sender.join().expect("the sender")?;
        io::Result::Ok(back)
    });
    echo(listener.accept().await?.0).await?;
    assert_same(&client.join().expect("the client")?, &noise(SIZE));
    Ok(())
}

/// A runtime of tokio on a thread of its own.
fn on_tokio<F, T>(work: impl FnOnce() -> F + Send + 'static) -> thread::JoinHandle<T>
where
    F: Future<Output = T>,
    T: Send + 'static,
{
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime of tokio").block_on(work())
    })
}

async fn echo_of_a_megabyte_to_tokio() -> io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let directory = Directory::new()?;
    let path = directory.join("echo");
    let listener = UnixListener::bind(&path).await?;
    let client = on_tokio(move || async move {
        let (mut reader, mut writer) = tokio::net::UnixStream::connect(path).await?.into_split();
        let sender = tokio::spawn(async move {
            for piece in odd_pieces(&noise(SIZE)) {
                writer.write_all(piece).await?;
            }
            writer.shutdown().await
        });
        let mut back = Vec::new();
        reader.read_to_end(&mut back).await?;
        sender.await.expect("the sender")?;
        io::Result::Ok(back)
    });
    echo(listener.accept().await?.0).await?;
    assert_same(&client.join().expect("the client")?, &noise(SIZE));
    Ok(())
}

async fn client_of_a_server_of_tokio() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("echo");
    let (bound, is_bound) = std::sync::mpsc::channel();
    let server = on_tokio({
        let path = path.clone();
        move || async move {
            let listener = tokio::net::UnixListener::bind(path)?;
            bound.send(()).expect("a client");
            let (stream, _) = listener.accept().await?;
            let (mut reader, mut writer) = stream.into_split();
            tokio::io::copy(&mut reader, &mut writer).await
        }
    });
    is_bound.recv().expect("a server");
    let stream = UnixStream::connect(&path).await?;
    assert_same(&there_and_back(stream).await?, &noise(SIZE));
    assert_eq!(server.join().expect("the server")?, SIZE as u64);
    Ok(())
}

/// What comes back of all that was sent.
async fn there_and_back(stream: UnixStream) -> io::Result<Vec<u8>> {
    let (mut reader, writer) = stream.into_split();
    let sender = fend::spawn(async move {
        for piece in odd_pieces(&noise(SIZE)) {
            writer.send_all(piece).await?;
        }
        io::Result::Ok(())
    });
    let mut back = Vec::new();
    reader.read_to_end(&mut back).await?;
    sender.await.expect("the sender")?;
    Ok(back)
}

async fn both_sides_of_fend() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let (back, echoed) = zip(there_and_back(ours), echo(theirs)).await;
    echoed?;
    assert_same(&back?, &noise(SIZE));
    Ok(())
}

/// NT1
async fn half_close_both_ways() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut buf = [0; 8];
    ours.shutdown(Shutdown::Write)?;
    ours.shutdown(Shutdown::Write)?;
    assert_eq!(theirs.recv(&mut buf).await?, 0);
    theirs.send_all(b"still").await?;
    assert_eq!(ours.recv(&mut buf).await?, 5);
    theirs.shutdown(Shutdown::Write)?;
    assert_eq!(ours.recv(&mut buf).await?, 0);
    ours.shutdown(Shutdown::Both)?;
    theirs.shutdown(Shutdown::Both)
}

async fn unread_data_makes_a_reset() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.send_all(b"nobody reads this").await?;
    drop(theirs);
    let error = ours.recv(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(ours.recv(&mut [0; 8]).await?, 0, "told once");
    Ok(())
}

/// NT2
async fn write_after_the_peer_is_gone() -> io::Result<()> {
    restore_sigpipe();
    let (ours, theirs) = UnixStream::pair()?;
    let _closed_at_once = no_forks();
    drop(theirs);
    let error = ours.send(b"hello?").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    let error = ours.send_with_fds(b"hello?", &[&ours]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert!(ours.peer_closed().await.is_ok());
    Ok(())
}

/// NT11
async fn cancelled_recv_loses_nothing() -> io::Result<()> {
    let (ours, theirs) = StdStream::pair()?;
    let ours = UnixStream::try_from(ours)?;
    let mut peer = theirs;
    let sender = thread::spawn(move || odd_pieces(&noise(SIZE)).try_for_each(|piece| peer.write_all(piece)));
    let mut received = Vec::new();
    let mut buf = [0; 1009];
    loop {
        match poll_once(ours.recv(&mut buf)).await {
            Some(Ok(0)) => break,
            Some(n) => received.extend_from_slice(&buf[..n?]),
            None => ours.readable().await?,
        }
    }
    sender.join().expect("the sender")?;
    assert_same(&received, &noise(SIZE));
    Ok(())
}

async fn halves_and_their_reunion() -> io::Result<()> {
    let (mut ours, theirs) = UnixStream::pair()?;
    {
        let (reader, writer) = ours.split();
        writer.send_all(b"ping").await?;
        theirs.recv_exact(&mut [0; 4]).await?;
        theirs.send_all(b"pong").await?;
        reader.recv_exact(&mut [0; 4]).await?;
        assert!(reader.peer_addr()?.is_unnamed());
    }
    let (reader, writer) = ours.into_split();
    let (other, _) = UnixStream::pair()?.0.into_split();
    let (_, writer) = other.reunite(writer).unwrap_err().into_inner();
    let ours = reader.reunite(writer)?;
    ours.send_all(b"whole").await?;
    theirs.recv_exact(&mut [0; 5]).await?;
    assert!(poll_once(theirs.readable()).await.is_none(), "nothing was closed");
    let (_reader, writer) = ours.into_split();
    drop(writer);
    assert_eq!(theirs.recv(&mut [0; 4]).await?, 0);
    Ok(())
}

async fn futures_io_by_value_and_by_reference() -> io::Result<()> {
    let (mut ours, theirs) = UnixStream::pair()?;
    ours.write_all(b"by value, ").await?;
    (&ours).write_all(b"by reference").await?;
    ours.close().await?;
    let mut text = String::new();
    (&theirs).read_to_string(&mut text).await?;
    assert_eq!(text, "by value, by reference");
    Ok(())
}

async fn peer_closed_is_seen_before_the_data_is_read() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut closed = Box::pin(ours.peer_closed());
    assert!(poll_once(&mut closed).await.is_none());
    theirs.send_all(b"data").await?;
    assert!(poll_once(&mut closed).await.is_none());
    theirs.shutdown(Shutdown::Write)?;
    closed.await?;
    ours.recv_exact(&mut [0; 4]).await
}

/// A receive ends at the urgent byte. What is behind it came at the same time, so that no event will announce it.
async fn urgent_data_does_not_hide_what_follows() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = StdListener::bind(&path)?;
    let stream = UnixStream::connect(&path).await?;
    let peer = socket2::Socket::from(std::os::fd::OwnedFd::from(listener.accept()?.0));
    let mut buf = [0; 64];
    // Registered, and known to be empty.
    assert!(poll_once(stream.recv(&mut buf)).await.is_none());
    peer.send(b"before")?;
    if let Err(error) = peer.send_out_of_band(b"!") {
        eprintln!("skipped: no urgent data on Unix sockets: {error}");
        return Ok(());
    }
    peer.send(b"after")?;
    let mut received = Vec::new();
    while received.len() < 11 {
        let n = stream.recv(&mut buf).await?;
        assert_ne!(n, 0);
        received.extend_from_slice(&buf[..n]);
    }
    assert_eq!(received, b"beforeafter");
    Ok(())
}
