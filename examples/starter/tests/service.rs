//! The service as a process, asked by a client of std, and ended by signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Far more than anything here takes on a slow machine.
const STALLED: Duration = Duration::from_secs(60);

/// A running service. Dropping it kills the process.
struct Service {
    child: Child,
    address: SocketAddr,
    /// Collects what it writes to standard error, which must not fill its pipe.
    log: Option<JoinHandle<String>>,
}

impl Service {
    fn start(arguments: &[&str]) -> Service {
        let mut command = Command::new(env!("CARGO_BIN_EXE_starter"));
        command.arg("--listen=127.0.0.1:0").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the service");
        let (stdout, mut stderr) =
            (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let log = thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).expect("its log");
            log
        });
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("its first line");
        let address = line.trim_end().strip_prefix("listening on ").expect("its address");
        Service { child, address: address.parse().expect("an address"), log: Some(log) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(STALLED)).expect("a timeout");
        stream
    }

    /// Asks over a connection of its own: the whole response.
    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "{request}").expect("a request");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        response
    }

    fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh").success());
    }

    /// Waits for its end: the status, and the lines of its log.
    fn finish(mut self) -> (ExitStatus, String) {
        let begin = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("its status") {
                Some(status) => break status,
                None if begin.elapsed() > STALLED => panic!("it does not end"),
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        let log = self.log.take().expect("taken once");
        (status, log.join().expect("its log"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

/// Reads a response whose body ends with `end`, and no further.
fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut response = Vec::new();
    while !response.ends_with(end.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("more of the response");
        response.extend(byte);
    }
    String::from_utf8(response).expect("text")
}

#[test]
fn it_answers_and_ends_in_order() {
    let service = Service::start(&["--max-body=8"]);
    assert!(service.ask(&get("/")).ends_with("\r\n\r\nHello from fend!\n"));
    assert!(service.ask(&get("/health")).contains("\r\n\r\nok\nuptime "));
    assert!(service.ask(&get("/ready")).ends_with("\r\n\r\nready\n"));
    let post = "POST /reverse HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: ";
    assert!(service.ask(&format!("{post}3\r\n\r\nabc")).ends_with("\r\n\r\ncba"));
    assert!(service.ask(&format!("{post}9\r\n\r\nabcdefghi")).starts_with("HTTP/1.1 413 "));

    service.terminate();
    let (status, log) = service.finish();
    assert!(status.success(), "{status}: {log}");
    assert!(log.contains("ms POST /reverse\n") && log.contains("SIGTERM: ending\n"), "{log}");
    assert!(log.ends_with("aborted\n") && log.contains(", 0 aborted"), "{log}");
}

#[test]
fn a_request_that_is_under_way_is_answered() {
    let service = Service::start(&["--grace=60"]);
    // An idle connection is no reason to wait.
    let _idle = service.connect();
    let mut busy = service.connect();
    let head =
        "POST /reverse HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";
    write!(busy, "{head}").expect("a head");
    // Its handler has begun to read the body.
    read_until(&mut busy, "HTTP/1.1 100 Continue\r\n\r\n");

    service.terminate();
    // It listens no more.
    while TcpStream::connect(service.address).is_ok() {
        thread::yield_now();
    }
    write!(busy, "abc").expect("a body");
    assert!(read_until(&mut busy, "cba").starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(busy.read(&mut [0]).expect("its end"), 0);
    let (status, log) = service.finish();
    assert!(status.success() && log.contains(", 0 aborted"), "{status}: {log}");
}

#[test]
fn a_balancer_hears_of_the_end_first() {
    let service = Service::start(&["--drain-delay=60"]);
    service.terminate();
    // It still takes connections, for as long as it says.
    while service.ask(&get("/ready")).ends_with("ready\n") {}
    assert!(service.ask(&get("/ready")).starts_with("HTTP/1.1 503 "));
    assert!(service.ask(&get("/")).starts_with("HTTP/1.1 200 "));
    // Who is in a hurry says it twice.
    service.terminate();
    let (status, _) = service.finish();
    assert!(!status.success(), "{status}");
}

#[test]
fn mistakes_are_told() {
    let starter = || Command::new(env!("CARGO_BIN_EXE_starter"));
    let refused = starter().arg("--grace=long").output().expect("its output");
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(said, "error --grace: \"long\" is not a number of seconds\n");
    let help = starter().arg("--help").output().expect("its output");
    assert!(help.status.success() && help.stdout.starts_with(b"usage: starter "));
}
