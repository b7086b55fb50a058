//! Peers that say nothing, or too little, and how long they are waited for.

use std::io::{self, Read, Write};
use std::net;
use std::time::{Duration, Instant};

use fend::net::{TcpListener, TcpStream};
use fend::time::sleep;
use fend::tls::{TlsAcceptor, TlsError};

use crate::alone::alone;
use crate::ours::{acceptor, acceptor_of, connector, handshake, hello, server};
use crate::peer;
use crate::process::resident;
use crate::scaled;
use crate::shape::Shape;

on_every_dispatcher!(
    a_silent_peer_ends_at_the_deadline,
    a_silent_server_ends_at_the_deadline,
    a_slow_peer_ends_at_the_deadline,
    the_deadline_is_over_with_the_handshake,
);
alone_on_every_dispatcher!(undisturbed: stalled_peers_cost_little_and_hold_nobody_up);

/// Short, for a test; and long beside a handshake on a busy machine.
const DEADLINE: Duration = Duration::from_millis(400);

fn hurried() -> TlsAcceptor {
    acceptor_of(server().handshake_timeout(Some(DEADLINE)))
}

/// Checks an error that has come `after` the beginning.
fn is_over(error: &TlsError, after: Duration) {
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.io_kind(), io::ErrorKind::TimedOut);
    assert!(after >= DEADLINE, "{after:?}");
}

/// TL6
async fn a_silent_peer_ends_at_the_deadline() -> io::Result<()> {
    let (stream, mut peer) = peer::accepted().await?;
    let start = Instant::now();
    is_over(&hurried().handshake(stream).await.unwrap_err(), start.elapsed());
    // The stream is gone with the handshake; there may be an alert.
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest)?;
    // The handshake's own deadline goes before that of the context.
    let (stream, _peer) = peer::accepted().await?;
    let start = Instant::now();
    let error = acceptor().handshake(stream).timeout(Some(DEADLINE)).await.unwrap_err();
    is_over(&error, start.elapsed());
    Ok(())
}

/// TL6
async fn a_silent_server_ends_at_the_deadline() -> io::Result<()> {
    let (stream, mut peer) = peer::connected().await?;
    let start = Instant::now();
    let error = connector().handshake("localhost", stream).timeout(Some(DEADLINE)).await.unwrap_err();
    is_over(&error, start.elapsed());
    assert_eq!(error.host(), Some("localhost"));
    let mut hello = Vec::new();
    peer.read_to_end(&mut hello)?;
    assert_eq!(hello.first(), Some(&22), "{hello:?}");
    Ok(())
}

/// TL6
async fn a_slow_peer_ends_at_the_deadline() -> io::Result<()> {
    let (stream, peer) = peer::accepted().await?;
    let (acceptor, hello) = (hurried(), hello().await?);
    let pause = Duration::from_millis(20);
    assert!(pause * u32::try_from(hello.len()).expect("short") > 4 * DEADLINE, "it is never there whole");
    let dripping = fend::spawn(drip(TcpStream::try_from(peer)?, hello, pause));
    let start = Instant::now();
    is_over(&acceptor.handshake(stream).await.unwrap_err(), start.elapsed());
    let sent = dripping.await??;
    assert!(sent >= 3, "{sent} bytes");
    Ok(())
}

/// Sends byte by byte until the other end is gone.
async fn drip(stream: TcpStream, bytes: Vec<u8>, pause: Duration) -> io::Result<usize> {
    for (sent, byte) in bytes.iter().enumerate() {
        let gone = async { stream.recv(&mut [0; 64]).await.map_or(true, |n| n == 0) };
        if fend::time::timeout(pause, gone).await == Ok(true) {
            return Ok(sent);
        }
        if stream.send_all(&[*byte]).await.is_err() {
            return Ok(sent);
        }
    }
    Ok(bytes.len())
}

/// TL6
async fn the_deadline_is_over_with_the_handshake() -> io::Result<()> {
    let (connector, acceptor) = (connector(), hurried());
    let (client, server) = loop {
        match handshake(&connector, &acceptor, "localhost").await? {
            (Ok(client), Ok(server)) => break (client, server),
            // On a busy machine the handshake itself may take too long.
            (client, server) => {
                let errors = [client.err(), server.err()];
                assert!(errors.iter().flatten().any(TlsError::is_timeout), "{errors:?}");
            }
        }
    };
    let mut buf = [0; 5];
    let mut receiving = Box::pin(server.recv_exact(&mut buf));
    let waited = fend::time::timeout(DEADLINE * 2, &mut receiving).await;
    assert!(waited.is_err(), "nothing came, and nothing has ended: {waited:?}");
    client.send_all(b"later").await?;
    receiving.await
}

/// TL6: some peers say nothing, some of them half a word, and some a whole one. Others shake hands all the while.
fn stalled_peers_cost_little_and_hold_nobody_up(shape: Shape) {
    let count = scaled(100, 300);
    alone(shape, || {
        shape
            .block_on(async {
                let acceptor = acceptor_of(server().handshake_timeout(Some(Duration::from_secs(6))));
                // What the first handshakes leave for those that follow.
                let (client, served) = handshake(&connector(), &acceptor, "localhost").await?;
                drop((client?, served?));
                let hello = hello().await?;
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let (mut peers, mut stalled, mut begun) = (Vec::new(), Vec::new(), 0);
                let start = Instant::now();
                for sent in [&[][..], &hello[..hello.len() - 1], &hello] {
                    let memory = resident();
                    for _ in 0..count {
                        let mut peer = net::TcpStream::connect(listener.local_addr()?)?;
                        let (stream, _) = listener.accept().await?;
                        let handshake = acceptor.handshake(stream);
                        stalled.push(fend::spawn(async { handshake.await.map(|_| ()).unwrap_err() }));
                        peer.write_all(sent)?;
                        peers.push(peer);
                    }
                    begun += if sent.is_empty() { 0 } else { count };
                    while acceptor.handshakes() != begun {
                        sleep(Duration::from_millis(2)).await;
                    }
                    // The last of them have had their turn once this one is served behind them.
                    let (client, served) = handshake(&connector(), &acceptor, "localhost").await?;
                    drop((client?, served?));
                    let each = resident().saturating_sub(memory) / count;
                    eprintln!("peers that stall after {} bytes: {each} bytes each", sent.len());
                    assert!(each < 64 << 10, "{each} bytes each");
                }
                let (all_stall, mut served) = (Instant::now(), 0);
                while served <= 5 || start.elapsed() < Duration::from_secs(3) {
                    let before = Instant::now();
                    let (client, server) = handshake(&connector(), &acceptor, "localhost").await?;
                    drop((client?, server?));
                    assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
                    served += 1;
                    sleep(Duration::from_millis(50)).await;
                }
                let ended = stalled.iter().filter(|task| task.is_finished()).count();
                let took = start.elapsed();
                assert!(ended == 0 || took >= Duration::from_secs(6), "{ended} have ended after {took:?}");
                for task in stalled {
                    let error = task.await.expect("no panic");
                    assert!(error.is_timeout(), "{error}");
                }
                assert!(all_stall.elapsed() < Duration::from_secs(10), "{:?}", all_stall.elapsed());
                assert_eq!(acceptor.handshakes(), 0);
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}
