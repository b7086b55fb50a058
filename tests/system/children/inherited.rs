//! What a child has of its parent.

use std::io;

use fend::io::AsyncFd;
use fend::net::TcpListener;
use fend::process::{Child, Command, Stdio};
use fend::signal::{Signal, Signals};

use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_every_dispatcher!(a_child_has_signals_as_documented);
on_each_dispatcher!(alone: a_child_has_its_streams_and_nothing_else);

/// Both ways in which std starts a program: posix_spawn(3), and fork(2).
#[expect(unsafe_code, reason = "pre_exec is unsafe")]
fn both_ways(command: &mut Command) -> [io::Result<Child>; 2] {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let spawned = command.spawn();
    // SAFETY: it does nothing.
    unsafe { command.pre_exec(|| Ok(())) };
    [spawned, command.spawn()]
}

/// The fds of a child that std starts, besides its streams: those that this process was given with, and the directory that is read.
fn fds_of_a_child() -> String {
    let mut command = std::process::Command::new("ls");
    let output = command.arg("/proc/self/fd").stdin(Stdio::piped()).output().expect("a child");
    String::from_utf8(output.stdout).expect("numbers")
}

/// SP6
fn a_child_has_its_streams_and_nothing_else(shape: Shape) {
    alone(shape, || {
        let expected = fds_of_a_child();
        shape.block_on(fds_are(&expected)).expect("children");
    });
}

/// While the reaper works, and sockets, signals and children with pipes are waited for.
async fn fds_are(expected: &str) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let waiting = fend::spawn(async move { listener.accept().await });
    let (socket, _peer) = std::os::unix::net::UnixStream::pair()?;
    let _socket = AsyncFd::new(socket)?;
    let _signals = Signals::new([Signal::USR2])?;
    let mut other = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let _stdin = other.stdin.take();
    assert!(futures_lite::future::poll_once(std::pin::pin!(other.wait())).await.is_none());
    let mut orphan = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let stdin = orphan.stdin.take();
    drop(orphan);
    for child in both_ways(Command::new("ls").arg("/proc/self/fd")) {
        let output = child?.wait_with_output().await?;
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }
    drop(stdin);
    waiting.abort();
    Ok(())
}

/// SP6. Nothing is blocked, and of what std ignores in this program nothing is ignored.
async fn a_child_has_signals_as_documented() -> io::Result<()> {
    let spawning = std::thread::spawn(|| {
        kernel::block(libc::SIGUSR1);
        kernel::block(libc::SIGTERM);
        both_ways(Command::new("cat").arg("/proc/self/status"))
    });
    for child in spawning.join().expect("no panic") {
        let output = child?.wait_with_output().await?;
        let status = String::from_utf8_lossy(&output.stdout);
        let mask = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
            u64::from_str_radix(line.trim(), 16).expect("a mask")
        };
        assert_eq!(mask("SigBlk:"), 0, "{status}");
        assert_eq!(mask("SigIgn:") & 1 << (libc::SIGPIPE - 1), 0, "{status}");
        assert_eq!(mask("SigCgt:"), 0, "{status}");
    }
    Ok(())
}
