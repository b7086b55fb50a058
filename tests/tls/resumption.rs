//! Sessions that go on with the keys of earlier ones, and those that must not.

use std::io;
use std::time::Duration;

use fend::net::TcpStream;
use fend::tls::{Protocol, TlsAcceptor, TlsConnector, TlsStream, Verify};

use crate::ours::{
    PROTOCOLS, Pair, acceptor_of, client, connector, connector_of, handshake, root, server, server_with, tcp,
};
use crate::pki::pki;

on_every_dispatcher!(
    the_second_session_is_resumed,
    hosts_do_not_share_sessions,
    a_session_key_of_ones_own,
    a_ticket_is_used_once,
    as_many_as_there_are_tickets,
    no_cache_and_no_resumption,
    the_least_recent_host_is_forgotten,
    servers_with_the_same_keys_share_sessions,
    a_server_without_the_key_makes_a_new_session,
    sessions_grow_old,
    what_was_refused_is_not_resumed,
    an_opt_out_does_not_spread,
    facts_survive,
    client_certificates_survive_and_are_not_invented,
    a_session_that_broke_is_not_resumed,
);

/// A session in which the client has received something, and with it the tickets.
async fn session_for(connector: &TlsConnector, acceptor: &TlsAcceptor, host: &str) -> io::Result<Pair> {
    let (client, server) = handshake(connector, acceptor, host).await?;
    let (client, server) = (client?, server?);
    assert_eq!(client.is_resumed(), server.is_resumed());
    greet(&client, &server).await?;
    Ok((client, server))
}

async fn greet(client: &TlsStream<TcpStream>, server: &TlsStream<TcpStream>) -> io::Result<()> {
    server.send_all(b"hello").await?;
    client.recv_exact(&mut [0; 5]).await?;
    Ok(())
}

async fn is_resumed(connector: &TlsConnector, acceptor: &TlsAcceptor, host: &str) -> io::Result<bool> {
    Ok(session_for(connector, acceptor, host).await?.0.is_resumed())
}

async fn the_second_session_is_resumed() -> io::Result<()> {
    for protocol in PROTOCOLS {
        for tickets in [true, false] {
            let acceptor = acceptor_of(server().protocol(protocol).session_tickets(tickets));
            let connector = connector();
            for round in 0..4 {
                let resumed = is_resumed(&connector, &acceptor, "localhost").await?;
                assert_eq!(resumed, round > 0, "{protocol}, tickets {tickets}, round {round}");
            }
            // Clones share what they remember, and others do not.
            assert!(is_resumed(&connector.clone(), &acceptor, "localhost").await?);
            assert!(!is_resumed(&crate::ours::connector(), &acceptor, "localhost").await?);
        }
    }
    Ok(())
}

async fn hosts_do_not_share_sessions() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (connector, acceptor) = (connector(), acceptor_of(server().protocol(protocol)));
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(!is_resumed(&connector, &acceptor, host).await?, "{host}");
        }
        for host in ["localhost", "127.0.0.1", "::1", "LOCALHOST"] {
            assert!(is_resumed(&connector, &acceptor, host).await?, "{host}");
        }
    }
    Ok(())
}

async fn a_session_key_of_ones_own() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (connector, acceptor) = (connector(), acceptor_of(server().protocol(protocol)));
        for (key, expected) in
            [("one", false), ("two", false), ("one", true), ("two", true), ("three", false)]
        {
            let (client, server) = tcp().await?;
            let connecting = connector.handshake("localhost", client).session_key(key);
            let (client, server) = futures::future::try_join(connecting, acceptor.handshake(server)).await?;
            greet(&client, &server).await?;
            assert_eq!(client.is_resumed(), expected, "{protocol}, {key}");
        }
        assert!(!is_resumed(&connector, &acceptor, "localhost").await?);
    }
    Ok(())
}

/// A ticket of TLS 1.3 that is used twice lets an observer recognise the client.
async fn a_ticket_is_used_once() -> io::Result<()> {
    let (connector, acceptor) = (connector(), acceptor_of(server().protocol(Protocol::Tls1_3).tickets(1)));
    session_for(&connector, &acceptor, "localhost").await?;
    // None of them receives a new ticket until all are there.
    let mut resumed = Vec::new();
    for _ in 0..3 {
        let (client, server) = handshake(&connector, &acceptor, "localhost").await?;
        resumed.push((client?, server?));
    }
    let resumed: Vec<_> = resumed.iter().map(|(client, _)| client.is_resumed()).collect();
    assert_eq!(resumed, [true, false, false]);
    Ok(())
}

async fn as_many_as_there_are_tickets() -> io::Result<()> {
    let (connector, acceptor) = (connector(), acceptor_of(server().protocol(Protocol::Tls1_3).tickets(3)));
    session_for(&connector, &acceptor, "localhost").await?;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        let (client, server) = handshake(&connector, &acceptor, "localhost").await?;
        sessions.push((client?, server?));
    }
    let resumed = sessions.iter().filter(|(client, _)| client.is_resumed()).count();
    // How many of a host are kept is the client's affair.
    assert!((1..=3).contains(&resumed), "{resumed}");
    Ok(())
}

async fn no_cache_and_no_resumption() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (forgetful, connector) = (connector_of(client().session_cache(0)), connector());
        let acceptor = acceptor_of(server().protocol(protocol));
        let strict =
            acceptor_of(server().protocol(protocol).tickets(0).session_tickets(false).session_cache(0));
        for _ in 0..3 {
            assert!(!is_resumed(&forgetful, &acceptor, "localhost").await?);
            assert!(!is_resumed(&connector, &strict, "localhost").await?);
        }
    }
    Ok(())
}

async fn the_least_recent_host_is_forgotten() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let connector = connector_of(client().session_cache(2));
        let acceptor = acceptor_of(server().protocol(protocol));
        for (host, expected) in [
            ("localhost", false),
            ("127.0.0.1", false),
            ("localhost", true),
            ("::1", false),
            ("localhost", true),
            ("::1", true),
            ("127.0.0.1", false),
        ] {
            assert_eq!(is_resumed(&connector, &acceptor, host).await?, expected, "{protocol}, {host}");
        }
    }
    Ok(())
}

async fn servers_with_the_same_keys_share_sessions() -> io::Result<()> {
    let keys: [u8; 80] = std::array::from_fn(|index| index as u8);
    let other: [u8; 80] = std::array::from_fn(|index| index as u8 + 1);
    for protocol in PROTOCOLS {
        let with = |keys: &[u8; 80]| acceptor_of(server().protocol(protocol).ticket_keys(keys));
        let (first, second, third) = (with(&keys), with(&keys), with(&other));
        let connector = connector();
        assert!(!is_resumed(&connector, &first, "localhost").await?);
        assert!(is_resumed(&connector, &second, "localhost").await?);
        assert!(is_resumed(&connector, &first, "localhost").await?);
        assert!(!is_resumed(&connector, &third, "localhost").await?);
    }
    Ok(())
}

async fn a_server_without_the_key_makes_a_new_session() -> io::Result<()> {
    for protocol in PROTOCOLS {
        for tickets in [true, false] {
            let fresh = || acceptor_of(server().protocol(protocol).session_tickets(tickets));
            let connector = connector();
            assert!(!is_resumed(&connector, &fresh(), "localhost").await?);
            assert!(!is_resumed(&connector, &fresh(), "localhost").await?);
        }
    }
    // Nor does the other version go on with it.
    let connector = connector();
    for protocol in [Protocol::Tls1_3, Protocol::Tls1_2, Protocol::Tls1_3] {
        let acceptor = acceptor_of(server().protocol(protocol));
        assert!(!is_resumed(&connector, &acceptor, "localhost").await?);
    }
    Ok(())
}

/// OpenSSL looks at the clock of the wall, which no test can stop: the session's second has to pass, and the fractions that it does not count.
async fn sessions_grow_old() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (connector, acceptor) =
            (connector(), acceptor_of(server().protocol(protocol).session_timeout(Duration::from_secs(1))));
        assert!(!is_resumed(&connector, &acceptor, "localhost").await?);
        fend::time::sleep(Duration::from_millis(2_500)).await;
        assert!(!is_resumed(&connector, &acceptor, "localhost").await?);
    }
    Ok(())
}

async fn what_was_refused_is_not_resumed() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (connector, acceptor) =
            (connector(), acceptor_of(server_with(&pki().expired).protocol(protocol)));
        for _ in 0..3 {
            let (client, server) = handshake(&connector, &acceptor, "localhost").await?;
            let error = client.map(|_| ()).expect_err("it has expired each time");
            assert!(error.is_expired(), "{error}");
            drop(server);
        }
        // A session for a name that fits does not vouch for one that does not.
        let acceptor = acceptor_of(server_with(&pki().elsewhere).protocol(protocol));
        session_for(&connector, &acceptor, "a.example").await?;
        let (client, _) = handshake(&connector, &acceptor, "c.example").await?;
        assert!(client.is_err_and(|error| error.is_wrong_host()));
        // Not even with its key.
        let (client, stream) = tcp().await?;
        let connecting = connector.handshake("c.example", client).session_key("a.example");
        let (client, _) = futures::future::join(connecting, acceptor.handshake(stream)).await;
        assert!(client.is_err(), "a session of another host: {client:?}");
    }
    Ok(())
}

async fn an_opt_out_does_not_spread() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let acceptor = acceptor_of(server_with(&pki().expired).protocol(protocol));
        let lenient = connector_of(client().danger_accept_expired_certs());
        for round in 0..3 {
            let (client, _server) = session_for(&lenient, &acceptor, "localhost").await?;
            assert_eq!(client.is_resumed(), round > 0);
        }
        let (client, _) = handshake(&connector(), &acceptor, "localhost").await?;
        assert!(client.is_err());
    }
    Ok(())
}

async fn facts_survive() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let connector = connector_of(client().alpn(["one", "two"]));
        let acceptor = acceptor_of(server().protocol(protocol).alpn(["two"]));
        for round in 0..3 {
            let (client, server) = session_for(&connector, &acceptor, "localhost").await?;
            assert_eq!(client.is_resumed(), round > 0);
            assert_eq!(client.alpn().as_deref(), Some(&b"two"[..]), "round {round}");
            assert_eq!(server.alpn().as_deref(), Some(&b"two"[..]), "round {round}");
            assert_eq!(server.server_name().as_deref(), Some("localhost"), "round {round}");
            let shown = client.peer_certificate().expect("the server's certificate");
            assert_eq!(shown.to_der(), pki().localhost.certificate.to_der()?, "round {round}");
        }
    }
    Ok(())
}

async fn client_certificates_survive_and_are_not_invented() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let keys = [7; 80];
        let anonymous = acceptor_of(server().protocol(protocol).ticket_keys(&keys));
        let strict = server().protocol(protocol).ticket_keys(&keys).ca(root());
        let strict = acceptor_of(strict.verify(Verify::PEER | Verify::FAIL_IF_NO_PEER_CERT));
        let known = connector_of(client().identity(pki().client.identity()));
        for round in 0..3 {
            let (client, server) = session_for(&known, &strict, "localhost").await?;
            assert_eq!(client.is_resumed(), round > 0, "{protocol}, round {round}");
            let shown = server.peer_certificate().expect("the client's certificate");
            assert_eq!(shown.to_der(), pki().client.certificate.to_der()?, "{protocol}, round {round}");
        }
        // A session without a certificate is no way around the question for one.
        let nameless = connector();
        session_for(&nameless, &anonymous, "localhost").await?;
        let (client, server) = handshake(&nameless, &strict, "localhost").await?;
        assert!(server.is_err(), "a session of a client without a certificate: {server:?}");
        drop(client);
    }
    Ok(())
}

/// RFC 5246, 7.2.2: a fatal alert makes a session of before no good. An end without a word does not.
async fn a_session_that_broke_is_not_resumed() -> io::Result<()> {
    let (connector, acceptor) = (connector(), acceptor_of(server().protocol(Protocol::Tls1_2)));
    let (client, server) = session_for(&connector, &acceptor, "localhost").await?;
    drop((client, server));
    assert!(is_resumed(&connector, &acceptor, "localhost").await?, "it ended without a word");
    Ok(())
}
