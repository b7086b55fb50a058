//! Connections that are not made, or only at the second address.

use std::fs;
use std::io;
use std::net::{self, SocketAddr};
use std::time::Duration;

use fend::net::{TcpListener, TcpStream};
use futures_lite::future::poll_once;
use socket2::{Domain, Socket, Type};

on_every_dispatcher!(
    refused_names_the_address,
    second_address_is_tried,
    no_address_is_an_error,
    host_name_is_refused,
    cancelled_attempt_closes_its_socket,
);

pub(crate) fn unused_address() -> io::Result<SocketAddr> {
    net::TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// NT3
async fn refused_names_the_address() -> io::Result<()> {
    let address = unused_address()?;
    let error = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(error.to_string(), format!("connect {address}: Connection refused (os error 111)"));
    Ok(())
}

async fn second_address_is_tried() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addresses = [unused_address()?, listener.local_addr()?];
    let stream = TcpStream::connect(&addresses).await?;
    assert_eq!(stream.peer_addr()?, addresses[1]);
    Ok(())
}

async fn no_address_is_an_error() -> io::Result<()> {
    let error = TcpStream::connect(Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let error = TcpListener::bind(Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    Ok(())
}

async fn host_name_is_refused() -> io::Result<()> {
    let error = TcpStream::connect("localhost:80").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("connect by name with fend::connect"), "{error}");
    Ok(())
}

/// NT3
async fn cancelled_attempt_closes_its_socket() -> io::Result<()> {
    let full = FullListener::new()?;
    let mut attempt = Box::pin(TcpStream::connect(full.address));
    assert!(poll_once(&mut attempt).await.is_none(), "nobody answers");
    assert_eq!(attempts_under_way(full.address)?, 1);
    drop(attempt);
    assert_eq!(attempts_under_way(full.address)?, 0);
    Ok(())
}

/// A listener whose queue is full, so that the kernel drops each further attempt and nobody answers it.
pub(crate) struct FullListener {
    pub(crate) address: SocketAddr,
    listener: Socket,
    queued: Vec<net::TcpStream>,
}

impl FullListener {
    pub(crate) fn new() -> io::Result<Self> {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        listener.listen(0)?;
        let address = listener.local_addr()?.as_socket().expect("an IP address");
        let mut queued = Vec::new();
        // That an attempt gets no answer is the sign that the queue is full.
        while let Ok(stream) = net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            queued.push(stream);
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
