//! What is watched: adding, removing, fd numbers that are used again, and many fds.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::*;
use crate::sys::EventFd;

on_each_dispatcher! {
    what_cannot_be_polled_is_refused,
    mount_table_is_accepted,
    same_fd_twice_is_refused,
    duplicate_of_an_fd_is_accepted,
    number_used_again,
    number_of_an_eventfd_used_again,
    removed_is_reported_no_more,
    removing_twice_or_after_close_is_no_error,
    removed_and_closed_while_another_thread_waits,
    every_ready_fd_gets_its_turn,
}

/// RE12
fn what_cannot_be_polled_is_refused(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let executable = std::env::current_exe().unwrap();
    for path in [executable.as_path(), "/".as_ref(), "/dev/null".as_ref(), "/dev/zero".as_ref()] {
        let file = File::open(path).unwrap();
        let error = bench.dispatch.add(file.as_fd(), bench.token(), Watch::All).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EPERM), "{path:?}");
    }
    assert!(bench.wait(Some(MOMENT)).is_empty(), "something was kept");
}

/// A regular file by its type, and yet it can be polled: the kind of the file alone does not tell.
fn mount_table_is_accepted(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let mounts = File::open("/proc/self/mounts").unwrap();
    let token = bench.add_armed(&mounts, Direction::Read);
    bench.expect(token, Readiness::READABLE);
}

fn same_fd_twice_is_refused(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    let first = bench.add(&socket);
    let error = bench.dispatch.add(socket.as_fd(), bench.token(), Watch::All).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EEXIST));
    peer.write_all(b"x").unwrap();
    bench.dispatch.arm(first, Direction::Read);
    bench.expect(first, Readiness::READABLE);
}

fn duplicate_of_an_fd_is_accepted(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    let duplicate = socket.try_clone().unwrap();
    let tokens = [bench.add_armed(&socket, Direction::Read), bench.add_armed(&duplicate, Direction::Read)];
    peer.write_all(b"x").unwrap();
    let mut missing = tokens.to_vec();
    while !missing.is_empty() {
        let events = bench.wait(Some(PATIENCE));
        assert!(!events.is_empty());
        missing.retain(|token| {
            !events.iter().any(|e| e.token == *token && e.readiness.intersects(Readiness::READABLE))
        });
    }
}

/// RE1: the fd is closed without `remove`, and its number is used again.
fn number_used_again(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (old, old_peer) = unix_pair();
    let old_token = bench.add_armed(&old, Direction::Read);
    bench.gather(old_token);
    let number = old.as_raw_fd();
    let ghost = old.try_clone().unwrap();
    let (new, mut new_peer) = unix_pair();
    let new = replace_fd(old, &new);
    assert_eq!(new.as_raw_fd(), number);
    let new_token = bench.add_armed(&new, Direction::Read);
    new_peer.write_all(b"x").unwrap();
    bench.expect(new_token, Readiness::READABLE);
    bench.gather(new_token);
    (&old_peer).write_all(b"x").unwrap();
    assert!(bench.gather(new_token).is_empty(), "the old file's event reached the new one");
    drop(ghost);
}

/// RE1: as above with files that share one inode.
fn number_of_an_eventfd_used_again(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (old, new) = (EventFd::new().unwrap(), EventFd::new().unwrap());
    let old_fd = old.as_fd().try_clone_to_owned().unwrap();
    bench.add_armed(&old_fd, Direction::Read);
    let new_fd = replace_fd(old_fd, &new);
    let token = bench.add_armed(&new_fd, Direction::Read);
    new.write().unwrap();
    bench.expect(token, Readiness::READABLE);
}

fn removed_is_reported_no_more(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    let token = bench.add_armed(&socket, Direction::Read);
    bench.gather(token);
    bench.dispatch.remove(socket.as_raw_fd(), token);
    peer.write_all(b"x").unwrap();
    bench.dispatch.arm(token, Direction::Read);
    assert!(bench.gather(token).is_empty());
}

fn removing_twice_or_after_close_is_no_error(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    let token = bench.add_armed(&socket, Direction::Read);
    bench.dispatch.remove(socket.as_raw_fd(), token);
    bench.dispatch.remove(socket.as_raw_fd(), token);
    let again = bench.add_armed(&socket, Direction::Read);
    peer.write_all(b"x").unwrap();
    bench.expect(again, Readiness::READABLE);
}

/// The peer must see the end of the stream though a thread sits in a wait that named the socket.
fn removed_and_closed_while_another_thread_waits(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let token = bench.add_armed(&socket, Direction::Read);
    bench.gather(token);
    bench.dispatch.arm(token, Direction::Read);
    let act = || {
        bench.dispatch.remove(socket.as_raw_fd(), token);
        drop(socket);
        let read = peer.read(&mut [0; 8]);
        bench.dispatch.wake();
        assert_eq!(read.expect("the peer sees no end of stream"), 0);
    };
    while_waiting(|| bench.wait(None), act);
}

/// RE13
fn every_ready_fd_gets_its_turn(dispatcher: Dispatcher) {
    const FDS: usize = 2_000;
    const TURNS: usize = 4;
    let (soft, hard) = sys::fd_limits().unwrap();
    sys::set_fd_limit(hard.min(soft.max(10_000)));
    let bench = Bench::new(dispatcher);
    let fds: Vec<EventFd> = (0..FDS).map(|_| EventFd::new().unwrap()).collect();
    for fd in &fds {
        fd.write().unwrap();
        bench.add_armed(fd, Direction::Read);
    }
    let mut served = vec![0; FDS];
    let mut total = 0;
    while total < 2 * TURNS * FDS {
        for Event { token, .. } in bench.wait(Some(PATIENCE)) {
            let fd = &fds[token.slot as usize];
            served[token.slot as usize] += 1;
            total += 1;
            // Ready again at once, and asked for again.
            fd.read().unwrap();
            fd.write().unwrap();
            bench.dispatch.arm(token, Direction::Read);
        }
    }
    assert!(served.iter().all(|turns| *turns >= TURNS), "{:?}", served.iter().min());
}

/// Puts `file` under the number of `old`, which is closed thereby.
fn replace_fd(old: impl Into<OwnedFd>, file: &impl AsFd) -> OwnedFd {
    sys::duplicate_onto(file.as_fd(), old.into()).unwrap()
}
