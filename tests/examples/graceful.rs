//! The server that hands its socket over: restarted under load, and in each way in which that can go wrong.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::program::{DISPATCHERS, Program, connect, example, refused, run};

/// A place for the sockets of a test, gone with it.
struct Place {
    directory: PathBuf,
    dispatcher: &'static str,
}

impl Place {
    fn new(dispatcher: &'static str) -> Place {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = env::temp_dir().join(format!("fend-test-graceful-{}-{number}", process::id()));
        fs::create_dir(&directory).expect("a directory");
        Place { directory, dispatcher }
    }

    fn control(&self) -> PathBuf {
        self.directory.join("control")
    }

    fn server(&self, drain: &str) -> Program {
        let mut command = Command::new(example("graceful"));
        command.args(["server", "--addr", "127.0.0.1:0", "--drain", drain, "--control"]).arg(self.control());
        Program::of(command.env("FEND_DISPATCHER", self.dispatcher))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn on_every_dispatcher(test: impl Fn(&Place)) {
    for dispatcher in DISPATCHERS {
        test(&Place::new(dispatcher));
    }
}

/// A connection that asks and reads answers.
struct Client {
    stream: BufReader<TcpStream>,
}

/// The id of the process that has answered, and whether it closes the connection.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    server: u32,
    close: bool,
}

impl Client {
    fn new(address: SocketAddr) -> Client {
        Client { stream: BufReader::new(connect(address)) }
    }

    fn send(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).expect("the server reads");
    }

    fn ask(&mut self, path: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
    }

    fn answer(&mut self) -> Answer {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.stream.read_line(&mut head).expect("an answer") > 0, "ended in {head:?}");
        }
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let mut body = String::new();
        self.stream.read_line(&mut body).expect("a body");
        Answer {
            server: body.trim_end().parse().expect("an id"),
            close: head.contains("Connection: close\r\n"),
        }
    }

    fn is_at_end(&mut self) -> bool {
        self.stream.read(&mut [0]).expect("an end, and no reset") == 0
    }
}

fn drained(server: &mut Program) -> String {
    let (status, output) = server.finish();
    assert!(status.success(), "{status}\n{output}");
    output.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn restarts_under_load_fail_no_request() {
    for dispatcher in DISPATCHERS {
        let (status, output) =
            run("graceful", &["demo", "--restarts", "5"], &[("FEND_DISPATCHER", dispatcher)]);
        assert!(status.success(), "{status}\n{output}");
        assert!(output.ends_with(" 0 failures, answered by 6 processes\n"), "{output}");
    }
}

#[test]
fn the_client_counts_failures() {
    // It is there once, and never again.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    let mut client =
        Program::start("graceful", &["client", "--addr", &address, "--connections=2", "--seconds=1"]);
    drop(listener.accept().expect("it connects"));
    drop(listener);
    let (status, output) = client.finish();
    assert_eq!(status.code(), Some(1), "{output}");
    let failures = output.split(", ").find_map(|part| part.strip_suffix(" failures"));
    let failures: u32 = failures.expect("a count").parse().expect("a number");
    // Each of the two waits for 100 ms between its tries.
    assert!((2..=22).contains(&failures), "{output}");
    assert!(output.starts_with("0 requests on ") && output.contains("the first failure: "), "{output}");
}

#[test]
fn the_client_gives_up_where_nobody_listens() {
    let unused = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let (status, output) = run("graceful", &["client", "--addr", &unused.to_string()], &[]);
    assert_eq!(status.code(), Some(1), "{output}");
    assert!(output.starts_with(&format!("graceful: connect {unused}: Connection refused")), "{output}");
    assert_eq!(output.lines().count(), 1, "{output}");
}

#[test]
fn a_connection_is_told_at_its_next_request() {
    on_every_dispatcher(|place| {
        let mut old = place.server("10");
        let address = old.address();
        let (mut kept, mut busy, mut partial) =
            (Client::new(address), Client::new(address), Client::new(address));
        kept.ask("/");
        let first = kept.answer();
        assert!(!first.close);
        busy.ask("/slow");
        partial.send("GET / HTTP/1.1\r\nHo");
        // Both have been accepted when one that came later is answered.
        let mut later = Client::new(address);
        later.ask("/");
        later.answer();

        let mut new = place.server("10");
        assert_eq!(new.address(), address);
        assert_eq!(old.line(), "handed over");
        for (client, rest) in [(&mut busy, ""), (&mut partial, "st: h\r\n\r\n")] {
            client.send(rest);
            assert_eq!(client.answer(), Answer { server: first.server, close: true });
            assert!(client.is_at_end());
        }
        // Idle until now: its request is answered by the old one still, even two at once.
        kept.send(&"GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(2));
        assert_eq!(kept.answer(), Answer { server: first.server, close: false });
        assert_eq!(kept.answer(), Answer { server: first.server, close: true });
        assert!(kept.is_at_end());
        let mut fresh = Client::new(address);
        fresh.ask("/");
        let second = fresh.answer();
        assert!(second.server != first.server && !second.close);
        drop((kept, busy, partial, later));
        assert_eq!(drained(&mut old), "drained: 4 finished, 0 aborted");

        writeln!(new.stdin(), "quit").expect("it reads");
        assert_eq!(new.line(), "quitting");
        fresh.ask("/");
        assert_eq!(fresh.answer(), Answer { server: second.server, close: true });
        drop(fresh);
        assert_eq!(drained(&mut new), "drained: 1 finished, 0 aborted");
        assert!(TcpStream::connect(address).is_err());
        assert!(!place.control().exists());
    });
}

#[test]
fn the_deadline_ends_what_does_not_end() {
    on_every_dispatcher(|place| {
        let mut server = place.server("1");
        let address = server.address();
        let (mut idle, mut partial) = (Client::new(address), Client::new(address));
        idle.ask("/");
        idle.answer();
        partial.send("GET / HTTP/1.1\r\nHo");
        writeln!(server.stdin(), "quit").expect("it reads");
        // Closed after half of the time, in good order.
        assert!(idle.is_at_end() && partial.is_at_end());
        // Neither client closes: that is cut off at the end of it.
        assert_eq!(drained(&mut server), "drained: 0 finished, 2 aborted");
    });
}

#[test]
fn a_successor_that_fails_changes_nothing() {
    on_every_dispatcher(|place| {
        let mut old = place.server("10");
        let address = old.address();
        let mut kept = Client::new(address);
        let mut complaints = old.stderr();
        for (text, complaint) in
            [(&b""[..], "the stream ended after 0 of 5 bytes"), (b"robin", "invalid data")]
        {
            let mut successor = UnixStream::connect(place.control()).expect("it listens");
            let mut word = [0; 7];
            successor.read_exact(&mut word).expect("the sockets");
            assert_eq!(&word, b"sockets");
            successor.write_all(text).expect("it reads");
            drop(successor);
            let mut line = String::new();
            complaints.read_line(&mut line).expect("text");
            assert_eq!(line, format!("the handover failed: {complaint}\n"));
            kept.ask("/");
            assert!(!kept.answer().close);
        }
        let mut new = place.server("10");
        assert_eq!(new.address(), address);
        assert_eq!(old.line(), "handed over");
        drop(kept);
        assert_eq!(drained(&mut old), "drained: 1 finished, 0 aborted");
    });
}

#[test]
fn two_successors_at_once_come_one_after_the_other() {
    on_every_dispatcher(|place| {
        let mut first = place.server("10");
        let address = first.address();
        let mut others = [place.server("10"), place.server("10")];
        for other in &mut others {
            assert_eq!(other.address(), address);
        }
        assert_eq!(first.line(), "handed over");
        // One of them has taken over from the other, or is about to.
        let ends = others.each_mut().map(|server| {
            // It may have ended.
            let _ = writeln!(server.stdin(), "quit");
            let end = server.line();
            assert_eq!(drained(server), "drained: 0 finished, 0 aborted");
            end
        });
        assert!(ends == ["handed over", "quitting"] || ends == ["quitting", "handed over"], "{ends:?}");
        assert_eq!(drained(&mut first), "drained: 0 finished, 0 aborted");
    });
}

#[test]
fn what_a_killed_server_left_behind_is_replaced() {
    on_every_dispatcher(|place| {
        let mut killed = place.server("10");
        killed.address();
        drop(killed);
        assert!(place.control().exists());
        let mut server = place.server("10");
        let mut client = Client::new(server.address());
        client.ask("/");
        client.answer();
    });
}

#[test]
fn a_control_socket_of_somebody_else_is_an_error() {
    on_every_dispatcher(|place| {
        let foreign = UnixListener::bind(place.control()).expect("a path");
        let mut server = place.server("10");
        let (mut stream, _) = foreign.accept().expect("it connects");
        stream.write_all(b"220 hi\n").expect("it reads");
        let (status, output) = server.finish();
        assert!(!status.success());
        assert!(output.contains("is no server's control socket"), "{output}");
    });
}

#[test]
fn help_tells_of_each_command() {
    let (status, output) = run("graceful", &["--help"], &[]);
    assert!(status.success());
    for word in
        ["graceful server", "graceful client", "graceful demo", "--control PATH", "SIGTERM", "--restarts N"]
    {
        assert!(output.contains(word), "{word}: {output}");
    }
    for (arguments, message) in [
        (&[][..], "graceful: server, client or demo is missing"),
        (&["serve"], "unknown argument \"serve\""),
        (&["server", "--drain", "0"], "--drain 0: must be at least 1"),
        (&["server", "--control", "--drain"], "--control needs a value"),
        (&["client", "--restarts", "2"], "unknown argument \"--restarts\""),
        (&["demo", "--addr=x"], "unknown argument \"--addr\""),
    ] {
        let said = refused("graceful", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
}
