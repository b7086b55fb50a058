//! `select!`, and streams of connections whose elements are worked on at the same time.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use fend::net::{TcpListener, TcpStream};
use fend::time::sleep;
use futures::{FutureExt, StreamExt, TryStreamExt, future, select};

use crate::pair::{echo, exchange, tcp};

on_every_dispatcher!(
    the_first_of_several_wins,
    connections_are_served_beside_each_other,
    connections_are_served_until_one_fails,
);

/// More than any test takes.
const NEVER: Duration = Duration::from_secs(3600);

async fn the_first_of_several_wins() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (ours, theirs) = tcp().await?;
    let mut buf = [0; 16];
    let mut wins = Vec::new();
    for turn in 0..3 {
        let mut received = pin!(ours.recv(&mut buf).fuse());
        let mut accepted = pin!(listener.accept().fuse());
        let mut slept = sleep(if turn == 2 { Duration::from_millis(5) } else { NEVER }).fuse();
        let mut connected = pin!(
            async {
                match turn {
                    0 => theirs.send_all(b"hello").await.map(|()| None),
                    1 => TcpStream::connect(listener.local_addr()?).await.map(Some),
                    _ => future::pending().await,
                }
            }
            .fuse()
        );
        let mut client = None;
        // The last one that is ready for itself is no winner.
        let win = loop {
            select! {
                count = received => break format!("{} bytes", count?),
                accepted = accepted => break format!("a connection from {}", accepted?.1.ip()),
                () = slept => break "silence".to_owned(),
                done = connected => client = done?,
            }
        };
        drop(client);
        wins.push(win);
    }
    assert_eq!(wins, ["5 bytes", "a connection from 127.0.0.1", "silence"]);
    Ok(())
}

/// All connections are there before the first one is served to its end, and no more of them than were asked for are served at a time.
async fn connections_are_served_beside_each_other() -> io::Result<()> {
    const CLIENTS: usize = 12;
    const AT_A_TIME: usize = 4;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let clients = fend::spawn(async move {
        future::try_join_all(
            (0..CLIENTS).map(async |_| exchange(TcpStream::connect(address).await?, 100_000).await),
        )
        .await
    });
    let (served, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let serving = listener.incoming().take(CLIENTS).for_each_concurrent(AT_A_TIME, async |stream| {
        most.fetch_max(served.fetch_add(1, SeqCst) + 1, SeqCst);
        echo(stream.expect("a connection")).await.expect("an echo");
        served.fetch_sub(1, SeqCst);
    });
    serving.await;
    assert_eq!(clients.await??.len(), CLIENTS);
    assert!(most.into_inner() <= AT_A_TIME);
    Ok(())
}

async fn connections_are_served_until_one_fails() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = fend::spawn(async move {
        let silent = TcpStream::connect(address).await?;
        let talks = TcpStream::connect(address).await?;
        talks.send_all(b"no").await?;
        // Both are closed when the server is through.
        let ended = (silent.recv(&mut [0; 8]).await, talks.recv(&mut [0; 8]).await);
        io::Result::Ok((ended.0?, ended.1?))
    });
    let served = listener.into_incoming().try_for_each_concurrent(None, async |stream| {
        let mut word = [0; 2];
        stream.recv_exact(&mut word).await?;
        Err(io::Error::other(String::from_utf8_lossy(&word).into_owned()))
    });
    assert_eq!(served.await.unwrap_err().to_string(), "no");
    assert_eq!(client.await??, (0, 0));
    Ok(())
}
