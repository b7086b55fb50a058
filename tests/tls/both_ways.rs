//! Both directions at once, by one task and by two, also when one direction has to wait for the other.

use std::io::{self, Read, Write};
use std::sync::Arc;

use fend::net::TcpStream;
use fend::tls::{ContextBuilder, TlsStream};
use futures::{AsyncReadExt, AsyncWriteExt};
use openssl::sha::sha256;
use openssl::ssl::{SslContextBuilder, SslOptions, SslVersion};

use crate::blocking::{
    Blocking, VERSIONS, accepted, accepted_by, client_context, connected, connected_by, only, renegotiate,
    server_context, update_keys,
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
async fn send(mut stream: impl futures::AsyncWrite + Unpin) -> io::Result<()> {
    let mut block = noise(BLOCK);
    for number in 0..total() / BLOCK {
        block[..8].copy_from_slice(&number.to_le_bytes());
        stream.write_all(&block).await?;
    }
    stream.close().await
}

/// Receives what [`send`] has sent, and nothing else.
async fn receive(mut stream: impl futures::AsyncRead + Unpin) -> io::Result<()> {
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
    scaled(100, 1_000)
}

/// Reads and writes in turns, with `interfere` between them.
fn take_turns(mut peer: Blocking, interfere: impl Fn(&mut Blocking, usize)) -> io::Result<Vec<u8>> {
    let (mut all, block) = (vec![0; TURN.0 * turns()], noise(TURN.1));
    for (turn, received) in all.chunks_mut(TURN.0).enumerate() {
        peer.write_all(&block)?;
        interfere(&mut peer, turn);
        peer.read_exact(received)?;
    }
    Ok(all)
}

async fn send_to_turns(mut stream: impl futures::AsyncWrite + Unpin) -> io::Result<()> {
    stream.write_all(&noise(TURN.0 * turns())).await
}

async fn receive_from_turns(mut stream: impl futures::AsyncRead + Unpin) -> io::Result<()> {
    let (expected, mut received) = (noise(TURN.1), vec![0; TURN.1]);
    for turn in 0..turns() {
        stream.read_exact(&mut received).await?;
        assert!(received == expected, "turn {turn}");
    }
    Ok(())
}

fn now_and_then(peer: &mut Blocking, turn: usize) {
    if turn % 7 == 3 {
        renegotiate(peer);
    }
}

/// TL10: a handshake in the middle of the traffic, so that sending waits for what is received, and receiving for what is sent.
async fn a_renegotiation_in_full_duplex_with_one_task() -> io::Result<()> {
    for as_server in [true, false] {
        let (stream, peer) = renegotiable(as_server).await?;
        let peer = fend::spawn_blocking(move || take_turns(peer, now_and_then));
        futures::future::try_join(send_to_turns(&stream), receive_from_turns(&stream)).await?;
        assert!(sha256(&peer.await??) == sha256(&noise(TURN.0 * turns())));
    }
    Ok(())
}

/// TL10
async fn a_renegotiation_in_full_duplex_with_two_tasks() -> io::Result<()> {
    for as_server in [true, false] {
        let (stream, peer) = renegotiable(as_server).await?;
        let peer = fend::spawn_blocking(move || take_turns(peer, now_and_then));
        let (reader, writer) = stream.into_split();
        let receiving = fend::spawn(async move { receive_from_turns(reader).await });
        send_to_turns(writer).await?;
        receiving.await??;
        assert!(sha256(&peer.await??) == sha256(&noise(TURN.0 * turns())));
    }
    Ok(())
}

/// TL10: each asks for one of ours, which has to be sent while a socket is full.
async fn key_updates_in_full_duplex() -> io::Result<()> {
    for (stream, peer) in [accepted(SslVersion::TLS1_3).await?, connected(SslVersion::TLS1_3).await?] {
        let peer =
            fend::spawn_blocking(move || take_turns(peer, |peer, turn| update_keys(peer, turn % 2 == 0)));
        let (reader, writer) = stream.into_split();
        let receiving = fend::spawn(async move { receive_from_turns(reader).await });
        send_to_turns(writer).await?;
        receiving.await??;
        assert!(sha256(&peer.await??) == sha256(&noise(TURN.0 * turns())));
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
