//! GET requests.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use benches::load::options::{Options, Protocol};

use crate::servers::serve;
use crate::{assert_answered, load};

type Answer = fn(usize) -> Vec<u8>;

/// Answers requests, which are numbered; closes after one that asks for it if `closes`.
fn http(mut socket: TcpStream, closes: bool, answer: impl Fn(usize) -> Vec<u8>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut head = Vec::new();
    let mut byte = [0];
    for request in 0.. {
        head.clear();
        while !head.ends_with(b"\r\n\r\n") {
            if socket.read(&mut byte)? == 0 {
                return Ok(());
            }
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"GET / HTTP/1.1\r\nhost: 127.0.0.1:"), "{}", head.escape_ascii());
        // In two pieces, cut somewhere.
        let answer = answer(request);
        let (left, right) = answer.split_at(request % answer.len());
        socket.write_all(left)?;
        socket.write_all(right)?;
        let close = b"connection: close\r\n";
        if closes && head.windows(close.len()).any(|line| line == close) {
            return Ok(());
        }
    }
    Ok(())
}

fn hello(_request: usize) -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\nHello, World!".to_vec()
}

fn hello_and_close(_request: usize) -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 13\r\n\r\nHello, World!".to_vec()
}

#[test]
fn on_kept_connections() {
    let mut options = Options::new(serve(|socket| http(socket, false, hello)), Protocol::Http, 500);
    options.connections = 3;
    assert_answered(&load(options).unwrap(), 500);
}

#[test]
fn with_a_connection_each() {
    // Servers that say that they close and do, that do without saying so, and that leave it to the client.
    for (closes, answer) in [(true, hello_and_close as Answer), (true, hello), (false, hello)] {
        let address = serve(move |socket| http(socket, closes, answer));
        let mut options = Options::new(address, Protocol::HttpChurn, 100);
        options.connections = 3;
        assert_answered(&load(options).unwrap(), 100);
    }
}

#[test]
fn servers_may_say_that_they_are_done_with_a_connection() {
    let address = serve(|socket| {
        http(socket, false, |request| if request < 4 { hello(request) } else { hello_and_close(request) })
    });
    assert_answered(&load(Options::new(address, Protocol::Http, 50)).unwrap(), 50);
}

#[test]
fn other_answers_are_errors() {
    for (answer, told) in [
        (b"HTTP/1.1 500 No\r\ncontent-length: 13\r\n\r\nHello, World!".as_slice(), "the status is 500"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nHello, World", "the content-length is 12 and was 13"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\nHello, World!!", "1 bytes more came"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "no content-length"),
        (b"220 mail ready\r\n", "no status line"),
    ] {
        // Request 0 opens the connection, 1 is answered well.
        let address = serve(move |socket| {
            http(socket, false, |request| if request == 2 { answer.to_vec() } else { hello(request) })
        });
        let report = load(Options::new(address, Protocol::Http, 2)).unwrap();
        assert_eq!((report.requests(), report.errors), (1, 1), "{told}: {report:?}");
        let error = report.first_error.unwrap();
        assert!(error.contains(told), "{error}, and not {told}");
    }
}
