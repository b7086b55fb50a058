//! The HTTP server by hyper: what the one that is written by hand cannot do, and what it does in another way.

use std::io::{BufReader, Write};
use std::net::SocketAddr;

use crate::http::{assert_closed, read_response};
use crate::program::{DISPATCHERS, Program, connect, run, run_client};

/// The server, as it is without further arguments.
fn start(dispatcher: &str) -> Program {
    let (_, help) = run("http_server", &["--help"], &[]);
    assert!(
        help.contains("By hyper"),
        "http_server was built without the feature: cargo build --examples --features hyper"
    );
    Program::start("http_server", &["--addr=127.0.0.1:0", "--workers", "2", "--dispatcher", dispatcher])
}

pub(crate) fn on_every_dispatcher(test: impl Fn(SocketAddr)) {
    for dispatcher in DISPATCHERS {
        let mut server = start(dispatcher);
        test(server.address());
    }
}

#[test]
fn curl_speaks_http2_with_it() {
    on_every_dispatcher(|address| {
        let url = |path: &str| format!("http://{address}{path}");
        let curl = |arguments: &[&str]| {
            run_client("curl", &[&["-s", "--http2-prior-knowledge"], arguments].concat(), b"")
        };
        let format = "[%{http_version} %{http_code} %{num_connects}]";
        let Some((status, output)) = curl(&["-w", format, &url("/plain")]) else { return };
        assert!(status.success(), "{status}");
        assert_eq!(output, "Hello from fend!\n[2 200 1]");
        let (_, output) = curl(&[&url("/")]).unwrap();
        assert!(output.contains("polls") && output.ends_with("</html>\n"), "{output}");
        let (_, output) = curl(&["-I", &url("/plain")]).unwrap();
        assert!(
            output.starts_with("HTTP/2 200 \r\n") && output.contains("content-length: 17\r\n"),
            "{output}"
        );
        let (_, output) = curl(&["-w", format, "-o/dev/null", &url("/nowhere")]).unwrap();
        assert_eq!(output, "[2 404 1]");
        // Without a body. One that nobody wants is answered before it has come, which curl 7.88 takes for an error in HTTP/2.
        let (_, output) = curl(&["-i", "-XPOST", &url("/")]).unwrap();
        assert!(output.starts_with("HTTP/2 405 ") && output.contains("allow: GET, HEAD\r\n"), "{output}");
    });
}

#[test]
fn holds_h2load() {
    on_every_dispatcher(|address| {
        let url = format!("http://{address}/plain");
        let arguments = ["-n", "5000", "-c", "20", "-m", "10", &url];
        if let Some((status, output)) = run_client("h2load", &arguments, b"") {
            assert!(status.success() && output.contains("status codes: 5000 2xx"), "{output}");
        }
    });
}

#[test]
fn what_is_no_request_is_refused() {
    on_every_dispatcher(|address| {
        for request in [
            "how are you?\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        ] {
            let mut client = BufReader::new(connect(address));
            client.get_mut().write_all(request.as_bytes()).unwrap();
            let response = read_response(&mut client, "GET");
            assert_eq!(response.status, "HTTP/1.1 400 Bad Request", "{request:?}");
            assert_closed(&mut client);
        }
    });
}

#[test]
fn a_signal_drains_it() {
    for dispatcher in DISPATCHERS {
        let mut server = start(dispatcher);
        let mut idle = BufReader::new(connect(server.address()));
        idle.get_mut().write_all(b"GET /plain HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
        assert_eq!(read_response(&mut idle, "GET").body, "Hello from fend!\n");
        server.terminate();
        assert_closed(&mut idle);
        let (status, output) = server.finish();
        assert!(status.success(), "{status}: {output}");
        assert_eq!(output, "SIGTERM: 1 connections finished, 0 aborted\n");
    }
}
