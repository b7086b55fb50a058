//! The echo server against a client of std, `nc`, and its own client.

use std::io::{BufRead, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::program::{DISPATCHERS, Program, connect, example, refused, run, run_client, unused_address};

fn on_every_dispatcher(test: impl Fn(SocketAddr)) {
    for dispatcher in DISPATCHERS {
        let arguments = ["server", "--addr", "127.0.0.1:0", "--workers=2", "--dispatcher", dispatcher];
        let mut server = Program::start("echo", &arguments);
        test(server.address());
    }
}

#[test]
fn echoes_to_a_client_of_std() {
    on_every_dispatcher(|address| {
        let mut clients = [connect(address), connect(address), connect(address)];
        for round in 0..100_u8 {
            for client in &mut clients {
                client.write_all(&[round; 100]).unwrap();
            }
            for client in &mut clients {
                let mut answer = [!round; 100];
                client.read_exact(&mut answer).unwrap();
                assert_eq!(answer, [round; 100]);
            }
        }
        for client in &mut clients {
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(client.read(&mut [0; 16]).unwrap(), 0, "the server closes when the client has");
        }
    });
}

#[test]
fn a_server_that_is_told_to_end_lets_its_connections_finish() {
    for dispatcher in DISPATCHERS {
        let mut server =
            Program::start("echo", &["server", "--addr", "127.0.0.1:0", "--dispatcher", dispatcher]);
        let mut client = connect(server.address());
        client.write_all(b"one").unwrap();
        client.read_exact(&mut [0; 3]).unwrap();
        server.terminate();
        // Nobody listens any more, and this goes on.
        while TcpStream::connect(client.peer_addr().unwrap()).is_ok() {}
        client.write_all(b"two").unwrap();
        client.read_exact(&mut [0; 3]).unwrap();
        drop(client);
        let (status, output) = server.finish();
        assert!(status.success(), "{status}");
        // With those of the attempts that came in time.
        assert!(output.starts_with("SIGTERM: ") && output.ends_with(" finished, 0 aborted\n"), "{output}");
    }
}

/// The second one may be the other one: who has sent SIGTERM in vain tries ^C.
#[test]
fn a_second_signal_ends_a_server_at_once() {
    for (dispatcher, [first, second]) in
        DISPATCHERS.into_iter().zip([[libc::SIGTERM, libc::SIGINT], [libc::SIGINT, libc::SIGTERM]])
    {
        let mut server =
            Program::start("echo", &["server", "--addr", "127.0.0.1:0", "--dispatcher", dispatcher]);
        let address = server.address();
        let mut client = connect(address);
        // It has this connection to wait for.
        client.write_all(b"one").unwrap();
        client.read_exact(&mut [0; 3]).unwrap();
        server.signal(first);
        while TcpStream::connect(address).is_ok() {}
        server.signal(second);
        assert_eq!(server.finish().0.signal(), Some(second));
    }
}

#[test]
fn echoes_to_nc() {
    on_every_dispatcher(|address| {
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        if let Some((status, output)) = run_client("nc", &["-N", &host, &port], b"hello\nworld\n") {
            assert!(status.success(), "{status}");
            assert_eq!(output, "hello\nworld\n");
        }
    });
}

#[test]
fn the_client_measures_it() {
    on_every_dispatcher(|address| {
        let address = address.to_string();
        for size in ["64", "1000000"] {
            let arguments = ["client", "--addr", &address, "--seconds=1", "--connections=5", "--size", size];
            let (status, output) = run("echo", &arguments, &[]);
            assert!(status.success(), "{status}\n{output}");
            assert!(output.contains(" requests/s\nlatency p50 "), "{output}");
            assert!(!output.contains("\n0 requests in"), "{output}");
        }
    });
}

#[test]
fn the_client_says_where_nobody_listens() {
    let unused = unused_address().to_string();
    let (status, output) = run("echo", &["client", "--addr", &unused], &[]);
    assert_eq!(status.code(), Some(1));
    assert!(output.contains(&format!("connect {unused}: Connection refused")), "{output}");
}

#[test]
fn out_of_file_descriptors_it_waits_and_goes_on() {
    for dispatcher in DISPATCHERS {
        let mut server = Program::of(
            Command::new("sh")
                .args(["-c", "ulimit -n 20; exec \"$0\" server --addr 127.0.0.1:0 --dispatcher \"$1\""])
                .args([example("echo").as_os_str(), dispatcher.as_ref()]),
        );
        let address = server.address();
        // The kernel connects them all; the server cannot accept them all.
        let crowd: Vec<_> = (0..30).map(|_| connect(address)).collect();
        let mut complaint = String::new();
        server.stderr().read_line(&mut complaint).unwrap();
        assert!(complaint.contains("RLIMIT_NOFILE"), "{complaint:?}");
        drop(crowd);
        let mut client = connect(address);
        client.write_all(b"still there?").unwrap();
        let mut answer = [0; 12];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"still there?");
    }
}

#[test]
fn the_number_of_drivers_is_an_option() {
    for dispatcher in DISPATCHERS {
        let arguments =
            ["server", "--addr=127.0.0.1:0", "--workers=2", "--drivers=2", "--dispatcher", dispatcher];
        let address = Program::start("echo", &arguments).address();
        assert_ne!(address.port(), 0);
    }
    let (status, output) = run("echo", &["server", "--addr=127.0.0.1:0", "--workers=2", "--drivers=3"], &[]);
    assert_eq!(status.code(), Some(1));
    assert!(output.contains("drivers is 3, but must be from 1 to 2"), "{output}");
}

#[test]
fn help_and_mistakes() {
    for arguments in
        [&["--help"][..], &["server", "--help"], &["client", "-h"], &["client", "--size", "--help"]]
    {
        let (status, output) = run("echo", arguments, &[]);
        assert!(status.success() && output.starts_with("usage: echo server"), "{arguments:?}: {output}");
    }
    for (arguments, message) in [
        (&[][..], "echo: server or client is missing (see echo --help)"),
        (&["sever"], "unknown argument \"sever\""),
        (&["server", "--speed", "3"], "unknown argument \"--speed\""),
        (
            &["server", "--addr", "localhost"],
            "--addr \"localhost\": not an IP address and port, such as 127.0.0.1:80",
        ),
        (&["server", "--workers", "0"], "--workers 0: must be at least 1"),
        (&["server", "--dispatcher=kqueue"], "--dispatcher \"kqueue\": unknown dispatcher"),
        (&["server", "--drivers", "none"], "--drivers \"none\": not a number"),
        (&["client", "--connections=65537"], "--connections 65537: must be from 1 to 65536"),
        (&["client", "--size=18446744073709551615"], ": must be from 1 to 1073741824"),
        (&["client", "--seconds=18446744073709551615"], ": must be from 1 to 86400"),
        (&["client", "--size"], "--size needs a value"),
        (&["client", "--size", "--seconds"], "--size needs a value"),
        (&["client", "--size", "99999999999999999999"], "too large a number"),
        (&["client", "--help=yes", "--size=1"], "--help takes no value"),
    ] {
        let said = refused("echo", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
}
