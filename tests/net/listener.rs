//! Taking connections.

use std::io::{self, Read, Write};
use std::net::{self, Shutdown};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fend::net::{AcceptErrorKind, SocketError, TcpListener, TcpStream};
use futures_lite::{StreamExt, future};

use crate::alone::alone;
use crate::process::open_fds;
use crate::shape::Shape;

on_every_dispatcher!(
    accept_tells_the_peer,
    incoming_gives_every_connection,
    into_incoming_moves_into_a_task,
    bind_error_names_the_address,
    listener_that_is_shut_down_is_of_no_more_use,
    many_polled_accepts_all_get_a_connection,
    options_are_kept,
);

alone_on_every_dispatcher!(cancelled_accepts_lose_no_connection);

async fn accept_tells_the_peer() -> io::Result<()> {
    let listener =
        TcpListener::bind(&[([0, 0, 0, 0, 0, 0, 0, 1], 0).into(), ([127, 0, 0, 1], 0).into()]).await?;
    let client = net::TcpStream::connect(listener.local_addr()?)?;
    let (stream, peer) = listener.accept().await?;
    assert_eq!(peer, client.local_addr()?);
    assert_eq!(stream.peer_addr()?, peer);
    assert_eq!(stream.local_addr()?, listener.local_addr()?);
    Ok(())
}

async fn incoming_gives_every_connection() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let clients = (0..10).map(|_| net::TcpStream::connect(address)).collect::<io::Result<Vec<_>>>()?;
    let streams: Vec<TcpStream> = listener.incoming().take(clients.len()).try_collect().await?;
    for (stream, client) in streams.iter().zip(&clients) {
        assert_eq!(stream.peer_addr()?, client.local_addr()?);
    }
    Ok(())
}

async fn into_incoming_moves_into_a_task() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut incoming = listener.into_incoming();
    let server = fend::spawn(async move { incoming.next().await.expect("incoming never ends") });
    let client = TcpStream::connect(address).await?;
    let stream = server.await.expect("the server")?;
    assert_eq!(stream.peer_addr()?, client.local_addr()?);
    Ok(())
}

async fn bind_error_names_the_address() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let error = TcpListener::bind(address).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(error.to_string(), format!("bind {address}: Address already in use (os error 98)"));
    Ok(())
}

async fn listener_that_is_shut_down_is_of_no_more_use() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    socket2::SockRef::from(&listener).shutdown(Shutdown::Both)?;
    let error = listener.accept().await.unwrap_err();
    assert_eq!(AcceptErrorKind::of(&error), AcceptErrorKind::Fatal, "{error}");
    let detail = error.get_ref().and_then(|error| error.downcast_ref::<SocketError>());
    assert_eq!(detail.and_then(|detail| detail.os_error().raw_os_error()), Some(libc::EINVAL));
    Ok(())
}

/// More wakers than a direction keeps: those that had to go were woken first, so that no task is left alone.
async fn many_polled_accepts_all_get_a_connection() -> io::Result<()> {
    const TASKS: usize = 40;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let acceptors: Vec<_> = (0..TASKS)
        .map(|_| {
            let listener = listener.clone();
            fend::spawn(future::poll_fn(move |cx| listener.poll_accept(cx)))
        })
        .collect();
    let mut clients = Vec::new();
    for _ in 0..TASKS {
        clients.push(TcpStream::connect(address).await?);
    }
    for acceptor in acceptors {
        acceptor.await.expect("an acceptor")?;
    }
    Ok(())
}

async fn options_are_kept() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    listener.set_ttl(17)?;
    assert_eq!(listener.ttl()?, 17);
    assert!(listener.take_error()?.is_none());
    assert!(socket2::SockRef::from(&listener).reuse_address()?);
    let shown = format!("{listener:?}");
    assert!(shown.contains(&listener.local_addr()?.to_string()) && shown.contains("fd: "), "{shown}");
    Ok(())
}

/// NT7
fn cancelled_accepts_lose_no_connection(shape: Shape) {
    alone(shape, || shape.block_on(storm_of_cancelled_accepts()).expect("the sockets"));
}

async fn storm_of_cancelled_accepts() -> io::Result<()> {
    const CLIENTS: usize = 300;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // Once there and back, so that all that a runtime opens is open.
    let served = Arc::new(AtomicUsize::new(0));
    let acceptor = fend::spawn(accept_with_little_patience(listener.clone(), 2, served.clone()));
    fend::spawn_blocking(move || call(address, 0)).await??;
    acceptor.abort();
    let _ = acceptor.await;
    let before = open_fds();
    let clients = thread::spawn(move || (0..CLIENTS as u32).try_for_each(|id| call(address, id)));
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
fn call(address: net::SocketAddr, id: u32) -> io::Result<()> {
    let mut stream = net::TcpStream::connect(address)?;
    stream.write_all(&id.to_be_bytes())?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    assert_eq!(u32::from_be_bytes(answer), id);
    Ok(())
}

/// Gives each accept up after it was polled `patience` times.
async fn accept_with_little_patience(listener: TcpListener, patience: usize, served: Arc<AtomicUsize>) {
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
