//! A server of std that knows no protocol: it says what a test has written.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Answers one connection after the other, each in its own way; then it takes no more.
pub(crate) struct Canned {
    pub(crate) address: SocketAddr,
    requests: Receiver<String>,
}

/// What to do with a connection, and with the request that has come over it.
pub(crate) type Answer = Box<dyn FnOnce(TcpStream, &str) + Send>;

impl Canned {
    pub(crate) fn new(answers: Vec<Answer>) -> Canned {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = listener.local_addr().expect("its own");
        let (sender, requests) = mpsc::channel();
        // Nobody waits for it: a client that never comes would keep it for ever.
        thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().expect("a connection");
                let request = read_request(&stream);
                // The test may have ended.
                let _ = sender.send(request.clone());
                answer(stream, &request);
            }
        });
        Canned { address, requests }
    }

    /// One that says these texts, one for each connection.
    pub(crate) fn saying(texts: &[&str]) -> Canned {
        Canned::new(texts.iter().map(|text| say(text)).collect())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request, in the order of the connections.
    pub(crate) fn request(&self) -> String {
        self.requests.recv_timeout(Duration::from_secs(60)).expect("a request")
    }
}

/// Says a text, and closes.
fn say(text: &str) -> Answer {
    let text = text.to_owned();
    Box::new(move |mut stream, _| {
        // Who has heard enough may go.
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

/// A request with the body that its length tells of; what there is of one that ends early.
fn read_request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).expect("a request") == 0 {
            return head;
        }
    }
    let lines = head.to_ascii_lowercase();
    let length = lines.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    reader.read_exact(&mut body).expect("its body");
    head + std::str::from_utf8(&body).expect("text")
}
