//! A test that needs the process to itself: it measures the process, or changes what is the whole process's.
//!
//! The test runs its own binary again, with itself as the only test.

use std::env;
use std::process::{Command, Stdio};

use crate::shape::Shape;

#[path = "forks.rs"]
pub(crate) mod forks;

/// Names the test that the process is for.
const ALONE: &str = "FEND_TEST_ALONE";

/// Runs `body` in a process of its own.
pub(crate) fn alone(shape: Shape, body: impl FnOnce()) {
    if is_alone(shape) {
        return body();
    }
    let mut command = Command::new(env::current_exe().expect("this program"));
    run_alone(command.stdin(Stdio::null()), shape);
}

/// Whether this is the process that was started for `shape`.
pub(crate) fn is_alone(shape: Shape) -> bool {
    env::var(ALONE).is_ok_and(|name| name == shape.harness_name())
}

/// Runs `command`, which starts this program with further arguments, for the test of `shape` alone. What it has printed.
pub(crate) fn run_alone(command: &mut Command, shape: Shape) -> String {
    command.args(["--exact", shape.harness_name(), "--nocapture"]).env(ALONE, shape.harness_name());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = forks::spawn(command).expect("the program starts again");
    let output = child.wait_with_output().expect("its end");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}, alone: {}\n{printed}\n{complaints}",
        shape.harness_name(),
        output.status
    );
    assert!(printed.contains("1 passed"), "the harness knows {}:\n{printed}", shape.harness_name());
    // What was measured; shown with `--nocapture`.
    eprint!("{complaints}");
    printed.into_owned()
}
