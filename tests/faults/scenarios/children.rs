//! Children: their output, their end, a kill, one that is dropped, one that is forked.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use fend::process::{ChildStdin, Command, Stdio};
use fend::signal::Signal;
use futures::future::try_join;

pub(super) async fn all(place: PathBuf) -> io::Result<()> {
    keep_the_reaper();
    let output = Command::new("echo").arg("text").output().await?;
    assert_eq!(output.stdout, b"text\n");
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let (input, output) = (input.expect("piped"), output.expect("piped"));
    let mut received = [0; 4];
    try_join(input.send_all(b"text"), output.recv_exact(&mut received)).await?;
    child.signal(Signal::CONT)?;
    child.signal_group(Signal::TERM)?;
    assert!(!child.wait().await?.success());
    drop(Command::new("true").kill_on_drop(true).spawn()?);
    // Not posix_spawn(3): std forks.
    let mut forked = Command::new("true");
    forked.current_dir(place).uid(own_uid());
    assert!(forked.output().await?.status.success());
    Ok(())
}

fn own_uid() -> u32 {
    static UID: OnceLock<u32> = OnceLock::new();
    *UID.get_or_init(|| std::fs::metadata("/proc/self").expect("proc is mounted").uid())
}

/// The thread that waits for dropped children ends a while after the last of them. With one that lives as long as this process, it and its
/// descriptors are there before and after each run.
fn keep_the_reaper() {
    static INPUT: OnceLock<ChildStdin> = OnceLock::new();
    INPUT.get_or_init(|| {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("a child");
        child.stdin.take().expect("piped")
    });
}
