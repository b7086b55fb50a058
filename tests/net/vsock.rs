//! Sockets between machines, over this machine itself where the kernel has `vsock_loopback`.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use fend::net::{Shutdown, VsockAddr, VsockListener, VsockStream};
use fend::time::timeout;
use futures_lite::future::{poll_once, zip};
use futures_lite::{AsyncReadExt, StreamExt};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::peer::{assert_same, noise};

on_every_dispatcher!(
    echo_over_loopback,
    errors_name_the_address,
    cancelled_accept_and_connect,
    vsock_bare_fds_there_and_back,
    vsock_unfit_fds_are_refused,
);

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

/// A socket of another program, which is blocking; `None`, and why, when the kernel has no vsock.
fn blocking(listens: bool) -> io::Result<Option<OwnedFd>> {
    let socket = match Socket::new(Domain::VSOCK, Type::STREAM, None) {
        Ok(socket) => socket,
        Err(error) => {
            eprintln!("skipped: no vsock: {error}");
            return Ok(None);
        }
    };
    if listens {
        socket.bind(&SockAddr::vsock(VsockAddr::ANY, VsockAddr::ANY_PORT))?;
        socket.listen(1)?;
    }
    Ok(Some(socket.into()))
}

/// NT12
async fn vsock_bare_fds_there_and_back() -> io::Result<()> {
    let (Some(listening), Some(fresh)) = (blocking(true)?, blocking(false)?) else { return Ok(()) };
    let number = listening.as_raw_fd();
    let listener = VsockListener::try_from(listening)?;
    assert!(SockRef::from(&listener).nonblocking()?);
    assert!(poll_once(listener.accept()).await.is_none(), "waits, and does not block the thread");
    assert_ne!(listener.local_addr()?.port, VsockAddr::ANY_PORT);

    // A clone keeps it, and the error gives it back.
    let clone = listener.clone();
    let error = OwnedFd::try_from(listener).unwrap_err();
    assert_eq!(error.error().kind(), io::ErrorKind::ResourceBusy);
    let listener = error.into_inner();
    drop(clone);
    let fd = OwnedFd::try_from(listener)?;
    assert_eq!(fd.as_raw_fd(), number);
    assert!(SockRef::from(&fd).nonblocking()?, "stays as it is");
    // And in again: the same fd is registered anew.
    let listener = VsockListener::try_from(fd)?;
    assert!(poll_once(listener.accept()).await.is_none(), "waits");

    let stream = VsockStream::try_from(fresh)?;
    assert!(SockRef::from(&stream).nonblocking()?);
    assert!(stream.send(b"to whom?").await.is_err());
    assert!(SockRef::from(&OwnedFd::try_from(stream)?).nonblocking()?);
    Ok(())
}

async fn vsock_unfit_fds_are_refused() -> io::Result<()> {
    let (Some(listening), Some(fresh)) = (blocking(true)?, blocking(false)?) else { return Ok(()) };
    let unix = || UnixStream::pair().map(|(one, _)| OwnedFd::from(one));
    for (result, reason) in [
        (VsockStream::try_from(unix()?).map(drop), "not a vsock socket"),
        (VsockListener::try_from(unix()?).map(drop), "not a vsock socket"),
        (VsockStream::try_from(listening).map(drop), "is a listener"),
        (VsockListener::try_from(fresh).map(drop), "does not listen"),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains(reason), "{error}");
    }
    assert!(VsockStream::try_from(OwnedFd::from(std::fs::File::open("/dev/null")?)).is_err());
    Ok(())
}
