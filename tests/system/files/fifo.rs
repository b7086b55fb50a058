//! A FIFO opened as a file: it takes a thread of the pool, and no worker; and it has no position.

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use fend::fs::{File, OpenOptions};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, io::SeekFrom};

use super::{Scratch, detail, once};
use crate::shape::Shape;

on_every_dispatcher!(
    an_open_waits_for_the_other_end_and_workers_do_not,
    bytes_of_a_read_given_up_are_for_the_next,
    bytes_that_cannot_be_put_back_keep_the_file,
    both_directions_of_one_fd_keep_out_of_each_others_way,
    a_fifo_without_a_reader_is_a_broken_pipe,
);
on_every_shape!(an_open_that_never_ends_holds_up_no_exit);

pub(super) fn fifo(scratch: &Scratch) -> PathBuf {
    let path = scratch.path("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is installed").success());
    path
}

/// The writing end, which needs a reader that is there already.
fn write_end(path: &PathBuf) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path)
}

async fn an_open_waits_for_the_other_end_and_workers_do_not() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = fifo(&scratch);
    let reader = fend::spawn({
        let path = path.clone();
        async move {
            let mut text = String::new();
            File::open(path).await?.read_to_string(&mut text).await?;
            io::Result::Ok(text)
        }
    });
    // Workers go on meanwhile.
    for _ in 0..100 {
        fend::yield_now().await;
    }
    assert!(!reader.is_finished());
    let mut writer = OpenOptions::new().write(true).open(&path).await?;
    writer.write_all(b"through the pipe").await?;
    writer.close().await?;
    drop(writer);
    assert_eq!(reader.await??, "through the pipe");
    Ok(())
}

async fn bytes_of_a_read_given_up_are_for_the_next() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = fifo(&scratch);
    // For both, so that the open does not wait.
    let mut file = OpenOptions::new().read(true).write(true).open(&path).await?;
    let mut buf = [0; 8];
    assert!(once(file.read(&mut buf)).is_none(), "there is nothing yet");
    let mut writer = write_end(&path)?;
    io::Write::write_all(&mut writer, b"abcdefghijkl")?;
    let mut text = Vec::new();
    while text.len() < 12 {
        let count = file.read(&mut buf[..3]).await?;
        text.extend_from_slice(&buf[..count]);
    }
    assert_eq!(text, b"abcdefghijkl");
    Ok(())
}

async fn bytes_that_cannot_be_put_back_keep_the_file() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = fifo(&scratch);
    let mut file = OpenOptions::new().read(true).write(true).open(&path).await?;
    let mut buf = [0; 8];
    assert!(once(file.read(&mut buf)).is_none(), "there is nothing yet");
    io::Write::write_all(&mut write_end(&path)?, b"abcdefghijkl")?;
    file.read_exact(&mut buf[..3]).await?;
    let mut file = file.try_into_std().expect_err("five more bytes were read");
    file.read_exact(&mut buf[3..]).await?;
    assert_eq!(&buf, b"abcdefgh");
    let mut file = file.try_into_std().expect("nothing is kept");
    io::Read::read_exact(&mut file, &mut buf[..4])?;
    assert_eq!(&buf[..4], b"ijkl");
    Ok(())
}

/// There is no position to put back, so that what was read is kept over a write and over a seek that fails.
async fn both_directions_of_one_fd_keep_out_of_each_others_way() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = fifo(&scratch);
    let mut file = OpenOptions::new().read(true).write(true).open(&path).await?;
    let mut buf = [0; 6];
    assert!(once(file.read(&mut buf)).is_none());
    io::Write::write_all(&mut write_end(&path)?, b"first ")?;
    file.write_all(b"second").await?;
    let error = file.seek(SeekFrom::Start(0)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotSeekable);
    file.flush().await?;
    file.read_exact(&mut buf).await?;
    assert_eq!(&buf, b"first ");
    file.read_exact(&mut buf).await?;
    assert_eq!(&buf, b"second");
    Ok(())
}

/// A process that another test is about to start has the reading end too, for a moment.
async fn a_fifo_without_a_reader_is_a_broken_pipe() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = fifo(&scratch);
    let reader = std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path)?;
    let mut writer = OpenOptions::new().write(true).open(&path).await?;
    drop(reader);
    let error = loop {
        writer.write_all(b"x").await?;
        if let Err(error) = writer.flush().await {
            break error;
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(detail(&error).operation(), "write");
    Ok(())
}

/// The runtime's end waits no longer than it was told to, and the thread that is left keeps nothing else.
fn an_open_that_never_ends_holds_up_no_exit(shape: Shape) {
    let scratch = Scratch::new();
    let path = fifo(&scratch);
    let runtime = shape.build();
    runtime.block_on(async {
        assert!(once(File::open(&path)).is_none());
        // It has begun once the next one has ended, or it never will.
        fend::fs::metadata(&path).await.expect("it is there");
    });
    let report = runtime.shutdown_timeout(Duration::from_millis(1));
    // The thread that is stuck, and the other one if it has not left by then.
    assert!(report.blocking_left <= 2, "{report:?}");
    // So that the thread ends before the test does.
    let _writer = write_end(&path);
}
