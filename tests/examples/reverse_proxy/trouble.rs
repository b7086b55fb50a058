//! Servers that are not there, do not answer, or break off; and clients that do.

use std::io::{BufRead, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};

use socket2::{Domain, Socket, Type};

use super::peers::{Peer, curl, field, on_every_dispatcher, serve, serve_at, serve_text};
use crate::full_listener::FullListener;
use crate::program::unused_address;

const GET: &str = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\n\r\nx";

/// The status and the body of a response to a request on a connection of its own.
fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut client = Peer::connect(address);
    client.send(request);
    let (head, body) = client.response();
    (head[9..12].to_owned(), body)
}

#[test]
fn a_server_that_is_not_there_is_a_bad_gateway() {
    let unused = unused_address();
    on_every_dispatcher(&[&format!("http://{unused}")], &[], |proxy, address| {
        let page = "502 Bad Gateway: the server behind this one cannot be connected to\n";
        for request in [GET, POST] {
            assert_eq!(ask(address, request), ("502".to_owned(), page.to_owned()));
        }
        // Whoever runs the proxy is told which.
        let mut complaint = String::new();
        proxy.stderr().read_line(&mut complaint).unwrap();
        assert!(complaint.starts_with(&format!("http://{unused}: connect ")), "{complaint}");
        assert!(complaint.contains("Connection refused"), "{complaint}");
    });
}

#[test]
fn one_of_two_is_enough() {
    let (there, away) = (serve_text("here"), format!("http://{}", unused_address()));
    for upstreams in [[&*there, &away], [&away, &there]] {
        on_every_dispatcher(&upstreams, &["--cool-down=1000"], |_, address| {
            let here = ("200".to_owned(), "here".to_owned());
            // In two requests each has its turn, and the one that is away is left out then: also for what is not sent twice.
            for request in [GET, GET, POST, POST, POST, POST] {
                assert_eq!(ask(address, request), here, "{request}");
            }
        });
    }
}

#[test]
fn each_has_its_turn() {
    let upstreams = ["a", "b", "c"].map(serve_text);
    on_every_dispatcher(&upstreams.each_ref().map(|url| &**url), &[], |_, address| {
        let answers: String = (0..6).map(|_| ask(address, POST).1).collect();
        assert_eq!(answers, "abcabc");
    });
}

#[test]
fn one_that_comes_back_is_asked_again() {
    let there = serve_text("here");
    let reserve = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        (socket, format!("http://{address}"))
    };
    for dispatcher in crate::program::DISPATCHERS {
        let (socket, away) = reserve();
        let more = ["--plain", "--cool-down=0.05"];
        let mut proxy = super::peers::start(dispatcher, &[&there, &away], &more);
        let address = proxy.address();
        assert_eq!((ask(address, GET).1, ask(address, GET).1), ("here".to_owned(), "here".to_owned()));
        socket.listen(16).unwrap();
        serve_at(TcpListener::from(socket), |mut peer| {
            while peer.head().is_some() {
                peer.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nback");
            }
        });
        while ask(address, GET).1 != "back" {}
    }
}

#[test]
fn what_may_be_sent_twice_is() {
    let connections = AtomicUsize::new(0);
    // Every other connection breaks off without a response.
    let upstream = serve(move |mut peer| {
        let number = connections.fetch_add(1, Ordering::Relaxed);
        if peer.head().is_some() && number % 2 == 1 {
            peer.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\nsecond");
        }
    });
    on_every_dispatcher(&[&upstream], &[], |_, address| {
        assert_eq!(ask(address, GET), ("200".to_owned(), "second".to_owned()));
        let page = "502 Bad Gateway: the server behind this one has not answered as it should\n";
        assert_eq!(ask(address, POST), ("502".to_owned(), page.to_owned()));
        // That was the first of two.
        assert_eq!(ask(address, POST).0, "200");
    });
}

#[test]
fn a_server_has_its_time() {
    let silent = serve(|mut peer| while peer.head().is_some() {});
    let full = FullListener::new().unwrap();
    let full_url = format!("http://{}", full.address);
    for (upstream, more, sentence) in [
        (&silent, "--timeout=0.3", "did not answer in time"),
        (&full_url, "--connect-timeout=0.3", "could not be connected to in time"),
    ] {
        on_every_dispatcher(&[upstream], &[more], |_, address| {
            for request in [GET, POST] {
                let page = format!("504 Gateway Timeout: the server behind this one {sentence}\n");
                assert_eq!(ask(address, request), ("504".to_owned(), page));
            }
        });
    }
}

#[test]
fn a_response_that_stops_is_not_taken_for_a_whole_one() {
    let upstream = serve(|mut peer| {
        if peer.head().is_some() {
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf ");
            // It stays.
            peer.head();
        }
    });
    on_every_dispatcher(&[&upstream], &["--idle-timeout=0.3"], |_, address| {
        let mut client = Peer::connect(address);
        client.send(GET);
        let head = client.head().unwrap();
        assert_eq!(field(&head, "content-length"), Some("10"), "{head}");
        let mut body = Vec::new();
        let _ = client.0.read_to_end(&mut body);
        assert_eq!(body, b"half ");
    });
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let upstream = serve(|mut peer| {
        // It waits for what its request says.
        while peer.head().is_some() {
            let _ = peer.0.read_exact(&mut [0; 10]);
        }
    });
    on_every_dispatcher(&[&upstream], &["--idle-timeout=0.3", "--max-body=10"], |_, address| {
        let post = |rest: &str| format!("POST / HTTP/1.1\r\nhost: h\r\n{rest}");
        assert_eq!(ask(address, &post("content-length: 10\r\n\r\nhalf ")).0, "408");
        assert_eq!(ask(address, &post("content-length: 11\r\n\r\n")).0, "413");
        assert_eq!(ask(address, &post("transfer-encoding: chunked\r\n\r\nb\r\nhello hello\r\n")).0, "413");
    });
}

#[test]
fn a_server_that_takes_no_body_is_not_waited_for() {
    // More than lies in buffers on the way.
    const LENGTH: usize = 256 << 20;
    let upstream = serve(|mut peer| {
        if peer.head().is_some() {
            // It reads no more, and stays.
            std::thread::park();
        }
    });
    on_every_dispatcher(&[&upstream], &["--idle-timeout=0.3"], |proxy, address| {
        let mut client = Peer::connect(address);
        client.send(&format!("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {LENGTH}\r\n\r\n"));
        let mut sender = client.0.get_ref().try_clone().unwrap();
        let sending = std::thread::spawn(move || {
            for _ in 0..LENGTH / 65_536 {
                if sender.write_all(&[0; 65_536]).is_err() {
                    break;
                }
            }
        });
        // What is not read any more may reset the connection before the page is there.
        let line = proxy.line();
        assert!(line.contains(" 504 ") && line.ends_with("POST /"), "{line}");
        drop(client);
        sending.join().unwrap();
    });
}

#[test]
fn a_client_that_takes_no_response_is_not_waited_for() {
    let upstream = serve(|mut peer| {
        if peer.head().is_some() {
            peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            while peer.0.get_mut().write_all(b"4\r\nmore\r\n").is_ok() {}
        }
    });
    on_every_dispatcher(&[&upstream], &["--idle-timeout=0.3"], |proxy, address| {
        let mut client = Peer::connect(address);
        client.send(GET);
        // It is told when it is over.
        let line = proxy.line();
        assert!(line.contains(" 200 ") && line.ends_with("GET /"), "{line}");
    });
}

#[test]
fn a_page_of_the_proxys_has_no_body_after_head() {
    let unused = unused_address();
    on_every_dispatcher(&[&format!("http://{unused}")], &["--quiet"], |_, address| {
        for http in ["--http1.1", "--http2-prior-knowledge"] {
            let Some((status, output)) = curl(&[http, "-I", &format!("http://{address}/")]) else { return };
            assert!(status.success() && output.contains(" 502"), "{http}: {status}: {output}");
            assert!(output.contains("content-length: 67\r\n"), "{http}: {output}");
        }
    });
}

#[test]
fn letters_beyond_ascii_are_written_down_as_they_should_have_come() {
    let upstream = serve_text("");
    on_every_dispatcher(&[&upstream], &[], |proxy, address| {
        // For some terminals U+009B begins a command.
        assert_eq!(ask(address, "GET /\u{9b}31m\u{e4} HTTP/1.1\r\nhost: h\r\n\r\n").0, "200");
        let line = proxy.line();
        assert!(line.ends_with(" GET /%C2%9B31m%C3%A4"), "{line}");
    });
}
