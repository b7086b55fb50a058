//! [`TokioIo`] with tokio's own functions and those of tokio-util on fend's sockets, and with streams of tokio's where `futures_io` is
//! wanted. No tokio runtime is anywhere.

use std::io::{self, IoSlice, SeekFrom};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use fend::io::TokioIo;
use fend::net::{TcpListener, TcpStream};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, ReadBuf};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use crate::tls_ends::both_ends;

/// Two connected sockets.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let near = TcpStream::connect(listener.local_addr()?).await?;
    let (far, _) = listener.accept().await?;
    Ok((near, far))
}

/// Bytes in which a block that is lost, doubled or in the wrong place shows.
fn pattern(count: usize) -> Vec<u8> {
    (0..count as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

const LARGE: usize = 4 << 20;

async fn both_directions_are_copied_and_half_closed() -> io::Result<()> {
    let (client, inward) = pair().await?;
    let (outward, server) = pair().await?;
    let proxy = fend::spawn(async move {
        let (mut inward, mut outward) = (TokioIo::new(inward), TokioIo::new(outward));
        tokio::io::copy_bidirectional(&mut inward, &mut outward).await
    });
    let echo = fend::spawn(async move {
        let mut received = Vec::new();
        TokioIo::new(&server).read_to_end(&mut received).await?;
        // The client has ended its direction, and this one is open.
        TokioIo::new(&server).write_all(&received).await
    });
    let sender = fend::spawn({
        let client = client.clone();
        async move {
            let mut client = TokioIo::new(client);
            client.write_all(&pattern(LARGE)).await?;
            client.shutdown().await
        }
    });
    let mut received = Vec::new();
    TokioIo::new(&client).read_to_end(&mut received).await?;
    assert!(received == pattern(LARGE), "{} bytes came back", received.len());
    sender.await??;
    echo.await??;
    assert_eq!(proxy.await??, (LARGE as u64, LARGE as u64));
    Ok(())
}

async fn halves_work_in_two_tasks() -> io::Result<()> {
    let (near, far) = pair().await?;
    let mut tasks = Vec::new();
    let mut readers = Vec::new();
    for end in [near, far] {
        let (mut reader, mut writer) = tokio::io::split(TokioIo::new(end));
        tasks.push(fend::spawn(async move {
            writer.write_all(&pattern(LARGE)).await?;
            writer.shutdown().await
        }));
        readers.push(fend::spawn(async move {
            let mut received = Vec::new();
            reader.read_to_end(&mut received).await.map(|_| received)
        }));
    }
    for task in tasks {
        task.await??;
    }
    for reader in readers {
        assert!(reader.await?? == pattern(LARGE));
    }
    Ok(())
}

async fn references_are_streams_too() -> io::Result<()> {
    let (near, far) = pair().await?;
    let (mut reader, mut writer) = (TokioIo::new(&near), TokioIo::from(&near));
    let echo = async {
        let copied = tokio::io::copy(&mut TokioIo::new(&far), &mut TokioIo::new(&far)).await?;
        TokioIo::new(&far).shutdown().await?;
        Ok(copied)
    };
    let send = async {
        writer.write_all(&pattern(LARGE)).await?;
        writer.shutdown().await
    };
    let mut received = Vec::new();
    let (copied, (), count) = futures::try_join!(echo, send, reader.read_to_end(&mut received))?;
    assert_eq!((copied, count), (LARGE as u64, LARGE));
    assert!(received == pattern(LARGE));
    Ok(())
}

async fn several_buffers_go_with_one_write() -> io::Result<()> {
    let (near, far) = pair().await?;
    let mut near = TokioIo::new(near);
    assert!(tokio::io::AsyncWrite::is_write_vectored(&near));
    let buffers = [IoSlice::new(b"head"), IoSlice::new(b""), IoSlice::new(b" and "), IoSlice::new(b"body")];
    assert_eq!(near.write_vectored(&buffers).await?, 13);
    let mut received = [0; 13];
    TokioIo::new(far).read_exact(&mut received).await?;
    assert_eq!(&received, b"head and body");

    let (near, far) = tokio::io::duplex(64);
    let written = futures::AsyncWriteExt::write_vectored(&mut TokioIo::new(near), &buffers).await?;
    assert_eq!(written, 13);
    let mut received = [0; 13];
    futures::AsyncReadExt::read_exact(&mut TokioIo::new(far), &mut received).await?;
    assert_eq!(&received, b"head and body");
    Ok(())
}

async fn frames_of_tokio_util() -> io::Result<()> {
    let (near, far) = pair().await?;
    let mut far = Framed::new(TokioIo::new(far), LengthDelimitedCodec::new());
    let echo = fend::spawn(async move {
        while let Some(frame) = far.next().await {
            far.send(frame?.freeze()).await?;
        }
        io::Result::Ok(())
    });
    let mut near = Framed::new(TokioIo::new(near), LengthDelimitedCodec::new());
    for length in [0, 1, 300_000, 7] {
        near.send(bytes::Bytes::from(pattern(length))).await?;
        let frame = near.next().await.expect("a frame")?;
        assert!(frame == pattern(length), "{length} bytes");
    }
    SinkExt::<bytes::Bytes>::close(&mut near).await?;
    assert!(near.next().await.is_none());
    echo.await?
}

async fn lines_by_both_traits() -> io::Result<()> {
    let (near, far) = pair().await?;
    TokioIo::new(&near).write_all(b"one\ntwo\nthree").await?;
    drop(near);
    // What is buffered by one side's reader is read by the other side's functions.
    let mut lines = TokioIo::new(futures::io::BufReader::new(&far)).lines();
    assert_eq!(lines.next_line().await?.as_deref(), Some("one"));
    assert_eq!(lines.next_line().await?.as_deref(), Some("two"));
    assert_eq!(lines.next_line().await?.as_deref(), Some("three"));
    assert_eq!(lines.next_line().await?, None);

    let reader = TokioIo::new(tokio::io::BufReader::new(&b"four\nfive\n"[..]));
    let lines: Vec<_> = futures::AsyncBufReadExt::lines(reader).collect().await;
    let lines: io::Result<Vec<_>> = lines.into_iter().collect();
    assert_eq!(lines?, ["four", "five"]);
    Ok(())
}

async fn fend_tls_over_a_stream_of_tokios() -> io::Result<()> {
    let (connector, acceptor) = both_ends();
    let (near, far) = tokio::io::duplex(1000);
    let server = fend::spawn(async move {
        let stream = acceptor.handshake(TokioIo::new(far)).await?;
        let mut received = Vec::new();
        TokioIo::new(&stream).read_to_end(&mut received).await?;
        let mut writer = TokioIo::new(&stream);
        writer.write_all(&received).await?;
        writer.shutdown().await
    });
    let stream = connector.handshake("localhost", TokioIo::new(near)).await?;
    // And TLS as a stream of tokio's.
    let mut stream = TokioIo::new(stream);
    stream.write_all(&pattern(LARGE / 4)).await?;
    stream.shutdown().await?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await?;
    assert!(received == pattern(LARGE / 4));
    server.await?
}

async fn a_file_is_sought_in() -> io::Result<()> {
    let mut file = TokioIo::new(fend::fs::File::open("/proc/self/exe").await?);
    let length = file.seek(SeekFrom::End(0)).await?;
    assert_eq!(length, file.get_ref().metadata().await?.len());
    assert_eq!(file.seek(SeekFrom::Start(1)).await?, 1);
    let mut magic = [0; 3];
    file.read_exact(&mut magic).await?;
    assert_eq!(&magic, b"ELF");
    assert_eq!(file.stream_position().await?, 4);
    let error = file.seek(SeekFrom::Current(-5)).await.expect_err("before the beginning");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    // The failure is over.
    assert_eq!(file.seek(SeekFrom::Current(-4)).await?, 0);
    Ok(())
}

/// Memory that tokio's seeks find busy every other time.
#[derive(Debug, Default)]
struct Slow {
    sought: Vec<SeekFrom>,
    is_busy: bool,
}

impl tokio::io::AsyncSeek for Slow {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        assert!(!self.is_busy, "one at a time");
        self.sought.push(position);
        self.is_busy = true;
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if std::mem::take(&mut self.is_busy) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(self.sought.len() as u64))
    }
}

async fn a_seek_that_was_given_up_on_ends_before_the_next() -> io::Result<()> {
    use futures::AsyncSeekExt;
    let mut slow = TokioIo::new(Slow::default());
    assert_eq!(slow.seek(SeekFrom::Start(1)).await?, 1);
    {
        let given_up = pin!(slow.seek(SeekFrom::Start(2)));
        assert!(futures::poll!(given_up).is_pending());
    }
    assert_eq!(slow.seek(SeekFrom::Start(3)).await?, 3);
    let sought = slow.into_inner().sought;
    assert_eq!(sought, [SeekFrom::Start(1), SeekFrom::Start(2), SeekFrom::Start(3)]);
    Ok(())
}

/// As tokio's `File`: whoever reads waits for the seek that is under way.
impl tokio::io::AsyncRead for Slow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.is_busy = false;
        buf.put_slice(b"x");
        Poll::Ready(Ok(()))
    }
}

/// What was read since has moved the position.
async fn a_seek_after_a_read_is_not_the_one_before() -> io::Result<()> {
    use futures::{AsyncReadExt, AsyncSeekExt};
    let mut slow = TokioIo::new(Slow::default());
    {
        let given_up = pin!(slow.seek(SeekFrom::Start(7)));
        assert!(futures::poll!(given_up).is_pending());
    }
    assert_eq!(AsyncReadExt::read(&mut slow, &mut [0]).await?, 1);
    AsyncSeekExt::seek(&mut slow, SeekFrom::Start(7)).await?;
    assert_eq!(slow.into_inner().sought, [SeekFrom::Start(7), SeekFrom::Start(7)]);
    Ok(())
}

async fn a_second_seek_waits_for_the_first() -> io::Result<()> {
    use tokio::io::AsyncSeek;
    let mut bytes = TokioIo::new(futures::io::Cursor::new(vec![0; 9]));
    Pin::new(&mut bytes).start_seek(SeekFrom::Start(3))?;
    let error = Pin::new(&mut bytes).start_seek(SeekFrom::Start(5)).expect_err("two at once");
    let text = error.to_string();
    assert!(text.contains("Start(5)") && text.contains("Start(3)"), "{text}");
    assert_eq!(bytes.seek(SeekFrom::Current(1)).await?, 4);
    Ok(())
}

/// Fills what it is given with ones but for the last byte, and keeps its length.
struct Ones(usize);

impl futures::AsyncRead for Ones {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0 = buf.len();
        let count = buf.len() - 1;
        buf[..count].fill(1);
        Poll::Ready(Ok(count))
    }
}

/// No buffer is between, and what the buffer holds already is not touched.
async fn the_whole_of_what_is_unfilled_is_read_into() -> io::Result<()> {
    let mut memory = [MaybeUninit::uninit(); 100_000];
    let mut buf = ReadBuf::uninit(&mut memory);
    buf.put_slice(b"before");
    let mut ones = TokioIo::new(Ones(0));
    let mut cx = Context::from_waker(Waker::noop());
    let read = tokio::io::AsyncRead::poll_read(Pin::new(&mut ones), &mut cx, &mut buf);
    assert!(matches!(read, Poll::Ready(Ok(()))));
    assert_eq!(ones.get_ref().0, 100_000 - 6);
    assert_eq!(buf.filled().len(), 100_000 - 1);
    assert!(buf.filled().starts_with(b"before\x01"));

    // What was initialised is not set to zero: the last byte is what it was.
    let mut memory = [7; 10];
    let mut buf = ReadBuf::new(&mut memory);
    let read = tokio::io::AsyncRead::poll_read(Pin::new(&mut ones), &mut cx, &mut buf);
    assert!(matches!(read, Poll::Ready(Ok(()))));
    assert_eq!(memory, [1, 1, 1, 1, 1, 1, 1, 1, 1, 7]);
    Ok(())
}

async fn errors_are_those_of_the_stream() -> io::Result<()> {
    let (near, far) = pair().await?;
    // A byte that nobody reads makes the close a reset.
    TokioIo::new(&near).write_all(b"x").await?;
    while far.peek(&mut [0]).await? == 0 {}
    drop(far);
    let error = TokioIo::new(&near).read(&mut [0]).await.expect_err("a reset");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    Ok(())
}

async fn it_shows_and_gives_back_what_it_wraps() -> io::Result<()> {
    let (near, _far) = pair().await?;
    let address = near.local_addr()?;
    let mut wrapped = TokioIo::from(near);
    assert_eq!(wrapped.get_ref().local_addr()?, address);
    assert!(format!("{wrapped:?}").starts_with("TokioIo(TcpStream"), "{wrapped:?}");
    wrapped.get_mut().set_nodelay(true)?;
    assert!(wrapped.into_inner().nodelay()?);
    Ok(())
}

on_every_dispatcher!(
    both_directions_are_copied_and_half_closed,
    halves_work_in_two_tasks,
    references_are_streams_too,
    several_buffers_go_with_one_write,
    frames_of_tokio_util,
    lines_by_both_traits,
    fend_tls_over_a_stream_of_tokios,
    a_file_is_sought_in,
    a_seek_that_was_given_up_on_ends_before_the_next,
    a_seek_after_a_read_is_not_the_one_before,
    a_second_seek_waits_for_the_first,
    the_whole_of_what_is_unfilled_is_read_into,
    errors_are_those_of_the_stream,
    it_shows_and_gives_back_what_it_wraps,
);
