//! Both directions at once, by one task and by two, also when one direction has to wait for the other.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fend::net::TcpStream;
use fend::tls::{ContextBuilder, TlsStream};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use openssl::sha::sha256;
use openssl::ssl::{SslContextBuilder, SslOptions, SslVersion};

use crate::blocking::{
    Blocking, VERSIONS, accepted, accepted_by, client_context, connected, connected_by, finished, only,
    renegotiate, server_context, update_keys,
};
use crate::ours::{PROTOCOLS, acceptor_of, client, connector_of, pair, server};
use crate::peer::noise;
use crate::scaled;

on_every_dispatcher!(
    two_tasks_with_halves_that_borrow,
    two_tasks_with_halves_of_their_own,
    one_task_and_both_ends,
    many_tasks_send_whole_messages,
    a_renegotiation_in_full_duplex_with_one_task,
    a_renegotiation_in_full_duplex_with_two_tasks,
    key_updates_in_full_duplex,
    halves_become_one_again,
    a_receiver_is_served_while_the_sender_waits,
);

/// How much goes each way.
fn total() -> usize {
    scaled(4 << 20, 64 << 20)
}

const BLOCK: usize = 1 << 20;

/// Sends [`total`] bytes, a mebibyte again and again, each time with its number in front.
async fn send(mut stream: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut block = noise(BLOCK);
    for number in 0..total() / BLOCK {
        block[..8].copy_from_slice(&number.to_le_bytes());
        stream.write_all(&block).await?;
    }
    stream.close().await
}

/// Receives what [`send`] has sent, and nothing else.
async fn receive(mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
    let (mut expected, mut block) = (noise(BLOCK), vec![0; BLOCK]);
    for number in 0..total() / BLOCK {
        stream.read_exact(&mut block).await?;
        expected[..8].copy_from_slice(&number.to_le_bytes());
        assert_eq!(sha256(&block), sha256(&expected), "block {number}");
    }
    assert_eq!(stream.read(&mut block).await?, 0);
    Ok(())
}

/// TL10
async fn two_tasks_with_halves_of_their_own() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (client, server) = pair(protocol).await?;
        let mut tasks = Vec::new();
        for stream in [client, server] {
            let (reader, writer) = stream.into_split();
            tasks.push(fend::spawn(send(writer)));
            tasks.push(fend::spawn(receive(reader)));
        }
        for task in tasks {
            task.await??;
        }
    }
    Ok(())
}

/// TL10
async fn two_tasks_with_halves_that_borrow() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (client, server) = pair(protocol).await?;
        let there = fend::spawn(async move {
            let (reader, writer) = server.split();
            futures::future::try_join(send(writer), receive(reader)).await.map(|_| ())
        });
        let (reader, writer) = client.split();
        futures::future::try_join(send(writer), receive(reader)).await?;
        there.await??;
    }
    Ok(())
}

/// TL10
async fn one_task_and_both_ends() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (client, server) = pair(protocol).await?;
        futures::future::try_join4(send(&client), receive(&client), send(&server), receive(&server)).await?;
    }
    Ok(())
}

/// A message that is handed over with one call is not mixed with those of other tasks as long as it fits a record.
async fn many_tasks_send_whole_messages() -> io::Result<()> {
    const TASKS: usize = 8;
    let rounds = scaled(200, 2_000);
    for protocol in PROTOCOLS {
        let (client, server) = pair(protocol).await?;
        let client = Arc::new(client);
        let mut tasks = Vec::new();
        for letter in b'a'..b'a' + u8::try_from(TASKS).expect("few") {
            let client = client.clone();
            tasks.push(fend::spawn(async move {
                for _ in 0..rounds {
                    assert_eq!(client.send(&[letter; 1_000]).await?, 1_000);
                }
                io::Result::Ok(())
            }));
        }
        let mut counts = [0; TASKS];
        let mut message = [0; 1_000];
        for _ in 0..TASKS * rounds {
            server.recv_exact(&mut message).await?;
            assert!(message.iter().all(|&byte| byte == message[0]), "messages are mixed");
            counts[usize::from(message[0] - b'a')] += 1;
        }
        assert_eq!(counts, [rounds; TASKS]);
        for task in tasks {
            task.await??;
        }
    }
    Ok(())
}

/// Lets the peer renegotiate, as nobody should.
fn with_renegotiation(builder: ContextBuilder) -> ContextBuilder {
    builder.with_openssl(|context| {
        context.clear_options(SslOptions::NO_RENEGOTIATION);
        // For servers OpenSSL wants this too: `SSL_OP_ALLOW_CLIENT_RENEGOTIATION`.
        context.set_options(SslOptions::from_bits_retain(1 << 8));
        Ok(())
    })
}

/// A session of TLS 1.2 in which the peer may renegotiate, with our end as server or as client.
async fn renegotiable(as_server: bool) -> io::Result<(TlsStream<TcpStream>, Blocking)> {
    let tune = |context: &mut SslContextBuilder| {
        only(SslVersion::TLS1_2)(context);
        context.clear_options(SslOptions::NO_RENEGOTIATION);
    };
    if as_server {
        let acceptor = acceptor_of(with_renegotiation(server()));
        accepted_by(&acceptor, client_context(tune)).await
    } else {
        let connector = connector_of(with_renegotiation(client()));
        connected_by(&connector, server_context(tune)).await
    }
}

/// How many bytes the peer reads before it writes, and how many it writes then.
const TURN: (usize, usize) = (64 << 10, 4 << 10);

/// How often the peer takes its turn.
fn turns() -> usize {
    scaled(100, 300)
}

/// Reads to the end, with a turn of writing now and then and `interfere` after it, which says whether it has asked for a
/// renegotiation. Nothing is written while one goes on: in a handshake OpenSSL takes data for an error, unless it was asked to read.
fn take_turns(mut peer: Blocking, interfere: impl Fn(&mut Blocking, usize) -> bool) -> io::Result<Blocking> {
    let (mut buf, block, expected) = (vec![0; 16 << 10], noise(TURN.1), noise(BLOCK));
    let (mut received, mut turn, mut before) = (0, 0, None::<[[u8; 12]; 2]>);
    loop {
        let now = finished(&peer);
        let in_handshake = match before {
            Some(before) => now.is_none_or(|now| now[0] == before[0] || now[1] == before[1]),
            None => false,
        };
        if turn < turns() && received >= TURN.0 * turn && !in_handshake {
            peer.write_all(&block)?;
            before = finished(&peer).filter(|_| interfere(&mut peer, turn));
            turn += 1;
            continue;
        }
        let n = peer.read(&mut buf)?;
        if n == 0 {
            assert_eq!(turn, turns(), "the end comes too early");
            // It stays: an end with something unread would reset the connection.
            return Ok(peer);
        }
        let same = buf[..n].iter().zip(expected.iter().cycle().skip(received % BLOCK)).all(|(a, b)| a == b);
        assert!(same, "in turn {turn}, after {received} bytes");
        received += n;
    }
}

/// Sends what [`take_turns`] expects, until all of its turns were received.
async fn send_to_turns(mut stream: impl AsyncWrite + Unpin, received: &AtomicBool) -> io::Result<()> {
    let block = noise(BLOCK);
    while !received.load(Ordering::SeqCst) {
        stream.write_all(&block).await?;
    }
    stream.close().await
}

async fn receive_from_turns(mut stream: impl AsyncRead + Unpin, received: &AtomicBool) -> io::Result<()> {
    let (expected, mut block) = (noise(TURN.1), vec![0; TURN.1]);
    for turn in 0..turns() {
        stream.read_exact(&mut block).await?;
        assert!(block == expected, "turn {turn}");
    }
    received.store(true, Ordering::SeqCst);
    Ok(())
}

/// Both directions of `stream` in one task or two, with a peer that takes turns.
async fn converse(
    stream: TlsStream<TcpStream>,
    peer: Blocking,
    interfere: impl Fn(&mut Blocking, usize) -> bool + Send + 'static,
    two_tasks: bool,
) -> io::Result<()> {
    let peer = fend::spawn_blocking(move || take_turns(peer, interfere));
    let received = Arc::new(AtomicBool::new(false));
    // It stays until the peer is done, for the same reason.
    let stream = Arc::new(stream);
    let ours = if two_tasks {
        let (reader, flag) = (stream.clone(), received.clone());
        let receiving = fend::spawn(async move { receive_from_turns(&*reader, &flag).await });
        let sent = send_to_turns(&*stream, &received).await;
        sent.and(receiving.await?)
    } else {
        let sending = send_to_turns(&*stream, &received);
        futures::future::try_join(sending, receive_from_turns(&*stream, &received)).await.map(|_| ())
    };
    match (peer.await?, ours) {
        (Ok(_), Ok(())) => Ok(()),
        (peer, ours) => panic!("the peer: {:?}, we: {ours:?}", peer.map(|_| ())),
    }
}

fn now_and_then(peer: &mut Blocking, turn: usize) -> bool {
    let asks = turn % 7 == 3;
    if asks {
        renegotiate(peer);
    }
    asks
}

/// TL10: a handshake in the middle of the traffic, so that sending waits for what is received, and receiving for what is sent.
async fn a_renegotiation_in_full_duplex_with_one_task() -> io::Result<()> {
    for as_server in [true, false] {
        let (stream, peer) = renegotiable(as_server).await?;
        converse(stream, peer, now_and_then, false).await?;
    }
    Ok(())
}

/// TL10
async fn a_renegotiation_in_full_duplex_with_two_tasks() -> io::Result<()> {
    for as_server in [true, false] {
        let (stream, peer) = renegotiable(as_server).await?;
        converse(stream, peer, now_and_then, true).await?;
    }
    Ok(())
}

/// TL10: each asks for one of ours, which has to be sent while a socket is full.
async fn key_updates_in_full_duplex() -> io::Result<()> {
    for (stream, peer) in [accepted(SslVersion::TLS1_3).await?, connected(SslVersion::TLS1_3).await?] {
        let update = |peer: &mut Blocking, turn: usize| {
            update_keys(peer, turn % 2 == 0);
            false
        };
        converse(stream, peer, update, true).await?;
    }
    Ok(())
}

async fn halves_become_one_again() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (client, server) = pair(protocol).await?;
        let (other, _server) = pair(protocol).await?;
        let (reader, writer) = client.into_split();
        let (other_reader, other_writer) = other.into_split();
        assert!(reader.reunite(other_writer).is_err());
        drop((writer, other_reader));
        let (reader, writer) = server.into_split();
        let server = reader.reunite(writer).expect("of one stream");
        assert_eq!(server.protocol(), protocol);
    }
    Ok(())
}

/// TL10
async fn a_receiver_is_served_while_the_sender_waits() -> io::Result<()> {
    for version in VERSIONS {
        let (stream, mut peer) = accepted(version).await?;
        let block = noise(BLOCK);
        // Nobody reads this.
        let mut sending = Box::pin(async {
            loop {
                stream.send_all(&block).await?;
            }
        });
        assert!(futures_lite::future::poll_once(&mut sending).await.is_none());
        for _ in 0..100 {
            peer.write_all(b"ping")?;
            let mut received = [0; 4];
            let receiving = async { stream.recv_exact(&mut received).await };
            let never: io::Result<()> = futures_lite::future::or(&mut sending, receiving).await;
            never?;
            assert_eq!(&received, b"ping");
        }
    }
    Ok(())
}
