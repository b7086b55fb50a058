//! One direction ends, the other goes on.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use fend::net::{TcpListener, TcpStream};

use crate::peer::{accepted, connected, reset};

on_every_dispatcher!(
    end_of_peer_leaves_sending_open,
    own_end_leaves_receiving_open,
    shutdown_twice_is_fine,
    simultaneous_shutdown_is_fine,
    shutdown_after_reset_is_fine,
    shutdown_of_reading_wakes_the_reader,
);

/// NT1
async fn end_of_peer_leaves_sending_open() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    peer.write_all(b"last words")?;
    peer.shutdown(Shutdown::Write)?;
    let mut buf = [0; 10];
    stream.recv_exact(&mut buf).await?;
    assert_eq!(&buf, b"last words");
    for _ in 0..2 {
        assert_eq!(stream.recv(&mut buf).await?, 0, "the end, each time it is asked for");
    }
    stream.send_all(b"still here").await?;
    drop(stream);
    let mut answer = String::new();
    peer.read_to_string(&mut answer)?;
    assert_eq!(answer, "still here");
    Ok(())
}

/// NT1
async fn own_end_leaves_receiving_open() -> io::Result<()> {
    let (stream, mut peer) = connected().await?;
    stream.send_all(b"question").await?;
    stream.shutdown(Shutdown::Write)?;
    let mut question = String::new();
    peer.read_to_string(&mut question)?;
    assert_eq!(question, "question");
    assert_eq!(stream.send(b"more").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    peer.write_all(b"answer")?;
    let mut answer = [0; 6];
    stream.recv_exact(&mut answer).await?;
    assert_eq!(&answer, b"answer");
    Ok(())
}

/// NT1
async fn shutdown_twice_is_fine() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    for how in [Shutdown::Write, Shutdown::Write, Shutdown::Both, Shutdown::Both, Shutdown::Read] {
        stream.shutdown(how)?;
    }
    drop(peer);
    stream.peer_closed().await?;
    stream.shutdown(Shutdown::Both)
}

/// NT1
async fn simultaneous_shutdown_is_fine() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    client.shutdown(Shutdown::Write)?;
    server.shutdown(Shutdown::Write)?;
    assert_eq!(client.recv(&mut [0; 8]).await?, 0);
    assert_eq!(server.recv(&mut [0; 8]).await?, 0);
    // By now the connection is over at one end or both, and there is nothing left to close.
    client.shutdown(Shutdown::Both)?;
    server.shutdown(Shutdown::Both)
}

/// NT1
async fn shutdown_after_reset_is_fine() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    reset(peer)?;
    assert_eq!(stream.recv(&mut [0; 8]).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    stream.shutdown(Shutdown::Write)?;
    stream.shutdown(Shutdown::Both)
}

/// NT1
async fn shutdown_of_reading_wakes_the_reader() -> io::Result<()> {
    let (stream, _peer) = accepted().await?;
    let mut buf = [0; 8];
    let mut receiving = Box::pin(stream.recv(&mut buf));
    assert!(futures_lite::future::poll_once(&mut receiving).await.is_none());
    stream.shutdown(Shutdown::Read)?;
    assert_eq!(receiving.await?, 0);
    Ok(())
}
