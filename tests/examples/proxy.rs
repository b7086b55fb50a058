//! The relay, between clients and servers of std.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use crate::program::{DISPATCHERS, Program, connect, refused, run, unused_address};

/// Starts a relay to a server of our own, on each dispatcher, in the kernel and through a buffer.
fn in_every_way(more: &[&str], test: impl Fn(&mut Program, SocketAddr, &TcpListener)) {
    for dispatcher in DISPATCHERS {
        for how in [None, Some("--no-splice")] {
            let server = TcpListener::bind("127.0.0.1:0").unwrap();
            let to = server.local_addr().unwrap().to_string();
            let mut arguments = vec!["--listen", "127.0.0.1:0", "--to", &to, "--dispatcher", dispatcher];
            arguments.extend(how);
            arguments.extend(more);
            let mut proxy = Program::start("proxy", &arguments);
            let address = proxy.address();
            test(&mut proxy, address, &server);
        }
    }
}

/// Serves one connection: receives to the end, then sends that back and closes.
fn echo_at_the_end(server: &TcpListener) -> JoinHandle<()> {
    let server = server.try_clone().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        stream.write_all(&all).unwrap();
    })
}

fn ask(client: &mut TcpStream, message: &[u8]) -> Vec<u8> {
    client.write_all(message).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn relays_both_ways_and_counts() {
    in_every_way(&["--workers=2"], |proxy, address, server| {
        let message: Vec<u8> = (0..3 << 20).map(|index| (index % 251) as u8).collect();
        let echo = echo_at_the_end(server);
        let mut client = connect(address);
        let name = client.local_addr().unwrap();
        // The server hears of the end, and the client still gets its answer.
        assert!(ask(&mut client, &message) == message);
        echo.join().unwrap();
        let total = format!("{name}: 3.000 MiB up, 3.000 MiB down in ");
        let lines: Vec<String> = std::iter::from_fn(|| Some(proxy.line()))
            .inspect(|line| assert!(!line.is_empty(), "no total"))
            .take_while(|line| !line.starts_with(&total))
            .collect();
        assert!(lines.iter().all(|line| line.ends_with(" open")), "{lines:?}");
    });
}

#[test]
fn silence_is_limited() {
    in_every_way(&["--idle-timeout=1"], |proxy, address, server| {
        let mut client = connect(address);
        let (mut stream, _) = server.accept().unwrap();
        client.write_all(b"hello").unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
        assert_eq!(stream.read(&mut [0; 5]).unwrap(), 0, "the relay has given up");
        assert_eq!(client.read(&mut [0; 5]).unwrap(), 0);
        let total = std::iter::from_fn(|| Some(proxy.line())).find(|line| line.contains(": "));
        assert!(total.unwrap().ends_with("s: no byte was copied for 1s"));
    });
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let unused = unused_address();
    let mut proxy = Program::start("proxy", &["--listen", "127.0.0.1:0", "--to", &unused.to_string()]);
    let mut client = connect(proxy.address());
    assert_eq!(client.read(&mut [0; 5]).unwrap(), 0);
    let mut complaint = String::new();
    std::io::BufRead::read_line(&mut proxy.stderr(), &mut complaint).unwrap();
    assert!(complaint.contains(&format!("connect {unused}: Connection refused")), "{complaint}");
}

#[test]
fn help_and_mistakes() {
    let (status, output) = run("proxy", &["--help"], &[]);
    assert!(status.success() && output.starts_with("usage: proxy --to ADDRESS"), "{output}");
    for (arguments, message) in [
        (&[][..], "--to is missing"),
        (
            &["--to", "localhost:80"],
            "--to \"localhost:80\": not an IP address and port, such as 127.0.0.1:80",
        ),
        (&["--to=127.0.0.1:1", "--idle-timeout=0"], "--idle-timeout 0: must be at least 1"),
        (&["--to=127.0.0.1:1", "--no-splice=yes"], "--no-splice takes no value"),
        (&["--addr=127.0.0.1:1"], "unknown argument \"--addr\""),
    ] {
        let said = refused("proxy", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
}
