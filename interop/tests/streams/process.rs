//! async-process in tasks of fend, beside `fend::process` and std: three that wait for their own children, and for nobody else's.

use std::io;
use std::os::unix::process::ExitStatusExt;

use fend::process::Command;
use futures::{AsyncReadExt, AsyncWriteExt, future};

on_every_dispatcher!(
    each_waits_for_its_own_children,
    a_pipe_from_one_to_the_other,
    children_that_are_dropped_leave_no_trace,
);

const CHILDREN: i32 = 12;

/// Its exit code says which one it was, and it ends when its standard input does.
const SCRIPT: [&str; 3] = ["-c", "read -r _; exit $1", "sh"];

async fn each_waits_for_its_own_children() -> io::Result<()> {
    let ours = future::try_join_all((0..CHILDREN).map(async |number| {
        let mut command = Command::new("sh");
        let mut child =
            command.args(SCRIPT).arg(number.to_string()).stdin(fend::process::Stdio::piped()).spawn()?;
        drop(child.stdin.take());
        assert_eq!(child.wait().await?.code(), Some(number));
        io::Result::Ok(())
    }));
    let theirs = future::try_join_all((0..CHILDREN).map(async |number| {
        let mut command = async_process::Command::new("sh");
        let mut child = command
            .args(SCRIPT)
            .arg((100 + number).to_string())
            .stdin(async_process::Stdio::piped())
            .spawn()?;
        drop(child.stdin.take());
        assert_eq!(child.status().await?.code(), Some(100 + number));
        io::Result::Ok(())
    }));
    let mut plain: Vec<_> = (0..CHILDREN)
        .map(|number| {
            let mut command = std::process::Command::new("sh");
            command.args(SCRIPT).arg((200 + number).to_string()).stdin(std::process::Stdio::null()).spawn()
        })
        .collect::<io::Result<_>>()?;
    // In tasks of their own, so that they meet on both workers.
    let (ours, theirs) =
        (fend::spawn(async { ours.await.map(drop) }), fend::spawn(async { theirs.await.map(drop) }));
    ours.await??;
    theirs.await??;
    // These were over long ago, or are soon, and nobody has waited for them.
    for (number, child) in (200..).zip(&mut plain) {
        assert_eq!(child.wait()?.code(), Some(number));
    }
    Ok(())
}

/// The one's standard output is the other's standard input.
async fn a_pipe_from_one_to_the_other() -> io::Result<()> {
    let mut theirs = async_process::Command::new("cat");
    let theirs = theirs.stdin(async_process::Stdio::piped()).stdout(async_process::Stdio::piped());
    let mut theirs = theirs.spawn()?;
    let output = theirs.stdout.take().expect("a pipe").into_stdio().await?;
    let mut ours = Command::new("tr")
        .args(["a-z", "A-Z"])
        .stdin(output)
        .stdout(fend::process::Stdio::piped())
        .spawn()?;
    let mut stdin = theirs.stdin.take().expect("a pipe");
    let text = "all that is typed here\n".repeat(10_000);
    let mut received = String::new();
    let typing = async {
        stdin.write_all(text.as_bytes()).await?;
        stdin.close().await?;
        drop(stdin);
        io::Result::Ok(())
    };
    let mut stdout = ours.stdout.take().expect("a pipe");
    future::try_join(typing, stdout.read_to_string(&mut received)).await?;
    assert!(received == text.to_uppercase(), "{} bytes", received.len());
    let (theirs, ours) = future::try_join(theirs.status(), ours.wait()).await?;
    assert!(theirs.success() && ours.success());
    Ok(())
}

/// Each library reaps what was dropped, and a child that is killed is the one that was meant.
async fn children_that_are_dropped_leave_no_trace() -> io::Result<()> {
    let mut ids = Vec::new();
    for _ in 0..CHILDREN {
        ids.push(Command::new("true").spawn()?.id());
        ids.push(async_process::Command::new("true").spawn()?.id());
    }
    let mut stays = async_process::Command::new("sleep").arg("600").kill_on_drop(true).spawn()?;
    let killed = Command::new("sleep").arg("600").kill_on_drop(true).spawn()?;
    killed.kill()?;
    let mut killed = killed;
    assert_eq!(killed.wait().await?.signal(), Some(9));
    assert!(stays.try_status()?.is_none());
    stays.kill()?;
    assert_eq!(stays.status().await?.signal(), Some(9));
    // A zombie keeps its number, and its parent is this process.
    for id in ids {
        while is_child(id) {
            fend::yield_now().await;
        }
    }
    Ok(())
}

fn is_child(id: u32) -> bool {
    let parent = format!("\nPPid:\t{}\n", std::process::id());
    std::fs::read_to_string(format!("/proc/{id}/status")).is_ok_and(|status| status.contains(&parent))
}
