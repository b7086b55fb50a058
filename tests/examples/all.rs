//! The demonstration: its parts hold, and its exit status tells.

use std::io::Write;
use std::process::ChildStdin;

use crate::program::{DISPATCHERS, Program, example, in_a_terminal, run};

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

#[test]
fn status_tells_of_the_timers() {
    let mut all = Program::start("all", &["epoll"]);
    assert!(all.line().starts_with("epoll, "));
    all.stdin().write_all(b"status\nquit\n").expect("its input");
    let (status, output) = all.finish();
    assert!(status.success(), "{status}\n{output}");
    assert!(output.contains("timer 1: every 1 s; ") && output.contains("timer 2: once; "), "{output}");
}

fn all_in_a_terminal(variable: &str) -> Option<(Program, ChildStdin)> {
    let program = example("all");
    in_a_terminal(&format!("env {variable} {}", program.to_str().expect("a path of UTF-8")))
}

const CTRL_C: &[u8] = b"\x03";

fn until(program: &mut Program, text: &str) {
    loop {
        let line = program.line();
        assert!(!line.is_empty(), "it ended, and never said {text:?}");
        if line.contains(text) {
            return;
        }
    }
}

#[test]
fn ctrl_c_in_a_terminal_asks_it_to_finish() {
    let Some((mut all, mut keyboard)) = all_in_a_terminal("") else { return };
    until(&mut all, " workers");
    keyboard.write_all(CTRL_C).expect("the terminal");
    until(&mut all, "interrupted: finishing.");
    let (status, output) = all.finish();
    assert!(status.success(), "{status}\n{output}");
    assert!(output.contains("interrupted: ") && output.contains(" 0 failed, "), "{output}");
}

#[test]
fn a_second_ctrl_c_in_a_terminal_ends_it() {
    let Some((mut all, mut keyboard)) = all_in_a_terminal("FEND_ALL_FAIL=stuck") else { return };
    until(&mut all, "stuck: ");
    keyboard.write_all(CTRL_C).expect("the terminal");
    until(&mut all, "interrupted: finishing.");
    keyboard.write_all(CTRL_C).expect("the terminal");
    let (status, output) = all.finish();
    // As a shell has it: 128 and the number of the signal that has ended it.
    assert_eq!(status.code(), Some(128 + libc::SIGINT), "{output}");
    assert!(!output.contains("interrupted: 0 ok"), "{output}");
}
