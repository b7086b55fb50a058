//! Halves of a stream.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;

use futures_lite::future::poll_once;
use futures_lite::io::{AsyncReadExt, copy};

use crate::peer::{accepted, assert_same, noise};

on_every_dispatcher!(
    borrowed_halves_work_at_once,
    halves_do_what_the_stream_does,
    dropped_write_half_ends_the_stream,
    forgotten_write_half_leaves_it_open,
    halves_reunite,
    halves_of_different_streams_do_not,
);

async fn borrowed_halves_work_at_once() -> io::Result<()> {
    let (mut stream, mut peer) = accepted().await?;
    {
        let (reader, writer) = stream.split();
        writer.send_all(b"ping").await?;
        let mut buf = [0; 4];
        peer.read_exact(&mut buf)?;
        peer.write_all(&buf)?;
        reader.peek(&mut buf).await?;
        reader.recv_exact(&mut buf).await?;
        assert_eq!(&buf, b"ping");
    }
    // Dropping borrowed halves closes nothing.
    stream.send_all(b"again").await?;
    peer.read_exact(&mut [0; 5])
}

macro_rules! exercise_halves {
    ($reader:ident, $writer:ident, $peer:ident) => {{
        $writer.writable().await?;
        assert_eq!($writer.send_vectored(&[IoSlice::new(b"pi"), IoSlice::new(b"ng")]).await?, 4);
        assert_eq!($writer.try_send(b"!")?, 1);
        let mut buf = [0; 5];
        $peer.read_exact(&mut buf)?;
        assert_eq!(&buf, b"ping!");

        assert!(poll_once($reader.peer_closed()).await.is_none());
        assert!(poll_once($writer.peer_closed()).await.is_none());
        $peer.write_all(b"pong!")?;
        $reader.readable().await?;
        let (mut first, mut second) = ([0; 1], [0; 3]);
        let mut bufs = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!($reader.recv_vectored(&mut bufs).await?, 4);
        assert_eq!((&first, &second), (b"p", b"ong"));
        assert_eq!($reader.try_recv(&mut buf)?, 1);

        for (peer, local) in
            [($reader.peer_addr()?, $reader.local_addr()?), ($writer.peer_addr()?, $writer.local_addr()?)]
        {
            assert_eq!((peer, local), ($peer.local_addr()?, $peer.peer_addr()?));
        }
    }};
}

async fn halves_do_what_the_stream_does() -> io::Result<()> {
    let (mut stream, mut peer) = accepted().await?;
    {
        let (reader, writer) = stream.split();
        exercise_halves!(reader, writer, peer);
    }
    let (reader, writer) = stream.into_split();
    exercise_halves!(reader, writer, peer);
    peer.shutdown(Shutdown::Write)?;
    reader.peer_closed().await?;
    writer.peer_closed().await
}

/// NT1
async fn dropped_write_half_ends_the_stream() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let (mut reader, writer) = stream.into_split();
    let sender = fend::spawn(async move { writer.send_all(&noise(1 << 20)).await });
    let mut received = Vec::new();
    peer.read_to_end(&mut received)?;
    sender.await.expect("the sender")?;
    assert_same(&received, &noise(1 << 20));
    peer.write_all(b"answer")?;
    drop(peer);
    let mut answer = String::new();
    reader.read_to_string(&mut answer).await?;
    assert_eq!(answer, "answer");
    Ok(())
}

async fn forgotten_write_half_leaves_it_open() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let (reader, writer) = stream.into_split();
    writer.forget();
    reader.as_ref().send_all(b"open").await?;
    peer.read_exact(&mut [0; 4])
}

async fn halves_reunite() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let (reader, writer) = stream.into_split();
    let (reader, writer) = reader.reunite(writer)?.into_split();
    let stream = writer.reunite(reader)?;
    stream.send_all(b"open").await?;
    peer.read_exact(&mut [0; 4])?;
    stream.into_std()?;
    Ok(())
}

async fn halves_of_different_streams_do_not() -> io::Result<()> {
    let (first, mut first_peer) = accepted().await?;
    let (second, _second_peer) = accepted().await?;
    let (first_reader, first_writer) = first.into_split();
    let (_second_reader, second_writer) = second.into_split();
    let error = first_reader.reunite(second_writer).unwrap_err();
    let stream = error.into_inner().0.reunite(first_writer)?;
    stream.send_all(b"open").await?;
    copy(&b"more"[..], &mut &stream).await?;
    first_peer.read_exact(&mut [0; 8])
}
