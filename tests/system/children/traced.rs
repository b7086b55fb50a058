//! A child that another process traces: its pidfd says that it has ended when its parent cannot have the status yet.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::process;
use std::time::Duration;

use fend::process::{Command, Stdio};
use fend::time::timeout;

use super::census::{PROMISE, assert_reaped, within};
use super::kernel;
use crate::alone::alone;
use crate::process::cpu_time;
use crate::shape::Shape;

on_each_dispatcher!(alone: a_traced_child_that_has_ended_is_waited_for_at_rest);

/// For the process that traces: whom.
const TRACED: &str = "FEND_TEST_TRACED";

/// Traces until the end of its standard input, and then takes the traced one's end.
fn trace(id: &str) {
    kernel::trace(id.parse().expect("an id")).expect("it can be traced");
    eprintln!("traced");
    let _ = io::stdin().read(&mut [0; 1]);
    let _ = kernel::wait_for(id.parse().expect("an id"));
}

/// This program again, as the one that traces.
fn tracer(shape: Shape, id: u32) -> process::Child {
    let mut command = process::Command::new(env::current_exe().expect("this program"));
    command.args(["--exact", shape.harness_name(), "--nocapture"]).env(TRACED, id.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("a process")
}

/// SP4
#[expect(unsafe_code, reason = "pre_exec is unsafe")]
fn a_traced_child_that_has_ended_is_waited_for_at_rest(shape: Shape) {
    if let Ok(id) = env::var(TRACED) {
        return trace(&id);
    }
    alone(shape, || {
        for dropped in [false, true] {
            let mut command = Command::new("sh");
            command.args(["-c", "read line; exit 5"]).stdin(Stdio::piped());
            // SAFETY: it makes one system call.
            unsafe { command.pre_exec(kernel::let_trace) };
            let mut child = command.spawn().expect("a child");
            let mut tracer = tracer(shape, child.id());
            let mut said = BufReader::new(tracer.stderr.take().expect("piped")).lines();
            assert!(said.any(|line| line.expect("text") == "traced"));

            let pidfd = child.pidfd().expect("it runs").try_clone_to_owned().expect("an fd");
            drop(child.stdin.take());
            let runtime = shape.build();
            let has_ended = || kernel::is_readable(std::os::fd::AsFd::as_fd(&pidfd));
            within(PROMISE, has_ended, || "it runs".to_owned());
            assert_eq!(child.try_wait().expect("it is a child"), None);
            let mut end = || drop(tracer.stdin.take());
            if dropped {
                drop(child);
                end();
            } else {
                let before = cpu_time();
                let waiting = runtime.block_on(timeout(Duration::from_millis(300), child.wait()));
                assert!(waiting.is_err(), "{waiting:?}");
                let spent = cpu_time() - before;
                assert!(spent < Duration::from_millis(150), "{spent:?} for a wait");
                let waiting = runtime.spawn(async move { child.wait().await });
                end();
                assert_eq!(runtime.block_on(waiting).expect("no panic").expect("its status").code(), Some(5));
            }
            tracer.wait().expect("its end");
            assert_reaped();
        }
    });
}
