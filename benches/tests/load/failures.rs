//! Servers that answer wrongly, close early, never answer, or are not there.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use benches::load::Pace;
use benches::load::options::{Options, Protocol};

use crate::load;
use crate::servers::{echo, nobody, serve};

#[test]
fn other_bytes_are_an_error() {
    for changed in [0, 7, 56, 63] {
        let address = serve(move |socket| {
            echo(socket, |before, bytes| {
                if before == 7 * 64 {
                    bytes[changed] ^= 1;
                }
            })
        });
        // The first of the eight that a connection answers well opens it.
        let report = load(Options::new(address, Protocol::Echo, 10)).unwrap();
        assert_eq!((report.requests(), report.errors), (9, 1), "byte {changed}: {report:?}");
        let error = report.first_error.unwrap();
        assert!(error.contains("not what was sent"), "{error}");
    }
}

/// Answers so many requests.
fn answer(socket: &mut TcpStream, requests: usize) -> io::Result<()> {
    let mut buffer = [0; 64];
    for _ in 0..requests {
        socket.read_exact(&mut buffer)?;
        socket.write_all(&buffer)?;
    }
    Ok(())
}

#[test]
fn a_server_that_closes_early_is_an_error_each_time() {
    let address = serve(|mut socket| answer(&mut socket, 4));
    let report = load(Options::new(address, Protocol::Echo, 10)).unwrap();
    // Three more on the connection that was opened with one, an error; four, an error; the last one.
    assert_eq!((report.requests(), report.errors), (8, 2), "{report:?}");
}

#[test]
fn a_server_that_closes_at_once_ends_the_load() {
    let error = load(Options::new(serve(|_| Ok(())), Protocol::Echo, 10)).unwrap_err();
    let expected = [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
    assert!(expected.contains(&error.kind()), "{error:?}");
}

#[test]
fn nobody_listens() {
    let (_taken, address) = nobody();
    for protocol in [Protocol::Echo, Protocol::Http, Protocol::Tls, Protocol::Udp] {
        let error = load(Options::new(address, protocol, 10)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{protocol:?}: {error}");
    }
    // Where nothing is opened before, errors are counted until they are too many.
    let report = load(Options::new(address, Protocol::ChurnRst, 10)).unwrap();
    assert_eq!((report.requests(), report.errors), (0, 10));
    let error = load(Options::new(address, Protocol::ChurnRst, 1_000_000)).unwrap_err();
    assert!(error.to_string().contains("1000 requests failed in a row"), "{error}");
}

#[test]
fn a_server_that_never_answers_ends_the_load() {
    // It answers three, and takes what comes after them.
    let address = serve(|mut socket| {
        answer(&mut socket, 3)?;
        io::copy(&mut socket, &mut io::sink()).map(drop)
    });
    thread::scope(|scope| {
        for pace in [Pace::Closed, Pace::Lockstep, Pace::Rate(100.0)] {
            scope.spawn(move || {
                let mut options = Options::new(address, Protocol::Echo, 1_000);
                options.pace = pace;
                options.connections = 2;
                options.patience = Duration::from_millis(500);
                let begin = Instant::now();
                let error = load(options).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{pace:?}: {error}");
                assert!(begin.elapsed() >= Duration::from_millis(500), "{pace:?}: {error}");
            });
        }
    });
}

#[test]
fn more_connections_than_files_are_refused() {
    let (_taken, address) = nobody();
    let mut options = Options::new(address, Protocol::Echo, 1);
    options.connections = usize::MAX / 2;
    let error = load(options).unwrap_err();
    assert!(error.to_string().contains("files may be open"), "{error}");
}
