//! Taking connections over Unix sockets.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fend::net::{AcceptErrorKind, Shutdown, UnixListener, UnixSeqpacket, UnixSeqpacketListener, UnixStream};
use futures_lite::future::poll_once;
use futures_lite::{StreamExt, future};

use crate::alone::alone;
use crate::process::open_fds;
use crate::shape::Shape;
use crate::unix_place::Directory;

on_every_dispatcher!(
    incoming_gives_every_connection,
    into_incoming_moves_into_a_task,
    many_polled_accepts_all_get_a_connection,
    listener_that_is_shut_down_is_of_no_more_use,
    dead_connections_are_still_given,
);

alone_on_every_dispatcher!(cancelled_accepts_lose_no_connection);

async fn incoming_gives_every_connection() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixListener::bind(&path).await?;
    let clients = (0..10).map(|_| StdStream::connect(&path)).collect::<io::Result<Vec<_>>>()?;
    let streams: Vec<UnixStream> = listener.incoming().take(clients.len()).try_collect().await?;
    for (id, (stream, mut client)) in streams.iter().zip(clients).enumerate() {
        stream.send_all(&[id as u8]).await?;
        let mut got = [0xFF];
        client.read_exact(&mut got)?;
        assert_eq!(got, [id as u8], "in their order");
    }

    let path = directory.join("seqpacket");
    let listener = UnixSeqpacketListener::bind(&path).await?;
    let client = UnixSeqpacket::connect(&path).await?;
    let server = listener.incoming().next().await.expect("incoming never ends")?;
    server.send(b"x").await?;
    assert_eq!(client.recv(&mut [0; 8]).await?, 1);
    Ok(())
}

async fn into_incoming_moves_into_a_task() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let mut incoming = UnixListener::bind(&path).await?.into_incoming();
    let server = fend::spawn(async move { incoming.next().await.expect("incoming never ends") });
    let client = UnixStream::connect(&path).await?;
    let stream = server.await.expect("the server")?;
    stream.send_all(b"x").await?;
    assert_eq!(client.recv(&mut [0; 8]).await?, 1);
    Ok(())
}

async fn many_polled_accepts_all_get_a_connection() -> io::Result<()> {
    const TASKS: usize = 40;
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixListener::bind(&path).await?;
    let acceptors: Vec<_> = (0..TASKS)
        .map(|_| {
            let listener = listener.clone();
            fend::spawn(future::poll_fn(move |cx| listener.poll_accept(cx)))
        })
        .collect();
    let mut clients = Vec::new();
    for _ in 0..TASKS {
        clients.push(UnixStream::connect(&path).await?);
    }
    for acceptor in acceptors {
        acceptor.await.expect("an acceptor")?;
    }
    Ok(())
}

async fn listener_that_is_shut_down_is_of_no_more_use() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixListener::bind(&path).await?;
    assert!(poll_once(listener.accept()).await.is_none(), "waits");
    socket2::SockRef::from(&listener).shutdown(Shutdown::Both)?;
    let error = listener.accept().await.unwrap_err();
    assert_eq!(AcceptErrorKind::of(&error), AcceptErrorKind::Fatal, "{error}");
    assert!(error.to_string().starts_with(&format!("accept on {}: ", path.display())), "{error}");
    assert!(listener.take_error()?.is_none());
    Ok(())
}

/// A client that has gone in the meantime has said something all the same.
async fn dead_connections_are_still_given() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixListener::bind(&path).await?;
    StdStream::connect(&path)?.write_all(b"last words")?;
    let (stream, _) = listener.accept().await?;
    let mut buf = [0; 10];
    stream.recv_exact(&mut buf).await?;
    assert_eq!(&buf, b"last words");
    assert_eq!(stream.recv(&mut buf).await?, 0);
    Ok(())
}

/// NT7
fn cancelled_accepts_lose_no_connection(shape: Shape) {
    alone(shape, || shape.block_on(storm_of_cancelled_accepts()).expect("the sockets"));
}

async fn storm_of_cancelled_accepts() -> io::Result<()> {
    const CLIENTS: usize = 300;
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixListener::bind(&path).await?;
    // Once there and back, so that all that a runtime opens is open.
    let first = path.clone();
    let served = Arc::new(AtomicUsize::new(0));
    let acceptor = fend::spawn(accept_with_little_patience(listener.clone(), 2, served.clone()));
    fend::spawn_blocking(move || call(&first, 0)).await??;
    acceptor.abort();
    let _ = acceptor.await;
    let before = open_fds();
    let clients = thread::spawn(move || (0..CLIENTS as u32).try_for_each(|id| call(&path, id)));
    let served = Arc::new(AtomicUsize::new(0));
    let acceptors: Vec<_> = (1..4)
        .map(|patience| fend::spawn(accept_with_little_patience(listener.clone(), patience, served.clone())))
        .collect();
    while served.load(Ordering::Relaxed) < CLIENTS {
        fend::yield_now().await;
    }
    for acceptor in acceptors {
        acceptor.abort();
        assert!(acceptor.await.is_err(), "it goes on for ever");
    }
    clients.join().expect("the clients")?;
    assert_eq!(served.load(Ordering::Relaxed), CLIENTS);
    assert_eq!(open_fds(), before);
    Ok(())
}

/// Says its number and wants to hear it.
fn call(path: &Path, id: u32) -> io::Result<()> {
    let mut stream = StdStream::connect(path)?;
    stream.write_all(&id.to_be_bytes())?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    assert_eq!(u32::from_be_bytes(answer), id);
    Ok(())
}

/// Gives each accept up after it was polled `patience` times.
async fn accept_with_little_patience(listener: UnixListener, patience: usize, served: Arc<AtomicUsize>) {
    loop {
        let accept = async { Some(listener.accept().await) };
        let impatience = async {
            for _ in 0..patience {
                fend::yield_now().await;
            }
            None
        };
        if let Some(accepted) = future::or(accept, impatience).await {
            let (stream, _) = accepted.expect("a connection");
            let mut id = [0; 4];
            stream.recv_exact(&mut id).await.expect("a number");
            stream.send_all(&id).await.expect("room for a number");
            served.fetch_add(1, Ordering::Relaxed);
        }
    }
}
