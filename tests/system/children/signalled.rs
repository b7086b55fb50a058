//! Signals to children and to their groups.

use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;

use fend::process::{Child, Command, ProcessError, Stdio};
use fend::signal::Signal;

use super::census::{PROMISE, state, within};

on_every_dispatcher!(
    a_child_is_signalled_while_it_is_waited_for,
    a_stopped_child_has_not_ended,
    a_group_is_signalled_as_a_whole,
    the_rest_of_a_group_is_signalled_after_its_leader,
    a_child_that_leads_no_group_is_told_of,
);

async fn a_child_is_signalled_while_it_is_waited_for() -> io::Result<()> {
    for signal in [Signal::KILL, Signal::TERM, Signal::HUP, Signal::realtime(3)?] {
        let mut child = Command::new("sleep").arg("60").spawn()?;
        let signaller = child.signaller();
        let waiting = fend::spawn(async move { child.wait().await });
        fend::yield_now().await;
        signaller.clone().signal(signal)?;
        let status = waiting.await.expect("no panic")?;
        assert_eq!(status.signal(), Some(signal.as_raw()));
        signaller.signal(signal)?;
    }
    let mut child = Command::new("sleep").arg("60").spawn()?;
    child.kill()?;
    assert_eq!(child.wait().await?.signal(), Some(libc::SIGKILL));
    Ok(())
}

/// SP4
async fn a_stopped_child_has_not_ended() -> io::Result<()> {
    let mut child = Command::new("sh").args(["-c", "read line; exit 3"]).stdin(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    let (id, signaller) = (child.id(), child.signaller());
    let mut waiting = fend::spawn(async move { child.wait().await });
    let is_in = |wanted| move || state(id).is_some_and(|(state, _)| state == wanted);
    for _ in 0..3 {
        signaller.signal(Signal::STOP)?;
        within(PROMISE, is_in('T'), || "it runs".to_owned());
        assert!(futures_lite::future::poll_once(&mut waiting).await.is_none());
        signaller.signal(Signal::CONT)?;
        within(PROMISE, is_in('S'), || "it is stopped".to_owned());
        assert!(futures_lite::future::poll_once(&mut waiting).await.is_none());
    }
    drop(stdin);
    assert_eq!(waiting.await.expect("no panic")?.code(), Some(3));
    Ok(())
}

/// A shell that leads a group with another process in it, and the end of a pipe that both hold open.
async fn group(script: &str) -> io::Result<(Child, fend::process::ChildStdout)> {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().expect("piped");
    stdout.recv_exact(&mut [0; 6]).await?;
    Ok((child, stdout))
}

async fn a_group_is_signalled_as_a_whole() -> io::Result<()> {
    let (mut child, stdout) = group("sleep 60 & echo ready; wait").await?;
    child.signal_group(Signal::TERM)?;
    assert_eq!(child.wait().await?.signal(), Some(libc::SIGTERM));
    // The other one has it open, too, until it ends.
    assert_eq!(stdout.recv(&mut [0; 1]).await?, 0);
    child.signal_group(Signal::TERM)?;
    child.signaller().signal_group(Signal::KILL)?;
    Ok(())
}

async fn the_rest_of_a_group_is_signalled_after_its_leader() -> io::Result<()> {
    let (mut child, stdout) = group("sleep 60 & echo ready; read line").await?;
    assert!(child.wait().await.is_ok());
    match child.signal_group(Signal::KILL) {
        Ok(()) => assert_eq!(stdout.recv(&mut [0; 1]).await?, 0),
        // Before Linux 6.9. The rest ends by itself.
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
    }
    Ok(())
}

async fn a_child_that_leads_no_group_is_told_of() -> io::Result<()> {
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
    let error = child.signal_group(Signal::KILL).unwrap_err();
    let detail = error.get_ref().and_then(|error| error.downcast_ref::<ProcessError>()).expect("ours");
    assert_eq!(detail.os_error().raw_os_error(), Some(libc::ESRCH));
    assert!(error.to_string().contains(&format!("process group {}", child.id())), "{error}");
    assert!(child.wait().await?.success());
    Ok(())
}
