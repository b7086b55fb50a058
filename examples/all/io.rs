//! Any file descriptor: whatever poll(2) can wait for.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use fend::io::AsyncFd;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

use crate::Outcome;

/// The pipes of a child process, through futures-io's traits; and a pair of sockets, through closures.
pub(crate) async fn pipes() -> Outcome {
    let text = "through two pipes and back ".repeat(10_000);
    let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = AsyncFd::new(cat.stdin.take().ok_or("no stdin")?)?;
    let mut output = AsyncFd::new(cat.stdout.take().ok_or("no stdout")?)?;
    let write = async {
        input.write_all(text.as_bytes()).await?;
        // The pipe's end, which `cat` waits for, comes with the last file descriptor.
        drop(input);
        io::Result::Ok(())
    };
    let mut echo = String::new();
    future::try_zip(write, output.read_to_string(&mut echo)).await?;
    let status = fend::spawn_blocking(move || cat.wait()).await??;
    ensure!(status.success(), "cat: {status}");
    ensure!(echo == text, "cat gave back {} of {} bytes", echo.len(), text.len());

    let (left, right) = UnixStream::pair()?;
    let (left, right) = (AsyncFd::new(left)?, AsyncFd::new(right)?);
    let receiver = fend::spawn(async move {
        let mut buffer = [0; 16];
        right.read_with(|mut socket| socket.read(&mut buffer)).await
    });
    left.write_with(|mut socket| socket.write(b"ping")).await?;
    let received = receiver.await??;
    ensure!(received == 4, "{received} bytes through the pair of sockets");
    Ok(format!("{} KB through `cat` and its two pipes, and a pair of sockets", text.len() / 1000))
}

/// A regular file is always ready, and the kernel says so: it belongs to the blocking pool.
pub(crate) async fn regular_file() -> Outcome {
    let error = AsyncFd::new(File::open("/proc/self/exe")?).err().ok_or("a regular file was taken")?;
    let name = fend::spawn_blocking(|| std::fs::read_to_string("/proc/self/comm")).await??;
    ensure!(error.to_string().contains("spawn_blocking"), "the error does not help: {error}");
    Ok(format!("AsyncFd refuses one and names spawn_blocking, which reads it: {:?}", name.trim()))
}
