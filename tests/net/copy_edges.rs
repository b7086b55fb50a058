//! Copies at the edges of what readers, writers, files and the kernel may do.
#![expect(unsafe_code, reason = "FIFOs and signals are not in std")]

use std::env;
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::thread;

use fend::io::{copy, copy_bidirectional};
use fend::net::pipe::{OpenOptions as PipeOptions, PipeReader, pipe};
use fend::net::{Shutdown, UnixStream};
use futures_lite::future::poll_once;
use futures_lite::io::{AsyncRead, AsyncWrite, sink};

use crate::alone::alone;
use crate::peer::{accepted, assert_same, noise};
use crate::shape::Shape;

on_every_dispatcher!(
    a_writer_that_comes_is_not_the_end,
    a_copy_waits_for_the_writer_that_comes,
    empty_buffers_in_front,
    nobody_sees_what_another_reader_wrote,
    a_poll_uses_one_buffer,
    memory_is_found_again_for_every_size,
    unix_streams_both_ways,
    unix_streams_and_files,
    splicing_stops_while_a_pipe_is_full,
    refused_before_anything_is_received,
    a_writer_that_says_too_much,
);

on_every_shape!(a_destination_that_breaks_midway_is_no_signal);

fn scratch_path() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    env::temp_dir().join(format!("fend-copy-edges-{}-{number}", std::process::id()))
}

/// A file without a name.
pub(crate) fn scratch(content: &[u8]) -> io::Result<File> {
    let path = scratch_path();
    fs::write(&path, content)?;
    let file = OpenOptions::new().read(true).write(true).open(&path);
    fs::remove_file(&path)?;
    file
}

/// A FIFO, removed at the end.
struct Fifo(PathBuf);

impl Fifo {
    fn new() -> io::Result<Fifo> {
        let path = scratch_path();
        let name = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: the name is a string that ends with a NUL.
        match unsafe { libc::mkfifo(name.as_ptr(), 0o600) } {
            0 => Ok(Fifo(path)),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Opens it, writes and closes it, in a thread.
    fn write(&self, bytes: &'static [u8]) -> thread::JoinHandle<io::Result<()>> {
        let path = self.0.clone();
        thread::spawn(move || OpenOptions::new().write(true).open(path)?.write_all(bytes))
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Between the read that finds nothing and the look whether that is the end, the first writer may come.
async fn a_writer_that_comes_is_not_the_end() -> io::Result<()> {
    for round in 0..150 {
        let fifo = Fifo::new()?;
        let reader = PipeOptions::new().open_reader(&fifo.0)?;
        let writer = fifo.write(b"x");
        let mut buf = [0; 8];
        let count = loop {
            match reader.try_recv(&mut buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                count => break count?,
            }
        };
        assert_eq!(count, 1, "in round {round}: a false end");
        assert_eq!(reader.recv(&mut buf).await?, 0);
        writer.join().expect("the writer")?;
    }
    Ok(())
}

async fn a_copy_waits_for_the_writer_that_comes() -> io::Result<()> {
    let (destination, to) = pipe()?;
    for round in 0..300 {
        let fifo = Fifo::new()?;
        let reader = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&fifo.0)?;
        let writer = fifo.write(b"x");
        let count = loop {
            // What is new to the runtime is tried at once, and so again and again.
            let reader = PipeReader::try_from(OwnedFd::from(reader.try_clone()?))?;
            if let Some(count) = poll_once(copy(reader, &to).limit(1)).await {
                break count?;
            }
            // With its budget used up, a copy could take the byte and not be let write it.
            fend::yield_now().await;
        };
        assert_eq!(count, 1, "in round {round}: a false end");
        destination.recv_exact(&mut [0]).await?;
        writer.join().expect("the writer")?;
    }
    Ok(())
}

/// More than the kernel takes in one call.
async fn empty_buffers_in_front() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    writer.send_all(b"hello").await?;
    let mut buf = [0; 5];
    let mut bufs: Vec<_> = (0..1500).map(|_| io::IoSliceMut::new(&mut [])).collect();
    bufs.push(io::IoSliceMut::new(&mut buf));
    assert_eq!(reader.recv_vectored(&mut bufs).await?, 5);
    assert_eq!(&buf, b"hello");
    Ok(())
}

/// What a reader does with its buffer.
type Turn = fn(&mut [u8]) -> Poll<io::Result<usize>>;

/// Does what `turns` say, the last first, and then ends. Notes what it was offered.
struct Strange {
    turns: Vec<Turn>,
    offered: Vec<(usize, usize, Vec<u8>)>,
}

impl Strange {
    fn new(turns: &[Turn]) -> Strange {
        Strange { turns: turns.iter().rev().copied().collect(), offered: Vec::new() }
    }
}

impl AsyncRead for Strange {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.offered.push((buf.as_ptr() as usize, buf.len(), buf.to_vec()));
        self.turns.pop().map_or(Poll::Ready(Ok(0)), |turn| turn(buf))
    }
}

fn fails(buf: &mut [u8]) -> Poll<io::Result<usize>> {
    buf.fill(b's');
    Poll::Ready(Err(io::ErrorKind::InvalidData.into()))
}

fn is_pending(buf: &mut [u8]) -> Poll<io::Result<usize>> {
    buf.fill(b's');
    Poll::Pending
}

fn says_too_much(buf: &mut [u8]) -> Poll<io::Result<usize>> {
    buf.fill(b's');
    Poll::Ready(Ok(buf.len() + 1))
}

fn says_less(buf: &mut [u8]) -> Poll<io::Result<usize>> {
    buf.fill(b's');
    Poll::Ready(Ok(1))
}

fn ends(buf: &mut [u8]) -> Poll<io::Result<usize>> {
    buf.fill(b's');
    Poll::Ready(Ok(0))
}

async fn nobody_sees_what_another_reader_wrote() -> io::Result<()> {
    let ways = [
        ("fails", fails as Turn),
        ("is pending", is_pending),
        ("says too much", says_too_much),
        ("says less", says_less),
        ("ends", ends),
    ];
    for (name, way) in ways {
        for size in [64 * 1024, 100, 100_000] {
            // In one poll, so that both are on one thread.
            std::future::poll_fn(|cx| {
                let mut first = copy(Strange::new(&[way]), sink()).buffer_size(size);
                let _ = Future::poll(Pin::new(&mut first), cx);
                drop(first);
                let mut second = copy(Strange::new(&[]), sink()).buffer_size(size);
                assert!(Future::poll(Pin::new(&mut second), cx).is_ready());
                let (reader, _) = second.into_inner();
                let (_, _, content) = &reader.offered[0];
                assert!(content.iter().all(|byte| *byte == 0), "a reader that {name}, {size} bytes");
                Poll::Ready(())
            })
            .await;
        }
    }
    Ok(())
}

/// It is wiped when the copy begins to wait, and not at each turn.
async fn a_poll_uses_one_buffer() -> io::Result<()> {
    for size in [64 * 1024, 1000, 100_000] {
        let mut copying = copy(Strange::new(&[says_less, says_less, is_pending]), sink()).buffer_size(size);
        assert!(poll_once(&mut copying).await.is_none());
        let (reader, _) = copying.into_inner();
        let [first, second, third] = &reader.offered[..] else { panic!("three turns") };
        assert_eq!((first.0, first.1), (second.0, second.1), "the same memory");
        assert_eq!(first.1, size);
        assert_eq!(second.2, vec![b's'; size], "not wiped in between");
        assert_eq!(third.2, second.2);
    }
    Ok(())
}

async fn memory_is_found_again_for_every_size() -> io::Result<()> {
    std::future::poll_fn(|cx| {
        let mut offered = |size| {
            let mut copying = copy(Strange::new(&[is_pending]), sink()).buffer_size(size);
            assert!(Future::poll(Pin::new(&mut copying), cx).is_pending());
            let (reader, _) = copying.into_inner();
            reader.offered[0].0
        };
        for size in [1, 1000, 64 * 1024, 100_000, 1 << 20] {
            let memory = offered(size);
            assert_ne!(offered(64 * 1024), 0);
            assert_eq!(offered(size), memory, "{size} bytes");
        }
        Poll::Ready(())
    })
    .await;
    Ok(())
}

async fn unix_streams_both_ways() -> io::Result<()> {
    const SIZE: usize = 1 << 20;
    for no_splice in [false, true] {
        let ((a, mut client), (b, mut server)) = (unix()?, accepted().await?);
        let peers = thread::spawn(move || {
            let mut sender = client.try_clone()?;
            let sending = thread::spawn(move || {
                sender.write_all(&noise(SIZE))?;
                sender.shutdown(std::net::Shutdown::Write)
            });
            let mut question = Vec::new();
            server.read_to_end(&mut question)?;
            sending.join().expect("the sender")?;
            let answering = thread::spawn(move || server.write_all(&noise(SIZE + 7)));
            let mut answer = Vec::new();
            client.read_to_end(&mut answer)?;
            answering.join().expect("the server")?;
            io::Result::Ok((question, answer))
        });
        let counts = copy_bidirectional(&a, &b).no_splice(no_splice).await?;
        assert_eq!(counts, (SIZE as u64, SIZE as u64 + 7));
        let (question, answer) = peers.join().expect("the peers")?;
        assert_same(&question, &noise(SIZE));
        assert_same(&answer, &noise(SIZE + 7));
    }
    Ok(())
}

fn unix() -> io::Result<(UnixStream, StdUnixStream)> {
    let (ours, theirs) = StdUnixStream::pair()?;
    Ok((UnixStream::try_from(ours)?, theirs))
}

async fn unix_streams_and_files() -> io::Result<()> {
    const SIZE: usize = 1 << 20;
    let (from, to) = (scratch(&noise(SIZE))?, scratch(b"")?);
    let (sender, receiver) = UnixStream::pair()?;
    let receiving = fend::spawn(async move {
        let count = receiver.recv_file(&to, 3, u64::MAX).await?;
        io::Result::Ok((count, to))
    });
    assert_eq!(sender.send_file(&from, 0, u64::MAX).await?, SIZE as u64);
    sender.shutdown(Shutdown::Write)?;
    let (count, to) = receiving.await??;
    assert_eq!(count, SIZE as u64);
    let mut received = vec![0; SIZE];
    to.read_exact_at(&mut received, 3)?;
    assert_same(&received, &noise(SIZE));
    Ok(())
}

async fn splicing_stops_while_a_pipe_is_full() -> io::Result<()> {
    let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
    const SIZE: usize = 16 << 20;
    let message = noise(SIZE);
    let sending = thread::spawn(move || client.write_all(&message));
    let mut copying = copy(&a, b);
    // Until the destination is full, and for a while.
    let mut copied = 0;
    while copied == 0 || copied != copying.copied() {
        copied = copying.copied();
        for _ in 0..20 {
            assert!(poll_once(&mut copying).await.is_none());
            fend::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
    let mut copying = copying.no_splice(true);
    let reading = thread::spawn(move || {
        let mut received = vec![0; SIZE];
        server.read_exact(&mut received).map(|()| received)
    });
    let copied = copying.copied();
    let mut copying = {
        while copying.copied() == copied {
            assert!(poll_once(&mut copying).await.is_none());
            fend::yield_now().await;
        }
        copying.no_splice(false)
    };
    assert_eq!((&mut copying).await?, SIZE as u64);
    sending.join().expect("the sender")?;
    assert_same(&reading.join().expect("the reader")?, &noise(SIZE));
    Ok(())
}

async fn refused_before_anything_is_received() -> io::Result<()> {
    let path = scratch_path();
    fs::write(&path, b"0123456789")?;
    let appending = OpenOptions::new().append(true).open(&path)?;
    let reading = File::open(&path)?;
    let fit = OpenOptions::new().write(true).open(&path)?;
    let (stream, mut peer) = accepted().await?;
    peer.write_all(b"abc")?;
    stream.readable().await?;
    for offset in [0, u64::MAX] {
        let error = stream.recv_file(&appending, offset, 3).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let error = stream.recv_file(&reading, offset, 3).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("write to a file at byte {offset}: ")), "{error}");
    }
    for offset in [i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let error = stream.recv_file(&fit, offset, 3).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains(&offset.to_string()), "{error}");
    }
    let mut received = [0; 3];
    assert_eq!(stream.recv(&mut received).await?, 3, "all that came is still there");
    assert_eq!(&received, b"abc");
    assert_eq!(fs::read(&path)?, b"0123456789", "nothing was written, nor appended");
    fs::remove_file(&path)
}

/// Says that it has written `.0` more bytes than it was given.
struct Boaster(usize);

impl AsyncWrite for Boaster {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len() + self.0))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

async fn a_writer_that_says_too_much() -> io::Result<()> {
    assert_eq!(copy(&b"abc"[..], Boaster(0)).await?, 3);
    let mut copying = copy(&b"abc"[..], Boaster(5));
    let error = (&mut copying).await.unwrap_err();
    assert_eq!(error.to_string(), "the writer says that it has written 8 bytes of 3");
    assert_eq!(copying.copied(), 0);
    Ok(())
}

/// The kernel sends in several steps. The peer answers the first with a reset, and a later one raises the signal, while the
/// call tells how much the first ones have moved.
fn a_destination_that_breaks_midway_is_no_signal(shape: Shape) {
    alone(shape, || {
        // SAFETY: the default is no handler that could do harm.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        let test = async {
            let file = scratch(&noise(1 << 20))?;
            for _ in 0..10 {
                let (b, server) = accepted().await?;
                drop(server);
                b.peer_closed().await?;
                let error = b.send_file(&file, 0, 1 << 20).await.unwrap_err();
                assert!(is_broken(&error), "{error}");

                let ((a, mut client), (b, server)) = (accepted().await?, accepted().await?);
                let sending = thread::spawn(move || client.write_all(&noise(1 << 20)).map(|()| client));
                drop(server);
                b.peer_closed().await?;
                let error = copy(&a, &b).await.unwrap_err();
                assert!(is_broken(&error), "{error}");
                drop((a, sending.join().expect("the sender")));
            }
            io::Result::Ok(())
        };
        shape.block_on(test).unwrap();
    });
}

fn is_broken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}
