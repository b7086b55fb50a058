//! asynchronous-codec, whose codecs cut a stream into messages, over TCP and TLS of fend.

use std::io;

use asynchronous_codec::{BytesCodec, Framed, FramedRead, FramedWrite, LengthCodec, LinesCodec};
use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, SinkExt, StreamExt, TryStreamExt, future, stream};

use crate::pair::{noise, tcp, tls};

on_every_dispatcher!(
    lines_over_tcp,
    lines_over_tls,
    messages_of_every_length_over_tcp,
    messages_of_every_length_over_tls,
    bytes_over_tcp,
    bytes_over_tls,
    a_message_that_is_cut_off_is_an_error,
);

/// A client says lines, and a server answers each one before the next is said.
async fn lines<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>((ours, theirs): (S, S)) -> io::Result<()> {
    let server = fend::spawn(async move {
        let (mut answers, questions) = Framed::new(theirs, LinesCodec).split();
        let mut questions = questions;
        while let Some(question) = questions.try_next().await? {
            answers.send(question.to_uppercase()).await?;
        }
        answers.close().await
    });
    let mut framed = Framed::new(ours, LinesCodec);
    for number in 0..200 {
        framed.send(format!("line {number}\n")).await?;
        assert_eq!(framed.next().await.expect("an answer")?, format!("LINE {number}\n"));
    }
    framed.close().await?;
    assert!(framed.try_next().await?.is_none());
    server.await?
}

async fn lines_over_tcp() -> io::Result<()> {
    lines(tcp().await?).await
}

async fn lines_over_tls() -> io::Result<()> {
    lines(tls().await?).await
}

/// Both sides send all they have while the other one's messages come.
async fn messages<S: AsyncRead + AsyncWrite + Unpin>((ours, theirs): (S, S)) -> io::Result<()> {
    const LENGTHS: [usize; 8] = [0, 1, 8_191, 8_192, 16_384, 100_000, 1_000_000, 7];
    let exchange = async |stream: S| {
        let (mut sink, source) = Framed::new(stream, LengthCodec).split();
        let sending = async {
            let messages = LENGTHS.map(|length| Ok(Bytes::from(noise(length))));
            sink.send_all(&mut stream::iter(messages)).await?;
            sink.close().await
        };
        let receiving = source.try_collect::<Vec<_>>();
        let ((), received) = future::try_join(sending, receiving).await?;
        let lengths: Vec<_> = received.iter().map(Bytes::len).collect();
        assert_eq!(lengths, LENGTHS);
        assert!(received.iter().all(|message| *message == noise(message.len())));
        io::Result::Ok(())
    };
    future::try_join(exchange(ours), exchange(theirs)).await?;
    Ok(())
}

async fn messages_of_every_length_over_tcp() -> io::Result<()> {
    messages(tcp().await?).await
}

async fn messages_of_every_length_over_tls() -> io::Result<()> {
    messages(tls().await?).await
}

/// Pieces have no ends of their own: what comes is the same bytes.
async fn pieces<S: AsyncRead + AsyncWrite + Unpin>((ours, theirs): (S, S)) -> io::Result<()> {
    let sent = Bytes::from(noise(1_000_000));
    let mut sink = FramedWrite::new(ours, BytesCodec);
    let sending = async {
        for start in (0..sent.len()).step_by(77_777) {
            sink.send(sent.slice(start..sent.len().min(start + 77_777))).await?;
        }
        sink.close().await
    };
    let receiving = FramedRead::new(theirs, BytesCodec).try_fold(Vec::new(), async |mut all, piece| {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    let ((), received) = future::try_join(sending, receiving).await?;
    assert!(received == sent, "{} bytes", received.len());
    Ok(())
}

async fn bytes_over_tcp() -> io::Result<()> {
    pieces(tcp().await?).await
}

async fn bytes_over_tls() -> io::Result<()> {
    pieces(tls().await?).await
}

async fn a_message_that_is_cut_off_is_an_error() -> io::Result<()> {
    let (mut ours, theirs) = tcp().await?;
    let mut source = FramedRead::new(theirs, LengthCodec);
    // A length, and less than that.
    futures::AsyncWriteExt::write_all(&mut ours, b"\0\0\0\0\0\0\0\x05four").await?;
    drop(ours);
    let error = source.try_next().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    let mut stream = source.into_inner();
    assert_eq!(stream.read(&mut [0; 1]).await?, 0);
    Ok(())
}
