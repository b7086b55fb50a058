//! Pipes and FIFOs.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use fend::net::SocketError;
use fend::net::pipe::{OpenOptions, PipeReader, PipeWriter, pipe};
use futures_lite::future::{poll_once, zip};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use socket2::SockRef;

use crate::forks::{no_forks, spawn};
use crate::peer::{assert_same, noise, odd_pieces};

on_every_dispatcher!(
    everything_goes_through,
    through_the_futures_traits,
    the_end_comes_with_the_last_clone,
    no_reader_is_an_error,
    the_other_end_is_seen_going,
    a_full_pipe_waits_for_room,
    trying_does_not_wait,
    early_end_says_how_early,
    capacity_is_asked_and_set,
    packets_are_not_mistaken_for_an_empty_pipe,
    a_child_s_streams,
    a_fifo_waits_for_its_writer,
    a_fifo_without_a_reader,
    a_fifo_for_both,
    what_is_no_fifo,
    unfit_fds_are_refused,
    there_and_back,
);

async fn everything_goes_through() -> io::Result<()> {
    const SIZE: usize = 2 << 20;
    let (reader, writer) = pipe()?;
    let sender = fend::spawn(async move {
        let message = noise(SIZE);
        for piece in odd_pieces(&message) {
            writer.send_all(piece).await?;
        }
        io::Result::Ok(())
    });
    let mut received = vec![0; SIZE];
    reader.recv_exact(&mut received).await?;
    assert_eq!(reader.recv(&mut [0; 8]).await?, 0);
    sender.await??;
    assert_same(&received, &noise(SIZE));
    Ok(())
}

async fn through_the_futures_traits() -> io::Result<()> {
    let (mut reader, mut writer) = pipe()?;
    writer.write_all(b"one ").await?;
    (&writer).write_all(b"two ").await?;
    let parts = [IoSlice::new(b"thr"), IoSlice::new(b""), IoSlice::new(b"ee")];
    assert_eq!((&writer).write_vectored(&parts).await?, 5);
    assert_eq!(writer.write_vectored(&parts[2..]).await?, 2);
    writer.flush().await?;
    writer.close().await?;
    writer.write_all(b"!").await?;
    drop(writer);
    let (mut head, mut tail) = ([0; 2], [0; 2]);
    let mut bufs = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
    assert_eq!(reader.read_vectored(&mut bufs).await?, 4);
    let mut rest = String::new();
    (&reader).read_to_string(&mut rest).await?;
    assert_eq!((&head, &tail, rest.as_str()), (b"on", b"e ", "two threeee!"));
    assert_eq!(reader.read(&mut head).await?, 0);
    Ok(())
}

async fn the_end_comes_with_the_last_clone() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    let clone = writer.clone();
    drop(writer);
    let mut buf = [0; 8];
    let mut receiving = Box::pin(reader.recv(&mut buf));
    assert!(poll_once(&mut receiving).await.is_none());
    drop(clone);
    assert_eq!(receiving.await?, 0);
    assert_eq!(reader.recv(&mut []).await?, 0);
    Ok(())
}

async fn no_reader_is_an_error() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    writer.send_all(&noise(writer.capacity()?)).await?;
    let mut sending = Box::pin(writer.send(b"x"));
    assert!(poll_once(&mut sending).await.is_none(), "it is full");
    drop(reader);
    assert_eq!(sending.await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(writer.send_all(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(writer.try_send(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(writer.send(&[]).await?, 0);
    Ok(())
}

async fn the_other_end_is_seen_going() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    let clone = reader.clone();
    let mut waiting = Box::pin(writer.peer_closed());
    assert!(poll_once(&mut waiting).await.is_none());
    drop(reader);
    assert!(poll_once(&mut waiting).await.is_none(), "a clone is left");
    drop(clone);
    waiting.await?;

    let (reader, writer) = pipe()?;
    writer.send_all(b"last words").await?;
    let mut waiting = Box::pin(reader.peer_closed());
    assert!(poll_once(&mut waiting).await.is_none());
    drop(writer);
    waiting.await?;
    reader.recv_exact(&mut [0; 10]).await
}

async fn a_full_pipe_waits_for_room() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    let capacity = writer.capacity()?;
    let mut sent = 0;
    while let Ok(count) = writer.try_send(&[7; 5000]) {
        sent += count;
    }
    // A page that is full in part is full when the next piece does not fit.
    assert!((capacity / 2..=capacity).contains(&sent), "{sent} of {capacity}");
    assert!(poll_once(writer.writable()).await.is_none());
    let (mut taken, mut rest) = (vec![0; 8192], vec![0; sent - 8192]);
    let (writable, received) = zip(writer.writable(), reader.recv_exact(&mut taken)).await;
    writable.and(received)?;
    assert!(writer.try_send(b"more")? > 0);
    reader.recv_exact(&mut rest).await?;
    assert!(taken.iter().chain(&rest).all(|byte| *byte == 7));
    Ok(())
}

async fn trying_does_not_wait() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    let mut buf = [0; 8];
    assert_eq!(reader.try_recv(&mut buf).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert!(poll_once(reader.readable()).await.is_none());
    assert_eq!(writer.try_send(b"ab")?, 2);
    reader.readable().await?;
    assert_eq!(reader.try_recv(&mut buf)?, 2);
    let (mut one, mut two) = ([0; 1], [0; 1]);
    let mut bufs = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    assert_eq!(reader.try_recv_vectored(&mut bufs).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(writer.try_send_vectored(&[IoSlice::new(b"c"), IoSlice::new(b"d")])?, 2);
    assert_eq!(reader.try_recv_vectored(&mut bufs)?, 2);
    let _closed_at_once = no_forks();
    drop(writer);
    assert_eq!(reader.try_recv(&mut buf)?, 0);
    Ok(())
}

async fn early_end_says_how_early() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    writer.send_all(b"short").await?;
    drop(writer);
    let error = reader.recv_exact(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(error.to_string(), "the stream ended after 5 of 8 bytes");
    Ok(())
}

async fn capacity_is_asked_and_set() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    assert_eq!(writer.set_capacity(100_000)?, 131_072);
    assert_eq!((reader.capacity()?, writer.capacity()?), (131_072, 131_072));
    assert_eq!(reader.set_capacity(1)?, 4096);
    for bytes in [usize::MAX, 1 << 31] {
        let error = reader.set_capacity(bytes).unwrap_err();
        assert!(error.to_string().contains(&format!("capacity to {bytes} bytes")), "{error}");
    }
    Ok(())
}

/// A writer in another process may have set `O_DIRECT`: each read then gives one packet, and more are there.
async fn packets_are_not_mistaken_for_an_empty_pipe() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    set_packet_mode(&writer)?;
    let mut buf = [0; 100];
    // Registered by a wait, so that nothing but an event tells of more.
    assert!(poll_once(reader.recv(&mut buf)).await.is_none());
    for packet in [&b"one"[..], b"three"] {
        writer.send_all(packet).await?;
    }
    assert_eq!(reader.recv(&mut buf).await?, 3);
    assert_eq!(reader.recv(&mut buf).await?, 5, "it was there already, and no event tells of it");
    Ok(())
}

#[expect(unsafe_code, reason = "fcntl is not in std")]
fn set_packet_mode(writer: &PipeWriter) -> io::Result<()> {
    // SAFETY: the fd is open.
    let result = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, libc::O_DIRECT | libc::O_NONBLOCK) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

async fn a_child_s_streams() -> io::Result<()> {
    let mut command = Command::new("sh");
    command.args(["-c", "cat; echo done >&2"]);
    let mut child = spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let stdin = PipeWriter::try_from(child.stdin.take().expect("piped"))?;
    let mut stdout = PipeReader::try_from(child.stdout.take().expect("piped"))?;
    let mut stderr = PipeReader::try_from(child.stderr.take().expect("piped"))?;
    let sender = fend::spawn(async move { stdin.send_all(&noise(300_000)).await });
    let (mut out, mut err) = (Vec::new(), String::new());
    stdout.read_to_end(&mut out).await?;
    stderr.read_to_string(&mut err).await?;
    sender.await??;
    assert_same(&out, &noise(300_000));
    assert_eq!(err, "done\n");
    assert!(child.wait()?.success());
    Ok(())
}

/// A FIFO in a directory of its own, removed at the end.
struct Fifo {
    directory: PathBuf,
    path: PathBuf,
}

impl Fifo {
    fn new() -> io::Result<Fifo> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = env::temp_dir().join(format!("fend-pipes-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory)?;
        let path = directory.join("fifo");
        assert!(spawn(Command::new("mkfifo").arg(&path))?.wait()?.success());
        Ok(Fifo { directory, path })
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

async fn a_fifo_waits_for_its_writer() -> io::Result<()> {
    let fifo = Fifo::new()?;
    let reader = OpenOptions::new().open_reader(&fifo.path)?;
    let mut buf = [0; 8];
    assert_eq!(reader.try_recv(&mut buf).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let mut receiving = Box::pin(reader.recv(&mut buf));
    assert!(poll_once(&mut receiving).await.is_none(), "no writer yet, which is not the end");
    let writer = OpenOptions::new().open_writer(&fifo.path)?;
    assert!(poll_once(&mut receiving).await.is_none());
    writer.send_all(b"hello").await?;
    assert_eq!(receiving.await?, 5);
    drop(writer);
    assert_eq!(reader.recv(&mut buf).await?, 0);
    assert_eq!(reader.try_recv(&mut buf)?, 0);

    // A copy waits in the same way.
    let fifo = Fifo::new()?;
    let reader = OpenOptions::new().open_reader(&fifo.path)?;
    let (end, sink) = pipe()?;
    let mut copying = fend::io::copy(&reader, &sink);
    assert!(poll_once(&mut copying).await.is_none());
    let path = fifo.path.clone();
    thread::spawn(move || fs::write(path, "from a file")).join().expect("the writer")?;
    assert_eq!(copying.await?, 11);
    end.recv_exact(&mut [0; 11]).await
}

async fn a_fifo_without_a_reader() -> io::Result<()> {
    let fifo = Fifo::new()?;
    let error = OpenOptions::new().open_writer(&fifo.path).unwrap_err();
    assert!(error.to_string().contains("fifo, which no process has open for reading: "), "{error}");
    let detail =
        error.get_ref().and_then(|error| error.downcast_ref::<SocketError>()).expect("a SocketError");
    assert_eq!(detail.os_error().raw_os_error(), Some(libc::ENXIO));
    Ok(())
}

async fn a_fifo_for_both() -> io::Result<()> {
    let fifo = Fifo::new()?;
    let both = OpenOptions::new().read_write(true);
    let writer = both.open_writer(&fifo.path)?;
    writer.send_all(b"hello").await?;
    let reader = both.open_reader(&fifo.path)?;
    drop(writer);
    let mut buf = [0; 5];
    reader.recv_exact(&mut buf).await?;
    assert!(poll_once(reader.recv(&mut buf)).await.is_none(), "the reader is a writer too: no end");
    // It is fit for both as an fd.
    let fd = reader.as_fd().try_clone_to_owned()?;
    PipeWriter::try_from(fd)?.send_all(b"again").await?;
    reader.recv_exact(&mut buf).await
}

async fn what_is_no_fifo() -> io::Result<()> {
    let fifo = Fifo::new()?;
    let path = fifo.directory.join("file");
    fs::write(&path, "text")?;
    for error in [
        OpenOptions::new().open_reader(&path).map(drop).unwrap_err(),
        OpenOptions::new().open_writer(&path).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().ends_with("/file: not a FIFO"), "{error}");
    }
    assert!(OpenOptions::new().unchecked(true).open_reader(&path).is_ok());
    let missing = OpenOptions::new().open_reader(fifo.directory.join("missing")).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    Ok(())
}

async fn unfit_fds_are_refused() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    let reader = OwnedFd::try_from(reader)?;
    let writer = OwnedFd::try_from(writer)?;
    let refusals = [
        (PipeWriter::try_from(reader).map(drop), "is the reading end"),
        (PipeReader::try_from(writer).map(drop), "is the writing end"),
        (PipeReader::try_from(File::open("/dev/null")?).map(drop), "is not a pipe"),
        (PipeWriter::try_from(File::open("/proc/self/exe")?).map(drop), "is not a pipe"),
    ];
    for (result, reason) in refusals {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains(reason), "{error}");
    }
    Ok(())
}

async fn there_and_back() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    let clone = reader.clone();
    let error = reader.into_blocking_fd().unwrap_err();
    assert_eq!(error.error().kind(), io::ErrorKind::ResourceBusy);
    drop(clone);
    let reader = error.into_inner();
    assert!(poll_once(reader.readable()).await.is_none(), "registered, so that there is something to undo");
    let (reader, writer) = (reader.into_blocking_fd()?, writer.into_blocking_fd()?);
    assert!(!SockRef::from(&reader).nonblocking()? && !SockRef::from(&writer).nonblocking()?);
    let (mut reader, mut writer) = (File::from(reader), File::from(writer));
    writer.write_all(b"by std")?;
    reader.read_exact(&mut [0; 6])?;
    let (reader, writer) = (PipeReader::try_from(reader)?, PipeWriter::try_from(writer)?);
    assert!(SockRef::from(&reader).nonblocking()? && SockRef::from(&writer).nonblocking()?);
    writer.send_all(b"by fend").await?;
    reader.recv_exact(&mut [0; 7]).await
}

#[test]
fn types_are_what_the_design_promises() {
    fn end<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Debug + Clone + AsFd + AsRawFd + 'static>() {
    }
    end::<PipeReader>();
    end::<PipeWriter>();
    let (reader, writer) = pipe().unwrap();
    assert_eq!(format!("{reader:?}"), format!("PipeReader {{ fd: {} }}", reader.as_raw_fd()));
    assert_eq!(format!("{writer:?}"), format!("PipeWriter {{ fd: {} }}", writer.as_raw_fd()));
}
