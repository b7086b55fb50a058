//! Copies of streams with an urgent byte in them, in front of which splice(2) stops as if nothing, or the end, were there.

use std::future::{Future, poll_fn};
use std::io::{self, Read};
use std::net::Shutdown;
use std::pin::Pin;
use std::time::Duration;

use fend::io::copy;
use fend::net::{TcpStream, UnixStream};
use futures_lite::AsyncRead;
use futures_lite::future::poll_once;
use socket2::{SockRef, Socket};

use crate::copy_edges::scratch;
use crate::peer::accepted;

on_every_dispatcher!(
    what_follows_is_copied_to_the_end,
    what_follows_is_copied_while_the_peer_is_open,
    urgent_data_at_the_end,
    an_urgent_byte_alone_is_waited_through,
    what_follows_is_received_into_a_file,
);

/// How the peer goes on after the urgent byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Ends,
    Stays,
}

async fn tcp(inline: bool) -> io::Result<(TcpStream, Socket)> {
    let (stream, peer) = accepted().await?;
    SockRef::from(&stream).set_out_of_band_inline(inline)?;
    Ok((stream, peer.into()))
}

fn unix(inline: bool) -> io::Result<(UnixStream, Socket)> {
    let (stream, peer) = std::os::unix::net::UnixStream::pair()?;
    SockRef::from(&stream).set_out_of_band_inline(inline)?;
    Ok((UnixStream::try_from(stream)?, std::os::fd::OwnedFd::from(peer).into()))
}

fn send_around_an_urgent_byte(peer: &Socket, then: Peer) -> io::Result<()> {
    peer.send(b"abc")?;
    peer.send_out_of_band(b"X")?;
    peer.send(b"defghi")?;
    if then == Peer::Ends { peer.shutdown(Shutdown::Write) } else { Ok(()) }
}

fn expected(inline: bool) -> &'static [u8] {
    if inline { b"abcXdefghi" } else { b"abcdefghi" }
}

/// Copies `count` bytes, or to the end, and compares.
async fn check<R>(reader: R, no_splice: bool, limit: u64, expected: &[u8]) -> io::Result<()>
where
    R: AsyncRead + Unpin,
{
    let (to, mut destination) = accepted().await?;
    let count = copy(reader, &to).no_splice(no_splice).limit(limit).await?;
    drop(to);
    let mut received = Vec::new();
    destination.read_to_end(&mut received)?;
    assert_eq!(String::from_utf8_lossy(&received), String::from_utf8_lossy(expected));
    assert_eq!(count, expected.len() as u64);
    Ok(())
}

async fn what_follows_is_copied(then: Peer) -> io::Result<()> {
    for inline in [false, true] {
        for no_splice in [false, true] {
            let expected = expected(inline);
            let limit = if then == Peer::Ends { u64::MAX } else { expected.len() as u64 };
            let (stream, peer) = tcp(inline).await?;
            send_around_an_urgent_byte(&peer, then)?;
            check(&stream, no_splice, limit, expected).await?;
            let (stream, peer) = unix(inline)?;
            send_around_an_urgent_byte(&peer, then)?;
            check(&stream, no_splice, limit, expected).await?;
        }
    }
    Ok(())
}

async fn what_follows_is_copied_to_the_end() -> io::Result<()> {
    what_follows_is_copied(Peer::Ends).await
}

async fn what_follows_is_copied_while_the_peer_is_open() -> io::Result<()> {
    what_follows_is_copied(Peer::Stays).await
}

async fn urgent_data_at_the_end() -> io::Result<()> {
    for no_splice in [false, true] {
        for inline in [false, true] {
            let (stream, peer) = tcp(inline).await?;
            peer.send(b"abc")?;
            peer.send_out_of_band(b"X")?;
            peer.shutdown(Shutdown::Write)?;
            check(&stream, no_splice, u64::MAX, if inline { b"abcX" } else { b"abc" }).await?;
        }
    }
    Ok(())
}

/// The dispatcher may call the socket readable for it.
async fn an_urgent_byte_alone_is_waited_through() -> io::Result<()> {
    let (stream, peer) = tcp(false).await?;
    let (to, mut destination) = accepted().await?;
    peer.send_out_of_band(b"X")?;
    let mut copying = copy(&stream, &to);
    let mut polls = 0;
    let counted = poll_fn(|cx| {
        polls += 1;
        Pin::new(&mut copying).poll(cx)
    });
    assert!(fend::time::timeout(Duration::from_millis(50), counted).await.is_err());
    assert!(polls < 10, "{polls} polls in 50 ms");
    peer.send(b"defghi")?;
    peer.shutdown(Shutdown::Write)?;
    assert_eq!(copying.await?, 6);
    let mut received = [0; 6];
    destination.read_exact(&mut received)?;
    assert_eq!(&received, b"defghi");
    Ok(())
}

async fn what_follows_is_received_into_a_file() -> io::Result<()> {
    for then in [Peer::Ends, Peer::Stays] {
        for inline in [false, true] {
            let expected = expected(inline);
            let count = if then == Peer::Ends { u64::MAX } else { expected.len() as u64 };
            let file = scratch(b"")?;
            let (stream, peer) = tcp(inline).await?;
            send_around_an_urgent_byte(&peer, then)?;
            assert_eq!(stream.recv_file(&file, 0, count).await?, expected.len() as u64);
            assert_eq!(content(&file)?, expected);
            let file = scratch(b"")?;
            let (stream, peer) = unix(inline)?;
            send_around_an_urgent_byte(&peer, then)?;
            assert_eq!(stream.recv_file(&file, 0, count).await?, expected.len() as u64);
            assert_eq!(content(&file)?, expected);
            assert!(poll_once(stream.recv_file(&file, 0, 0)).await.is_some());
        }
    }
    Ok(())
}

fn content(mut file: &std::fs::File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    io::Seek::seek(&mut file, io::SeekFrom::Start(0))?;
    file.read_to_end(&mut content)?;
    Ok(content)
}
