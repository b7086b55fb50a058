//! Descriptors handed from one process to another.

use std::env;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{self, Command};

use crate::program::{DISPATCHERS, Program, connect, example, refused, run};

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

/// Only what was taken is said to be sent.
#[test]
fn a_receiver_that_takes_no_more_is_told_of() {
    for dispatcher in DISPATCHERS {
        let socket = place(&format!("{dispatcher}-few"));
        let socket = socket.to_str().expect("text");
        let mut receiver = receiver(socket, &[], dispatcher);
        let files = ["/dev/null", "/proc/version", "/proc/stat"];
        let arguments = [&["send", socket][..], &files].concat();
        let (status, output) = run("fd_pass", &arguments, &[("FEND_DISPATCHER", dispatcher)]);
        assert_eq!(status.code(), Some(1), "{output}");
        let refusal = "fd_pass: the receiver has not taken file /proc/version, and takes no more\n";
        assert_eq!(output, format!("sent file /dev/null\n{refusal}"));
        let (status, output) = receiver.finish();
        assert!(status.success(), "{status}\n{output}");
        assert_eq!(output.matches("received \"").count(), 1, "{output}");
    }
}

#[test]
fn help_and_mistakes() {
    for arguments in [
        &["--help"][..],
        &["send", "--help"],
        &["receive", "--help"],
        &["send", "-h"],
        &["receive", "x", "--help"],
        &["receive", "x", "--count", "--help"],
    ] {
        let (status, output) = run("fd_pass", arguments, &[]);
        assert!(status.success() && output.starts_with("usage: fd_pass receive"), "{arguments:?}: {output}");
    }
    assert!(!PathBuf::from("--help").exists(), "no socket of that name");
    for (arguments, message) in [
        (&[][..], "fd_pass: receive or send is missing"),
        (&["receive"], "receive needs SOCKET"),
        (&["receive", "--socket"], "receive needs SOCKET"),
        (&["receive", "x", "--count", "0"], "--count 0: must be at least 1"),
        (&["receive", "x", "--count", "two"], "--count \"two\": not a number"),
        (&["send"], "send needs SOCKET"),
        (&["send", "x"], "send needs FILE or --listen"),
        (&["send", "x", "--file"], "unknown argument \"--file\""),
        (&["send", "x", "--listen", "here"], "--listen \"here\": not an IP address and port"),
        (&["steal", "x"], "unknown argument \"steal\""),
    ] {
        let said = refused("fd_pass", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
    let (status, output) = run("fd_pass", &["send", "/nowhere/x", "/dev/null"], &[]);
    assert_eq!(status.code(), Some(1));
    assert!(output.contains("connect /nowhere/x: No such file or directory"), "{output}");
}
