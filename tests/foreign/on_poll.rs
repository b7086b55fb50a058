//! The default runtime's dispatcher is chosen once in a process, by the environment: so this binary runs once more, on poll.

use std::env;
use std::process::Command;

const DISPATCHER: &str = "FEND_DISPATCHER";

#[test]
fn the_default_runtime_on_poll() {
    if env::var_os(DISPATCHER).is_some() {
        // This is that run, or somebody chose the dispatcher for all tests.
        return;
    }
    // It would disturb those who measure time, and they it. They choose their dispatchers themselves, so that it can do without.
    let output = crate::stall::run(true, || {
        Command::new(env::current_exe().expect("this program"))
            .args(["--skip", "outside::"])
            .env(DISPATCHER, "poll")
            .output()
            .expect("the program starts again")
    });
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "on poll: {}\n{printed}", output.status);
    assert!(printed.contains("under_futures_block_on ... ok"), "the tests ran:\n{printed}");
}
