//! UDP: lost, late and wrong answers.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use benches::load::options::{Options, Protocol};

use crate::{assert_answered, load};

/// Sends datagrams back, but those that `lose` takes away; it is told how many came before.
fn server(lose: impl Fn(usize, &mut Vec<u8>) -> bool + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = socket.local_addr().expect("it has an address");
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        for before in 0.. {
            // An error may be that an earlier answer found nobody.
            let Ok((count, client)) = socket.recv_from(&mut buffer) else { continue };
            let mut datagram = buffer[..count].to_vec();
            if !lose(before, &mut datagram) {
                drop(socket.send_to(&datagram, client));
            }
        }
    });
    address
}

#[test]
fn answered() {
    for size in [1, 64, 65_507] {
        let mut options = Options::new(server(|_, _| false), Protocol::Udp, 500);
        options.connections = 3;
        options.size = size;
        assert_answered(&load(options).unwrap(), 500);
    }
}

#[test]
fn lost_ones_are_sent_again() {
    let mut options = Options::new(server(|before, _| before % 10 == 5), Protocol::Udp, 20);
    options.size = 3;
    let report = load(options).unwrap();
    assert_answered(&report, 20);
    assert!(report.lost >= 2, "{report:?}");
    assert!(report.latency.max() >= 100_000_000);
}

#[test]
fn late_answers_are_no_errors() {
    // Every answer comes after its request was sent again, so that the answer to that comes with the next request under way.
    let address = server(|before, _| {
        if before < 2 {
            thread::sleep(Duration::from_millis(250));
        }
        false
    });
    let report = load(Options::new(address, Protocol::Udp, 20)).unwrap();
    assert_answered(&report, 20);
}

#[test]
fn other_answers_are_errors() {
    let longer = server(|before, datagram| {
        if before == 3 {
            datagram.push(b'x');
        }
        false
    });
    let changed = server(|before, datagram| {
        if before == 3 {
            datagram[0] ^= 1;
        }
        false
    });
    for (address, told) in [(longer, "65 bytes came back"), (changed, "not what was sent")] {
        let report = load(Options::new(address, Protocol::Udp, 10)).unwrap();
        assert_eq!((report.requests(), report.errors), (9, 1), "{report:?}");
        assert!(report.first_error.unwrap().contains(told));
    }
}

#[test]
fn unanswered_ones_end_the_load() {
    let mut options = Options::new(server(|_, _| true), Protocol::Udp, 10);
    options.patience = Duration::from_millis(500);
    let error = load(options).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
}
