//! Connections that are not made, or only at the second address.

use std::io;
use std::net::SocketAddr;

use fend::net::{TcpListener, TcpStream};
use futures_lite::future::poll_once;
use socket2::{Domain, Socket, Type};

use crate::full_listener::{FullListener, attempts_end, attempts_under_way};

on_every_dispatcher!(
    refused_names_the_address,
    second_address_is_tried,
    no_address_is_an_error,
    host_name_is_refused,
    cancelled_attempt_closes_its_socket,
);

/// An address that refuses everybody. Nobody else can take it, since a socket that never listens has it until the process ends.
pub(crate) fn unused_address() -> io::Result<SocketAddr> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    let address = socket.local_addr()?.as_socket().expect("an IP address");
    std::mem::forget(socket);
    Ok(address)
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
    attempts_end(full.address).await
}
