//! What a client sends before the handshake is over: taken, refused, and off unless both sides say otherwise.

use std::io;

use fend::net::TcpStream;
use fend::tls::{ContextBuilder, Protocol, TlsAcceptor, TlsConnector, TlsStream};

use crate::ours::{Pair, acceptor_of, client, connector_of, server, tcp};
use crate::peer::noise;

on_every_dispatcher!(
    it_is_taken,
    much_of_it_is_taken,
    it_is_off_unless_both_say_otherwise,
    a_server_that_takes_none_any_more,
    a_session_of_before_takes_it_once,
    a_replay_is_refused,
    a_first_session_has_none,
);

async fn session(
    connector: &TlsConnector,
    acceptor: &TlsAcceptor,
    early: &[u8],
) -> io::Result<(TlsStream<TcpStream>, TlsStream<TcpStream>)> {
    let (client, server) = tcp().await?;
    let connecting = connector.handshake("localhost", client).early_data(early);
    let (client, server) = futures::future::try_join(connecting, acceptor.handshake(server)).await?;
    // The tickets come with it.
    server.send_all(b"hello").await?;
    client.recv_exact(&mut [0; 5]).await?;
    Ok((client, server))
}

/// What comes later is not mixed with what came early.
async fn goes_on(pair: &Pair) -> io::Result<()> {
    let mut received = [0; 5];
    pair.0.send_all(b"later").await?;
    pair.1.recv_exact(&mut received).await?;
    assert_eq!(&received, b"later");
    Ok(())
}

fn taking(max: u32) -> ContextBuilder {
    server().protocol(Protocol::Tls1_3).early_data(max)
}

async fn it_is_taken() -> io::Result<()> {
    let (connector, acceptor) = (connector_of(client().early_data(1 << 14)), acceptor_of(taking(1 << 14)));
    for round in 0..4 {
        let pair = session(&connector, &acceptor, b"GET / HTTP/1.0\r\n\r\n").await?;
        let taken = round > 0;
        assert_eq!((pair.0.is_resumed(), pair.0.early_data_accepted()), (taken, taken), "round {round}");
        let expected: &[u8] = if taken { b"GET / HTTP/1.0\r\n\r\n" } else { b"" };
        assert_eq!(pair.1.early_data(), expected, "round {round}");
        goes_on(&pair).await?;
    }
    Ok(())
}

async fn much_of_it_is_taken() -> io::Result<()> {
    let (connector, acceptor) = (connector_of(client().early_data(1 << 17)), acceptor_of(taking(1 << 17)));
    let early = noise(100_000);
    session(&connector, &acceptor, b"").await?;
    let pair = session(&connector, &acceptor, &early).await?;
    assert!(pair.0.early_data_accepted());
    assert!(pair.1.early_data() == early, "{} bytes", pair.1.early_data().len());
    goes_on(&pair).await
}

async fn it_is_off_unless_both_say_otherwise() -> io::Result<()> {
    for (client_side, server_side) in [
        (client(), server().protocol(Protocol::Tls1_3)),
        (client(), taking(1 << 14)),
        (client().early_data(1 << 14), server().protocol(Protocol::Tls1_3)),
        (client().early_data(1 << 14), server().protocol(Protocol::Tls1_2)),
    ] {
        let (connector, acceptor) = (connector_of(client_side), acceptor_of(server_side));
        for round in 0..3 {
            let pair = session(&connector, &acceptor, b"too early").await?;
            assert_eq!(pair.0.is_resumed(), round > 0);
            assert!(!pair.0.early_data_accepted());
            assert_eq!(pair.1.early_data(), b"");
            goes_on(&pair).await?;
        }
    }
    Ok(())
}

/// The client has a ticket that promises it, and the server has changed its mind.
async fn a_server_that_takes_none_any_more() -> io::Result<()> {
    let keys = [9; 80];
    let before = acceptor_of(taking(1 << 14).ticket_keys(&keys));
    let after = acceptor_of(server().protocol(Protocol::Tls1_3).ticket_keys(&keys));
    let connector = connector_of(client().early_data(1 << 14));
    session(&connector, &before, b"").await?;
    let pair = session(&connector, &after, b"too early").await?;
    assert!(!pair.0.early_data_accepted());
    assert_eq!(pair.1.early_data(), b"");
    goes_on(&pair).await
}

async fn a_session_of_before_takes_it_once() -> io::Result<()> {
    let (connector, acceptor) =
        (connector_of(client().early_data(1 << 14)), acceptor_of(taking(1 << 14).tickets(1)));
    session(&connector, &acceptor, b"").await?;
    let first = session(&connector, &acceptor, b"once").await?;
    let second = session(&connector, &acceptor, b"twice").await?;
    assert_eq!((first.1.early_data(), second.1.early_data()), (b"once".to_vec(), b"twice".to_vec()));
    Ok(())
}

/// What was recorded is sent again: the server must not take it a second time.
async fn a_replay_is_refused() -> io::Result<()> {
    let (connector, acceptor) = (connector_of(client().early_data(1 << 14)), acceptor_of(taking(1 << 14)));
    session(&connector, &acceptor, b"").await?;
    // A peer of std between the two keeps what the client sends first.
    let (client_end, mut between) = crate::peer::connected().await?;
    let mut connecting = Box::pin(connector.handshake("localhost", client_end).early_data(b"pay 100"));
    assert!(futures_lite::future::poll_once(&mut connecting).await.is_none());
    let mut recorded = vec![0; 8192];
    let mut count = 0;
    // The hello and the early data may come in pieces; the last one is short.
    between.set_read_timeout(Some(std::time::Duration::from_millis(300)))?;
    while let Ok(n) = io::Read::read(&mut between, &mut recorded[count..]) {
        count += n;
    }
    recorded.truncate(count);
    let mut taken = Vec::new();
    for _ in 0..3 {
        let (ours, theirs) = tcp().await?;
        theirs.send_all(&recorded).await?;
        let accepting = acceptor.handshake(ours).timeout(Some(std::time::Duration::from_millis(500)));
        // Nobody can finish the handshake, who has not the keys.
        let error = accepting.await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        let mut answer = vec![0; 8192];
        let n = theirs.recv(&mut answer).await?;
        taken.push(n);
    }
    // The first answer goes on with the old session and has no certificate in it; the others are whole handshakes.
    assert!(taken[1] > taken[0] + 400 && taken[2] > taken[0] + 400, "{taken:?}");
    Ok(())
}

async fn a_first_session_has_none() -> io::Result<()> {
    let (connector, acceptor) = (connector_of(client().early_data(1 << 14)), acceptor_of(taking(1 << 14)));
    let pair = session(&connector, &acceptor, b"nothing to go on with").await?;
    assert!(!pair.0.early_data_accepted() && !pair.0.is_resumed());
    assert_eq!(pair.1.early_data(), b"");
    goes_on(&pair).await
}
