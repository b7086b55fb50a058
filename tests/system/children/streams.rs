//! The standard streams of children.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::pin::{Pin, pin};
use std::process::Stdio as StdStdio;

use fend::net::pipe::{PipeReader, PipeWriter};
use fend::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use fend::time::timeout;
use futures::AsyncWrite;
use futures_lite::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use futures_lite::{StreamExt, future};

use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_every_dispatcher!(
    methods_and_traits_carry_the_same_bytes,
    a_closed_input_comes_to_its_end,
    a_child_that_reads_no_more_breaks_the_pipe,
    a_full_pipe_waits_and_loses_nothing_when_given_up,
    children_are_joined_by_a_pipe,
    streams_are_converted,
    readers_and_writers_work_at_once,
);
on_each_dispatcher!(alone: no_signal_comes_of_a_broken_pipe);

fn cat() -> io::Result<(Child, ChildStdin, ChildStdout)> {
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    Ok((child, stdin, stdout))
}

async fn methods_and_traits_carry_the_same_bytes() -> io::Result<()> {
    let (mut child, mut stdin, mut stdout) = cat()?;
    let mut buf = [0; 5];
    assert_eq!(stdin.send(b"").await? + stdout.recv(&mut []).await?, 0);
    assert_eq!(stdout.try_recv(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
    stdin.send_all(b"hello").await?;
    stdout.recv_exact(&mut buf).await?;
    assert_eq!(&buf, b"hello");

    assert_eq!(stdin.send_vectored(&[IoSlice::new(b""), IoSlice::new(b"ab"), IoSlice::new(b"c")]).await?, 3);
    let (mut one, mut two) = ([0; 1], [0; 2]);
    // A child may pass on what it has read in parts, and this one does not.
    let count = stdout.recv_vectored(&mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)]).await?;
    assert_eq!((count, &one, &two), (3, b"a", b"bc"));

    stdin.write_all(b"line\n").await?;
    stdin.flush().await?;
    let mut lines = BufReader::new(&stdout).lines();
    assert_eq!(lines.next().await.expect("a line")?, "line");
    assert_eq!(stdin.try_send(b"abc")?, 3);
    drop(lines);
    stdout.read_exact(&mut buf[..3]).await?;
    assert_eq!(&buf[..3], b"abc");
    drop(stdin);
    assert_eq!(stdout.recv(&mut buf).await?, 0);
    assert_eq!(stdout.recv(&mut buf).await?, 0);
    assert_eq!(stdout.recv_exact(&mut buf).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert!(child.wait().await?.success());
    Ok(())
}

async fn a_closed_input_comes_to_its_end() -> io::Result<()> {
    let (mut child, mut stdin, stdout) = cat()?;
    stdin.write_all(b"last words").await?;
    stdin.close().await?;
    let mut text = String::new();
    (&stdout).read_to_string(&mut text).await?;
    assert_eq!(text, "last words");
    assert!(child.wait().await?.success());
    stdin.close().await?;
    assert_eq!(stdin.send(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(stdin.into_std().unwrap_err().kind(), ErrorKind::BrokenPipe);
    Ok(())
}

async fn a_child_that_reads_no_more_breaks_the_pipe() -> io::Result<()> {
    let mut child = Command::new("true").stdin(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take().expect("piped");
    stdin.peer_closed().await?;
    assert_eq!(stdin.send(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert!(child.wait().await?.success());
    Ok(())
}

async fn a_full_pipe_waits_and_loses_nothing_when_given_up() -> io::Result<()> {
    let mut child = Command::new("sh");
    child.args(["-c", "read start; cat"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn()?;
    let stdin = child.stdin.take().expect("piped");
    // A page at a time, so that the pipe becomes full to the last byte.
    let page = [b'x'; 4096];
    let mut sent = 0;
    while let Ok(count) = stdin.try_send(&page) {
        sent += count;
    }
    {
        let mut waiting = pin!(stdin.send(b"never sent"));
        assert!(future::poll_once(waiting.as_mut()).await.is_none());
    }
    // The shell reads byte by byte until there is a line, so that it ends at the newline.
    let reader = fend::spawn(async move { child.wait_with_output().await });
    stdin.send_all(b"\nrest").await?;
    drop(stdin);
    let output = reader.await.expect("no panic")?;
    assert!(sent >= page.len());
    assert_eq!(output.stdout, b"rest");
    Ok(())
}

async fn children_are_joined_by_a_pipe() -> io::Result<()> {
    let mut first = Command::new("sh");
    let mut first = first.args(["-c", "echo hello"]).stdout(Stdio::piped()).spawn()?;
    let stdout = first.stdout.take().expect("piped");
    let second = Command::new("tr").args(["a-z", "A-Z"]).stdin(StdStdio::try_from(stdout)?).output().await?;
    assert_eq!(second.stdout, b"HELLO\n");
    assert!(first.wait().await?.success());

    let mut last = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let stdin = last.stdin.take().expect("piped");
    let status = Command::new("echo").arg("to the other").stdout(StdStdio::try_from(stdin)?).status().await?;
    assert!(status.success());
    assert_eq!(last.wait_with_output().await?.stdout, b"to the other\n");
    Ok(())
}

async fn streams_are_converted() -> io::Result<()> {
    // Into std's and back.
    let (mut child, stdin, stdout) = cat()?;
    let (mut stdin, mut stdout) = (stdin.into_std()?, stdout.into_std()?);
    stdin.write_all(b"blocking")?;
    stdout.read_exact(&mut [0; 8])?;
    let (stdin, stdout) = (ChildStdin::try_from(stdin)?, ChildStdout::try_from(stdout)?);
    let mut buf = [0; 5];
    assert_eq!(stdout.try_recv(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
    stdin.send_all(b"async").await?;
    stdout.recv_exact(&mut buf).await?;
    // Into those of net.
    let (writer, reader) = (PipeWriter::try_from(stdin)?, PipeReader::try_from(stdout)?);
    writer.send_all(b"pipes").await?;
    reader.recv_exact(&mut buf).await?;
    assert_eq!(&buf, b"pipes");
    drop(writer);
    assert!(child.wait().await?.success());

    let mut child = Command::new("sh");
    let mut child = child.args(["-c", "echo err >&2"]).stderr(Stdio::piped()).spawn()?;
    let stderr = child.stderr.take().expect("piped");
    assert!(stderr.as_fd().try_clone_to_owned().is_ok());
    let stderr = ChildStderr::try_from(OwnedFd::from(stderr))?;
    let reader = PipeReader::try_from(stderr)?;
    reader.recv_exact(&mut buf[..4]).await?;
    assert_eq!(&buf[..4], b"err\n");
    child.wait().await?;

    let file = OwnedFd::from(std::fs::File::open("/proc/self/exe")?);
    assert_eq!(ChildStdout::try_from(file).unwrap_err().kind(), ErrorKind::InvalidInput);
    Ok(())
}

/// A megabyte through a child: neither side may wait for the other.
async fn readers_and_writers_work_at_once() -> io::Result<()> {
    const SIZE: usize = 1 << 20;
    let (mut child, stdin, stdout) = cat()?;
    let writing = fend::spawn(async move { stdin.send_all(&vec![7; SIZE]).await });
    let mut buf = vec![0; SIZE];
    stdout.recv_exact(&mut buf).await?;
    assert!(buf.iter().all(|&byte| byte == 7));
    writing.await.expect("no panic")?;
    assert!(child.wait().await?.success());
    Ok(())
}

fn no_signal_comes_of_a_broken_pipe(shape: Shape) {
    alone(shape, || {
        kernel::dispose(libc::SIGPIPE, libc::SIG_DFL);
        let result = shape.block_on(async {
            let mut child = Command::new("true").stdin(Stdio::piped()).spawn()?;
            let mut stdin = child.stdin.take().expect("piped");
            stdin.peer_closed().await?;
            let error = stdin.send(b"x").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            let error = stdin.write_all(b"x").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            let bufs = [IoSlice::new(b"x")];
            let error = poll_fn(|cx| Pin::new(&mut stdin).poll_write_vectored(cx, &bufs)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            timeout(std::time::Duration::from_secs(30), child.wait()).await?
        });
        assert!(result.expect("its end").success());
    });
}
