//! Sockets between machines, over this machine itself where the kernel has `vsock_loopback`.

use std::io;
use std::time::Duration;

use fend::net::{Shutdown, VsockAddr, VsockListener, VsockStream};
use fend::time::timeout;
use futures_lite::future::{poll_once, zip};
use futures_lite::{AsyncReadExt, StreamExt};

use crate::peer::{assert_same, noise};

on_every_dispatcher!(echo_over_loopback, errors_name_the_address, cancelled_accept_and_connect);

/// A listener; `None`, and why, when the kernel has no vsock.
async fn listener() -> io::Result<Option<VsockListener>> {
    match VsockListener::bind(VsockAddr::new(VsockAddr::ANY, VsockAddr::ANY_PORT)).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) => {
            assert!(error.to_string().starts_with("bind vsock 4294967295:4294967295: "), "{error}");
            eprintln!("skipped: no vsock: {error}");
            Ok(None)
        }
    }
}

async fn echo_over_loopback() -> io::Result<()> {
    const SIZE: usize = 1 << 20;
    let Some(listener) = listener().await? else { return Ok(()) };
    let address = VsockAddr::new(VsockAddr::LOCAL, listener.local_addr()?.port);
    // Where loopback is missing the kernel may try another way, and take two seconds to give it up.
    let client = match timeout(Duration::from_millis(500), VsockStream::connect(address)).await {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => {
            assert!(error.to_string().starts_with(&format!("connect vsock {address}: ")), "{error}");
            eprintln!("skipped: no loopback: {error}");
            return Ok(());
        }
        Err(_) => {
            eprintln!("skipped: no loopback: nobody answers at {address}");
            return Ok(());
        }
    };
    let (server, peer) = listener.accept().await?;
    assert_eq!(peer, client.local_addr()?);
    assert_eq!(client.peer_addr()?, address);
    let echo = async {
        let mut buf = [0; 10_007];
        loop {
            match server.recv(&mut buf).await? {
                0 => return server.shutdown(Shutdown::Write),
                n => server.send_all(&buf[..n]).await?,
            }
        }
    };
    let there_and_back = async {
        let (mut reader, writer) = client.into_split();
        let sender = fend::spawn(async move { writer.send_all(&noise(SIZE)).await });
        let mut back = Vec::new();
        reader.read_to_end(&mut back).await?;
        sender.await.expect("the sender")?;
        io::Result::Ok(back)
    };
    let (echoed, back) = zip(echo, there_and_back).await;
    echoed?;
    assert_same(&back?, &noise(SIZE));
    Ok(())
}

async fn errors_name_the_address() -> io::Result<()> {
    let Some(listener) = listener().await? else { return Ok(()) };
    let taken = VsockAddr::new(VsockAddr::ANY, listener.local_addr()?.port);
    let error = VsockListener::bind(taken).await.unwrap_err();
    assert_eq!(error.to_string(), format!("bind vsock {taken}: Address already in use (os error 98)"));
    let foreign = VsockAddr::new(12_345, 1);
    let error = VsockListener::bind(foreign).await.unwrap_err();
    assert_eq!(error.to_string(), "bind vsock 12345:1: Cannot assign requested address (os error 99)");
    let shown = format!("{listener:?}");
    assert!(shown.contains(&taken.port.to_string()) && shown.contains("fd: "), "{shown}");
    Ok(())
}

/// NT3
async fn cancelled_accept_and_connect() -> io::Result<()> {
    let Some(listener) = listener().await? else { return Ok(()) };
    assert!(poll_once(listener.accept()).await.is_none(), "waits");
    assert!(poll_once(listener.incoming().next()).await.is_none(), "waits");
    let nobody = VsockAddr::new(VsockAddr::LOCAL, 1);
    if let Some(outcome) = poll_once(VsockStream::connect(nobody)).await {
        let error = outcome.unwrap_err();
        assert!(error.to_string().starts_with("connect vsock 1:1: "), "{error}");
    }
    Ok(())
}
