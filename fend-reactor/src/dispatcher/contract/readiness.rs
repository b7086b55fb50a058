//! What is reported, and when: each direction before and after it is armed.

use std::fs::File;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use super::*;

on_each_dispatcher! {
    ready_before_arm,
    ready_after_arm,
    armed_while_another_thread_waits,
    second_direction_armed_while_another_thread_waits,
    rearmed_after_each_report,
    unanswered_readiness_does_not_spin,
    writable,
    room_to_write_is_no_news_before_it_is_watched,
    writes_watched_while_another_thread_waits,
    priority,
    peer_shut_down,
    peer_gone,
    reset_by_peer,
    reader_of_a_pipe_gone,
    writer_of_a_pipe_gone,
    peer_shut_down_while_the_send_buffer_is_full,
}

fn ready_before_arm(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    peer.write_all(b"x").unwrap();
    let token = bench.add_armed(&socket, Direction::Read);
    assert!(!bench.expect(token, Readiness::READABLE).intersects(Readiness::READ_CLOSED));
}

fn ready_after_arm(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    let token = bench.add_armed(&socket, Direction::Read);
    assert!(!bench.gather(token).intersects(Direction::Read.mask()));
    peer.write_all(b"x").unwrap();
    bench.expect(token, Readiness::READABLE);
}

fn armed_while_another_thread_waits(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    let token = bench.token();
    let act = || {
        bench.dispatch.add(socket.as_fd(), token, Watch::All).unwrap();
        peer.write_all(b"x").unwrap();
        bench.dispatch.arm(token, Direction::Read);
    };
    while_waiting(|| bench.expect(token, Readiness::READABLE), act);
}

fn second_direction_armed_while_another_thread_waits(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, _peer) = unix_pair();
    let token = bench.add_armed(&socket, Direction::Read);
    // Nothing but the second direction can end this wait on poll; epoll may report it early.
    if bench.gather(token).is_empty() {
        let act = || bench.dispatch.arm(token, Direction::Write);
        while_waiting(|| bench.expect(token, Readiness::WRITABLE), act);
    }
}

fn rearmed_after_each_report(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (mut socket, mut peer) = unix_pair();
    let token = bench.add(&socket);
    for _ in 0..1_000 {
        peer.write_all(b"x").unwrap();
        bench.dispatch.arm(token, Direction::Read);
        bench.expect(token, Readiness::READABLE);
        assert_eq!(socket.read(&mut [0; 8]).unwrap(), 1);
    }
}

fn unanswered_readiness_does_not_spin(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, peer) = unix_pair();
    let token = bench.add_armed(&socket, Direction::Read);
    drop(peer);
    bench.expect(token, Readiness::READ_CLOSED);
    let start = Instant::now();
    assert!(bench.wait(Some(MOMENT)).is_empty());
    assert!(start.elapsed() >= MOMENT);
}

fn writable(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    fill(&socket);
    let token = bench.add_armed(&socket, Direction::Write);
    assert!(!bench.gather(token).intersects(Direction::Write.mask()));
    peer.set_nonblocking(true).unwrap();
    while peer.read(&mut [0; 65536]).is_ok() {}
    bench.expect(token, Readiness::WRITABLE);
}

/// A new socket has room. Nobody asked.
fn room_to_write_is_no_news_before_it_is_watched(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    let token = bench.token();
    bench.dispatch.add(socket.as_fd(), token, Watch::Reads).unwrap();
    bench.dispatch.arm(token, Direction::Read);
    assert!(bench.wait(Some(MOMENT)).is_empty());
    peer.write_all(b"x").unwrap();
    bench.expect(token, Readiness::READABLE);
    for _ in 0..2 {
        bench.dispatch.watch_writes(socket.as_raw_fd(), token).unwrap();
        bench.dispatch.arm(token, Direction::Write);
        bench.expect(token, Readiness::WRITABLE);
    }
    bench.dispatch.arm(token, Direction::Read);
    peer.write_all(b"x").unwrap();
    bench.expect(token, Readiness::READABLE);
}

fn writes_watched_while_another_thread_waits(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, _peer) = unix_pair();
    let token = bench.token();
    bench.dispatch.add(socket.as_fd(), token, Watch::Reads).unwrap();
    bench.dispatch.arm(token, Direction::Read);
    let act = || {
        bench.dispatch.watch_writes(socket.as_raw_fd(), token).unwrap();
        bench.dispatch.arm(token, Direction::Write);
    };
    while_waiting(|| bench.expect(token, Readiness::WRITABLE), act);
}

fn priority(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, peer) = tcp_pair();
    let token = bench.add_armed(&socket, Direction::Priority);
    assert!(!bench.gather(token).intersects(Direction::Priority.mask()));
    socket2::SockRef::from(&peer).send_out_of_band(b"!").unwrap();
    bench.expect(token, Readiness::PRIORITY);
}

fn peer_shut_down(dispatcher: Dispatcher) {
    for direction in [Direction::PeerClosed, Direction::Read] {
        let bench = Bench::new(dispatcher);
        let (socket, peer) = tcp_pair();
        let token = bench.add_armed(&socket, direction);
        assert!(!bench.gather(token).intersects(direction.mask()));
        peer.shutdown(Shutdown::Write).unwrap();
        let seen = bench.expect(token, Readiness::READ_CLOSED);
        assert!(!seen.intersects(Readiness::WRITE_CLOSED | Readiness::ERROR));
    }
}

fn peer_gone(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, peer) = unix_pair();
    let token = bench.add_armed(&socket, Direction::Read);
    drop(peer);
    bench.expect(token, Readiness::WRITE_CLOSED);
}

/// RE9
fn reset_by_peer(dispatcher: Dispatcher) {
    for direction in Direction::ALL {
        let bench = Bench::new(dispatcher);
        let (socket, peer) = tcp_pair();
        let token = bench.add_armed(&socket, direction);
        bench.gather(token);
        bench.dispatch.arm(token, direction);
        socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
        drop(peer);
        if direction == Direction::Write {
            // Writable already: the report of that may come first.
            while !bench.expect(token, Direction::Write.mask()).intersects(Readiness::ERROR) {
                bench.dispatch.arm(token, direction);
            }
        } else {
            bench.expect(token, Readiness::ERROR);
        }
    }
}

/// RE9
fn reader_of_a_pipe_gone(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (reader, writer) = sys::pipe().unwrap();
    fill(File::from(writer.try_clone().unwrap()));
    let token = bench.add_armed(&writer, Direction::Write);
    assert!(!bench.gather(token).intersects(Direction::Write.mask()));
    drop(reader);
    bench.expect(token, Readiness::ERROR);
}

fn writer_of_a_pipe_gone(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (reader, writer) = sys::pipe().unwrap();
    let token = bench.add_armed(&reader, Direction::Read);
    assert!(!bench.gather(token).intersects(Direction::Read.mask()));
    drop(writer);
    bench.expect(token, Readiness::READ_CLOSED);
}

/// RE8
fn peer_shut_down_while_the_send_buffer_is_full(dispatcher: Dispatcher) {
    let bench = Bench::new(dispatcher);
    let (socket, mut peer) = unix_pair();
    fill(&socket);
    peer.shutdown(Shutdown::Write).unwrap();
    let token = bench.add_armed(&socket, Direction::Write);
    let mut reports = 0;
    for _ in 0..50 {
        let events = bench.wait(Some(Duration::from_millis(2)));
        assert!(
            events.iter().all(|event| !event.readiness.intersects(Direction::Write.mask())),
            "{events:?}"
        );
        reports += events.len();
        bench.dispatch.arm(token, Direction::Write);
    }
    assert!(reports <= 1, "{reports} reports of nothing new");
    peer.set_nonblocking(true).unwrap();
    while peer.read(&mut [0; 65536]).is_ok() {}
    bench.expect(token, Readiness::WRITABLE);
}
