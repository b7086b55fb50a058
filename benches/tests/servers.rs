//! Every server answers a real client, in every mode, and says what it counts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion};

const RUNTIMES: [&str; 5] = [
    "--runtime raw",
    "--runtime tokio",
    "--runtime smol",
    "--runtime fend",
    "--runtime fend --dispatcher poll",
];

/// A client that waits for longer has found a server that does not answer.
const LONGEST: Duration = Duration::from_secs(60);

/// A server in a process of its own, which ends with this.
struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    fn start(arguments: &str) -> Server {
        Server::start_by(Command::new(env!("CARGO_BIN_EXE_server")).args(arguments.split(' ')))
    }

    fn start_by(command: &mut Command) -> Server {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a server");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().expect("it is piped"));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = Server { child, stdin, stdout: BufReader::new(stdout), address };
        let line = server.line();
        let address = line.strip_prefix("{\"address\":\"").and_then(|line| line.strip_suffix("\"}"));
        server.address = address.and_then(|address| address.parse().ok()).expect("it tells its address");
        server
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// One figure of its `stats`.
    fn figure(&mut self, name: &str) -> f64 {
        writeln!(self.stdin.as_mut().expect("it has not ended"), "stats").expect("the server listens");
        let line = self.line();
        let (_, rest) = line.split_once(&format!("\"{name}\":")).expect("the figure is there");
        rest.split([',', '}']).next().and_then(|number| number.parse().ok()).expect("a number")
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(LONGEST)).expect("a socket");
        stream
    }

    /// Ends its stdin; its exit code.
    fn end(mut self) -> Option<i32> {
        drop(self.stdin.take());
        self.child.wait().expect("it is a child").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // When it has ended already there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn echo(stream: &mut (impl Read + Write), bytes: &[u8]) {
    stream.write_all(bytes).expect("it takes bytes");
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).expect("it sends them back");
    assert_eq!(back, bytes);
}

fn on_every_runtime(rest: &str, test: impl Fn(Server)) {
    for runtime in RUNTIMES {
        eprintln!("{runtime} {rest}");
        test(Server::start(&format!("{runtime} {rest}")));
    }
}

#[test]
fn echo_with_one_worker_and_with_two() {
    for workers in ["1", "2 --drivers 2"] {
        on_every_runtime(&format!("--mode echo --buffer 100 --workers {workers}"), |server| {
            let mut streams: Vec<_> = (0..8).map(|_| server.connect()).collect();
            for bytes in [b"hello".repeat(10), b"longer".repeat(100)] {
                streams.iter_mut().for_each(|stream| echo(stream, &bytes));
            }
        });
    }
}

#[test]
fn echo_of_more_than_sockets_hold() {
    let bytes: Vec<u8> = (0..8_000_000_u32).map(|n| n as u8).collect();
    on_every_runtime("--mode echo --buffer 4096", |server| {
        let mut stream = server.connect();
        let mut sending = stream.try_clone().expect("a descriptor");
        thread::scope(|scope| {
            scope.spawn(|| sending.write_all(&bytes).expect("it takes all"));
            let mut back = vec![0; bytes.len()];
            stream.read_exact(&mut back).expect("all comes back");
            assert!(back == bytes, "other bytes come back");
        });
    });
}

#[test]
fn tls_1_3() {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).expect("OpenSSL");
    connector.set_verify(SslVerifyMode::NONE);
    let connector = connector.build();
    on_every_runtime("--mode tls", |server| {
        let mut stream = connector.connect("localhost", server.connect()).expect("a handshake");
        assert_eq!(stream.ssl().version2(), Some(SslVersion::TLS1_3));
        assert_eq!(stream.ssl().current_cipher().map(|cipher| cipher.name()), Some("TLS_AES_128_GCM_SHA256"));
        echo(&mut stream, b"hello");
        echo(&mut stream, &[1; 20_000]);
        stream.shutdown().expect("a close_notify");
        assert_eq!(stream.read(&mut [0]).expect("the server's comes back"), 0);
    });
}

/// The answer to one request, whose bytes are all alike but for the date.
fn answer(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"Hello, World!") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).expect("it is text")
}

fn get_answers(arguments: &str) -> usize {
    eprintln!("{arguments}");
    let server = Server::start(arguments);
    let mut stream = server.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET /").expect("it takes requests");
    let first = answer(&mut stream);
    stream.write_all(b" HTTP/1.1\r\nhost: a\r\n\r\n").expect("it takes requests");
    let second = answer(&mut stream);
    for line in ["content-type: text/plain", "content-length: 13", "date: "] {
        assert!(first.contains(&format!("\r\n{line}")), "{line} is missing: {first}");
    }
    assert!(first.starts_with("HTTP/1.1 200 OK\r\n"), "{first}");
    assert_eq!(first.len(), second.len());
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").expect("it takes requests");
    let mut last = Vec::new();
    stream.read_to_end(&mut last).expect("the end comes behind it");
    assert_eq!(last.len(), first.len() + "connection: close\r\n".len());
    first.len()
}

#[test]
fn http_answers_have_the_same_length() {
    let mut lengths: Vec<_> =
        RUNTIMES.iter().map(|runtime| get_answers(&format!("{runtime} --mode http"))).collect();
    lengths.push(get_answers("--runtime fend --mode http-server"));
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
}

#[test]
fn udp_one_by_one_and_in_batches() {
    let mut servers: Vec<_> = RUNTIMES.iter().map(|runtime| format!("{runtime} --mode udp")).collect();
    servers.push("--runtime raw --mode udp --batch 8".to_owned());
    servers.push("--runtime fend --mode udp --batch 8".to_owned());
    for arguments in servers {
        eprintln!("{arguments}");
        let server = Server::start(&arguments);
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        socket.set_read_timeout(Some(LONGEST)).expect("a socket");
        for n in 0..20_u8 {
            socket.send_to(&vec![n; 1 + usize::from(n)], server.address).expect("loopback");
        }
        let mut buffer = [0; 100];
        for n in 0..20_u8 {
            let (length, sender) = socket.recv_from(&mut buffer).expect("all come back");
            assert_eq!((sender, &buffer[..length]), (server.address, &*vec![n; 1 + usize::from(n)]));
        }
    }
}

#[test]
fn stats_and_the_end_of_stdin() {
    let servers = RUNTIMES.map(|runtime| format!("{runtime} --mode echo"));
    for arguments in servers.into_iter().chain(["--runtime fend --mode http-server".to_owned()]) {
        eprintln!("{arguments}");
        let mut server = Server::start(&arguments);
        let (mut first, second) = (server.connect(), server.connect());
        if arguments.ends_with("echo") {
            echo(&mut first, b"hello");
        }
        while server.figure("accepted") < 2.0 {}
        drop((first, second));
        while server.figure("closed") < 2.0 {}
        assert!(server.figure("cpu_seconds") > 0.0);
        assert!(server.figure("resident_bytes") > 100_000.0);
        assert_eq!(server.figure("allocations"), 0.0);
        assert_eq!(server.end(), Some(0));
    }
}

#[test]
fn a_twin_counts_allocations() {
    let twin = env!("CARGO_BIN_EXE_server_allocations");
    let mut server = Server::start_by(Command::new(twin).args(["--runtime", "raw", "--mode", "echo"]));
    let mut stream = server.connect();
    echo(&mut stream, b"once");
    // The first question costs more than the second.
    let mut asked = [0.0; 3];
    for bytes in &mut asked {
        *bytes = server.figure("allocated_bytes");
    }
    let of_stats = asked[2] - asked[1];
    assert!(asked[0] > 0.0 && of_stats > 0.0);
    (0..10).for_each(|_| echo(&mut stream, b"again"));
    assert_eq!(server.figure("allocated_bytes") - asked[2], of_stats, "an echo allocates");
}

#[test]
fn no_descriptors_left_and_some_again() {
    for runtime in RUNTIMES {
        eprintln!("{runtime}");
        let program = env!("CARGO_BIN_EXE_server");
        let script = format!("ulimit -n 32; exec {program} {runtime} --mode echo");
        let server = Server::start_by(Command::new("sh").args(["-c", &script]));
        // The kernel takes them all, the server cannot.
        let streams: Vec<_> = (0..40).map(|_| server.connect()).collect();
        let mut last = server.connect();
        drop(streams);
        echo(&mut last, b"hello");
    }
}
