//! A connect that is dropped leaves nothing open, whatever it was at.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use fend::net::TcpListener;
use futures_lite::future::{or, poll_once};

use crate::full_listener::{FullListener, attempts_end, attempts_under_way};
use crate::zone::{Zone, resolver};

on_every_dispatcher!(
    dropped_in_the_lookup_it_closes_its_sockets,
    dropped_in_the_race_it_closes_its_sockets,
    dropped_in_the_handshake_it_closes_the_stream,
);

/// Where it needs nothing of the caller's, it can be spawned.
#[test]
fn the_futures_can_be_sent_and_own_what_they_need() {
    fn check<T: Send + 'static>(_: &T) {}
    let target = String::from("localhost:80");
    check(&fend::connect(&target));
    check(&fend::connect_tls(&target));
}

/// DN8
async fn dropped_in_the_lookup_it_closes_its_sockets() -> io::Result<()> {
    let server = fend::net::UdpSocket::bind("127.0.0.1:0").await?;
    let resolver = Zone::new("", "")?.resolver(server.local_addr()?)?;
    let mut connect = Box::pin(fend::connect("nowhere.test.:80").resolver(&resolver));
    let asked = async { server.recv_from(&mut [0; 512]).await.map(|(_, client)| client) };
    let over = async { Err(io::Error::other(format!("it is over: {:?}", (&mut connect).await))) };
    let client = or(asked, over).await?;
    drop(connect);
    comes_free(client).await
}

/// Waits until the address of a socket that was closed is free. One that is kept stalls the test.
///
/// A socket lives on while a thread is in ppoll(2) with it, such as the one that looks for events while the workers do not.
async fn comes_free(address: SocketAddr) -> io::Result<()> {
    loop {
        match UdpSocket::bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => fend::yield_now().await,
            bound => return bound.map(drop),
        }
    }
}

async fn dropped_in_the_race_it_closes_its_sockets() -> io::Result<()> {
    let silent = FullListener::new()?;
    let mut connect = Box::pin(fend::connect(("one.test", silent.address.port())).resolver(&resolver()?));
    while attempts_under_way(silent.address)? == 0 {
        assert!(poll_once(&mut connect).await.is_none(), "nobody answers");
        fend::yield_now().await;
    }
    drop(connect);
    attempts_end(silent.address).await?;
    Ok(())
}

async fn dropped_in_the_handshake_it_closes_the_stream() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut connect = Box::pin(fend::connect_tls(listener.local_addr()?));
    let hello = async {
        let (stream, _) = listener.accept().await?;
        stream.recv_exact(&mut [0; 5]).await?;
        Ok(stream)
    };
    let over = async { Err(io::Error::other(format!("it is over: {:?}", (&mut connect).await.map(drop)))) };
    let stream = or(hello, over).await?;
    drop(connect);
    stream.peer_closed().await
}
