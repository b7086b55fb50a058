//! The HTTP server against `curl`, `wrk`, and requests that no client of good will would send; by hand and, with the feature, by hyper.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::program::{DISPATCHERS, Program, connect, run_client};

/// With the server that is written by hand.
fn on_every_dispatcher(test: impl Fn(SocketAddr)) {
    for dispatcher in DISPATCHERS {
        let arguments = ["--addr=127.0.0.1:0", "--workers", "2", "--dispatcher", dispatcher, "--by-hand"];
        let mut server = Program::start("http_server", &arguments);
        test(server.address());
    }
}

/// With the one by hyper too, where there is one.
fn with_every_server(test: impl Fn(SocketAddr)) {
    on_every_dispatcher(&test);
    #[cfg(feature = "hyper")]
    crate::http_by_hyper::on_every_dispatcher(test);
}

pub(crate) struct Response {
    pub(crate) status: String,
    /// In lower case, which is all the same to a client.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Reads one response; one to HEAD has no body, whatever its length says.
pub(crate) fn read_response(stream: &mut BufReader<TcpStream>, method: &str) -> Response {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let count = stream.read_line(&mut head).expect("a response");
        assert_ne!(count, 0, "the response ends with {head:?}");
    }
    let status = head.lines().next().unwrap_or_default().to_owned();
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let mut body = vec![0; if method == "HEAD" { 0 } else { length.parse().expect("a number") }];
    stream.read_exact(&mut body).expect("the body");
    Response { status, head, body: String::from_utf8(body).expect("text") }
}

pub(crate) fn assert_closed(stream: &mut BufReader<TcpStream>) {
    assert_eq!(stream.read(&mut [0; 16]).expect("an orderly end"), 0, "more than the response");
}

#[test]
fn curl_gets_its_pages() {
    with_every_server(|address| {
        let url = |path: &str| format!("http://{address}{path}");
        let curl = |arguments: &[&str]| run_client("curl", arguments, b"");

        let format = "[%{http_code} %{num_connects}]";
        let Some((status, output)) = curl(&["-s", "-w", format, &url("/plain"), &url("/plain")]) else {
            return;
        };
        assert!(status.success(), "{status}");
        assert_eq!(output, "Hello from fend!\n[200 1]Hello from fend!\n[200 0]", "one connection for both");

        let (_, output) = curl(&["-s", &url("/")]).unwrap();
        for word in ["refresh", "polls", "steals", "parks", "turns", "events"] {
            assert!(output.contains(word), "no {word:?} in {output}");
        }
        let (_, output) = curl(&["-sI", &url("/plain")]).unwrap();
        assert!(output.starts_with("HTTP/1.1 200 OK\r\n"), "{output}");
        assert!(output.to_ascii_lowercase().contains("content-length: 17\r\n"), "{output}");
        let (status, output) = curl(&["-si", "--http1.0", &url("/plain")]).unwrap();
        assert!(status.success() && output.ends_with("\r\n\r\nHello from fend!\n"), "{output}");
        let (_, output) = curl(&["-s", "-w", "%{http_code}", "-o/dev/null", &url("/nowhere?q=1")]).unwrap();
        assert_eq!(output, "404");
        let (_, output) = curl(&["-s", "-w", "%{http_code}", "-o/dev/null", "-dbody", &url("/")]).unwrap();
        assert_eq!(output, "405");
    });
}

#[test]
fn holds_wrk() {
    with_every_server(|address| {
        let url = format!("http://{address}/plain");
        if let Some((status, output)) = run_client("wrk", &["-t1", "-c100", "-d1", &url], b"") {
            assert!(status.success() && output.contains("Requests/sec"), "{output}");
            assert!(!output.contains("Socket errors") && !output.contains("Non-2xx"), "{output}");
            assert!(!output.contains(" 0 requests in"), "{output}");
        }
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    const ROUNDS: usize = 300;
    with_every_server(|address| {
        let client = connect(address);
        let mut sender = client.try_clone().unwrap();
        // From a thread: the responses are more than the buffers hold.
        let sender = std::thread::spawn(move || {
            let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
            let all = [get("/"), get("/plain"), get("/none")].concat().repeat(ROUNDS);
            sender.write_all(all.as_bytes()).expect("room for requests");
        });
        let mut client = BufReader::new(client);
        for _ in 0..ROUNDS {
            assert!(read_response(&mut client, "GET").body.contains("<h1>"));
            assert_eq!(read_response(&mut client, "GET").body, "Hello from fend!\n");
            assert_eq!(read_response(&mut client, "GET").status, "HTTP/1.1 404 Not Found");
        }
        sender.join().expect("the sender");
    });
}

#[test]
fn a_request_may_come_byte_by_byte() {
    with_every_server(|address| {
        let mut client = BufReader::new(connect(address));
        for _ in 0..2 {
            for byte in b"\r\nHEAD /plain HTTP/1.1\r\nHost: h\r\n\r\n" {
                client.get_mut().write_all(&[*byte]).unwrap();
            }
            assert_eq!(read_response(&mut client, "HEAD").status, "HTTP/1.1 200 OK");
        }
    });
}

#[test]
fn the_connection_stays_or_closes_as_asked() {
    on_every_dispatcher(|address| {
        for (request, stays) in [
            ("GET /plain HTTP/1.1\r\nHost: h\r\n\r\n", true),
            ("GET /plain HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false),
            ("GET /plain HTTP/1.1\r\nHost: h\r\nconnection: x,  CLOSE\r\n\r\n", false),
            ("GET /plain HTTP/1.0\r\n\r\n", false),
            ("GET /plain HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
            // Typed by a person.
            ("GET /plain HTTP/1.0\n\n", false),
            ("GET http://h/plain?x=y HTTP/1.1\r\nHost: h\r\n\r\n", true),
        ] {
            let mut client = BufReader::new(connect(address));
            client.get_mut().write_all(request.as_bytes()).unwrap();
            let response = read_response(&mut client, "GET");
            assert_eq!(response.status, "HTTP/1.1 200 OK", "{request:?}");
            assert_eq!(response.head.contains("connection: close\r\n"), !stays, "{request:?}");
            if stays {
                client.get_mut().write_all(b"GET /plain HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
                assert_eq!(read_response(&mut client, "GET").body, "Hello from fend!\n", "{request:?}");
            } else {
                assert_closed(&mut client);
            }
        }
    });
}

#[test]
fn what_is_no_request_is_refused() {
    let long = "x".repeat(9000);
    let refused = [
        ("\u{16}\u{3}\u{1}".to_owned(), "400"),
        ("how are you?\r\n\r\n".to_owned(), "400"),
        ("GET\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n".to_owned(), "400"),
        ("GET plain HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "400"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_owned(), "405"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_owned(), "413"),
        (format!("GET /{long}"), "414"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}"), "431"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(), "501"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), "505"),
    ];
    on_every_dispatcher(|address| {
        for (request, status) in &refused {
            let mut client = BufReader::new(connect(address));
            client.get_mut().write_all(request.as_bytes()).unwrap();
            let response = read_response(&mut client, "GET");
            assert_eq!(response.status.split(' ').nth(1), Some(*status), "{request:?}");
            assert!(response.head.contains("connection: close\r\n"), "{request:?}");
            assert_closed(&mut client);
        }
    });
}

#[test]
fn a_client_that_leaves_in_the_middle_harms_nobody() {
    with_every_server(|address| {
        for text in ["", "GET", "GET / HTTP/1.1\r\nHost: "] {
            let mut client = connect(address);
            client.write_all(text.as_bytes()).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            assert_closed(&mut BufReader::new(client));
        }
    });
}
