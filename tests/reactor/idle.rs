//! A runtime with nothing to do uses no processor, whatever is registered with it.

use std::future::pending;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use fend::io::{AsyncFd, Interest};
use fend::net::{TcpListener, TcpStream};
use fend::time::sleep;
use futures_lite::future::poll_once;

use crate::alone::alone;
use crate::idleness::stays_idle;
use crate::kernel;
use crate::shape::Shape;

on_every_shape!(waiting_costs_nothing, what_nobody_waits_for_costs_nothing,);

fn waiting_costs_nothing(shape: Shape) {
    alone(shape, || shape.block_on(wait_for_all_kinds()).expect("the sockets"));
}

async fn wait_for_all_kinds() -> io::Result<()> {
    let mut peers = Vec::new();
    for _ in 0..40 {
        let (ours, theirs) = UnixStream::pair()?;
        peers.push(theirs);
        fend::spawn(async move {
            let ours = AsyncFd::new(ours)?;
            ours.ready(Interest::READABLE | Interest::PRIORITY | Interest::PEER_CLOSED).await
        });
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (client, accepted) = futures_lite::future::zip(TcpStream::connect(address), listener.accept()).await;
    let (client, (server, _)) = (client?, accepted?);
    fend::spawn(async move { listener.accept().await.map(drop) });
    fend::spawn(async move { client.recv(&mut [0; 8]).await });
    fend::spawn(async move { server.peer_closed().await });
    fend::spawn(async { sleep(Duration::from_secs(3600)).await });
    fend::spawn(pending::<()>());
    stays_idle().await?;
    drop(peers);
    Ok(())
}

fn what_nobody_waits_for_costs_nothing(shape: Shape) {
    alone(shape, || shape.block_on(leave_events_unread()).expect("the sockets"));
}

/// Readable, writable, closed and broken fds that were waited for once, and are not any more.
async fn leave_events_unread() -> io::Result<()> {
    let mut sockets = Vec::new();
    let mut peers = Vec::new();
    for number in 0..40 {
        let (ours, mut theirs) = UnixStream::pair()?;
        let ours = AsyncFd::new(ours)?;
        assert!(poll_once(ours.readable()).await.is_none());
        theirs.write_all(b"unread")?;
        ours.readable().await?;
        ours.writable().await?;
        sockets.push(ours);
        if number % 2 == 0 {
            peers.push(theirs);
        }
    }
    let (reader, writer) = kernel::pipe()?;
    let writer = AsyncFd::new(writer)?;
    drop(reader);
    writer.peer_closed().await?;
    stays_idle().await
}
