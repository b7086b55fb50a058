//! The HTTPS server against `curl`, `wrk`, and clients that speak no TLS.

use std::fs;
use std::io::{BufRead, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use openssl::ssl::{SslConnector, SslMethod, SslStream};

use crate::certificates::self_signed;
use crate::program::{DISPATCHERS, Program, connect, refused, run, run_client};
use crate::scratch::Scratch;

/// A server with a certificate that it has made, which is in the file whose path is given.
fn on_every_dispatcher(test: impl Fn(SocketAddr, &str)) {
    let scratch = Scratch::new();
    for dispatcher in DISPATCHERS {
        let certificate = scratch.path(dispatcher);
        let arguments =
            ["--addr=127.0.0.1:0", "--workers=2", "--dispatcher", dispatcher, "--write-cert", &certificate];
        let mut server = Program::start("https_server", &arguments);
        test(server.address(), &certificate);
    }
}

/// Runs curl: its exit status and output. `None` when it is not installed.
fn curl(arguments: &[&str]) -> Option<(i32, String)> {
    let (status, output) = run_client("curl", arguments, b"")?;
    Some((status.code().expect("an exit status"), output))
}

#[test]
fn curl_gets_its_pages_over_tls() {
    on_every_dispatcher(|address, certificate| {
        let port = address.port();
        let curl = |arguments: &[&str]| curl(&[&["-s", "--cacert", certificate], arguments].concat());
        let url = |path: &str| format!("https://localhost:{port}{path}");

        let format = "[%{http_code} %{num_connects} %{ssl_verify_result}]";
        let Some((status, output)) = curl(&["-w", format, &url("/plain"), &url("/plain")]) else { return };
        assert_eq!(status, 0);
        assert_eq!(
            output, "Hello from fend!\n[200 1 0]Hello from fend!\n[200 0 0]",
            "one connection for both"
        );

        let (_, output) = curl(&["-sI", &format!("https://{address}/plain")]).unwrap();
        assert!(output.starts_with("HTTP/1.1 200 OK\r\n"), "{output}");
        for (arguments, protocol) in [
            (&["--tls-max", "1.2"][..], "protocol           TLSv1.2\n"),
            (&["--tlsv1.3"], "protocol           TLSv1.3\n"),
            (&[], "ALPN               http/1.1\n"),
            (&["--no-alpn"], "ALPN               none\n"),
            (&[], "session            new\n"),
            (&[], "server name        localhost\n"),
        ] {
            let (status, output) = curl(&[arguments, &[&url("/")]].concat()).unwrap();
            assert!(status == 0 && output.contains(protocol), "{arguments:?}: {status}: {output}");
        }
        // Not below what is safe.
        assert_eq!(curl(&["--tls-max", "1.1", "--tlsv1.0", &url("/")]).unwrap().0, 35);
        // The certificate is for others, and known to nobody.
        let elsewhere = format!("wrong.example:{port}:127.0.0.1");
        let wrong = format!("https://wrong.example:{port}/");
        assert_eq!(curl(&["--resolve", &elsewhere, &wrong]).unwrap(), (60, String::new()));
        assert_eq!(run_client("curl", &["-s", &url("/")], b"").unwrap().0.code(), Some(60));
    });
}

#[test]
fn holds_wrk_over_tls() {
    on_every_dispatcher(|address, _| {
        let url = format!("https://{address}/plain");
        if let Some((status, output)) = run_client("wrk", &["-t1", "-c50", "-d1", &url], b"") {
            assert!(status.success() && output.contains("Requests/sec"), "{output}");
            assert!(!output.contains("Socket errors") && !output.contains("Non-2xx"), "{output}");
            assert!(!output.contains(" 0 requests in"), "{output}");
        }
    });
}

/// A client of OpenSSL that keeps its connection.
fn keep(address: SocketAddr, authority: &str) -> SslStream<TcpStream> {
    let mut builder = SslConnector::builder(SslMethod::tls()).unwrap();
    builder.set_ca_file(authority).unwrap();
    builder.build().connect("localhost", connect(address)).expect("a handshake")
}

fn ask(stream: &mut SslStream<TcpStream>) -> String {
    stream.write_all(b"GET /plain HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut response = Vec::new();
    while !response.ends_with(b"Hello from fend!\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a response");
        response.push(byte[0]);
    }
    String::from_utf8(response).unwrap()
}

#[test]
fn a_certificate_is_replaced_while_it_runs() {
    let scratch = Scratch::new();
    let old = self_signed(&scratch, "old", &["localhost"]);
    let new = self_signed(&scratch, "new", &["localhost"]);
    for dispatcher in DISPATCHERS {
        let cert = scratch.write("cert.pem", fs::read(&old.certificate).unwrap());
        let key = scratch.write("cert.key", fs::read(&old.key).unwrap());
        let arguments =
            ["--addr=127.0.0.1:0", "--dispatcher", dispatcher, "--cert", &cert, "--key", &key, "--watch"];
        let mut server = Program::start("https_server", &arguments);
        let address = server.address();
        let url = format!("https://localhost:{}/plain", address.port());
        let mut stays = keep(address, &old.certificate);
        assert!(ask(&mut stays).starts_with("HTTP/1.1 200 OK\r\n"));

        // What is no certificate changes nothing. Again and again, since a change before its first look is none.
        let mut stderr = server.stderr();
        let complaining = thread::spawn(move || {
            let mut complaint = String::new();
            stderr.read_line(&mut complaint).unwrap();
            (complaint, stderr)
        });
        while !complaining.is_finished() {
            scratch.replace("cert.pem", "not a certificate");
            thread::sleep(Duration::from_millis(100));
        }
        let (complaint, _stderr) = complaining.join().unwrap();
        assert!(
            complaint.starts_with("the old certificate stays: ") && complaint.contains(&cert),
            "{complaint}"
        );
        assert!(ask(&mut keep(address, &old.certificate)).starts_with("HTTP/1.1 200 OK\r\n"));

        scratch.replace("cert.key", fs::read(&new.key).unwrap());
        scratch.replace("cert.pem", fs::read(&new.certificate).unwrap());
        assert_eq!(server.line(), format!("new certificate from {cert}"));
        assert!(ask(&mut stays).starts_with("HTTP/1.1 200 OK\r\n"), "a connection from before goes on");
        if let Some(answer) = curl(&["-s", "--cacert", &new.certificate, &url]) {
            assert_eq!(answer, (0, "Hello from fend!\n".to_owned()));
            assert_eq!(curl(&["-s", "--cacert", &old.certificate, &url]).unwrap().0, 60);
        }
        assert!(ask(&mut keep(address, &new.certificate)).starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn clients_show_a_certificate() {
    let scratch = Scratch::new();
    let server_files = self_signed(&scratch, "server", &["localhost"]);
    let [ann, bob] = ["ann", "bob"].map(|name| self_signed(&scratch, name, &[name]));
    // The key in the same file.
    let both = [fs::read(&server_files.certificate).unwrap(), fs::read(&server_files.key).unwrap()].concat();
    let both = scratch.write("both.pem", both);
    for dispatcher in DISPATCHERS {
        let arguments = [
            "--addr=127.0.0.1:0",
            "--dispatcher",
            dispatcher,
            "--cert",
            &both,
            "--client-ca",
            &ann.certificate,
        ];
        let mut server = Program::start("https_server", &arguments);
        let url = format!("https://localhost:{}/", server.address().port());
        let curl = |arguments: &[&str]| curl(&[&["-s", "--cacert", &both, &url], arguments].concat());
        let Some((status, output)) = curl(&["--cert", &ann.certificate, "--key", &ann.key]) else { return };
        assert!(status == 0 && output.contains("client             CN=ann\n"), "{status}: {output}");
        let mut complaints = server.stderr().lines().map(Result::unwrap);
        assert_eq!(curl(&[]).unwrap(), (56, String::new()));
        // Before there is the next one: each comes from a task of its own, when the client knows already.
        let first = complaints.next().unwrap();
        assert!(first.starts_with("127.0.0.1:") && first.contains("TLS handshake"), "{first}");
        assert_eq!(curl(&["--cert", &bob.certificate, "--key", &bob.key]).unwrap(), (56, String::new()));
        let second = complaints.next().unwrap();
        assert!(second.contains("CN=bob"), "{second}");
    }
}

#[test]
fn a_silent_client_has_its_time() {
    for dispatcher in DISPATCHERS {
        let arguments = [
            "--addr=127.0.0.1:0",
            "--dispatcher",
            dispatcher,
            "--handshake-timeout=0.3",
            "--max-handshakes=1",
        ];
        let mut server = Program::start("https_server", &arguments);
        let address = server.address();
        // One that says nothing, and one that has only begun.
        for beginning in [&b""[..], b"\x16\x03\x01"] {
            let mut client = connect(address);
            client.write_all(beginning).unwrap();
            assert_eq!(client.read(&mut [0; 16]).expect("an orderly end"), 0, "{beginning:?}");
        }
        let mut complaint = String::new();
        server.stderr().read_line(&mut complaint).unwrap();
        assert!(complaint.contains(": not over within 300ms"), "{complaint}");
    }
}

#[test]
fn many_mistakes_are_few_lines() {
    const CLIENTS: usize = 200;
    let mut server = Program::start("https_server", &["--addr=127.0.0.1:0"]);
    let address = server.address();
    let start = Instant::now();
    for _ in 0..CLIENTS {
        let mut client = connect(address);
        client.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        // However it ends, it does.
        let _ = client.read_to_end(&mut Vec::new());
    }
    server.kill();
    let (_, output) = server.finish();
    // It has said nothing after that.
    let seconds = start.elapsed().as_secs() as usize;
    let lines = output.lines().count();
    assert!(output.contains("plain HTTP (http:// in place of https://)"), "{output}");
    assert!(lines <= 10 * (seconds + 2), "{lines} lines in {seconds} s");
}

#[test]
fn help_and_mistakes() {
    let (status, output) = run("https_server", &["--help"], &[]);
    assert!(status.success() && output.starts_with("usage: https_server "), "{output}");
    for (arguments, message) in [
        (&["--key", "a"][..], "--key needs --cert"),
        (&["--watch"], "--watch needs --cert"),
        (&["--cert", "a", "--write-cert", "b"], "--write-cert is for the certificate that is made"),
        (&["--handshake-timeout", "0"], "--handshake-timeout \"0\": not a time above 0"),
        (&["--max-handshakes", "0"], "--max-handshakes 0: must be at least 1"),
        (&["--tls"], "unknown argument \"--tls\""),
    ] {
        let said = refused("https_server", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
    let scratch = Scratch::new();
    let [one, other] = ["one", "other"].map(|name| self_signed(&scratch, name, &[name]));
    for (arguments, file) in [
        (&["--cert", "/nowhere/cert.pem"][..], "/nowhere/cert.pem"),
        (&["--cert", &one.certificate, "--key", &other.key], other.key.as_str()),
        (&["--client-ca", &one.key], one.key.as_str()),
        (&["--write-cert", "/nowhere/cert.pem"], "/nowhere/cert.pem"),
    ] {
        let (status, output) = run("https_server", &[&["--addr=127.0.0.1:0"], arguments].concat(), &[]);
        assert_eq!(status.code(), Some(1), "{arguments:?}: {output}");
        assert!(output.contains(file), "{arguments:?}: {output}");
    }
}
