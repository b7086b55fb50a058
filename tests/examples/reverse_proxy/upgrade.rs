//! Connections that change to another protocol, as WebSockets do.

use std::io::{Read, Write};
use std::net::Shutdown;

use openssl::ssl::{SslConnector, SslMethod};

use super::peers::{Peer, field, on_every_dispatcher, serve, start};
use crate::program::{DISPATCHERS, connect};
use crate::scratch::Scratch;

const REQUEST: &str =
    "GET /chat HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive, Upgrade\r\nupgrade: echo\r\n\r\n";

/// A server that changes to `echo`, and then sends back what it receives; all else it refuses.
fn serve_echo() -> String {
    serve(|mut peer| {
        while let Some(head) = peer.head() {
            let wanted = (field(&head, "connection"), field(&head, "upgrade"));
            if wanted != (Some("upgrade"), Some("echo")) {
                peer.send("HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n");
                continue;
            }
            peer.send(
                "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nwelcome",
            );
            let mut stream = peer.0.get_ref().try_clone().unwrap();
            let _ = std::io::copy(&mut peer.0, &mut stream);
            let _ = stream.shutdown(Shutdown::Write);
            return;
        }
    })
}

fn is_changed(head: &str) -> bool {
    let wanted = (field(head, "connection"), field(head, "upgrade"));
    head.starts_with("HTTP/1.1 101 ") && wanted == (Some("upgrade"), Some("echo"))
}

#[test]
fn an_upgraded_connection_goes_both_ways() {
    let upstream = serve_echo();
    on_every_dispatcher(&[&upstream], &[], |proxy, address| {
        let mut client = Peer::connect(address);
        // The first words come with the request.
        client.send(&format!("{REQUEST}early "));
        let head = client.head().unwrap();
        assert!(is_changed(&head), "{head}");
        assert_eq!(client.bytes(13), b"welcomeearly ");
        let message = vec![b'm'; 300_000];
        let mut sender = client.0.get_ref().try_clone().unwrap();
        let sending = std::thread::spawn(move || {
            (0..5).for_each(|_| sender.write_all(&message).unwrap());
            sender.shutdown(Shutdown::Write).unwrap();
        });
        let mut echoed = Vec::new();
        client.0.read_to_end(&mut echoed).unwrap();
        sending.join().unwrap();
        assert!(echoed.len() == 1_500_000 && echoed.iter().all(|&byte| byte == b'm'), "{}", echoed.len());
        let line = proxy.line();
        assert!(line.contains(" 101 0 ") && line.ends_with("GET /chat"), "{line}");
    });
}

#[test]
fn other_protocols_are_the_servers_to_refuse() {
    let upstream = serve_echo();
    on_every_dispatcher(&[&upstream], &[], |_, address| {
        let mut client = Peer::connect(address);
        // Without `Connection` the field is for nobody.
        for request in [&REQUEST.replace("echo", "other"), &REQUEST.replace(", Upgrade", "")] {
            client.send(request);
            let head = client.head().unwrap();
            assert!(head.starts_with("HTTP/1.1 426 "), "{head}");
        }
    });
}

/// Whatever the server says: requests would go through that nobody has looked at.
#[test]
fn http_2_is_not_changed_to() {
    let upstream = serve(|mut peer| {
        while let Some(head) = peer.head() {
            let status =
                if field(&head, "upgrade").is_some() { "101 Switching Protocols" } else { "204 No Content" };
            peer.send(&format!("HTTP/1.1 {status}\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"));
        }
    });
    on_every_dispatcher(&[&upstream], &[], |_, address| {
        for protocol in ["h2c", "websocket, H2C", "TLS/1.2, HTTP/1.1"] {
            let mut client = Peer::connect(address);
            client.send(&REQUEST.replace("echo", protocol));
            let head = client.head().unwrap();
            assert!(head.starts_with("HTTP/1.1 204 "), "{protocol}: {head}");
            assert_eq!(field(&head, "upgrade"), None, "{head}");
        }
    });
}

#[test]
fn an_upgraded_connection_over_tls_outlives_the_listener() {
    let upstream = serve_echo();
    let scratch = Scratch::new();
    for dispatcher in DISPATCHERS {
        let certificate = scratch.path(dispatcher);
        let mut proxy = start(dispatcher, &[&upstream], &["--quiet", "--write-cert", &certificate]);
        let address = proxy.address();
        let mut builder = SslConnector::builder(SslMethod::tls()).unwrap();
        builder.set_ca_file(&certificate).unwrap();
        let mut client = builder.build().connect("localhost", connect(address)).expect("a handshake");
        client.write_all(REQUEST.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\nwelcome") {
            let mut byte = [0];
            client.read_exact(&mut byte).expect("more of the response");
            head.extend(byte);
        }
        proxy.terminate();
        while std::net::TcpStream::connect(address).is_ok() {
            std::thread::yield_now();
        }
        client.write_all(b"still there?").unwrap();
        let mut echoed = [0; 12];
        client.read_exact(&mut echoed).expect("an echo");
        assert_eq!(&echoed, b"still there?");
        client.shutdown().unwrap();
        let (status, output) = proxy.finish();
        assert!(status.success() && output.contains(", 0 aborted"), "{status}: {output}");
    }
}
