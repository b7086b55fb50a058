//! async-compression over TCP and TLS of fend, and beside it the real gzip(1).

use std::io;

use async_compression::futures::bufread::{GzipDecoder, GzipEncoder as Compressing};
use async_compression::futures::write::GzipEncoder;
use fend::process::{Command, Stdio};
use futures::io::BufReader;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, future};

use crate::pair::{tcp, tls};

on_every_dispatcher!(
    what_is_written_compressed_is_read_over_tcp,
    what_is_written_compressed_is_read_over_tls,
    gzip_reads_what_was_written,
    what_gzip_writes_is_read,
);

/// Half a megabyte of text, which shrinks to a small part.
fn text() -> String {
    (0..12_000).map(|number| format!("line {number} of a text that repeats itself\n")).collect()
}

/// Compressed on the way out, as it is written.
async fn write(stream: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut encoder = GzipEncoder::new(stream);
    for piece in text().as_bytes().chunks(10_007) {
        encoder.write_all(piece).await?;
    }
    // The trailer, and the end of the stream below.
    encoder.close().await
}

/// Decompressed on the way in, as it is read. The decoder is content with the trailer; the stream ends after it.
async fn read(stream: impl AsyncRead + Unpin) -> io::Result<()> {
    let (mut received, mut rest) = (String::new(), Vec::new());
    let mut decoder = GzipDecoder::new(BufReader::new(stream));
    decoder.read_to_string(&mut received).await?;
    assert!(received == text(), "{} bytes", received.len());
    decoder.get_mut().read_to_end(&mut rest).await?;
    assert!(rest.is_empty());
    Ok(())
}

async fn what_is_written_compressed_is_read_over_tcp() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    future::try_join(write(ours), read(theirs)).await?;
    Ok(())
}

async fn what_is_written_compressed_is_read_over_tls() -> io::Result<()> {
    let (ours, theirs) = tls().await?;
    future::try_join(write(ours), read(theirs)).await?;
    Ok(())
}

/// What came over the socket goes to gzip as it came.
async fn gzip_reads_what_was_written() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    let mut child = Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (mut stdin, mut stdout) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    let mut received = String::new();
    let passing_on = async {
        let count = futures::io::copy(theirs, &mut stdin).await?;
        stdin.close().await?;
        drop(stdin);
        io::Result::Ok(count)
    };
    let ((), count, _) =
        future::try_join3(write(ours), passing_on, stdout.read_to_string(&mut received)).await?;
    assert!(child.wait().await?.success());
    assert!(received == text(), "{} bytes", received.len());
    assert!(count < text().len() as u64 / 4, "{count} bytes are not compressed");
    Ok(())
}

/// gzip's output goes over the socket; and a reader that compresses agrees with gzip on what it says.
async fn what_gzip_writes_is_read() -> io::Result<()> {
    let (mut ours, theirs) = tcp().await?;
    let mut child = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (mut stdin, stdout) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    let typing = async {
        let plain = text();
        let mut decoded = GzipDecoder::new(BufReader::new(Compressing::new(plain.as_bytes())));
        futures::io::copy(&mut decoded, &mut stdin).await?;
        drop(stdin);
        io::Result::Ok(())
    };
    let passing_on = async {
        futures::io::copy(stdout, &mut ours).await?;
        ours.close().await
    };
    future::try_join3(typing, passing_on, read(theirs)).await?;
    assert!(child.wait().await?.success());
    Ok(())
}
