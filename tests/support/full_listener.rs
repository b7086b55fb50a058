//! An address that takes no connection and refuses none.

use std::fs;
use std::io;
use std::net::{self, SocketAddr};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// A listener whose queue is full, so that the kernel drops each further attempt and nobody answers it.
pub(crate) struct FullListener {
    pub(crate) address: SocketAddr,
    listener: Socket,
    queued: Vec<net::TcpStream>,
}

impl FullListener {
    pub(crate) fn new() -> io::Result<Self> {
        FullListener::at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    pub(crate) fn at(address: SocketAddr) -> io::Result<Self> {
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        listener.bind(&address.into())?;
        listener.listen(0)?;
        let address = listener.local_addr()?.as_socket().expect("an IP address");
        let mut queued = Vec::new();
        // That an attempt gets no answer is the sign that the queue is full.
        while let Ok(stream) = net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            queued.push(stream);
        }
        // It is closed, unless a child that is about to run its program has a copy of it.
        while attempts_under_way(address)? > 0 {
            thread::yield_now();
        }
        Ok(FullListener { address, listener, queued })
    }
}

impl FullListener {
    /// Takes what is queued, so that the next attempt gets an answer.
    pub(crate) fn make_room(&mut self) -> io::Result<()> {
        for queued in self.queued.drain(..) {
            let _ = self.listener.accept()?;
            drop(queued);
        }
        Ok(())
    }
}

/// The sockets of this network namespace that have sent a SYN to `address` and have no answer (state 2 in
/// /proc/net/tcp).
pub(crate) fn attempts_under_way(address: SocketAddr) -> io::Result<usize> {
    let port = format!(":{:04X}", address.port());
    let table = fs::read_to_string("/proc/net/tcp")?;
    let is_attempt = |line: &&str| {
        let mut columns = line.split_whitespace().skip(2);
        columns.next().is_some_and(|remote| remote.ends_with(&port)) && columns.next() == Some("02")
    };
    Ok(table.lines().filter(is_attempt).count())
}

/// Waits until no attempt at `address` is under way. One that is kept stalls the test.
///
/// A socket that was closed lives on while a thread is in ppoll(2) with it, which takes until that thread has run again.
pub(crate) async fn attempts_end(address: SocketAddr) -> io::Result<()> {
    while attempts_under_way(address)? > 0 {
        fend::yield_now().await;
    }
    Ok(())
}
