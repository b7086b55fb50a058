//! The stream as `futures_io` sees it.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::thread;

use fend::net::{TcpListener, TcpStream};
use futures_lite::AsyncBufReadExt;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt, BufReader, copy};

use crate::peer::{accepted, assert_same, noise};

on_every_dispatcher!(
    copy_echoes_everything,
    close_is_a_half_close,
    buffered_lines,
    vectored_operations_use_all_buffers,
    more_buffers_than_the_kernel_takes,
    early_end_says_how_early,
);

async fn copy_echoes_everything() -> io::Result<()> {
    const SIZE: usize = 4 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    let server = fend::spawn(async move {
        copy(&server, &mut &server).await?;
        (&server).close().await
    });
    let mut writer = client.clone();
    let sender = fend::spawn(async move {
        writer.write_all(&noise(SIZE)).await?;
        writer.close().await
    });
    let mut received = Vec::new();
    client.read_to_end(&mut received).await?;
    assert_same(&received, &noise(SIZE));
    sender.await.expect("the sender")?;
    server.await.expect("the server")
}

/// NT1
async fn close_is_a_half_close() -> io::Result<()> {
    let (mut stream, mut peer) = accepted().await?;
    stream.write_all(b"all").await?;
    stream.flush().await?;
    stream.close().await?;
    stream.close().await?;
    let mut all = String::new();
    peer.read_to_string(&mut all)?;
    assert_eq!(all, "all");
    peer.write_all(b"answer")?;
    drop(peer);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    assert_eq!(answer, "answer");
    Ok(())
}

async fn buffered_lines() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    peer.write_all(b"one\ntwo\nthree")?;
    drop(peer);
    let mut lines = Vec::new();
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    while reader.read_line(&mut line).await? > 0 {
        lines.push(std::mem::take(&mut line));
    }
    assert_eq!(lines, ["one\n", "two\n", "three"]);
    Ok(())
}

async fn vectored_operations_use_all_buffers() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let parts = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"two "), IoSlice::new(b"three")];
    assert_eq!(stream.send_vectored(&parts).await?, 13);
    assert_eq!((&stream).write_vectored(&parts).await?, 13);
    let mut sent = [0; 26];
    peer.read_exact(&mut sent)?;
    assert_eq!(&sent, b"one two threeone two three");

    peer.write_all(b"abcdefgh")?;
    let (mut head, mut tail) = ([0; 3], [0; 2]);
    assert_eq!(stream.recv_vectored(&mut [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)]).await?, 5);
    assert_eq!((&head, &tail), (b"abc", b"de"));
    let mut bufs = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
    assert_eq!((&stream).read_vectored(&mut bufs).await?, 3);
    assert_eq!(&head, b"fgh");
    Ok(())
}

/// NT13
async fn more_buffers_than_the_kernel_takes() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let parts = vec![IoSlice::new(b"x"); 1025];
    assert_eq!(stream.send_vectored(&parts).await?, 1024);
    peer.read_exact(&mut [0; 1024])?;
    peer.write_all(&[b'y'; 1025])?;
    drop(peer);
    stream.peer_closed().await?;
    let mut bytes = vec![[0]; 1025];
    let mut bufs: Vec<_> = bytes.iter_mut().map(|byte| IoSliceMut::new(byte)).collect();
    assert_eq!(stream.recv_vectored(&mut bufs).await?, 1024);
    assert_eq!(stream.recv_vectored(&mut bufs).await?, 1);
    assert_eq!(stream.recv_vectored(&mut bufs).await?, 0);
    Ok(())
}

async fn early_end_says_how_early() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let sender = thread::spawn(move || peer.write_all(b"short"));
    let error = stream.recv_exact(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(error.to_string(), "the stream ended after 5 of 8 bytes");
    sender.join().expect("the sender")
}
