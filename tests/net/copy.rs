//! `copy` and `copy_bidirectional`: what arrives, what is counted, and how ends are passed on.

use std::io::{self, Read, Write};
use std::net::{self, Shutdown};
use std::thread;

use fend::io::{copy, copy_bidirectional};
use fend::net::TcpStream;
use fend::net::pipe::pipe;
// That of futures-lite does not read.
use futures::io::BufWriter as DuplexBuffer;
use futures_lite::future::poll_once;
use futures_lite::io::{AsyncBufReadExt, AsyncReadExt, BufReader, BufWriter, Cursor};
use socket2::SockRef;

use crate::forks::no_forks;
use crate::peer::{accepted, assert_same, connected, noise, odd_pieces, reset};

on_every_dispatcher!(
    both_ways_everything_arrives,
    both_ways_through_a_buffer,
    both_ways_through_a_tiny_buffer,
    half_close_is_passed_on,
    both_directions_end_by_themselves,
    a_buffered_writer_is_flushed_when_the_reader_stalls,
    a_buffered_writer_is_flushed_at_the_end,
    both_ways_a_buffered_side_is_flushed_when_the_other_stalls,
    an_error_ends_both_directions,
    what_a_wrapper_holds_is_not_passed_over,
    halves_are_copied_too,
    pipes_are_copied_too,
    a_pipe_as_destination_that_breaks,
    what_a_dropped_copy_held_goes_nowhere_else,
    a_slow_reader_gets_everything,
    memory_is_a_reader_too,
    interrupted_is_no_error,
    reader_and_writer_come_back,
    urgent_data_does_not_stop_it,
    many_at_once,
);

const SIZE: usize = 2 << 20;

/// Sends in odd pieces, and receives to the end.
fn chat(mut peer: net::TcpStream, message: Vec<u8>) -> thread::JoinHandle<io::Result<Vec<u8>>> {
    thread::spawn(move || {
        let mut writer = peer.try_clone()?;
        let sender = thread::spawn(move || {
            odd_pieces(&message).try_for_each(|piece| writer.write_all(piece))?;
            writer.shutdown(Shutdown::Write)
        });
        let mut received = Vec::new();
        peer.read_to_end(&mut received)?;
        sender.join().expect("the sender")?;
        Ok(received)
    })
}

fn joined<T>(thread: thread::JoinHandle<io::Result<T>>) -> io::Result<T> {
    thread.join().expect("no panic")
}

async fn relay(no_splice: bool, buffer_size: usize, size: usize) -> io::Result<()> {
    let ((a, client), (b, server)) = (accepted().await?, connected().await?);
    let (question, answer) = (noise(size), noise(2 * size)[size..].to_vec());
    let (client, server) = (chat(client, question.clone()), chat(server, answer.clone()));
    let counts = copy_bidirectional(&a, &b).no_splice(no_splice).buffer_size(buffer_size).await?;
    assert_eq!(counts, (size as u64, size as u64));
    assert_same(&joined(server)?, &question);
    assert_same(&joined(client)?, &answer);
    Ok(())
}

async fn both_ways_everything_arrives() -> io::Result<()> {
    relay(false, 1, SIZE).await
}

async fn both_ways_through_a_buffer() -> io::Result<()> {
    relay(true, 64 * 1024, SIZE).await
}

async fn both_ways_through_a_tiny_buffer() -> io::Result<()> {
    relay(true, 7, SIZE / 100).await?;
    relay(true, 0, 100).await
}

/// NT10
async fn half_close_is_passed_on() -> io::Result<()> {
    for no_splice in [false, true] {
        let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
        let mut copy = copy_bidirectional(&a, &b).no_splice(no_splice);
        let (up, down) = copy.progress();
        client.write_all(b"question")?;
        client.shutdown(Shutdown::Write)?;
        let peers = thread::spawn(move || {
            let mut question = String::new();
            server.read_to_string(&mut question)?;
            assert_eq!(question, "question", "and the end, while the other direction is open");
            server.write_all(b"answer")?;
            let mut answer = [0; 6];
            client.read_exact(&mut answer)?;
            assert_eq!(&answer, b"answer");
            drop(server);
            assert_eq!(client.read(&mut answer)?, 0, "the end of the server is the end for the client");
            io::Result::Ok(())
        });
        assert_eq!((&mut copy).await?, (8, 6));
        assert_eq!((up.copied(), down.copied()), (8, 6));
        joined(peers)?;
    }
    Ok(())
}

/// NT10
async fn both_directions_end_by_themselves() -> io::Result<()> {
    let ((a, client), (b, server)) = (accepted().await?, accepted().await?);
    let mut copy = copy_bidirectional(a, b);
    client.shutdown(Shutdown::Write)?;
    let mut received = server;
    received.read_exact(&mut []).unwrap();
    // The first end is passed on, and does not end the whole.
    while poll_once(&mut copy).await.is_none() {
        received.set_nonblocking(true)?;
        match received.read(&mut [0; 8]) {
            Ok(0) => break,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => fend::yield_now().await,
            other => panic!("{other:?}"),
        }
    }
    assert!(poll_once(&mut copy).await.is_none(), "the server may still send");
    received.shutdown(Shutdown::Write)?;
    assert_eq!(copy.await?, (0, 0));
    Ok(())
}

/// NT10
async fn a_buffered_writer_is_flushed_when_the_reader_stalls() -> io::Result<()> {
    let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
    let copying = fend::spawn(async move { copy(&a, BufWriter::with_capacity(1 << 20, &b)).await });
    for message in [b"hello", b"again"] {
        client.write_all(message)?;
        let (mut reader, mut received) = (server.try_clone()?, [0; 5]);
        // The client sends no more until this has come.
        received =
            fend::spawn_blocking(move || reader.read_exact(&mut received).map(|()| received)).await??;
        assert_eq!(&received, message);
    }
    drop(client);
    assert_eq!(copying.await??, 10);
    let mut rest = Vec::new();
    server.read_to_end(&mut rest)?;
    assert!(rest.is_empty());
    Ok(())
}

/// NT10
async fn a_buffered_writer_is_flushed_at_the_end() -> io::Result<()> {
    let (b, mut server) = accepted().await?;
    let mut writer = BufWriter::with_capacity(1 << 20, &b);
    assert_eq!(copy(Cursor::new(noise(100_000)), &mut writer).await?, 100_000);
    let mut received = vec![0; 100_000];
    server.read_exact(&mut received)?;
    assert_same(&received, &noise(100_000));
    Ok(())
}

/// NT10
async fn both_ways_a_buffered_side_is_flushed_when_the_other_stalls() -> io::Result<()> {
    let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
    // Each side's bytes wait in a buffer that they do not fill.
    let (a, b) = (DuplexBuffer::with_capacity(1 << 20, a), DuplexBuffer::with_capacity(1 << 20, b));
    let copying = fend::spawn(copy_bidirectional(a, b));
    for (question, answer) in [(b"hello", b"world"), (b"again", b"still")] {
        client.write_all(question)?;
        server = read_message(server, question).await?;
        server.write_all(answer)?;
        client = read_message(client, answer).await?;
    }
    // What comes with the end of a direction, too; the other goes on.
    client.write_all(b"last")?;
    client.shutdown(Shutdown::Write)?;
    server = read_message(server, b"last").await?;
    server.write_all(b"more")?;
    drop(server);
    drop(read_message(client, b"more").await?);
    assert_eq!(copying.await??, (14, 14));
    Ok(())
}

async fn an_error_ends_both_directions() -> io::Result<()> {
    for no_splice in [false, true] {
        let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
        let mut copy = copy_bidirectional(a, b).no_splice(no_splice);
        let (up, _) = copy.progress();
        client.write_all(b"so far")?;
        let reader = thread::spawn(move || {
            let mut received = [0; 6];
            server.read_exact(&mut received)?;
            reset(client)?;
            io::Result::Ok(server)
        });
        let error = (&mut copy).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
        assert!(error.raw_os_error().is_some(), "the error is the system's own");
        assert_eq!(copy.copied(), (6, 0), "what was copied before is known");
        assert_eq!(up.copied(), 6);
        drop(copy);
        assert_eq!(joined(reader)?.read(&mut [0; 8])?, 0, "the other side is closed with it");
    }
    Ok(())
}

async fn what_a_wrapper_holds_is_not_passed_over() -> io::Result<()> {
    let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
    client.write_all(b"GET /\nthe body")?;
    client.shutdown(Shutdown::Write)?;
    let mut reader = BufReader::new(&a);
    let mut line = String::new();
    reader.read_line(&mut line).await?;
    assert_eq!(line, "GET /\n");
    assert_eq!(copy(&mut reader, &b).await?, 8, "what the BufReader has read ahead is copied too");
    drop(b);
    let mut body = String::new();
    server.read_to_string(&mut body)?;
    assert_eq!(body, "the body");

    let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
    client.write_all(b"0123456789")?;
    assert_eq!(copy((&a).take(4), &b).await?, 4);
    assert_eq!(copy(Box::pin(&a).take(0), &b).await?, 0);
    let mut received = [0; 4];
    server.read_exact(&mut received)?;
    assert_eq!(&received, b"0123");
    let mut rest = [0; 6];
    a.recv_exact(&mut rest).await?;
    assert_eq!(&rest, b"456789", "the rest is still in the socket");
    Ok(())
}

async fn halves_are_copied_too() -> io::Result<()> {
    let (mut stream, client) = accepted().await?;
    let client = chat(client, noise(SIZE));
    let (mut reader, mut writer) = stream.split();
    assert_eq!(copy(&mut reader, &mut writer).await?, SIZE as u64);
    writer.shutdown()?;
    assert_same(&joined(client)?, &noise(SIZE));

    let (stream, client) = accepted().await?;
    let client = chat(client, noise(SIZE));
    let (reader, writer) = stream.into_split();
    // The end of the copy drops the writing half, and that closes its direction.
    assert_eq!(copy(reader, writer).await?, SIZE as u64);
    assert_same(&joined(client)?, &noise(SIZE));
    Ok(())
}

async fn pipes_are_copied_too() -> io::Result<()> {
    let ((a, client), (b, server)) = (accepted().await?, accepted().await?);
    let (client, server) = (chat(client, noise(SIZE)), chat(server, Vec::new()));
    let ((first_out, first_in), (second_out, second_in)) = (pipe()?, pipe()?);
    let tasks = [
        fend::spawn(async move { copy(a, first_in).await }),
        fend::spawn(async move { copy(&first_out, &second_in).await }),
        fend::spawn(async move { copy(second_out, b).await }),
    ];
    for task in tasks {
        assert_eq!(task.await??, SIZE as u64);
    }
    assert_same(&joined(server)?, &noise(SIZE));
    assert!(joined(client)?.is_empty());
    Ok(())
}

async fn a_pipe_as_destination_that_breaks() -> io::Result<()> {
    let (a, mut client) = accepted().await?;
    let (reader, writer) = pipe()?;
    let _closed_at_once = no_forks();
    drop(reader);
    client.write_all(b"for nobody")?;
    let mut copy = copy(&a, &writer);
    assert_eq!((&mut copy).await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(copy.copied(), 0);
    Ok(())
}

async fn what_a_dropped_copy_held_goes_nowhere_else() -> io::Result<()> {
    for _ in 0..20 {
        let ((a, mut client), (b, server)) = (accepted().await?, accepted().await?);
        let writer = thread::spawn(move || {
            // More than both sockets hold: ends with the reset.
            let _ = client.write_all(&[b'x'; 16 << 20]);
        });
        let mut copy = copy(&a, &b);
        let progress = copy.progress();
        // Until the destination takes no more.
        let mut before = u64::MAX;
        while progress.copied() != before {
            before = progress.copied();
            for _ in 0..100 {
                assert!(poll_once(&mut copy).await.is_none());
                fend::yield_now().await;
            }
        }
        drop(copy);
        drop((a, b, server));
        writer.join().expect("the writer");

        let (stream, client) = accepted().await?;
        let client = chat(client, noise(1000));
        assert_eq!(fend::io::copy(&stream, &stream).await?, 1000);
        stream.shutdown(Shutdown::Write)?;
        assert_same(&joined(client)?, &noise(1000));
    }
    Ok(())
}

async fn a_slow_reader_gets_everything() -> io::Result<()> {
    let ((a, client), (b, mut server)) = (accepted().await?, accepted().await?);
    let client = chat(client, noise(SIZE));
    let server = thread::spawn(move || {
        let mut received = Vec::new();
        let mut piece = vec![0; 40_000];
        while let count @ 1.. = server.read(&mut piece)? {
            received.extend_from_slice(&piece[..count]);
            thread::yield_now();
        }
        io::Result::Ok(received)
    });
    assert_eq!(copy_bidirectional(a, b).await?, (SIZE as u64, 0));
    assert_same(&joined(server)?, &noise(SIZE));
    joined(client).map(drop)
}

async fn memory_is_a_reader_too() -> io::Result<()> {
    let mut written = Vec::new();
    assert_eq!(copy(&noise(SIZE)[..], &mut written).await?, SIZE as u64);
    assert_same(&written, &noise(SIZE));
    assert_eq!(copy(futures_lite::io::empty(), futures_lite::io::sink()).await?, 0);
    let error = copy(&b"too much"[..], Cursor::new(&mut [0; 3][..])).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    Ok(())
}

async fn interrupted_is_no_error() -> io::Result<()> {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// Every other call is interrupted.
    struct Interrupted<T>(T, bool);

    impl<T> Interrupted<T> {
        fn interrupts(&mut self) -> bool {
            self.1 = !self.1;
            self.1
        }
    }

    impl<T: futures_lite::AsyncRead + Unpin> futures_lite::AsyncRead for Interrupted<T> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            if self.interrupts() {
                return Poll::Ready(Err(io::ErrorKind::Interrupted.into()));
            }
            Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }

    impl<T: futures_lite::AsyncWrite + Unpin> futures_lite::AsyncWrite for Interrupted<T> {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            if self.interrupts() {
                return Poll::Ready(Err(io::ErrorKind::Interrupted.into()));
            }
            Pin::new(&mut self.0).poll_write(cx, buf)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_close(cx)
        }
    }

    let message = noise(200_000);
    let mut written = Vec::new();
    let reader = Interrupted(&message[..], false);
    assert_eq!(copy(reader, Interrupted(&mut written, false)).await?, 200_000);
    assert_same(&written, &message);
    Ok(())
}

async fn reader_and_writer_come_back() -> io::Result<()> {
    let ((a, mut client), (b, _server)) = (accepted().await?, accepted().await?);
    client.write_all(b"ab")?;
    let mut copying = copy(a, b).limit(1);
    assert_eq!((&mut copying).await?, 1);
    let (a, b): (TcpStream, TcpStream) = copying.into_inner();
    a.recv_exact(&mut [0]).await?;
    assert!(a.into_std().is_ok() && b.into_std().is_ok(), "no clone is left behind");
    let mut both = copy_bidirectional(accepted().await?.0, accepted().await?.0);
    assert!((&mut both).await.is_ok(), "both peers were dropped");
    let (a, b) = both.into_inner();
    assert!(a.into_std().is_ok() == b.into_std().is_ok());
    Ok(())
}

/// Out-of-band data is no part of the stream: splice(2) stops in front of it, and says that it would block.
async fn urgent_data_does_not_stop_it() -> io::Result<()> {
    for no_splice in [false, true] {
        let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
        let copying = fend::spawn(copy_bidirectional(a, b).no_splice(no_splice));
        for round in 0..3 {
            client.write_all(b"in")?;
            SockRef::from(&client).send_out_of_band(b"!")?;
            if round == 1 {
                // The urgent byte is the last one for a while.
                server = read_message(server, b"in").await?;
                client.write_all(b"band")?;
                server = read_message(server, b"band").await?;
            } else {
                client.write_all(b"band")?;
                server = read_message(server, b"inband").await?;
            }
        }
        drop(client);
        drop(server);
        assert_eq!(copying.await??, (18, 0));
    }
    Ok(())
}

async fn read_message(mut peer: net::TcpStream, message: &'static [u8]) -> io::Result<net::TcpStream> {
    let reading = fend::spawn_blocking(move || {
        let mut received = vec![0; message.len()];
        peer.read_exact(&mut received).map(|()| (received, peer))
    });
    let (received, peer) = reading.await??;
    assert_same(&received, message);
    Ok(peer)
}

/// More than there are workers or pipes to spare, with peers that come and go.
async fn many_at_once() -> io::Result<()> {
    const SIZE: usize = 50_000;
    let mut relays = Vec::new();
    for _ in 0..40 {
        let ((a, client), (b, server)) = (accepted().await?, accepted().await?);
        let peers = (chat(client, noise(SIZE)), chat(server, noise(SIZE)));
        relays.push((fend::spawn(copy_bidirectional(a, b)), peers));
    }
    for (relay, (client, server)) in relays {
        assert_eq!(relay.await??, (SIZE as u64, SIZE as u64));
        assert_same(&joined(client)?, &noise(SIZE));
        assert_same(&joined(server)?, &noise(SIZE));
    }
    Ok(())
}

#[test]
fn copies_can_move_between_threads() {
    fn is_future<T: Send + Sync + Unpin + std::fmt::Debug + 'static>(_: T) {}
    fn check(one: TcpStream, other: TcpStream) {
        is_future(copy(one.clone(), other.clone()));
        is_future(copy_bidirectional(one, other));
    }
    let _ = check;
    let mut nothing = copy(futures_lite::io::empty(), futures_lite::io::sink());
    is_future(nothing.progress());
    assert_eq!(format!("{nothing:?}"), "Copy { copied: 0, .. }");
}
