//! Exchanges with servers of std that say what the test has written, over plain TCP.

use std::io::{Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::thread::{self, JoinHandle};

use super::*;

/// Answers one connection: reads a head, says `answer` in pieces of `size`, and closes. Gives what it has read.
fn server(answer: Vec<u8>, size: usize) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            request.push(byte[0]);
        }
        for piece in answer.chunks(size) {
            // Who has understood that it is wrong does not wait for the rest.
            if stream.write_all(piece).is_err() {
                return request;
            }
        }
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut request);
        request
    });
    (address, thread)
}

struct Silent;

impl Observer for Silent {
    fn connected(&mut self, _: &Url, _: &Connected) {}
    fn request(&mut self, _: &[u8]) {}
    fn response(&mut self, _: &Head) {}
}

async fn fetch(method: &str, address: SocketAddr) -> Result<(u16, Vec<u8>), Error> {
    let mut options =
        Options { request: Request::get(), redirects: None, connect: ConnectOptions::default() };
    options.request.set_method(method).unwrap();
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    let mut response = request(&url, &options, &mut Silent).await?;
    let mut body = Vec::new();
    while let Some(bytes) = response.body.next().await? {
        body.extend(bytes);
    }
    Ok((response.head.status, body))
}

/// What comes of the answer, whichever way its bytes are cut.
#[track_caller]
fn assert_answer(method: &str, answer: &str, check: impl Fn(&Result<(u16, Vec<u8>), Error>) -> bool) {
    for size in [1, 2, 7, 100_000] {
        let (address, thread) = server(answer.as_bytes().to_vec(), size);
        let result = fend::block_on(fetch(method, address));
        assert!(check(&result), "in pieces of {size}: {:?}: {result:?}", &answer[..answer.len().min(200)]);
        thread.join().unwrap();
    }
}

#[test]
fn bodies_of_every_framing() {
    for (method, answer, status, body) in [
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more", 200, "hello"),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""),
        ("GET", "HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end"),
        ("GET", "HTTP/1.1 200\n\n", 200, ""),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nmore",
            200,
            "hello",
        ),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0A ;x=\"y\"\r\n0123456789\r\n1;z\r\n!\r\n000\r\nA: b\r\nC: d\r\n\r\n",
            200,
            "0123456789!",
        ),
        ("HEAD", "HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\n", 404, ""),
        ("GET", "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", 204, ""),
        ("GET", "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", 304, ""),
        (
            "GET",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            200,
            "ok",
        ),
    ] {
        assert_answer(
            method,
            answer,
            |result| matches!(result, Ok((got, bytes)) if *got == status && bytes == body.as_bytes()),
        );
    }
}

#[test]
fn bodies_that_are_not_whole() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n",
    ] {
        assert_answer("GET", answer, |result| matches!(result, Err(Error::Partial(_))));
    }
}

#[test]
fn what_is_no_response() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let long = "x".repeat(70_000);
    for answer in [
        "SSH-2.0-OpenSSH\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n".to_owned(),
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(17),
        "HTTP/1.1 200 OK\r\nA: b\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nA: {long}\r\n\r\n"),
        format!("{chunked}x\r\n"),
        format!("{chunked}\r\n"),
        format!("{chunked}-1\r\n"),
        format!("{chunked}+1\r\na\r\n0\r\n\r\n"),
        format!("{chunked}1 1\r\na\r\n"),
        format!("{chunked}10000000000000000\r\n"),
        format!("{chunked}5\r\nhello world\r\n0\r\n\r\n"),
        format!("{chunked}5\nhello\r\n0\r\n\r\n"),
        format!("{chunked}5\r\nhello\n0\r\n\r\n"),
        format!("{chunked}5;a\rb\r\nhello\r\n0\r\n\r\n"),
        format!("{chunked}5;{}\r\nhello\r\n0\r\n\r\n", &long[..5000]),
        format!("{chunked}0\r\nno colon\r\n\r\n"),
        format!("{chunked}0\r\n{}\r\n", "A: b\r\n".repeat(20_000)),
    ] {
        assert_answer("GET", &answer, |result| matches!(result, Err(Error::BadResponse(_))));
    }
    assert_answer("GET", "", |result| matches!(result, Err(Error::Empty)));
}

#[test]
fn a_long_body_comes_through_a_small_buffer() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|index| (index % 251) as u8).collect();
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for (number, chunk) in body.chunks(99_999).enumerate() {
        chunked.extend(format!("{:x};number={number}\r\n", chunk.len()).bytes());
        chunked.extend([chunk, b"\r\n"].concat());
    }
    chunked.extend(b"0\r\n\r\n");
    let sized =
        [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat();
    for answer in [chunked, sized] {
        let (address, thread) = server(answer, 1 << 20);
        let (_, received) = fend::block_on(fetch("GET", address)).unwrap();
        assert!(received == body, "{} of {} bytes, or others", received.len(), body.len());
        thread.join().unwrap();
    }
}

/// A server that has seen enough answers, and does not read on.
#[test]
fn an_answer_may_come_before_the_request_is_sent() {
    let (address, thread) = server(b"HTTP/1.1 413 Large\r\nContent-Length: 3\r\n\r\nno\n".to_vec(), 100);
    let mut options =
        Options { request: Request::get(), redirects: None, connect: ConnectOptions::default() };
    options.request.set_body(vec![b'x'; 32 << 20]);
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    let status = fend::block_on(async {
        let mut response = request(&url, &options, &mut Silent).await.unwrap();
        assert_eq!(response.body.next().await.unwrap().as_deref(), Some(&b"no\n"[..]));
        response.head.status
    });
    assert_eq!(status, 413);
    thread.join().unwrap();
}
