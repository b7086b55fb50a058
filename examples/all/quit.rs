//! Ends the demonstration early when somebody types `quit`.

use std::fs;
use std::io::{self, IsTerminal};
use std::thread;

use fend::task::CancellationToken;

/// A token that is cancelled by a line `quit` on standard input.
///
/// A plain thread reads the lines; it is left behind, in its read, when the program ends. The end of the input means
/// nothing, since many a program runs with none.
pub(crate) fn typed_at_stdin() -> CancellationToken {
    let token = CancellationToken::new();
    let quit = token.clone();
    if !reading_would_stop_us() {
        // Without the thread, for want of resources, there is ^C.
        let _ = thread::Builder::new().name("quit".to_owned()).spawn(move || wait_for_quit(&quit));
    }
    token
}

fn wait_for_quit(quit: &CancellationToken) {
    if io::stdin().lines().map_while(Result::ok).any(|line| line.trim() == "quit") {
        quit.cancel();
    }
}

/// Whether we run in the background of a terminal: the kernel stops a process that reads from it then (SIGTTIN).
fn reading_would_stop_us() -> bool {
    io::stdin().is_terminal() && foreground() == Some(false)
}

/// Whether our process group is the terminal's, by [proc_pid_stat(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
fn foreground() -> Option<bool> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name stands in parentheses, and may hold anything. Behind it: state, ppid, pgrp, session, tty_nr, tpgid.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(2)? == fields.get(5)?)
}
