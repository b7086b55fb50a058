//! `copy`, `split` and `lines` of futures-lite.

use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, StreamExt, future, io};

use super::{LENGTH, LINES, line, write_lines};
use crate::pair::{noise, tcp, tls};

on_every_dispatcher!(lines_of_all_lengths, copy_and_split_over_tls);

async fn lines_of_all_lengths() -> std::io::Result<()> {
    let (ours, theirs) = tcp().await?;
    let writing = fend::spawn(write_lines(theirs));
    let lines = io::BufReader::new(ours).lines();
    let received: Vec<String> = lines.try_collect().await?;
    assert_eq!(received.len(), LINES);
    assert!(received.iter().enumerate().all(|(number, received)| *received == line(number)));
    writing.await?
}

async fn copy_and_split_over_tls() -> std::io::Result<()> {
    let (ours, theirs) = tls().await?;
    let server = fend::spawn(async move {
        let (reader, mut writer) = io::split(theirs);
        let count = io::copy(reader, &mut writer).await?;
        writer.close().await?;
        std::io::Result::Ok(count)
    });
    let (mut reader, mut writer) = io::split(ours);
    let (sent, mut received) = (noise(LENGTH), Vec::new());
    let writing = async {
        writer.write_all(&sent).await?;
        writer.close().await
    };
    future::try_zip(writing, reader.read_to_end(&mut received)).await?;
    assert!(received == sent, "{} bytes", received.len());
    assert_eq!(server.await??, LENGTH as u64);
    Ok(())
}
