//! The chat: with clients of its own and of std, over every kind of address.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{self, Command};
use std::time::Duration;

use crate::program::{DISPATCHERS, Program, connect, example, refused, run};

fn start(addr: &str, dispatcher: &str) -> (Program, String) {
    let mut command = Command::new(example("chat"));
    command.args(["server", "--history", "2", "--addr", addr]).env("FEND_DISPATCHER", dispatcher);
    let mut server = Program::of(&mut command);
    let line = server.line();
    let address = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("printed {line:?}"));
    let address = address.to_owned();
    (server, address)
}

fn place(name: &str) -> PathBuf {
    env::temp_dir().join(format!("fend-chat-{}-{name}", process::id()))
}

/// Reads the lines of a user, and speaks for him.
struct User<S> {
    lines: BufReader<S>,
}

impl<S: Read + Write> User<S> {
    fn join(stream: S, name: &str) -> User<S> {
        let mut user = User { lines: BufReader::new(stream) };
        user.hears("* your name?");
        user.says(name);
        user
    }

    fn says(&mut self, line: &str) {
        self.lines.get_mut().write_all(format!("{line}\n").as_bytes()).expect("room");
    }

    #[track_caller]
    fn hears(&mut self, expected: &str) {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        assert_eq!(line.trim_end(), expected);
    }
}

#[test]
fn users_hear_each_other_come_talk_and_go() {
    for dispatcher in DISPATCHERS {
        let (_server, address) = start("127.0.0.1:0", dispatcher);
        let address = address.parse().expect("an address");
        let mut ann = User::join(connect(address), "ann");
        ann.hears("* here: nobody");
        let mut bob = User::join(connect(address), "bob");
        bob.hears("* here: ann");
        bob.hears("* ann joins");
        ann.hears("* bob joins");
        ann.says("hello\u{7} bob");
        bob.hears("ann: hello  bob");
        bob.says("hello ann");
        ann.hears("bob: hello ann");

        // A name that is taken, and the last two lines of what was said.
        let mut eve = User::join(connect(address), "ann");
        eve.hears("* there is a ann already; your name?");
        eve.says(" ");
        eve.hears("* a name has 1 to 32 bytes; your name?");
        eve.says("eve");
        eve.hears("* here: ann, bob");
        eve.hears("ann: hello  bob");
        eve.hears("bob: hello ann");
        ann.hears("* eve joins");
        bob.hears("* eve joins");

        eve.lines.get_ref().shutdown(Shutdown::Write).expect("a half close");
        assert_eq!(eve.lines.read_line(&mut String::new()).expect("the end"), 0);
        drop(bob);
        ann.hears("* eve leaves");
        ann.hears("* bob leaves");
    }
}

/// Who has said all at once, and has ended his half, still gets what waits for him.
#[test]
fn who_leaves_at_once_has_his_answer() {
    for dispatcher in DISPATCHERS {
        let (_server, address) = start("127.0.0.1:0", dispatcher);
        let address = address.parse().expect("an address");
        let mut ann = User::join(connect(address), "ann");
        ann.hears("* here: nobody");
        for _ in 0..20 {
            let mut bob = connect(address);
            bob.write_all(b"bob\nhello\n").expect("room");
            bob.shutdown(Shutdown::Write).expect("a half close");
            let mut heard = String::new();
            bob.read_to_string(&mut heard).expect("the end");
            assert!(heard.starts_with("* your name?\n* here: ann\n"), "{heard}");
            ann.hears("* bob joins");
            ann.hears("bob: hello");
            ann.hears("* bob leaves");
        }
    }
}

/// Who says too much at once hears of it, and so does who runs the server. The others do not.
#[test]
fn a_line_that_is_too_long_is_dropped_and_told() {
    for dispatcher in DISPATCHERS {
        let (mut server, address) = start("127.0.0.1:0", dispatcher);
        let mut complaints = server.stderr();
        let address = address.parse().expect("an address");
        let mut ann = User::join(connect(address), "ann");
        ann.hears("* here: nobody");
        let mut bob = User { lines: BufReader::new(connect(address)) };
        bob.hears("* your name?");
        bob.says(&"x".repeat(200_000));
        bob.hears("* line too long; your name?");
        bob.says("bob");
        bob.hears("* here: ann");
        bob.hears("* ann joins");
        ann.hears("* bob joins");
        for long in [1001, 2002, 200_000] {
            bob.says(&"x".repeat(long));
            bob.hears("* line too long");
            let mut complaint = String::new();
            complaints.read_line(&mut complaint).expect("text");
            assert_eq!(complaint, "bob: a line of more than 1000 bytes is dropped\n");
        }
        // He hears it before he has come to the end.
        bob.lines.get_mut().write_all(&[b'x'; 1001]).expect("room");
        bob.hears("* line too long");
        bob.says("the rest of it");
        let longest = "y".repeat(1000);
        bob.says(&longest);
        ann.hears(&format!("bob: {longest}"));
    }
}

/// A line that the server takes is one that its own client takes, whatever is in it.
#[test]
fn the_client_takes_the_longest_line() {
    let (_server, address) = start("127.0.0.1:0", "epoll");
    let mut ann = Program::start("chat", &["client", "--addr", &address, "--name", "ann"]);
    let _stdin = ann.stdin();
    assert_eq!([ann.line(), ann.line()], ["* your name?", "* here: nobody"]);
    let mut bob = User::join(connect(address.parse().expect("an address")), &"b".repeat(32));
    bob.lines
        .get_mut()
        .write_all(&[0xff; 1000])
        .and_then(|()| bob.lines.get_mut().write_all(b"\n"))
        .expect("room");
    assert!(ann.line().ends_with(" joins"));
    assert_eq!(ann.line(), format!("{}: {}", "b".repeat(32), "\u{fffd}".repeat(1000)));
}

#[test]
fn the_client_says_that_the_server_has_gone() {
    for dispatcher in DISPATCHERS {
        let (server, address) = start("127.0.0.1:0", dispatcher);
        let mut ann = Program::start("chat", &["client", "--addr", &address, "--name", "ann"]);
        // It stays open: she has more to say.
        let _stdin = ann.stdin();
        assert_eq!([ann.line(), ann.line()], ["* your name?", "* here: nobody"]);
        drop(server);
        let (status, output) = ann.finish();
        assert_eq!((status.code(), output.as_str()), (Some(1), "chat: the server has gone\n"));
    }
}

#[test]
fn over_unix_sockets_with_its_own_client() {
    for dispatcher in DISPATCHERS {
        let path = place(dispatcher);
        let abstract_name = format!("@fend-chat-{}-{dispatcher}", process::id());
        for addr in [path.to_str().expect("text"), &abstract_name] {
            let (_server, address) = start(addr, dispatcher);
            assert_eq!(address, addr);
            let arguments = ["client", "--addr", addr, "--name", "ann"];
            let mut ann = Program::start("chat", &arguments);
            assert_eq!([ann.line(), ann.line()], ["* your name?", "* here: nobody"]);
            let mut bob = Program::start("chat", &["client", "--addr", addr, "--name", "bob"]);
            assert_eq!(ann.line(), "* bob joins");
            bob.stdin().write_all(b"hello from bob\n").expect("its input");
            // The end of his input was the end of him.
            assert_eq!([ann.line(), ann.line()], ["bob: hello from bob", "* bob leaves"]);
            let (status, output) = bob.finish();
            assert!(status.success(), "{status}\n{output}");
            assert!(output.starts_with("* your name?\n* here: ann\n* ann joins\n"), "{output}");
        }
        // The file has stayed, and is no obstacle for the next server.
        assert!(path.exists());
        let (_server, _) = start(path.to_str().expect("text"), dispatcher);
        let stream = UnixStream::connect(&path).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        User::join(stream, "cho").hears("* here: nobody");
        fs::remove_file(path).expect("the socket's file");
    }
}

/// Who does not read is put out, and nobody waits for him.
#[test]
fn a_user_who_does_not_read_is_put_out() {
    let (_server, address) = start("127.0.0.1:0", "epoll");
    let address = address.parse().expect("an address");
    let mut deaf = User::join(connect(address), "deaf");
    // The last that it reads. It is in the room now.
    deaf.hears("* here: nobody");
    let mut ann = User::join(connect(address), "ann");
    ann.hears("* here: deaf");
    ann.hears("* deaf joins");
    let text = "x".repeat(900);
    // More than the sockets' buffers and the queue can hold.
    for _ in 0..40_000 {
        ann.says(&text);
    }
    ann.hears("* deaf leaves");
    User::join(connect(address), "bob").hears("* here: ann");
}

#[test]
fn the_client_says_where_nobody_listens() {
    let path = place("nobody");
    let path = path.to_str().expect("text");
    let (status, output) = run("chat", &["client", "--addr", path], &[]);
    assert_eq!(status.code(), Some(1));
    assert!(output.contains(&format!("chat: connect {path}: No such file or directory")), "{output}");
}

#[test]
fn help_and_mistakes() {
    for arguments in [&["--help"][..], &["server", "--help"], &["client", "-h"]] {
        let (status, output) = run("chat", arguments, &[]);
        assert!(status.success() && output.starts_with("usage: chat server"), "{arguments:?}: {output}");
    }
    for (arguments, message) in [
        (&[][..], "chat: server or client is missing"),
        (&["sever"], "unknown argument \"sever\""),
        (&["server", "--name", "x"], "unknown argument \"--name\""),
        (
            &["server", "--addr", "localhost"],
            "--addr \"localhost\": neither an IP address and port, nor a path",
        ),
        (&["client", "--addr", "@"], "an abstract name has at least one character"),
        (&["server", "--history", "many"], "--history \"many\": not a number"),
        (&["server", "--history", "129"], "--history 129"),
    ] {
        let said = refused("chat", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
}
