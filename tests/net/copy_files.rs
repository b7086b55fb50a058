//! Between files and sockets.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use futures_lite::{AsyncSeekExt, AsyncWriteExt, io::SeekFrom};
use socket2::SockRef;

use crate::peer::{accepted, assert_same, noise};

on_every_dispatcher!(
    a_file_is_sent,
    a_file_of_the_runtime_is_sent,
    parts_of_a_file,
    a_file_is_received,
    parts_are_received,
    failures_name_the_file,
    huge_offsets,
    urgent_data_is_left_out,
);

/// A file of its own, removed at the end.
struct Scratch {
    path: PathBuf,
    file: File,
}

impl Scratch {
    fn new(content: &[u8]) -> io::Result<Scratch> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("fend-copy-{}-{number}", std::process::id()));
        fs::write(&path, content)?;
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        Ok(Scratch { path, file })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

async fn a_file_is_sent() -> io::Result<()> {
    const SIZE: usize = 3 << 20;
    let scratch = Scratch::new(&noise(SIZE))?;
    let (stream, mut peer) = accepted().await?;
    let reader = thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).map(|_| received)
    });
    assert_eq!(stream.send_file(&scratch.file, 0, SIZE as u64).await?, SIZE as u64);
    drop(stream);
    assert_same(&reader.join().expect("the reader")?, &noise(SIZE));
    assert_eq!(io::Seek::stream_position(&mut &scratch.file)?, 0, "the position is the user's");
    Ok(())
}

/// What it has accepted is in the file once it is flushed, and its position is not used.
async fn a_file_of_the_runtime_is_sent() -> io::Result<()> {
    const SIZE: usize = 300_000;
    let scratch = Scratch::new(b"")?;
    let mut file = fend::fs::OpenOptions::new().read(true).write(true).open(&scratch.path).await?;
    file.write_all(&noise(SIZE)).await?;
    file.flush().await?;
    let (stream, mut peer) = accepted().await?;
    let reader = thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).map(|_| received)
    });
    assert_eq!(stream.send_file(&file, 0, u64::MAX).await?, SIZE as u64);
    drop(stream);
    assert_same(&reader.join().expect("the reader")?, &noise(SIZE));
    assert_eq!(file.seek(SeekFrom::Current(0)).await?, SIZE as u64);
    Ok(())
}

async fn parts_of_a_file() -> io::Result<()> {
    let scratch = Scratch::new(b"0123456789")?;
    let (stream, mut peer) = accepted().await?;
    for (offset, count, sent) in [(2, 3, 3), (8, u64::MAX, 2), (10, 5, 0), (11, 5, 0), (0, 0, 0)] {
        assert_eq!(stream.send_file(&scratch.file, offset, count).await?, sent, "{count} from {offset}");
    }
    drop(stream);
    let mut received = String::new();
    peer.read_to_string(&mut received)?;
    assert_eq!(received, "23489");
    Ok(())
}

async fn a_file_is_received() -> io::Result<()> {
    const SIZE: usize = 3 << 20;
    let scratch = Scratch::new(b"")?;
    let (stream, mut peer) = accepted().await?;
    let sender = thread::spawn(move || peer.write_all(&noise(SIZE)));
    assert_eq!(stream.recv_file(&scratch.file, 0, u64::MAX).await?, SIZE as u64);
    sender.join().expect("the sender")?;
    assert_same(&fs::read(&scratch.path)?, &noise(SIZE));
    assert_eq!(io::Seek::stream_position(&mut &scratch.file)?, 0, "the position is the user's");
    Ok(())
}

async fn parts_are_received() -> io::Result<()> {
    let scratch = Scratch::new(b"0123456789")?;
    let (stream, mut peer) = accepted().await?;
    peer.write_all(b"abcdefgh")?;
    assert_eq!(stream.recv_file(&scratch.file, 1, 3).await?, 3);
    assert_eq!(stream.recv_file(&scratch.file, 0, 0).await?, 0);
    assert_eq!(stream.recv_file(&scratch.file, 9, 4).await?, 4);
    assert_eq!(fs::read_to_string(&scratch.path)?, "0abc45678defg");
    let mut rest = [0; 1];
    stream.recv_exact(&mut rest).await?;
    assert_eq!(&rest, b"h");
    Ok(())
}

async fn failures_name_the_file() -> io::Result<()> {
    let scratch = Scratch::new(b"0123456789")?;
    let read_only = File::open(&scratch.path)?;
    let (stream, mut peer) = accepted().await?;
    peer.write_all(b"abc")?;
    let error = stream.recv_file(&read_only, 3, 3).await.unwrap_err();
    assert!(error.to_string().starts_with("write to a file at byte 3: "), "{error}");
    let (stream, mut peer) = accepted().await?;
    peer.write_all(b"abc")?;
    let appending = OpenOptions::new().append(true).open(&scratch.path)?;
    let error = stream.recv_file(&appending, 3, 3).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    stream.recv_exact(&mut [0; 3]).await?;
    assert_eq!(fs::read(&scratch.path)?, b"0123456789", "nothing was written, nor appended");
    let (stream, _peer) = accepted().await?;
    let write_only = OpenOptions::new().write(true).open(&scratch.path)?;
    assert!(stream.send_file(&write_only, 0, 1).await.is_err());
    Ok(())
}

/// NT13
async fn huge_offsets() -> io::Result<()> {
    const HUGE: u64 = 8 << 30;
    let scratch = Scratch::new(b"")?;
    scratch.file.set_len(HUGE)?;
    scratch.file.write_all_at(b"the end", HUGE - 7)?;
    let (stream, mut peer) = accepted().await?;
    assert_eq!(stream.send_file(&scratch.file, HUGE - 7, u64::MAX).await?, 7);
    let mut received = [0; 7];
    peer.read_exact(&mut received)?;
    assert_eq!(&received, b"the end");
    assert_eq!(stream.send_file(&scratch.file, HUGE + 1, 1).await?, 0);
    let error = stream.send_file(&scratch.file, u64::MAX, 1).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("18446744073709551615"), "{error}");

    peer.write_all(b"beyond")?;
    assert_eq!(stream.recv_file(&scratch.file, HUGE, 6).await?, 6);
    scratch.file.read_exact_at(&mut received[..6], HUGE)?;
    assert_eq!(&received[..6], b"beyond");
    Ok(())
}

/// Out-of-band data is no part of the stream: splice(2) stops in front of it, and says that it would block.
async fn urgent_data_is_left_out() -> io::Result<()> {
    let scratch = Scratch::new(b"")?;
    let (stream, mut peer) = accepted().await?;
    peer.write_all(b"in")?;
    SockRef::from(&peer).send_out_of_band(b"!")?;
    peer.write_all(b"band")?;
    assert_eq!(stream.recv_file(&scratch.file, 0, 6).await?, 6);
    assert_eq!(fs::read(&scratch.path)?, b"inband");
    Ok(())
}
