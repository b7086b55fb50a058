//! Descriptors handed from one process to another.

use std::env;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{self, Command};

use crate::program::{DISPATCHERS, Program, connect, example, run};

fn place(name: &str) -> PathBuf {
    env::temp_dir().join(format!("fend-fd-pass-{}-{name}", process::id()))
}

fn receiver(socket: &str, arguments: &[&str], dispatcher: &str) -> Program {
    let mut command = Command::new(example("fd_pass"));
    command.args(["receive", socket]).args(arguments).env("FEND_DISPATCHER", dispatcher);
    let mut receiver = Program::of(&mut command);
    assert_eq!(receiver.line(), format!("listening on {socket}"));
    receiver
}

#[test]
fn files_are_read_by_who_received_them() {
    for dispatcher in DISPATCHERS {
        let socket = place(dispatcher);
        let socket = socket.to_str().expect("text");
        let file = place(&format!("{dispatcher}-file"));
        fs::write(&file, "what is in it").expect("a file");
        let path = file.to_str().expect("text");
        let mut receiver = receiver(socket, &["--count", "2"], dispatcher);
        let (status, output) =
            run("fd_pass", &["send", socket, path, path], &[("FEND_DISPATCHER", dispatcher)]);
        assert!(status.success(), "{status}\n{output}");
        assert_eq!(output, format!("sent file {path}\n").repeat(2));
        let (status, output) = receiver.finish();
        assert!(status.success(), "{status}\n{output}");
        assert_eq!(output.matches(&format!("received \"file {path}\" from process ")).count(), 2, "{output}");
        assert_eq!(output.matches("it begins with \"what is in it\"").count(), 2, "{output}");
        assert!(!PathBuf::from(socket).exists(), "it has cleaned up");
        fs::remove_file(file).expect("the file");
    }
}

#[test]
fn a_listener_goes_on_listening_elsewhere() {
    for dispatcher in DISPATCHERS {
        let socket = place(&format!("{dispatcher}-listener"));
        let socket = socket.to_str().expect("text");
        let mut receiver = receiver(socket, &[], dispatcher);
        let (status, output) = run("fd_pass", &["send", socket, "--listen", "127.0.0.1:0"], &[]);
        assert!(status.success(), "{status}\n{output}");
        let address = output.trim_end().strip_prefix("sent listener on ").expect("where it listens");
        // The process that has opened it is gone.
        let mut client = connect(address.parse().expect("an address"));
        let mut greeting = String::new();
        client.read_to_string(&mut greeting).expect("a greeting");
        assert!(greeting.starts_with("hello from process "), "{greeting}");
        let (status, output) = receiver.finish();
        assert!(status.success(), "{status}\n{output}");
        for part in [
            format!("received \"listener on {address}\""),
            format!("accepting on {address}"),
            format!("greeted {}", client.local_addr().expect("its address")),
        ] {
            assert!(output.contains(&part), "{output}");
        }
    }
}

#[test]
fn help_and_mistakes() {
    for arguments in [&[][..], &["--help"], &["receive", "x", "--help"]] {
        let (status, output) = run("fd_pass", arguments, &[]);
        assert!(status.success() && output.starts_with("usage: fd_pass receive"), "{arguments:?}: {output}");
    }
    for (code, arguments, message) in [
        (2, &["receive"][..], "receive needs a value"),
        (2, &["receive", "x", "--count", "0"], "--count 0: must be at least 1"),
        (2, &["send", "x", "--listen", "here"], "--listen \"here\": invalid socket address"),
        (2, &["steal", "x"], "unknown argument \"steal\""),
        (1, &["send", "/nowhere/x"], "connect /nowhere/x: No such file or directory"),
    ] {
        let (status, output) = run("fd_pass", arguments, &[]);
        assert_eq!(status.code(), Some(code), "{arguments:?}: {output}");
        assert!(output.contains(message), "{arguments:?}: {output}");
    }
}
