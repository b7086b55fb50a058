//! What is not ours is not taken.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use fend::net::activation::ListenFds;

use crate::alone::is_alone;
use crate::service::{activator, by_shell, finish, listener};
use crate::shape::Shape;

on_every_shape!(
    what_was_passed_to_another_process_is_left_alone,
    a_descriptor_that_is_not_open_is_named,
    a_descriptor_that_somebody_opened_since_is_refused,
    the_wrong_kind_of_socket_is_named,
    what_is_not_claimed_is_closed,
);

fn is_open(fd: i32) -> bool {
    fs::read_link(format!("/proc/self/fd/{fd}")).is_ok()
}

fn what_was_passed_to_another_process_is_left_alone(shape: Shape) {
    if is_alone(shape) {
        assert!(ListenFds::take().expect("an answer").is_empty());
        assert!(is_open(3));
        return;
    }
    // Some child of the process that the variables are meant for.
    let mut shell =
        by_shell(shape, "export LISTEN_PID=$PPID LISTEN_FDS=1 LISTEN_FDNAMES=web;", "3<&0 </dev/null");
    finish(shell.stdin(OwnedFd::from(listener().0)).spawn().expect("a shell"));
}

fn a_descriptor_that_is_not_open_is_named(shape: Shape) {
    if is_alone(shape) {
        for _ in 0..2 {
            let error = ListenFds::take().expect_err("one of them is not open");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            let message = error.to_string();
            assert!(message.starts_with("LISTEN_FDS is \"2000000000\", but file descriptor "), "{message}");
            assert!(message.ends_with(" is not open"), "{message}");
            assert!(is_open(3), "nothing was taken");
        }
        return;
    }
    let mut shell = by_shell(
        shape,
        "unset LISTEN_FDNAMES; export LISTEN_PID=$$ LISTEN_FDS=2000000000;",
        "3<&0 </dev/null",
    );
    finish(shell.stdin(OwnedFd::from(listener().0)).spawn().expect("a shell"));
}

fn a_descriptor_that_somebody_opened_since_is_refused(shape: Shape) {
    if is_alone(shape) {
        let (ours, _) = listener();
        assert_eq!(ours.as_raw_fd(), 3, "the lowest free number");
        let error = ListenFds::take().expect_err("it is the listener's");
        let message = error.to_string();
        assert!(
            message.starts_with("LISTEN_FDS is \"1\", but file descriptor 3 is close-on-exec"),
            "{message}"
        );
        assert!(is_open(3));
        return;
    }
    let mut shell = by_shell(shape, "unset LISTEN_FDNAMES; export LISTEN_PID=$$ LISTEN_FDS=1;", "3<&-");
    finish(shell.spawn().expect("a shell"));
}

fn the_wrong_kind_of_socket_is_named(shape: Shape) {
    if is_alone(shape) {
        let mut passed = ListenFds::take().expect("what was passed");
        assert!(passed.named("web").is_none());
        let datagrams = passed.named("dns").expect("passed");
        let error = datagrams.convert::<fend::net::TcpListener>().expect_err("it is a datagram socket");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let message = error.to_string();
        assert!(message.starts_with("file descriptor 3 (\"dns\") of LISTEN_FDS: "), "{message}");
        assert!(message.contains("not a stream socket"), "{message}");
        assert!(!is_open(3));
        return;
    }
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    finish(activator(shape).pass("dns", &socket).and_then(|a| a.spawn()).expect("this program"));
}

fn what_is_not_claimed_is_closed(shape: Shape) {
    if is_alone(shape) {
        let mut passed = ListenFds::take().expect("what was passed");
        let second: OwnedFd = passed.named("second").expect("passed").into();
        assert_eq!(second.as_raw_fd(), 4);
        assert_eq!(passed.names().collect::<Vec<_>>(), ["first", "third"]);
        drop(passed);
        assert_eq!([3, 4, 5].map(is_open), [false, true, false]);
        assert!(ListenFds::take().expect("an answer").is_empty());
        return;
    }
    let service = ["first", "second", "third"]
        .iter()
        .fold(activator(shape), |service, name| service.pass(name, listener().0).expect("a duplicate"));
    finish(service.spawn().expect("this program"));
}
