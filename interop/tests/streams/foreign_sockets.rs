//! smol's sockets, timers and files (async-io, async-net, async-fs) in tasks of fend: async-io's thread waits for them and wakes fend's tasks.
//! And streams of both kinds side by side.

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use fend::net::TcpStream;
use fend::tls::{Certificate, Context, Mode, TlsAcceptor, TlsConnector};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt, future};
use smol::Async;

use crate::pair::{echo, exchange, tcp};
use crate::pki::pki;
use crate::place::Place;

on_every_dispatcher!(
    smols_streams_in_tasks,
    smols_client_and_our_server,
    our_client_and_smols_server,
    our_tls_over_smols_streams,
    bytes_go_through_us_to_smols_stream,
    any_descriptor_of_async_io,
    smols_timers_and_ours,
    smols_files_and_threads,
);

const LENGTH: usize = 1 << 20;

async fn smols_pair() -> io::Result<(smol::net::TcpStream, smol::net::TcpStream)> {
    let listener = smol::net::TcpListener::bind("127.0.0.1:0").await?;
    let connecting = smol::net::TcpStream::connect(listener.local_addr()?);
    let (ours, (theirs, _)) = future::try_join(connecting, listener.accept()).await?;
    Ok((ours, theirs))
}

async fn smols_streams_in_tasks() -> io::Result<()> {
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            fend::spawn(async {
                let (ours, theirs) = smols_pair().await?;
                let server = fend::spawn(echo(theirs));
                exchange(ours, LENGTH / 8).await?;
                server.await?
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await??, LENGTH as u64 / 8);
    }
    Ok(())
}

async fn smols_client_and_our_server() -> io::Result<()> {
    let listener = fend::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client =
        fend::spawn(async move { exchange(smol::net::TcpStream::connect(address).await?, LENGTH).await });
    echo(listener.accept().await?.0).await?;
    client.await?
}

async fn our_client_and_smols_server() -> io::Result<()> {
    let listener = smol::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = fend::spawn(async move { exchange(TcpStream::connect(address).await?, LENGTH).await });
    let stream = listener.incoming().next().await.expect("incoming never ends")?;
    echo(stream).await?;
    client.await?
}

async fn our_tls_over_smols_streams() -> io::Result<()> {
    let root = Certificate::from_pem(&pki().root_pem())?;
    let connector = TlsConnector::with_context(Context::builder(Mode::Client).ca(root).build()?)?;
    let acceptor = TlsAcceptor::new(pki().localhost.identity())?;
    let (ours, theirs) = smols_pair().await?;
    let server = fend::spawn(async move { echo(acceptor.handshake(theirs).await?).await });
    exchange(connector.handshake("localhost", ours).await?, LENGTH).await?;
    assert_eq!(server.await??, LENGTH as u64);
    Ok(())
}

/// A relay, with a stream of each kind.
async fn bytes_go_through_us_to_smols_stream() -> io::Result<()> {
    let ((client, mut relay_in), (mut relay_out, server)) = (tcp().await?, smols_pair().await?);
    let relay = fend::spawn(async move { fend::io::copy_bidirectional(&mut relay_in, &mut relay_out).await });
    let server = fend::spawn(echo(server));
    exchange(client, LENGTH).await?;
    assert_eq!(relay.await??, (LENGTH as u64, LENGTH as u64));
    server.await??;
    Ok(())
}

async fn any_descriptor_of_async_io() -> io::Result<()> {
    let ours = Async::<std::net::UdpSocket>::bind((Ipv4Addr::LOCALHOST, 0))?;
    let theirs = fend::net::UdpSocket::bind("127.0.0.1:0").await?;
    let (at, other) = (ours.get_ref().local_addr()?, theirs.local_addr()?);
    for number in 0..20_u8 {
        let (sent, mut buf) = ([number; 50], [0; 100]);
        let (_, (count, _)) =
            future::try_join(ours.send_to(&sent, other), theirs.recv_from(&mut buf)).await?;
        assert_eq!(buf[..count], sent);
        let (_, count) = future::try_join(theirs.send_to(&sent, at), ours.recv(&mut buf)).await?;
        assert_eq!(buf[..count], sent);
    }
    let (mut ours, theirs) = Async::<std::os::unix::net::UnixStream>::pair()?;
    ours.write_all(b"hello").await?;
    theirs.readable().await?;
    let mut word = [0; 5];
    (&theirs).read_exact(&mut word).await?;
    assert_eq!(&word, b"hello");
    Ok(())
}

async fn smols_timers_and_ours() -> io::Result<()> {
    const NAP: Duration = Duration::from_millis(5);
    let before = Instant::now();
    let naps = (0..50).map(async |number| {
        if number % 2 == 0 {
            smol::Timer::after(NAP).await;
        } else {
            fend::time::sleep(NAP).await;
        }
    });
    future::join_all(naps).await;
    assert!(before.elapsed() >= NAP);
    // Either wakes a task while the other one is far away.
    let far = Duration::from_secs(3600);
    assert!(fend::time::timeout(NAP, smol::Timer::after(far)).await.is_err());
    future::select(smol::Timer::after(NAP), fend::time::sleep(far)).await;
    Ok(())
}

async fn smols_files_and_threads() -> io::Result<()> {
    let place = Place::new();
    let path = place.file("letter");
    smol::fs::write(&path, "dear reader").await?;
    assert_eq!(fend::fs::read_to_string(&path).await?, "dear reader");
    assert_eq!(smol::unblock(|| 6 * 7).await, 42);
    let (sender, receiver) = smol::channel::bounded(1);
    let sending = fend::spawn(async move {
        for number in 0..1_000 {
            sender.send(number).await.expect("somebody listens");
        }
    });
    let received: Vec<_> = receiver.collect().await;
    sending.await?;
    assert_eq!(received, (0..1_000).collect::<Vec<_>>());
    Ok(())
}
