//! `copy`, `split`, `lines` and buffers of futures-util.

use std::io;

use fend::net::TcpStream;
use futures::io::{BufReader, BufWriter};
use futures::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, StreamExt};

use super::{LENGTH, line, write_lines};
use crate::pair::{echo, exchange, noise, tcp, tls};

on_every_dispatcher!(
    copy_and_split_over_tcp,
    copy_and_split_over_tls,
    halves_move_into_two_tasks_and_are_one_again,
    lines_of_all_lengths,
    buffered_writes_and_exact_reads,
);

async fn copy_and_split_over_tcp() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    let server = fend::spawn(echo(theirs));
    exchange(ours, LENGTH).await?;
    assert_eq!(server.await??, LENGTH as u64);
    Ok(())
}

async fn copy_and_split_over_tls() -> io::Result<()> {
    let (ours, theirs) = tls().await?;
    let server = fend::spawn(echo(theirs));
    exchange(ours, LENGTH).await?;
    assert_eq!(server.await??, LENGTH as u64);
    Ok(())
}

async fn halves_move_into_two_tasks_and_are_one_again() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    let server = fend::spawn(echo(theirs));
    let (mut reader, mut writer) = AsyncReadExt::split(ours);
    let writing = fend::spawn(async move {
        writer.write_all(&noise(LENGTH)).await?;
        writer.close().await?;
        io::Result::Ok(writer)
    });
    let reading = fend::spawn(async move {
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await?;
        assert!(received == noise(LENGTH), "{} bytes", received.len());
        io::Result::Ok(reader)
    });
    let (reader, writer) = (reading.await??, writing.await??);
    let stream: TcpStream = reader.reunite(writer).expect("halves of one stream");
    assert_eq!(stream.recv(&mut [0; 1]).await?, 0);
    server.await??;
    Ok(())
}

async fn lines_of_all_lengths() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    let writing = fend::spawn(write_lines(theirs));
    let mut lines = BufReader::new(ours).lines().enumerate();
    while let Some((number, received)) = lines.next().await {
        assert_eq!(received?, line(number));
    }
    writing.await?
}

async fn buffered_writes_and_exact_reads() -> io::Result<()> {
    let (ours, mut theirs) = tcp().await?;
    let mut writer = BufWriter::with_capacity(1_000, ours);
    for number in 0..2_000_u32 {
        writer.write_all(&number.to_be_bytes()).await?;
    }
    // The last few are still in the buffer.
    writer.flush().await?;
    for number in 0..2_000_u32 {
        let mut buf = [0; 4];
        theirs.read_exact(&mut buf).await?;
        assert_eq!(u32::from_be_bytes(buf), number);
    }
    drop(writer);
    let error = theirs.read_exact(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    Ok(())
}
