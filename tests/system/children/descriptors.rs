//! Descriptors: that too few of them are an error which leaves nothing, and that a child has none too many.

use std::fs;
use std::io;

use fend::process::{Command, Stdio};

use super::census::{assert_reaped, children, within};
use crate::alone::alone;
use crate::process::limit_fds;
use crate::shape::Shape;

on_each_dispatcher!(alone: too_few_descriptors_leave_nothing);

/// The open fds below 100, found without opening one.
fn open() -> Vec<u64> {
    (0..100).filter(|fd| fs::read_link(format!("/proc/self/fd/{fd}")).is_ok()).collect()
}

fn spawn_piped() -> io::Result<fend::process::Child> {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// At each number of free descriptors from none up to enough. With `fork` std forks, and has a pipe of its own for the child's errors.
#[expect(unsafe_code, reason = "pre_exec is unsafe")]
fn spawn_under(limit: u64, fork: bool) -> io::Result<fend::process::Child> {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if fork {
        // SAFETY: it does nothing.
        unsafe { command.pre_exec(|| Ok(())) };
    }
    let before = limit_fds(limit);
    let spawned = command.spawn();
    limit_fds(before);
    spawned
}

fn too_few_descriptors_leave_nothing(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        runtime.block_on(async { spawn_piped()?.wait().await }).expect("a child");
        let before = open();
        for fork in [false, true] {
            let (mut failures, mut successes) = (0, 0);
            for limit in 3..before.len() as u64 + 16 {
                match spawn_under(limit, fork) {
                    Ok(mut child) => {
                        assert!(runtime.block_on(child.wait()).expect("its status").success());
                        successes += 1;
                    }
                    Err(error) => {
                        let text = error.to_string();
                        assert!(
                            text.starts_with("cannot start \"cat\": ")
                                && text.contains("Too many open files"),
                            "{text}"
                        );
                        assert!(children().is_empty(), "at limit {limit}: {:?}", children());
                        failures += 1;
                    }
                }
                assert_eq!(open(), before, "left open at limit {limit}");
            }
            assert!(failures >= 4 && successes > 1, "{failures} failed and {successes} did not");
        }

        // With none left, children that are dropped are still looked after.
        let child = spawn_piped().expect("a child");
        let limit = limit_fds(3);
        drop(child);
        // Its pipes are closed, so that it ends.
        let gone = || (0..3).all(|_| children().is_empty());
        limit_fds(limit);
        within(super::census::PROMISE, gone, || format!("{:?}", children()));
        assert_reaped();
        within(super::census::PROMISE, || open() == before, || format!("{:?}, not {before:?}", open()));
    });
}
