//! The demonstration: its parts hold, and its exit status tells.

use std::io::Write;

use crate::program::{DISPATCHERS, Program, run};

#[test]
fn every_part_holds_on_every_dispatcher() {
    for dispatcher in DISPATCHERS {
        let (status, output) = run("all", &[dispatcher], &[]);
        assert!(status.success(), "{status}\n{output}");
        assert!(output.starts_with(&format!("{dispatcher}, ")), "{output}");
        let last = output.lines().last().unwrap_or_default();
        assert!(last.starts_with("done: ") && last.contains(" ok, 0 failed, "), "{output}");
        assert_eq!(output.matches(" workers\n").count(), 1, "ran on more than {dispatcher}\n{output}");
    }
}

#[test]
fn a_part_that_fails_shows_in_the_exit_status() {
    for how in ["1", "panic"] {
        let (status, output) = run("all", &["epoll"], &[("FEND_ALL_FAIL", how)]);
        assert_eq!(status.code(), Some(1), "{output}");
        assert!(output.contains("FAILED") && output.contains(" ok, 1 failed, "), "{output}");
    }
}

#[test]
fn quit_ends_it_early() {
    // On both dispatchers: the first line comes long before the last part.
    let mut all = Program::start("all", &[]);
    assert!(all.line().starts_with("epoll, "));
    all.stdin().write_all(b"what?\nquit\n").expect("its input");
    let (status, output) = all.finish();
    assert!(status.success(), "{status}\n{output}");
    assert!(output.lines().last().unwrap_or_default().starts_with("quit: "), "{output}");
}

#[test]
fn silence_at_stdin_does_not_keep_it_from_ending() {
    let mut all = Program::start("all", &["epoll"]);
    let _open = all.stdin();
    let (status, output) = all.finish();
    assert!(status.success(), "{status}\n{output}");
}

#[test]
fn mistakes_are_named() {
    let (status, output) = run("all", &["kqueue"], &[]);
    assert_eq!(status.code(), Some(2));
    assert!(output.contains("\"kqueue\""), "{output}");
}
