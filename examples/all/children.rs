//! Child processes.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use fend::process::Command;
use fend::signal::Signal;
use fend::task::TaskGroup;
use futures_lite::future;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::Outcome;

/// A child's three streams, and its exit status.
pub(crate) async fn streams() -> Outcome {
    let text = "through the child and back ".repeat(10_000);
    let mut child = Command::new("sh")
        .args(["-c", "cat; echo done >&2; exit 7"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no stdin")?;
    let mut output = child.stdout.take().ok_or("no stdout")?;
    let write = async {
        input.write_all(text.as_bytes()).await?;
        input.close().await
    };
    let mut echo = String::new();
    future::try_zip(write, output.read_to_string(&mut echo)).await?;
    let rest = child.wait_with_output().await?;
    ensure!(echo == text, "{} of {} bytes came back", echo.len(), text.len());
    ensure!(rest.stderr == b"done\n", "on standard error: {:?}", String::from_utf8_lossy(&rest.stderr));
    ensure!(rest.status.code() == Some(7), "the child ended with {}", rest.status);
    Ok(format!("{} KB through `cat`, its last words, exit status 7", text.len() / 1000))
}

/// Many at once; and a group of processes that is ended as one.
pub(crate) async fn many() -> Outcome {
    const CHILDREN: i32 = 20;
    let mut children = TaskGroup::new();
    for code in 0..CHILDREN {
        children.spawn(Command::new("sh").args(["-c", &format!("exit {code}")]).status());
    }
    let mut sum = 0;
    while let Some(status) = children.join_next().await {
        sum += status??.code().ok_or("a child was killed")?;
    }
    ensure!(sum == (0..CHILDREN).sum(), "the exit statuses sum up to {sum}");

    let mut group = Command::new("sh")
        .args(["-c", "sleep 1000 & echo ready; wait"])
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let mut output = group.stdout.take().ok_or("no stdout")?;
    output.read_exact(&mut [0; 6]).await?;
    group.signal_group(Signal::TERM)?;
    // The end of the pipe: the last one that held it is gone.
    ensure!(output.read(&mut [0; 1]).await? == 0, "somebody of the group still writes");
    let status = group.wait().await?;
    ensure!(status.signal() == Some(Signal::TERM.as_raw()), "the leader ended with {status}");
    Ok(format!("{CHILDREN} children at once, each with its own exit status; a group ended by one SIGTERM"))
}
