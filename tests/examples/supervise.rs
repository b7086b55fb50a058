//! The supervisor, with commands of the shell.

use std::fs;
use std::io::{BufRead, Read};
use std::process::Command;
use std::thread;

use crate::program::{DISPATCHERS, Program, example, refused, run};
use crate::scratch::Scratch;

/// Starts it on each dispatcher, with these arguments.
fn on_every_dispatcher(arguments: &[&str], test: impl Fn(&mut Program)) {
    for dispatcher in DISPATCHERS {
        let mut command = Command::new(example("supervise"));
        let mut program = Program::of(command.args(arguments).env("FEND_DISPATCHER", dispatcher));
        test(&mut program);
    }
}

#[test]
fn lines_carry_the_names_of_their_commands() {
    on_every_dispatcher(
        &[
            "--",
            "sh",
            "-c",
            "echo one; echo two >&2; printf three",
            "--",
            "echo",
            "four",
            "--",
            "echo",
            "five",
        ],
        |program| {
            let (status, output) = program.finish();
            assert!(status.success(), "{output}");
            for line in ["sh | one", "sh | two", "sh | three", "echo | four", "echo.2 | five"] {
                assert!(output.lines().any(|printed| printed == line), "{line}: {output}");
            }
            assert!(output.contains("supervise: sh: ended with status 0"), "{output}");
        },
    );
}

#[test]
fn a_long_line_is_cut() {
    on_every_dispatcher(
        &["--", "sh", "-c", "head -c 20000 /dev/zero | tr '\\0' x; echo; echo end"],
        |program| {
            let (status, output) = program.finish();
            assert!(status.success(), "{output}");
            let lines: Vec<&str> = output.lines().filter_map(|line| line.strip_prefix("sh | ")).collect();
            assert_eq!(lines.iter().map(|line| line.len()).collect::<Vec<_>>(), [8192, 8192, 3616, 3]);
        },
    );
}

#[test]
fn a_command_that_fails_is_started_again_up_to_the_limit() {
    on_every_dispatcher(
        &["--backoff", "0.01", "--limit", "3", "--", "sh", "-c", "echo run; exit 3"],
        |program| {
            let (status, output) = program.finish();
            assert_eq!(status.code(), Some(1), "{output}");
            assert_eq!(output.matches("sh | run\n").count(), 4, "{output}");
            for pause in ["10ms", "20ms", "40ms"] {
                assert!(output.contains(&format!("starts again in {pause}")), "{output}");
            }
            assert!(output.contains("sh: restarted too often, given up"), "{output}");
        },
    );
}

#[test]
fn when_to_restart_is_chosen() {
    for (restart, script, runs, code) in [
        ("always", "echo run", 3, 1),
        ("always", "echo run; exit 1", 3, 1),
        ("on-failure", "echo run", 1, 0),
        ("on-failure", "echo run; kill -KILL $$", 3, 1),
        ("never", "echo run; exit 1", 1, 1),
        ("never", "echo run", 1, 0),
    ] {
        let arguments = ["--restart", restart, "--backoff=0.001", "--limit=2", "--", "sh", "-c", script];
        let (status, output) = run("supervise", &arguments, &[]);
        assert_eq!(status.code(), Some(code), "{restart}, {script}: {output}");
        assert_eq!(output.matches("sh | run\n").count(), runs, "{restart}, {script}: {output}");
    }
}

#[test]
fn what_cannot_be_started_is_told_of() {
    let (status, output) =
        run("supervise", &["--restart", "never", "--", "/no/such/program", "--", "true"], &[]);
    assert_eq!(status.code(), Some(1), "{output}");
    assert!(
        output.contains("supervise: program: cannot start \"/no/such/program\": No such file"),
        "{output}"
    );
    assert!(output.contains("supervise: true: ended with status 0"), "{output}");
}

#[test]
fn signals_are_forwarded() {
    let script = "trap 'echo hup' HUP; trap 'echo usr1' USR1; trap 'echo usr2; exit 0' USR2; echo ready; while :; do sleep 0.01; done";
    on_every_dispatcher(&["--", "sh", "-c", script], |program| {
        assert_eq!(program.line(), "sh | ready");
        for (signal, line) in [(libc::SIGHUP, "hup"), (libc::SIGUSR1, "usr1"), (libc::SIGUSR2, "usr2")] {
            program.signal(signal);
            assert_eq!(program.line(), format!("sh | {line}"));
        }
        let (status, output) = program.finish();
        assert!(status.success(), "{output}");
    });
}

/// The command, and what it has started.
#[test]
fn all_are_asked_to_end() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let script = "trap 'echo asked; exit 5' TERM; sleep 60 & echo ready; wait";
        on_every_dispatcher(
            &["--restart=always", "--", "sh", "-c", script, "--", "sleep", "60"],
            |program| {
                assert_eq!(program.line(), "sh | ready");
                // The other one may come later, or not at all when all are to end.
                let mut told = program.stderr();
                let mut said = String::new();
                while !said.contains("supervise: sleep: process ") {
                    assert!(told.read_line(&mut said).expect("text") > 0, "{said}");
                }
                program.signal(signal);
                told.read_to_string(&mut said).expect("text");
                let (status, output) = program.finish();
                let output = output + &said;
                assert!(status.success(), "{output}");
                assert!(
                    output.contains("sh | asked\n") && output.contains("sh: ended with status 5"),
                    "{output}"
                );
                assert!(output.contains("sleep: ended by SIGTERM") && !output.contains("again"), "{output}");
            },
        );
    }
}

#[test]
fn what_does_not_end_is_killed() {
    let script = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
    // After the grace period, and at a second signal before it, or where it never ends.
    for (grace, signals) in [("0.05", 1), ("1e9", 2)] {
        on_every_dispatcher(&["--grace", grace, "--", "sh", "-c", script], |program| {
            assert_eq!(program.line(), "sh | ready");
            let mut told = program.stderr();
            let mut said = String::new();
            for _ in 0..signals {
                program.signal(libc::SIGTERM);
                while !said.contains("all are asked to end") {
                    assert!(told.read_line(&mut said).expect("text") > 0, "{said}");
                }
            }
            told.read_to_string(&mut said).expect("text");
            let (status, _) = program.finish();
            assert_eq!(status.code(), Some(1), "{said}");
            assert!(
                said.contains("what has not ended is killed") && said.contains("ended by SIGKILL"),
                "{said}"
            );
        });
    }
}

/// Nobody reads what a command prints, and supervise cannot pass it on any more.
#[test]
fn signals_are_heard_in_the_middle_of_output() {
    let ends = |dispatcher, script| {
        let mut command = Command::new(example("supervise"));
        // With one worker, so that nobody else could hear them.
        command.env("FEND_WORKER_THREADS", "1").env("FEND_DISPATCHER", dispatcher);
        let mut program = Program::of(command.args(["--grace", "1000", "--", "sh", "-c", script]));
        assert!(program.line().starts_with("sh | "));
        program.terminate();
        // Reading would help it.
        assert!(program.ends_unread().success(), "{script}");
    };
    thread::scope(|scope| {
        for dispatcher in DISPATCHERS {
            scope.spawn(move || ends(dispatcher, "exec yes"));
            scope.spawn(move || ends(dispatcher, "echo ready; exec yes >&2"));
        }
    });
}

/// It would hold a port, or a lock, that the next run wants.
#[test]
fn what_a_command_leaves_behind_is_killed() {
    on_every_dispatcher(&["--", "sh", "-c", "sleep 60 & echo $!"], |program| {
        let line = program.line();
        let id: u32 = line.strip_prefix("sh | ").and_then(|id| id.parse().ok()).expect("an id");
        let (status, output) = program.finish();
        assert!(status.success(), "{output}");
        // It may be waited for late, by whoever has inherited it.
        let is_running = || {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
        };
        while is_running() {
            thread::yield_now();
        }
    });
}

#[test]
fn commands_come_from_a_file() {
    let scratch = Scratch::new();
    let path = scratch.write("Procfile", "# what is run\n\nweb: echo $((6 * 7))\n worker :  echo a:b\n");
    let (status, output) = run("supervise", &["--file", &path], &[]);
    assert!(status.success(), "{output}");
    assert!(output.contains("web | 42\n") && output.contains("worker | a:b\n"), "{output}");
    for (content, message) in [
        ("web echo", "line 1: not of the form"),
        ("a: true\n\nb:", "line 3: not of the form"),
        ("a: true\na: false", "line 2: there is another \"a\" above"),
        ("", "no command is given"),
    ] {
        let path = scratch.write("Procfile", content);
        let said = refused("supervise", &["--file", &path]);
        assert!(said.contains(message), "{content:?}: {said}");
    }
}

#[test]
fn help_and_mistakes() {
    let (status, output) = run("supervise", &["--help"], &[]);
    assert!(status.success());
    for word in ["usage: supervise", "--restart WHEN", "--grace SECONDS", "--file PATH", "exit status"] {
        assert!(output.contains(word), "{word}: {output}");
    }
    // Behind -- it is for the command.
    let (status, output) = run("supervise", &["--", "sh", "-c", "echo $1", "sh", "--help"], &[]);
    assert!(status.success() && output.contains("sh | --help"), "{output}");
    for (arguments, message) in [
        (&[][..], "no command is given"),
        (&["true"], "unknown argument \"true\""),
        (&["--"], "a command is missing behind --"),
        (&["--", "true", "--"], "a command is missing behind --"),
        (&["--restart", "sometimes", "--", "true"], "always, on-failure or never"),
        (&["--grace", "0", "--", "true"], "not a time above 0"),
        (&["--file", "/dev/null", "--", "true"], "--file and commands exclude each other"),
        (&["--file", "/no/such/file"], "No such file"),
    ] {
        let said = refused("supervise", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
}
