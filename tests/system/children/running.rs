//! What a command starts, and what a child tells of its end.

use std::io;
use std::os::unix::process::ExitStatusExt;

use fend::process::{Command, Stdio};

on_every_dispatcher!(
    a_command_is_built_as_std_builds_it,
    a_command_starts_any_number_of_children,
    outputs_are_both_collected_however_much_they_are,
    a_status_is_that_of_std,
    a_wait_closes_the_input,
    try_wait_does_not_wait,
    output_uses_the_streams_that_were_chosen,
);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

async fn a_command_is_built_as_std_builds_it() -> io::Result<()> {
    let mut command = Command::new("sh");
    command
        .arg0("another")
        .args(["-c", "echo $0 $A $B $C $HOME; pwd"])
        .env_clear()
        .env("A", "a")
        .envs([("B", "b"), ("C", "c")])
        .env_remove("C")
        .current_dir("/");
    assert_eq!(command.get_program(), "sh");
    assert_eq!(command.get_args().count(), 2);
    assert_eq!(command.get_envs().count(), 2);
    assert_eq!(command.get_current_dir(), Some("/".as_ref()));
    assert_eq!(format!("{:?}", command.as_std()).matches("another").count(), 1);
    assert_eq!(command.output().await?.stdout, b"another a b\n/\n");
    let mut command = Command::from(command.into_std());
    command.as_std_mut().env("C", "c");
    assert_eq!(command.output().await?.stdout, b"another a b c\n/\n");
    Ok(())
}

async fn a_command_starts_any_number_of_children() -> io::Result<()> {
    let mut command = shell("echo out; read line");
    assert_eq!(command.output().await?.stdout, b"out\n");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    assert_eq!(command.status().await?.code(), Some(1));
    let mut children = (0..5).map(|_| command.spawn()).collect::<io::Result<Vec<_>>>()?;
    for child in &mut children {
        assert_eq!(child.wait().await?.code(), Some(1));
    }
    Ok(())
}

/// Far more than a pipe holds, in both, and written one after the other.
async fn outputs_are_both_collected_however_much_they_are() -> io::Result<()> {
    for script in [
        "head -c 300000 /dev/zero >&2; head -c 300001 /dev/zero",
        "head -c 300001 /dev/zero; head -c 300000 /dev/zero >&2",
    ] {
        let output = shell(script).output().await?;
        assert!(output.status.success());
        assert_eq!((output.stdout.len(), output.stderr.len()), (300_001, 300_000));
        assert!(output.stdout.iter().chain(&output.stderr).all(|&byte| byte == 0));
    }
    Ok(())
}

async fn a_status_is_that_of_std() -> io::Result<()> {
    for code in [0, 1, 2, 127, 255] {
        let status = shell(&format!("exit {code}")).status().await?;
        assert_eq!((status.code(), status.signal()), (Some(code), None));
    }
    let status = shell("kill -TERM $$").status().await?;
    assert_eq!((status.code(), status.signal()), (None, Some(libc::SIGTERM)));
    Ok(())
}

async fn a_wait_closes_the_input() -> io::Result<()> {
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    assert!(child.wait().await?.success());
    assert!(child.stdin.is_none());
    let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let output = child.wait_with_output().await?;
    assert!(output.status.success() && output.stdout.is_empty());
    Ok(())
}

async fn try_wait_does_not_wait() -> io::Result<()> {
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    assert_eq!(child.try_wait()?, None);
    assert!(child.stdin.is_some());
    drop(child.stdin.take());
    let status = child.wait().await?;
    assert_eq!(child.try_wait()?, Some(status));
    Ok(())
}

async fn output_uses_the_streams_that_were_chosen() -> io::Result<()> {
    let mut command = shell("cat; echo out; echo err >&2");
    command.stdout(Stdio::null()).stdin(Stdio::piped());
    let output = command.output().await?;
    assert_eq!((&output.stdout[..], &output.stderr[..]), (&b""[..], &b"err\n"[..]));
    Ok(())
}
