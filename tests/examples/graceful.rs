//! The server that hands its socket over: restarted under load, and in each way in which that can go wrong.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::program::{DISPATCHERS, Program, connect, example, in_a_terminal, refused, run, unused_address};

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
        self.server_by(&mut Command::new(example("graceful")), &["--drain", drain])
    }

    /// The command has yet to be given the arguments.
    fn server_by(&self, command: &mut Command, options: &[&str]) -> Program {
        command.args(["server", "--addr", "127.0.0.1:0", "--control"]).arg(self.control()).args(options);
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

    /// Asks until `server`, which has begun to end or is about to, says that it closes the connection.
    fn ask_until_told(&mut self, server: u32) {
        loop {
            let answer = self.answer();
            assert_eq!(answer.server, server);
            if answer.close {
                break;
            }
            self.ask("/slow");
        }
        assert!(self.is_at_end());
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
    // It is there once, and never again: nobody else has ports of this address.
    let listener = TcpListener::bind("127.66.0.2:0").expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    let start = Instant::now();
    let mut client =
        Program::start("graceful", &["client", "--addr", &address, "--connections=2", "--seconds=1"]);
    drop(listener.accept().expect("it connects"));
    drop(listener);
    let (status, output) = client.finish();
    assert_eq!(status.code(), Some(1), "{output}");
    let failures = output.split(", ").find_map(|part| part.strip_suffix(" failures"));
    let failures: u32 = failures.expect("a count").parse().expect("a number");
    // Each of the two waits for 100 ms between its tries. The end of the second may come late.
    let tenths = u32::try_from(start.elapsed().as_millis() / 100).expect("a short time");
    assert!((2..=2 * (tenths + 1)).contains(&failures), "in {tenths} times 100 ms: {output}");
    assert!(output.starts_with("0 requests on ") && output.contains("the first failure: "), "{output}");
}

#[test]
fn the_client_gives_up_where_nobody_listens() {
    let unused = unused_address();
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
        // Told with the first answer, unless the handover has taken longer than that.
        busy.ask_until_told(first.server);
        partial.send("st: h\r\n\r\n");
        assert_eq!(partial.answer(), Answer { server: first.server, close: true });
        assert!(partial.is_at_end());
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
fn sigterm_is_as_good_as_quit() {
    on_every_dispatcher(|place| {
        let mut server = place.server("10");
        let mut client = Client::new(server.address());
        client.ask("/");
        client.answer();
        server.terminate();
        assert_eq!(server.line(), "quitting");
        drop(client);
        assert_eq!(drained(&mut server), "drained: 1 finished, 0 aborted");
    });
}

/// The first may be `quit` as well, and then it is the first signal.
#[test]
fn told_again_a_server_ends_at_once() {
    let ways: [fn(&mut Program); 3] = [
        |server| writeln!(server.stdin(), "quit").expect("it reads"),
        |server| server.signal(libc::SIGTERM),
        |server| server.signal(libc::SIGINT),
    ];
    for tell in ways {
        on_every_dispatcher(|place| {
            let mut server = place.server("10");
            let mut client = Client::new(server.address());
            client.ask("/");
            client.answer();
            tell(&mut server);
            assert_eq!(server.line(), "quitting");
            server.signal(libc::SIGINT);
            assert_eq!(server.finish().0.signal(), Some(libc::SIGINT));
        });
    }
}

/// As a shell starts it with `&`: whoever reads from the terminal there is stopped.
#[test]
fn a_server_in_the_background_of_a_terminal_serves() {
    on_every_dispatcher(|place| {
        let (program, control) = (example("graceful"), place.control());
        let server =
            format!("{} server --addr 127.0.0.1:0 --control {}", program.display(), control.display());
        let job = format!("env FEND_DISPATCHER={} {server} & read line; kill $!; wait $!", place.dispatcher);
        let Some((mut shell, mut keyboard)) = in_a_terminal(&format!("sh -mc '{job}'")) else { return };
        let mut client = Client::new(shell.address());
        client.ask("/");
        client.answer();
        drop(client);
        keyboard.write_all(b"end\n").expect("the terminal");
        let (status, output) = shell.finish();
        assert!(status.success() && output.contains(" 0 aborted"), "{status}: {output}");
    });
}

#[test]
fn the_deadline_ends_what_does_not_end() {
    on_every_dispatcher(|place| {
        let mut server = place.server("1");
        let address = server.address();
        let mut partial = Client::new(address);
        partial.send("GET / HTTP/1.1\r\nHo");
        // Accepted behind it.
        let mut idle = Client::new(address);
        idle.ask("/");
        idle.answer();
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
            [(&b""[..], "the stream ended after 0 of 5 bytes"), (b"robin", "the other one said \"robin\"")]
        {
            let mut successor = UnixStream::connect(place.control()).expect("it listens");
            let mut word = [0; 7];
            successor.read_exact(&mut word).expect("the sockets");
            assert_eq!(&word, b"sockets");
            successor.write_all(text).expect("it reads");
            if !text.is_empty() {
                let mut word = [0; 5];
                successor.read_exact(&mut word).expect("an answer");
                assert_eq!(&word, b"never");
            }
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

/// Starts a server that takes over from the test, as far as its word that it is ready.
async fn give_to_new(place: &Place) -> io::Result<(Program, SocketAddr, fend::net::UnixStream)> {
    let listener = fend::net::TcpListener::bind("127.0.0.1:0").await?;
    let control = fend::net::UnixListener::bind(place.control()).await?;
    let mut new = place.server("10");
    let (stream, _) = control.accept().await?;
    stream.send_with_fds(b"sockets", &[listener.as_fd(), control.as_fd()]).await?;
    let address = new.address();
    assert_eq!(address, listener.local_addr()?);
    let mut word = [0; 5];
    stream.recv_exact(&mut word).await?;
    assert_eq!(&word, b"ready");
    Ok((new, address, stream))
}

#[test]
fn a_successor_that_comes_too_late_goes() {
    on_every_dispatcher(|place| {
        let conversation = async {
            let (mut new, address, stream) = give_to_new(place).await?;
            // It serves already, and fails nobody.
            let mut client = Client::new(address);
            client.ask("/");
            assert_eq!(client.answer(), Answer { server: new.id(), close: false });
            client.ask("/slow");
            stream.send_all(b"never").await?;
            client.ask_until_told(new.id());
            drop(client);
            let (status, output) = new.finish();
            assert!(!status.success());
            assert!(output.contains("drained: 1 finished, 0 aborted\n"), "{output}");
            assert!(output.contains("did not wait any longer, and goes on\n"), "{output}");
            assert!(place.control().exists());
            io::Result::Ok(())
        };
        fend::block_on(conversation).expect("the old one's part");
    });
}

#[test]
fn a_successor_stays_when_the_old_one_dies() {
    on_every_dispatcher(|place| {
        let conversation = async {
            let (mut new, _, stream) = give_to_new(place).await?;
            drop(stream);
            let mut line = String::new();
            new.stderr().read_line(&mut line)?;
            assert_eq!(line, "the server before has gone without a word\n");
            io::Result::Ok(new)
        };
        let mut new = fend::block_on(conversation).expect("the old one's part");
        writeln!(new.stdin(), "quit").expect("it reads");
        assert_eq!(new.line(), "quitting");
        assert_eq!(drained(&mut new), "drained: 0 finished, 0 aborted");
        assert!(!place.control().exists());
    });
}

#[test]
fn a_successor_that_is_silent_is_told_that_it_is_too_late() {
    on_every_dispatcher(|place| {
        let mut old = place.server_by(&mut Command::new(example("graceful")), &["--handover", "1"]);
        let mut kept = Client::new(old.address());
        let mut successor = UnixStream::connect(place.control()).expect("it listens");
        let mut words = [0; 12];
        successor.read_exact(&mut words).expect("the sockets, and a word");
        assert_eq!(&words, b"socketsnever");
        kept.ask("/");
        assert_eq!(kept.answer(), Answer { server: old.id(), close: false });
    });
}

#[test]
fn who_has_asked_comes_before_quit() {
    on_every_dispatcher(|place| {
        let mut old = place.server("10");
        old.address();
        old.stop();
        let mut successor = UnixStream::connect(place.control()).expect("it listens");
        writeln!(old.stdin(), "quit").expect("a pipe");
        old.resume();
        let (mut sockets, mut word) = ([0; 7], [0; 5]);
        successor.read_exact(&mut sockets).expect("the sockets");
        successor.write_all(b"ready").expect("it reads");
        successor.read_exact(&mut word).expect("an answer");
        assert_eq!((&sockets, &word), (b"sockets", b"yours"));
        assert_eq!(old.line(), "handed over");
        assert_eq!(drained(&mut old), "drained: 0 finished, 0 aborted");
    });
}

#[test]
fn a_server_that_goes_before_it_answers_is_nobody() {
    on_every_dispatcher(|place| {
        let going = UnixListener::bind(place.control()).expect("a path");
        let mut server = place.server("10");
        // One has been accepted, and another try waits in the queue at most.
        drop(going.accept().expect("it connects"));
        fs::remove_file(place.control()).expect("its file");
        drop(going);
        let mut client = Client::new(server.address());
        client.ask("/");
        assert_eq!(client.answer(), Answer { server: server.id(), close: false });
        assert!(place.control().exists());
    });
}

#[test]
fn one_that_hangs_up_again_and_again_is_an_error() {
    on_every_dispatcher(|place| {
        let rude = UnixListener::bind(place.control()).expect("a path");
        let mut server = place.server("10");
        for _ in 0..10 {
            drop(rude.accept().expect("it connects"));
        }
        let (status, output) = server.finish();
        assert!(!status.success() && output.contains("whoever listens there hangs up"), "{output}");
    });
}

#[test]
fn quitting_leaves_the_control_socket_of_another_one() {
    on_every_dispatcher(|place| {
        let mut server = place.server("10");
        let mut client = Client::new(server.address());
        client.ask("/");
        client.answer();
        fs::remove_file(place.control()).expect("its file");
        let other = UnixListener::bind(place.control()).expect("a path");
        writeln!(server.stdin(), "quit").expect("it reads");
        assert_eq!(server.line(), "quitting");
        client.ask("/");
        assert_eq!(client.answer(), Answer { server: server.id(), close: true });
        drop(client);
        assert_eq!(drained(&mut server), "drained: 1 finished, 0 aborted");
        UnixStream::connect(place.control()).expect("the other one's");
        drop(other);
    });
}

#[test]
fn quitting_without_a_control_file_drains() {
    on_every_dispatcher(|place| {
        let mut server = place.server("10");
        let mut client = Client::new(server.address());
        client.ask("/");
        client.answer();
        fs::remove_file(place.control()).expect("its file");
        client.send("GET / HTTP/1.1\r\nHo");
        writeln!(server.stdin(), "quit").expect("it reads");
        assert_eq!(server.line(), "quitting");
        client.send("st: h\r\n\r\n");
        assert_eq!(client.answer(), Answer { server: server.id(), close: true });
        drop(client);
        assert_eq!(drained(&mut server), "drained: 1 finished, 0 aborted");
    });
}

#[test]
fn a_handover_without_standard_output_drains() {
    on_every_dispatcher(|place| {
        let mut old = place.server("10");
        let address = old.address();
        let (mut partial, mut later) = (Client::new(address), Client::new(address));
        partial.send("GET / HTTP/1.1\r\nHo");
        later.ask("/");
        later.answer();
        old.close_stdout();
        let mut new = place.server("10");
        assert_eq!(new.address(), address);
        partial.send("st: h\r\n\r\n");
        partial.ask_until_told(old.id());
        later.ask("/");
        later.ask_until_told(old.id());
        drop((partial, later));
        let (status, output) = old.finish();
        assert!(!status.success() && output.contains("Broken pipe"), "{output}");
    });
}

#[test]
fn a_server_without_descriptors_goes_on() {
    on_every_dispatcher(|place| {
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -n 40; exec \"$0\" \"$@\""]).arg(example("graceful"));
        let mut server = place.server_by(&mut shell, &[]);
        let address = server.address();
        let mut first = Client::new(address);
        first.ask("/");
        first.answer();
        let many: Vec<Client> = (0..40).map(|_| Client::new(address)).collect();
        let mut complaints = server.stderr();
        let mut complaint = || {
            let mut line = String::new();
            complaints.read_line(&mut line).expect("text");
            assert!(line.contains("Too many open files"), "{line:?}");
            line
        };
        assert!(complaint().starts_with(&format!("accept on {address}: ")));
        let mut successor = UnixStream::connect(place.control()).expect("it listens");
        let control = format!("accept on {}", place.control().display());
        while !complaint().contains(&control) {}
        first.ask("/slow");
        assert_eq!(first.answer(), Answer { server: server.id(), close: false });
        drop(many);
        let mut word = [0; 7];
        successor.read_exact(&mut word).expect("the sockets");
        assert_eq!(&word, b"sockets");
    });
}

#[test]
fn the_servers_of_a_demo_that_is_killed_quit() {
    on_every_dispatcher(|place| {
        let mut command = Command::new(example("graceful"));
        command.args(["demo", "--restarts", "1000"]).env("TMPDIR", &place.directory);
        let mut demo = Program::of(command.env("FEND_DISPATCHER", place.dispatcher));
        assert!(demo.line().starts_with("restart 1: "));
        demo.kill();
        let mut complaints = String::new();
        // They have inherited it. With the demo nobody reads what they print otherwise.
        demo.stderr().read_to_string(&mut complaints).expect("their end");
        assert!(complaints.contains("Broken pipe"), "{complaints:?}");
    });
}

#[test]
fn the_demo_uses_no_directory_of_somebody_else() {
    on_every_dispatcher(|place| {
        let mut shell = Command::new("sh");
        shell.args(["-c", "mkdir \"$TMPDIR/fend-graceful-$$\"; exec \"$0\" demo --restarts 1"]);
        shell.arg(example("graceful")).env("TMPDIR", &place.directory);
        let (status, output) = Program::of(shell.env("FEND_DISPATCHER", place.dispatcher)).finish();
        assert!(!status.success() && output.contains("File exists"), "{output}");
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
