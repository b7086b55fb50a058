//! A child whose id another process has got since.

use std::env;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::process;

use fend::process::{Command, Stdio};
use fend::signal::Signal;

use super::census::assert_reaped;
use crate::alone::{is_alone, run_alone};
use crate::shape::Shape;

on_each_dispatcher!(alone: signals_to_an_ended_child_do_not_reach_who_has_its_id);

/// SP7. Where processes have ids of their own, the next one is ours to choose.
fn signals_to_an_ended_child_do_not_reach_who_has_its_id(shape: Shape) {
    if is_alone(shape) {
        return signal_an_ended_child(shape);
    }
    let in_a_namespace = || {
        let mut command = process::Command::new("unshare");
        command.args(["--pid", "--fork", "--mount-proc", "--map-root-user"]);
        command
    };
    let choose = "echo 100 > /proc/sys/kernel/ns_last_pid";
    match in_a_namespace().args(["sh", "-c", choose]).output() {
        Ok(output) if output.status.success() => {
            let program = env::current_exe().expect("this program");
            run_alone(in_a_namespace().arg(program), shape);
        }
        Ok(output) => skipped(&String::from_utf8_lossy(&output.stderr)),
        Err(error) => skipped(&error.to_string()),
    }
}

/// Where changes are checked nothing may be skipped.
fn skipped(reason: &str) {
    assert!(env::var_os("CI").is_none(), "ids cannot be chosen: {reason}");
    eprintln!("skipped: ids cannot be chosen: {reason}");
}

/// It leads a group, as the child before it did.
fn stranger_with(id: u32) -> process::Child {
    let mut command = process::Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    for _ in 0..100 {
        fs::write("/proc/sys/kernel/ns_last_pid", (id - 1).to_string()).expect("it is ours");
        let mut stranger = command.spawn().expect("a child");
        if stranger.id() == id {
            return stranger;
        }
        // A thread was quicker.
        stranger.kill().and_then(|()| stranger.wait()).expect("its end");
    }
    panic!("nobody gets the id {id}");
}

fn signal_an_ended_child(shape: Shape) {
    let mut command = Command::new("true");
    let mut child = command.process_group(0).kill_group_on_drop(true).spawn().expect("a child");
    let signaller = child.signaller();
    shape.block_on(child.wait()).expect("its status");
    let mut stranger = stranger_with(child.id());

    child.kill().expect("nothing to do");
    child.signal(Signal::TERM).expect("nothing to do");
    signaller.kill().expect("nothing to do");
    for result in [child.signal_group(Signal::KILL), signaller.signal_group(Signal::KILL)] {
        if let Err(error) = result {
            // Before Linux 6.9.
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        }
    }
    drop(child);

    let mut stdin = stranger.stdin.take().expect("piped");
    stdin.write_all(b"x").expect("it lives");
    let mut answer = [0];
    stranger.stdout.take().expect("piped").read_exact(&mut answer).expect("it lives");
    drop(stdin);
    assert!(stranger.wait().expect("nobody took it").success());
    assert_reaped();
}
