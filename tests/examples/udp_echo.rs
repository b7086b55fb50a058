//! The UDP echo server against a client of std, and its own client.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::program::{DISPATCHERS, Program, refused, run};

fn on_every_dispatcher(test: impl Fn(SocketAddr)) {
    for dispatcher in DISPATCHERS {
        for batch in ["1", "16"] {
            let arguments =
                ["server", "--addr=127.0.0.1:0", "--workers=2", "--dispatcher", dispatcher, "--batch", batch];
            let mut server = Program::start("udp_echo", &arguments);
            test(server.address());
        }
    }
}

#[test]
fn udp_echoes_to_a_client_of_std() {
    on_every_dispatcher(|address| {
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        client.connect(address).unwrap();
        let mut answer = vec![0; 65_535];
        for (round, size) in [1, 0, 1400, 65_507, 64].into_iter().enumerate() {
            let message = vec![round as u8; size];
            client.send(&message).unwrap();
            assert_eq!(client.recv(&mut answer).unwrap(), size);
            assert!(answer[..size] == message);
        }
        for number in 0..40 {
            client.send(&[number]).unwrap();
        }
        for number in 0..40 {
            assert_eq!(client.recv(&mut answer).unwrap(), 1);
            assert_eq!(answer[0], number);
        }
    });
}

#[test]
fn the_udp_client_measures_it() {
    on_every_dispatcher(|address| {
        let address = address.to_string();
        let arguments =
            ["client", "--addr", &address, "--seconds=1", "--sockets=3", "--batch=8", "--size=100"];
        let (status, output) = run("udp_echo", &arguments, &[]);
        assert!(status.success(), "{status}\n{output}");
        assert!(output.contains(" datagrams/s, ") && output.contains("\nlatency p50 "), "{output}");
    });
}

#[test]
fn the_udp_client_says_where_nobody_listens() {
    // At an address where no other socket looks for a free port.
    let unused = UdpSocket::bind("127.66.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (status, output) = run("udp_echo", &["client", "--addr", &unused], &[]);
    assert_eq!(status.code(), Some(1));
    assert!(output.contains(&format!("{unused}: Connection refused")), "{output}");
}

#[test]
fn udp_help_and_mistakes() {
    for arguments in [&["--help"][..], &["server", "--help"], &["client", "-h"]] {
        let (status, output) = run("udp_echo", arguments, &[]);
        assert!(status.success() && output.starts_with("usage: udp_echo server"), "{arguments:?}: {output}");
    }
    for (arguments, message) in [
        (&[][..], "udp_echo: server or client is missing"),
        (&["sever"], "unknown argument \"sever\""),
        (&["server", "--batch", "0"], "--batch 0: must be from 1 to 64"),
        (&["server", "--batch", "100"], "--batch 100: must be from 1 to 64"),
        (&["client", "--batch", "100"], "--batch 100: must be from 1 to 64"),
        (
            &["server", "--addr", "localhost"],
            "--addr \"localhost\": not an IP address and port, such as 127.0.0.1:80",
        ),
        (&["client", "--size=7"], "--size 7: must be from 8 to 65507"),
        (&["client", "--size=65508"], "--size 65508: must be from 8 to 65507"),
        (&["client", "--seconds=86401"], "--seconds 86401: must be from 1 to 86400"),
        (&["client", "--sockets"], "--sockets needs a value"),
    ] {
        let said = refused("udp_echo", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
}
