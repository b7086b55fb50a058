//! The TLS echo server against `openssl s_client`, and its own client.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;

use crate::certificates::self_signed;
use crate::program::{DISPATCHERS, Program, refused, run, run_client};
use crate::scratch::Scratch;

/// A server with a certificate that it has made, which is in the file whose path is given.
fn on_every_dispatcher(test: impl Fn(SocketAddr, &str)) {
    let scratch = Scratch::new();
    for dispatcher in DISPATCHERS {
        let certificate = scratch.path(dispatcher);
        let arguments =
            ["server", "--addr=127.0.0.1:0", "--dispatcher", dispatcher, "--write-cert", &certificate];
        let mut server = Program::start("tls_echo", &arguments);
        test(server.address(), &certificate);
    }
}

#[test]
fn echoes_to_openssl() {
    if run_client("openssl", &["version"], b"").is_none() {
        return;
    }
    on_every_dispatcher(|address, certificate| {
        let address = address.to_string();
        for version in ["-tls1_2", "-tls1_3"] {
            let mut command = Command::new("openssl");
            command.args(["s_client", "-quiet", "-no_ign_eof", "-verify_return_error", version]);
            let mut client = Program::of(command.args(["-connect", &address, "-CAfile", certificate]));
            let mut stdin = client.stdin();
            for text in ["hello", "world"] {
                writeln!(stdin, "{text}").unwrap();
                assert_eq!(client.line(), text, "{version}");
            }
            drop(stdin);
            let (status, output) = client.finish();
            assert!(status.success(), "{version}: {status}: {output}");
        }
    });
}

#[test]
fn the_client_measures_echoes() {
    on_every_dispatcher(|address, certificate| {
        let address = address.to_string();
        let client = |arguments: &[&str]| {
            let same =
                ["client", "--addr", &address, "--cacert", certificate, "--seconds=1", "--connections=5"];
            let (status, output) = run("tls_echo", &[&same, arguments].concat(), &[]);
            assert!(status.success(), "{status}\n{output}");
            assert!(output.contains("\nlatency p50 "), "{output}");
            assert!(!output.contains("\n0 requests in") && !output.starts_with("0 handshakes"), "{output}");
            output
        };
        let output = client(&[]);
        assert!(output.contains(": connections 5 (0 resumed), size 64 bytes, TLSv1.3, "), "{output}");
        let output = client(&["--resume", "--size=300000"]);
        assert!(output.contains(": connections 5 (4 resumed), size 300000 bytes"), "{output}");
    });
}

#[test]
fn the_client_measures_handshakes() {
    on_every_dispatcher(|address, certificate| {
        let address = address.to_string();
        for (resume, name) in [(false, "127.0.0.1"), (true, "localhost")] {
            let mut arguments = vec!["client", "--addr", &address, "--name", name, "--cacert", certificate];
            arguments.extend(["--seconds=1", "--connections=3", "--size=1", "--handshakes"]);
            arguments.extend(resume.then_some("--resume"));
            let (status, output) = run("tls_echo", &arguments, &[]);
            assert!(status.success(), "{status}\n{output}");
            let number = |words: &str| {
                let line = output.lines().find(|line| line.contains(words)).expect("the line");
                line.split(' ').next().expect("a word").parse::<u64>().expect("a number")
            };
            let (handshakes, resumed) = (number(" handshakes in "), number(" resumed"));
            assert!(handshakes > 3, "{output}");
            // The first of each connection has nothing to go on with.
            assert_eq!(resumed, if resume { handshakes - 3 } else { 0 }, "{output}");
        }
    });
}

#[test]
fn both_sides_refuse_whom_they_do_not_trust() {
    let scratch = Scratch::new();
    let ann = self_signed(&scratch, "ann", &["ann"]);
    let certificate = scratch.path("server.pem");
    let arguments =
        ["server", "--addr=127.0.0.1:0", "--client-ca", &ann.certificate, "--write-cert", &certificate];
    let mut server = Program::start("tls_echo", &arguments);
    let address = server.address().to_string();
    let client = |arguments: &[&str]| {
        let same = ["client", "--addr", &address, "--seconds=1", "--connections=1"];
        let (status, output) = run("tls_echo", &[&same, arguments].concat(), &[]);
        (status.code(), output)
    };
    let ours = ["--cert", &ann.certificate, "--key", &ann.key];
    for (arguments, words) in [
        (&[&ours[..]].concat(), "self-signed certificate"),
        (&[&["--cacert", &certificate, "--name=other"], &ours[..]].concat(), "hostname mismatch"),
    ] {
        let (status, output) = client(arguments);
        assert!(status == Some(1) && output.contains(words), "{arguments:?}: {output}");
    }
    // The server's reset may overtake its alert: it has closed before our message came.
    let (status, output) = client(&["--cacert", &certificate]);
    let told = output.contains("certificate required") || output.contains("Connection reset");
    assert!(status == Some(1) && told, "{output}");
    for trust in [&["--cacert", &certificate][..], &["--insecure", "--name=other"]] {
        let (status, output) = client(&[trust, &ours].concat());
        assert!(status == Some(0) && output.contains(" requests/s"), "{trust:?}: {output}");
    }
}

#[test]
fn tls_echo_help_and_mistakes() {
    for arguments in [&["--help"][..], &["server", "--help"], &["client", "-h"]] {
        let (status, output) = run("tls_echo", arguments, &[]);
        assert!(status.success() && output.starts_with("usage: tls_echo server"), "{arguments:?}: {output}");
    }
    for (arguments, message) in [
        (&[][..], "tls_echo: server or client is missing (see tls_echo --help)"),
        (&["server", "--watch"], "--watch needs --cert"),
        (&["server", "--resume"], "unknown argument \"--resume\""),
        (&["client", "--size", "0"], "--size 0: must be from 1 to"),
        (&["client", "--alpn", "h2"], "unknown argument \"--alpn\""),
    ] {
        let said = refused("tls_echo", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
    let (status, output) = run("tls_echo", &["client", "--cacert", "/nowhere/ca.pem"], &[]);
    assert!(status.code() == Some(1) && output.contains("/nowhere/ca.pem"), "{output}");
}
