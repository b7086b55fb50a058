//! Unix sockets: with a path, as a pair, with descriptors, and datagrams.

use std::io;
use std::path::PathBuf;

use fend::net::{UnixDatagram, UnixListener, UnixStream};
use futures::future::try_join;

pub(super) async fn all(place: PathBuf) -> io::Result<()> {
    let listener = UnixListener::bind(place.join("socket")).await?;
    let (client, (server, _)) =
        try_join(UnixStream::connect(place.join("socket")), listener.accept()).await?;
    let mut buf = [0; 4];
    try_join(client.send_all(b"text"), server.recv_exact(&mut buf)).await?;
    assert_eq!(&buf, b"text");
    descriptors(&client, &server).await?;
    let (one, other) = UnixDatagram::pair()?;
    let mut buf = [0; 16];
    let (_, count) = try_join(one.send(b"message"), other.recv(&mut buf)).await?;
    assert_eq!(&buf[..count], b"message");
    Ok(())
}

/// What comes is the socket that was sent.
async fn descriptors(from: &UnixStream, to: &UnixStream) -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut buf = [0; 4];
    let (_, (_, fds)) =
        try_join(from.send_with_fds(b"take", &[&theirs]), to.recv_with_fds(&mut buf, 1)).await?;
    drop(theirs);
    let fd = fds.into_iter().next().ok_or_else(|| io::Error::other("no descriptor came"))?;
    let theirs = UnixStream::try_from(fd)?;
    let mut buf = [0; 5];
    try_join(ours.send_all(b"hello"), theirs.recv_exact(&mut buf)).await?;
    assert_eq!(&buf, b"hello");
    Ok(())
}
