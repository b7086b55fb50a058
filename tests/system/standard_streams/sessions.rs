//! Terminals that control a session: who may read from them, and when.

#![expect(unsafe_code, reason = "sessions and process groups are the C library's")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use fend::io::{stdin, stdout};
use fend::runtime::Dispatcher;

use super::kinds::{cooked_terminal, is_nonblocking, lock, pipe, read_all};
use super::program::{Program, lend, on_each_dispatcher};

/// Starts the program as the leader of a session that this terminal controls.
fn start_session(
    dispatcher: Dispatcher,
    role: &str,
    terminal: &(impl AsFd + AsRawFd),
    output: &impl AsFd,
) -> Program {
    let number = terminal.as_raw_fd();
    let lead = move |command: &mut Command| {
        let lead = move || {
            // SAFETY: numbers only, and safe in the child of a fork (signal-safety(7)).
            let result = unsafe { libc::setsid().min(libc::ioctl(number, libc::TIOCSCTTY, 0)) };
            if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
        };
        // SAFETY: the closure makes system calls only.
        unsafe { command.pre_exec(lead) };
    };
    Program::start_with(dispatcher, role, [lend(terminal), lend(output), None], lead)
}

/// In the program: echoes one line.
pub(super) async fn line() -> io::Result<()> {
    assert!(stdin().is_terminal() && !stdin().is_in_background());
    let mut buf = [0; 100];
    let count = stdin().recv(&mut buf).await?;
    stdout().send_all(&buf[..count]).await
}

/// In the program: a shell that starts a job in the background, and brings it to the foreground when that has stopped it.
pub(super) fn shell() -> io::Result<()> {
    // Under other numbers: those of the job's own streams are taken before it gets these.
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    let dispatcher = if std::env::var("FEND_DISPATCHER").is_ok_and(|name| name == "poll") {
        Dispatcher::Poll
    } else {
        Dispatcher::Epoll
    };
    let job = Program::start_with(dispatcher, "job", [lend(&input), lend(&output), None], |command| {
        command.process_group(0);
    });
    let mut status = 0;
    // SAFETY: numbers, and a place for the status.
    unsafe {
        assert_eq!(libc::waitpid(job.id(), &raw mut status, libc::WUNTRACED), job.id());
        assert!(libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGTTIN, "{status:x}");
        assert_ne!(libc::tcsetpgrp(input.as_raw_fd(), job.id()), -1);
        assert_ne!(libc::kill(job.id(), libc::SIGCONT), -1);
    }
    File::from(output).write_all(b"go on\n")?;
    job.succeeds();
    Ok(())
}

/// In the program: reads a line, in the background or not.
pub(super) async fn job() -> io::Result<()> {
    assert!(stdin().is_in_background());
    let mut buf = [0; 100];
    let count = stdin().recv(&mut buf).await?;
    assert!(!stdin().is_in_background());
    stdout().send_all(&buf[..count]).await
}

/// Another user's terminal is opened as what it is to the session.
#[test]
fn a_sessions_own_terminal_is_read_by_whoever_runs_in_it() {
    on_each_dispatcher(|dispatcher| {
        for locked in [false, true] {
            let (master, terminal) = cooked_terminal();
            if locked {
                lock(&terminal);
            }
            let (received, output) = pipe();
            let program = start_session(dispatcher, "line", &terminal, &output);
            drop(output);
            File::from(master.try_clone().expect("an fd")).write_all(b"typed\n").expect("it is typed");
            assert_eq!(read_all(received, 100), b"typed\n");
            assert!(!is_nonblocking(terminal.as_fd()));
            program.succeeds();
        }
    });
}

/// As any program: it is stopped, and goes on when it is in the foreground.
#[test]
fn a_read_in_the_background_stops_the_process_until_it_is_in_the_foreground() {
    on_each_dispatcher(|dispatcher| {
        let (master, terminal) = cooked_terminal();
        let (received, output) = pipe();
        let program = start_session(dispatcher, "shell", &terminal, &output);
        drop(output);
        let mut received = File::from(received);
        let mut said = [0; 6];
        received.read_exact(&mut said).expect("the job was stopped");
        if &said != b"go on\n" {
            program.succeeds();
            panic!("it has not said {said:?}");
        }
        File::from(master.try_clone().expect("an fd")).write_all(b"typed\n").expect("it is typed");
        program.succeeds();
        assert_eq!(read_all(received.into(), 100), b"typed\n");
    });
}
