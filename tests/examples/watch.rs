//! What `watch` prints of what happens to files.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use crate::program::{DISPATCHERS, Program, example, is_installed, refused, run};
use crate::scratch::Scratch;

/// Files that are created, renamed and removed.
const FILES: usize = 10_000;
const DIRECTORIES: usize = 5;

/// So many renames may be told in halves. The program waits for the second half, but no longer than 10 ms, and whoever renames may stand
/// still between the two.
const HALVES: usize = 10;

/// Starts it and waits until it watches.
fn start(arguments: &[&str]) -> Program {
    let mut program = Program::start("watch", arguments);
    let mut stderr = program.stderr();
    let mut said = String::new();
    stderr.read_line(&mut said).expect("what it says");
    assert!(said.starts_with("watching "), "{said}");
    // What it says later must not stop it.
    thread::spawn(move || stderr.read_to_end(&mut Vec::new()));
    program
}

/// The next line without its time.
fn line(program: &mut Program) -> String {
    let line = program.line();
    let (time, rest) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?}"));
    assert!(time.len() == 12 && time.as_bytes()[2] == b':' && time.as_bytes()[8] == b'.', "{line}");
    rest.to_owned()
}

/// Every event is printed, or else it is printed that events were lost.
#[test]
fn ten_thousand_files_are_created_renamed_and_removed() {
    for dispatcher in DISPATCHERS {
        let scratch = Scratch::new();
        let top = scratch.path("top");
        fs::create_dir(&top).unwrap();
        let events = "--events=create,move,delete";
        let mut program = start(&["-r", events, "--dispatcher", dispatcher, &top]);
        let (go_on, may_go_on) = mpsc::channel();
        let busy = thread::spawn({
            let top = top.clone();
            move || storm(Path::new(&top), &may_go_on)
        });
        let mut printed = HashSet::new();
        loop {
            let line = line(&mut program);
            // The directory is watched when it is printed.
            if line.starts_with("created ") && line.ends_with('/') {
                go_on.send(()).unwrap();
            }
            let is_end = line == format!("created {top}/end");
            assert!(printed.insert(line.clone()), "{line} is printed once");
            if is_end || line.starts_with("OVERFLOW") {
                break;
            }
        }
        if printed.iter().any(|line| line.starts_with("OVERFLOW")) {
            drop(program);
            busy.join().unwrap();
            eprintln!("{dispatcher}: more events than the kernel keeps, which was reported");
            continue;
        }
        busy.join().unwrap();
        let mut expected = expected(&top);
        let in_halves = (0..FILES)
            .map(|n| renamed(&top, n))
            .filter(|(_, halves)| halves.iter().all(|half| printed.contains(half)));
        for (whole, halves) in in_halves.take(HALVES) {
            expected.remove(&whole);
            expected.extend(halves);
        }
        let missing: Vec<_> = expected.difference(&printed).take(10).collect();
        assert!(missing.is_empty(), "{dispatcher}: {missing:?}");
        assert_eq!(printed.len(), expected.len());
    }
}

/// Where file `n` is at first, and where it is then: every third goes into another directory.
fn names(n: usize) -> (String, String) {
    let directory = n % DIRECTORIES;
    let other = if n % 3 == 0 { (directory + DIRECTORIES - 1) % DIRECTORIES } else { directory };
    (format!("d{directory}/a{n}"), format!("d{other}/b{n}"))
}

fn storm(top: &Path, may_go_on: &mpsc::Receiver<()>) {
    for directory in 0..DIRECTORIES {
        fs::create_dir(top.join(format!("d{directory}"))).unwrap();
        may_go_on.recv().unwrap();
    }
    for n in 0..FILES {
        let (from, to) = names(n);
        fs::File::create(top.join(&from)).unwrap();
        fs::rename(top.join(&from), top.join(&to)).unwrap();
        fs::remove_file(top.join(&to)).unwrap();
    }
    fs::write(top.join("end"), "text").unwrap();
}

fn expected(top: &str) -> HashSet<String> {
    let mut lines = HashSet::from([format!("created {top}/end")]);
    lines.extend((0..DIRECTORIES).map(|directory| format!("created {top}/d{directory}/")));
    for n in 0..FILES {
        let (from, to) = names(n);
        lines.insert(format!("created {top}/{from}"));
        lines.insert(renamed(top, n).0);
        lines.insert(format!("removed {top}/{to}"));
    }
    lines
}

/// What tells that file `n` is renamed: one line, or one for each half.
fn renamed(top: &str, n: usize) -> (String, [String; 2]) {
    let (from, to) = names(n);
    let halves = [format!("moved-away {top}/{from}"), format!("moved-in {top}/{to}")];
    (format!("renamed {top}/{from} -> {top}/{to}"), halves)
}

#[test]
fn a_line_for_each_event_of_a_directory() {
    for dispatcher in DISPATCHERS {
        let scratch = Scratch::new();
        let top = scratch.path("");
        let mut program = start(&["--count", "5", "--dispatcher", dispatcher, &top]);
        let odd = scratch.as_ref().join(OsStr::from_bytes(b"a\n\xff\\b"));
        fs::write(&odd, "text").unwrap();
        assert_eq!(line(&mut program), format!("created {top}a\\n\\xFF\\\\b"));
        assert_eq!(line(&mut program), format!("modified {top}a\\n\\xFF\\\\b"));
        assert_eq!(line(&mut program), format!("written {top}a\\n\\xFF\\\\b"));
        fs::rename(&odd, scratch.path("b")).unwrap();
        assert_eq!(line(&mut program), format!("renamed {top}a\\n\\xFF\\\\b -> {top}b"));
        fs::remove_file(scratch.path("b")).unwrap();
        let (status, rest) = program.finish();
        assert!(status.success() && rest.ends_with(&format!(" removed {top}b\n")), "{status}: {rest}");
    }
}

#[test]
fn lines_of_json() {
    let scratch = Scratch::new();
    let top = scratch.path("");
    let mut program = start(&["--json", "--count=2", "--events", "create", &top]);
    fs::create_dir(scratch.path("a\"b")).unwrap();
    fs::write(scratch.as_ref().join(OsStr::from_bytes(b"\xff")), "text").unwrap();
    let line = program.line();
    assert!(line.starts_with("{\"time\":1") || line.starts_with("{\"time\":2"), "{line}");
    assert!(
        line.ends_with(&format!(",\"event\":\"created\",\"path\":\"{top}a\\\"b\",\"directory\":true}}")),
        "{line}"
    );
    let line = program.line();
    assert!(line.contains("\"path_bytes\":\"") && line.contains("ff\",\"directory\":false}"), "{line}");
    assert!(program.finish().0.success());
}

#[test]
fn it_ends_when_nothing_is_left_to_watch_or_nobody_reads() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("top/deep")).unwrap();
    let mut program = start(&["-r", "-e", "delete", &scratch.path("top")]);
    fs::remove_dir_all(scratch.path("top")).unwrap();
    let (status, rest) = program.finish();
    assert!(status.success() && rest.contains("removed "), "{status}: {rest}");

    let mut program = start(&[&scratch.path("")]);
    program.close_stdout();
    scratch.write("a", "text");
    let (status, rest) = program.finish();
    assert!(status.success() && rest.is_empty(), "{status}: {rest}");
}

#[test]
fn a_command_is_run_when_it_is_quiet_again() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("top")).unwrap();
    let command = format!("echo \"$WATCH_PATH\" >> {}", scratch.path("log"));
    let arguments =
        ["-q", "-r", "-n", "20", "-e", "create", "--exec", &command, "--debounce=0.3", &scratch.path("top")];
    let mut program = start(&arguments);
    for n in 0..20 {
        scratch.write(&format!("top/{n}"), "text");
    }
    let (status, rest) = program.finish();
    assert!(status.success() && rest.is_empty(), "{status}: {rest}");
    let log = fs::read_to_string(scratch.path("log")).unwrap();
    assert!((1..=20).contains(&log.lines().count()), "{log}");
    assert!(log.lines().all(|line| line.starts_with(&scratch.path("top/"))), "{log}");
}

/// It ends well, and so does the command that runs.
#[test]
fn signals_end_it() {
    for (dispatcher, signal) in DISPATCHERS.into_iter().zip([libc::SIGINT, libc::SIGTERM]) {
        let scratch = Scratch::new();
        fs::create_dir(scratch.path("top")).unwrap();
        let top = scratch.path("top");
        let mut program = start(&["-e", "create", "--dispatcher", dispatcher, &top]);
        scratch.write("top/a", "text");
        assert_eq!(line(&mut program), format!("created {top}/a"));
        program.signal(signal);
        let (status, rest) = program.finish();
        assert!(status.success() && rest.is_empty(), "{status}: {rest}");

        let command = "trap 'echo told; exit 3' TERM; echo runs; while :; do sleep 0.01; done";
        let arguments =
            ["-q", "-e", "create", "--debounce=0.001", "--exec", command, "--dispatcher", dispatcher, &top];
        let mut program = start(&arguments);
        scratch.write("top/b", "text");
        assert_eq!(program.line(), "runs");
        program.signal(signal);
        let (status, rest) = program.finish();
        assert!(status.success() && rest == "told\n", "{status}: {rest}");
    }
}

/// Whichever it is, though the command that runs does not end: it outlives the program for no longer than it takes to notice.
#[test]
fn a_second_signal_ends_it_at_once() {
    for (dispatcher, [first, second]) in
        DISPATCHERS.into_iter().zip([[libc::SIGINT, libc::SIGTERM], [libc::SIGTERM, libc::SIGINT]])
    {
        let scratch = Scratch::new();
        let command = "trap 'echo told' TERM; echo runs; while kill -0 $PPID; do sleep 0.01; done";
        let arguments = ["-q", "--debounce=0.001", "--exec", command, "--dispatcher", dispatcher];
        let top = scratch.path("top");
        fs::create_dir(&top).unwrap();
        let mut program = start(&[&arguments[..], &[&top]].concat());
        scratch.write("top/a", "text");
        assert_eq!(program.line(), "runs");
        program.signal(first);
        assert_eq!(program.line(), "told");
        program.signal(second);
        assert_eq!(program.ends_unread().signal(), Some(second));
    }
}

/// Nobody reads what it prints, so that it cannot go on printing.
#[test]
fn a_signal_ends_it_in_the_middle_of_its_output() {
    let scratch = Scratch::new();
    let name = "n".repeat(200);
    let mut program = start(&[&scratch.path("")]);
    for n in 0..400 {
        scratch.write(&format!("{name}{n}"), "text");
    }
    program.line();
    program.terminate();
    // Reading would help it.
    assert!(program.ends_unread().success());
}

/// Both see the same: the other program has nothing to do with fend.
#[test]
fn inotifywait_sees_the_same() {
    let scratch = Scratch::new();
    let top = scratch.path("top");
    fs::create_dir_all(scratch.path("top/a/b")).unwrap();
    let events = ["-r", "-e", "create,move,delete"];
    if !is_installed("inotifywait") {
        return eprintln!("skipped: inotifywait is not installed");
    }
    let mut peer = Command::new("inotifywait");
    let mut peer = Program::of(peer.args(["-m", "--format", "%e %w%f"]).args(events).arg(&top));
    let mut stderr = peer.stderr();
    let mut said = String::new();
    while !said.contains("Watches established") {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let mut program = start(&["--split", events[0], events[1], events[2], &top]);
    for n in 0..100 {
        fs::write(scratch.path(&format!("top/a/{n}")), "text").unwrap();
        fs::rename(scratch.path(&format!("top/a/{n}")), scratch.path(&format!("top/a/b/{n}"))).unwrap();
    }
    fs::rename(scratch.path("top/a/b"), scratch.path("top/c")).unwrap();
    for n in 0..100 {
        fs::remove_file(scratch.path(&format!("top/c/{n}"))).unwrap();
    }
    for _ in 0..100 * 4 + 2 {
        let theirs = peer.line();
        let (kinds, path) = theirs.split_once(' ').unwrap();
        let verb = match kinds.trim_end_matches(",ISDIR") {
            "CREATE" => "created",
            "MOVED_FROM" => "moved-away",
            "MOVED_TO" => "moved-in",
            "DELETE" => "removed",
            other => panic!("{other}"),
        };
        let slash = if kinds.ends_with("ISDIR") { "/" } else { "" };
        assert_eq!(line(&mut program), format!("{verb} {path}{slash}"));
    }
}

#[test]
fn help_and_mistakes() {
    let (status, output) = run("watch", &["--help"], &[]);
    assert!(status.success() && output.starts_with("usage: watch [OPTIONS] PATH..."), "{output}");
    for (arguments, message) in [
        (&[][..], "watch: a PATH is missing (see watch --help)"),
        (&["--events=create,sing", "."], "--events \"create,sing\": \"sing\" is no event; see --help"),
        (&["-n", "0", "."], "-n 0: must be at least 1"),
        (&["--debounce", "-1", "."], "not a time above 0"),
        (&["--fast", "."], "unknown argument \"--fast\""),
    ] {
        let said = refused("watch", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
    for arguments in [&["/does/not/exist"][..], &["-r", "/does/not/exist"]] {
        let mut program = Program::of(Command::new(example("watch")).args(arguments));
        let (status, said) = program.finish();
        assert_eq!(status.code(), Some(1));
        assert!(said.starts_with("watch: watch /does/not/exist: No such file or directory"), "{said}");
    }
}
