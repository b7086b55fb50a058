//! What stands at either end of the proxy.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitStatus;
use std::thread;

use crate::program::{DISPATCHERS, Program, connect, run_client};

/// Runs `test` with a proxy on each dispatcher, which speaks HTTP without TLS.
pub(super) fn on_every_dispatcher(
    upstreams: &[&str],
    more: &[&str],
    test: impl Fn(&mut Program, SocketAddr),
) {
    for dispatcher in DISPATCHERS {
        let mut proxy = start(dispatcher, upstreams, &[&["--plain"], more].concat());
        let address = proxy.address();
        test(&mut proxy, address);
    }
}

pub(super) fn start(dispatcher: &str, upstreams: &[&str], more: &[&str]) -> Program {
    let mut arguments = vec!["--addr=127.0.0.1:0", "--workers=2", "--dispatcher", dispatcher];
    arguments.extend(upstreams.iter().flat_map(|upstream| ["--upstream", upstream]));
    arguments.extend(more);
    Program::start("reverse_proxy", &arguments)
}

/// A server of std: each connection is given to `answer` on a thread of its own. Its URL.
pub(super) fn serve(answer: impl Fn(Peer) + Send + Sync + 'static) -> String {
    serve_at(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
}

pub(super) fn serve_at(listener: TcpListener, answer: impl Fn(Peer) + Send + Sync + 'static) -> String {
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = std::sync::Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || answer(Peer::of(stream)));
        }
    });
    url
}

/// A server that answers every request with these words.
pub(super) fn serve_text(text: &'static str) -> String {
    serve(move |mut peer| {
        while peer.head().is_some() {
            peer.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()));
        }
    })
}

/// One end of a connection of HTTP/1.1, by hand.
pub(super) struct Peer(pub(super) BufReader<TcpStream>);

impl Peer {
    pub(super) fn of(stream: TcpStream) -> Peer {
        Peer(BufReader::new(stream))
    }

    /// A client's.
    pub(super) fn connect(address: SocketAddr) -> Peer {
        Peer::of(connect(address))
    }

    /// Says it, to whoever may be gone.
    pub(super) fn send(&mut self, text: &str) {
        let _ = self.0.get_mut().write_all(text.as_bytes());
    }

    /// The lines of a head, in small letters up to the colon as they come. `None` when the other end has ended instead.
    pub(super) fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        loop {
            let before = head.len();
            match self.0.read_line(&mut head) {
                Ok(0) | Err(_) => return None,
                Ok(_) if &head[before..] == "\r\n" => return Some(head),
                Ok(_) => {}
            }
        }
    }

    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).expect("as many bytes");
        bytes
    }

    /// A response: its head, and its body of the length that it says.
    pub(super) fn response(&mut self) -> (String, String) {
        let head = self.head().expect("a response");
        let length = field(&head, "content-length").map_or(0, |length| length.parse().expect("a length"));
        let body = String::from_utf8(self.bytes(length)).expect("text");
        (head, body)
    }
}

/// The value of a field that is there at most once.
pub(super) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut values = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let is_it = |(other, value): (&str, &'a str)| other.eq_ignore_ascii_case(name).then_some(value);
    let found = values.by_ref().find_map(is_it);
    assert_eq!(values.find_map(is_it), None, "{name} is there twice: {head}");
    found
}

/// Runs curl: its exit status and output. `None` when it is not installed.
pub(super) fn curl(arguments: &[&str]) -> Option<(ExitStatus, String)> {
    run_client("curl", &[&["-sS"], arguments].concat(), b"")
}
