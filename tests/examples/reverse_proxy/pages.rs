//! Requests and responses that go through, and the end of it.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::peers::{Peer, curl, field, on_every_dispatcher, serve, serve_text, start};
use crate::nginx::Nginx;
use crate::program::DISPATCHERS;
use crate::scratch::Scratch;

const MIB: usize = 1 << 20;

/// Bytes in which a missing or doubled piece shows.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// What curl says of the HTTP that it was answered with.
const BY_EACH: [(&str, &str); 2] = [("--http1.1", "1.1"), ("--http2", "2")];

#[test]
fn curl_gets_pages_of_nginx_over_tls() {
    let large = noise(5 * MIB + 1);
    let Some(nginx) = Nginx::start(&[("small", b"a small page\n"), ("large", &large)]) else { return };
    let upstream = format!("http://{}", nginx.address);
    let scratch = Scratch::new();
    let copy = scratch.path("copy");
    for dispatcher in DISPATCHERS {
        let certificate = scratch.path(dispatcher);
        let mut proxy = start(dispatcher, &[&upstream], &["--write-cert", &certificate]);
        let port = proxy.address().port();
        for (http, version) in BY_EACH {
            let get = |path: &str, more: &[&str]| {
                let url = format!("https://localhost:{port}{path}");
                curl(
                    &[&["--cacert", &certificate, http, &url, "-w", "[%{http_code} %{http_version}]"], more]
                        .concat(),
                )
            };
            let Some((status, output)) = get("/small", &[]) else { return };
            assert!(status.success() && output == format!("a small page\n[200 {version}]"), "{output}");
            let (status, output) = get("/large", &["-o", &copy]).unwrap();
            assert!(status.success() && output == format!("[200 {version}]"), "{output}");
            assert!(fs::read(&copy).unwrap() == large, "the page has changed on the way");
            let (_, output) = get("/nowhere", &["-o", &copy]).unwrap();
            assert_eq!(output, format!("[404 {version}]"));
            let (_, output) = get("/small", &["-I"]).unwrap();
            assert!(
                output.contains("content-length: 13\r\n") && output.contains("\r\nvia: 1.1 fend\r\n"),
                "{output}"
            );
            let (_, output) = get("/fields", &[]).unwrap();
            let expected =
                format!("localhost:{port}|127.0.0.1|https|localhost:{port}|HTTP/1.1[200 {version}]");
            assert_eq!(output, expected);
        }
        // The lines of several connections may change places.
        let ours = format!("ms {upstream} GET /small");
        let line =
            std::iter::repeat_with(|| proxy.line()).find(|line| line.is_empty() || line.ends_with(&ours));
        assert!(line.as_ref().is_some_and(|line| line.contains(" 200 13 ")), "{line:?}");
    }
}

/// Receives a body of the length that the request says, and sends it back.
fn echo(mut peer: Peer) {
    while let Some(head) = peer.head() {
        let length = field(&head, "content-length").expect("a length").parse().unwrap();
        let body = peer.bytes(length);
        peer.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n"));
        let _ = peer.0.get_mut().write_all(&body);
    }
}

#[test]
fn large_bodies_go_both_ways() {
    let body = noise(20 * MIB + 7);
    let scratch = Scratch::new();
    let (file, copy) = (scratch.write("body", &body), scratch.path("copy"));
    let upstream = serve(echo);
    for dispatcher in DISPATCHERS {
        let certificate = scratch.path(dispatcher);
        let mut proxy = start(dispatcher, &[&upstream], &["--write-cert", &certificate]);
        let url = format!("https://localhost:{}/", proxy.address().port());
        for (http, _) in BY_EACH {
            let data = format!("@{file}");
            let sent = ["--cacert", &certificate, http, "--data-binary", &data, "-o", &copy, &url];
            let Some((status, output)) = curl(&sent) else { return };
            assert!(status.success(), "{output}");
            assert!(fs::read(&copy).unwrap() == body, "the body has changed on the way");
        }
    }
}

#[test]
fn without_tls_both_are_spoken_too() {
    let upstream = serve_text("hello\n");
    on_every_dispatcher(&[&upstream], &[], |_, address| {
        for (http, version) in [("--http1.0", "1"), ("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")] {
            let url = format!("http://{address}/");
            let Some((_, output)) = curl(&[http, &url, "-w", "[%{http_version}]"]) else { return };
            assert_eq!(output, format!("hello\n[{version}]"), "{http}");
        }
    });
}

#[test]
fn servers_behind_tls_are_asked_by_their_names() {
    let scratch = Scratch::new();
    let nearest = serve_text("from afar\n");
    for dispatcher in DISPATCHERS {
        let certificate = scratch.path(dispatcher);
        let mut behind = start(dispatcher, &[&nearest], &["--write-cert", &certificate]);
        let upstream = format!("https://localhost:{}", behind.address().port());
        let ask = |more: &[&str]| {
            let mut front = start(dispatcher, &[&upstream], &[&["--plain"], more].concat());
            let mut client = Peer::connect(front.address());
            client.send("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
            let (head, body) = client.response();
            (head.lines().next().unwrap_or_default().to_owned(), body)
        };
        assert_eq!(
            ask(&["--upstream-ca", &certificate]),
            ("HTTP/1.1 200 OK".to_owned(), "from afar\n".to_owned())
        );
        assert_eq!(ask(&[]).0, "HTTP/1.1 502 Bad Gateway", "nobody vouches for it");
    }
}

#[test]
fn connections_to_servers_are_kept() {
    const REQUESTS: usize = 50;
    let connections = Arc::new(AtomicUsize::new(0));
    let upstream = serve({
        let connections = connections.clone();
        move |mut peer| {
            connections.fetch_add(1, Ordering::Relaxed);
            while peer.head().is_some() {
                peer.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nkept");
            }
        }
    });
    on_every_dispatcher(&[&upstream], &[], |_, address| {
        let before = connections.load(Ordering::Relaxed);
        for _ in 0..REQUESTS {
            let mut client = Peer::connect(address);
            client.send("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
            assert_eq!(client.response().1, "kept");
        }
        // The next request may come before a connection is back in its place.
        let made = connections.load(Ordering::Relaxed) - before;
        assert!(made < REQUESTS, "{made} connections");
    });
}

/// The server is kept waiting when the client does not read.
#[test]
fn a_body_is_taken_as_fast_as_the_client_reads() {
    const MOST: usize = 256 * MIB;
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let upstream = serve(move |mut peer| {
        let Some(_) = peer.head() else { return };
        peer.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {MOST}\r\n\r\n"));
        peer.0.get_ref().set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut sent = 0;
        while let Ok(length) = peer.0.get_mut().write(&[0; 64 * 1024]) {
            sent += length;
            if sent >= MOST {
                break;
            }
        }
        tell.lock().unwrap().send(sent).unwrap();
    });
    on_every_dispatcher(&[&upstream], &[], |_, address| {
        let mut client = Peer::connect(address);
        client.send("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
        let sent = told.recv().unwrap();
        assert!(sent < MOST / 2, "{sent} bytes were taken for a client that reads none");
    });
}

#[test]
fn it_ends_in_order() {
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (asked, was_asked) = mpsc::channel();
    let gates = Arc::new(Mutex::new((asked, may_go_on)));
    let upstream = serve(move |mut peer| {
        while peer.head().is_some() {
            let gates = gates.lock().unwrap();
            gates.0.send(()).unwrap();
            gates.1.recv().unwrap();
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlast");
        }
    });
    on_every_dispatcher(&[&upstream], &["--quiet"], |proxy, address| {
        let mut idle = Peer::connect(address);
        let mut busy = Peer::connect(address);
        busy.send("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
        was_asked.recv().unwrap();
        proxy.terminate();
        while TcpStream::connect(address).is_ok() {
            thread::yield_now();
        }
        assert_eq!(idle.head(), None, "an idle connection ends");
        go_on.send(()).unwrap();
        let (head, body) = busy.response();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && body == "last", "{head}");
        assert_eq!(busy.head(), None);
        let (status, output) = proxy.finish();
        assert!(status.success(), "{status}: {output}");
        assert!(output.starts_with("SIGTERM: ") && output.contains(" finished, 0 aborted"), "{output}");
    });
}
