//! Our server, and `openssl s_client`.

use std::io;
use std::net::SocketAddr;

use fend::net::{TcpListener, TcpStream};
use fend::tls::{ContextBuilder, Protocol, TlsAcceptor, TlsError, TlsStream, Verify};

use crate::command::{Client, s_client};
use crate::ours::{PROTOCOLS, acceptor, acceptor_of, flag, root, server, server_with};
use crate::pki::pki;
use crate::place::Place;

on_every_dispatcher!(
    talks_both_ways,
    a_client_certificate_is_given,
    a_client_certificate_is_missing,
    a_client_certificate_of_a_stranger_is_refused,
    an_optional_client_certificate,
    sessions_are_resumed,
    a_protocol_is_agreed_upon,
    names_choose_the_certificate,
    a_client_that_refuses_our_certificate,
    keys_are_updated_by_the_client,
    a_renegotiation_by_the_client_is_refused,
    a_stapled_response_arrives,
);

/// Where the clients come to.
struct Door {
    listener: TcpListener,
    address: SocketAddr,
}

impl Door {
    async fn open() -> io::Result<Door> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Door { address: listener.local_addr()?, listener })
    }

    /// Starts a client, and takes it in.
    async fn serve(
        &self,
        acceptor: &TlsAcceptor,
        place: Place,
        arguments: &[&str],
    ) -> io::Result<(Result<TlsStream<TcpStream>, TlsError>, Client)> {
        let client = s_client(self.address, place, arguments);
        let (stream, _) = self.listener.accept().await?;
        Ok((acceptor.handshake(stream).await, client))
    }
}

/// What the client types arrives, and what we send is printed.
async fn converse(stream: &TlsStream<TcpStream>, client: &mut Client) -> io::Result<()> {
    let before = client.program.printed().matches("to the client\n").count();
    stream.send_all(b"to the client\n").await?;
    client.program.says_times("to the client\n", before + 1).await;
    client.program.type_in("to the server\n");
    let mut received = [0; 14];
    stream.recv_exact(&mut received).await?;
    assert_eq!(&received, b"to the server\n");
    Ok(())
}

async fn talks_both_ways() -> io::Result<()> {
    let door = Door::open().await?;
    for protocol in PROTOCOLS {
        let (stream, mut client) = door.serve(&acceptor(), Place::new(), &[flag(protocol)]).await?;
        let stream = stream?;
        assert_eq!((stream.protocol(), stream.server_name().as_deref()), (protocol, Some("localhost")));
        converse(&stream, &mut client).await?;
        // The end of its input is the end of the connection, told with a close_notify.
        client.program.close_stdin();
        assert_eq!(stream.recv(&mut [0; 16]).await?, 0);
        stream.shutdown().await?;
        assert_eq!(client.program.code().await, Some(0));
    }
    Ok(())
}

/// A server that trusts the test's root with its clients.
fn strict() -> ContextBuilder {
    server().ca(root()).verify(Verify::PEER | Verify::FAIL_IF_NO_PEER_CERT)
}

async fn a_client_certificate_is_given() -> io::Result<()> {
    let door = Door::open().await?;
    for protocol in PROTOCOLS {
        let place = Place::new();
        let (chain, key) = pki().client.files(&place, "client");
        let arguments = [flag(protocol), "-cert", &chain, "-key", &key, "-cert_chain", &chain];
        let (stream, mut client) = door.serve(&acceptor_of(strict()), place, &arguments).await?;
        let stream = stream?;
        let subject = stream.peer_certificate().expect("a certificate").subject();
        assert!(subject.contains("CN=a client"), "{subject}");
        assert_eq!(stream.verified_chain().len(), 3);
        converse(&stream, &mut client).await?;
    }
    Ok(())
}

async fn a_client_certificate_is_missing() -> io::Result<()> {
    let door = Door::open().await?;
    for (protocol, alert) in PROTOCOLS.into_iter().zip(["handshake failure", "certificate required"]) {
        let (stream, mut client) =
            door.serve(&acceptor_of(strict()), Place::new(), &[flag(protocol)]).await?;
        let error = stream.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
        let said = client.program.finish().await;
        assert!(said.contains(alert), "{said}");
    }
    Ok(())
}

async fn a_client_certificate_of_a_stranger_is_refused() -> io::Result<()> {
    let door = Door::open().await?;
    for protocol in PROTOCOLS {
        for (credentials, alert) in
            [(&pki().foreign_client, "unknown ca"), (&pki().expired_client, "certificate expired")]
        {
            let place = Place::new();
            let (chain, key) = credentials.files(&place, "client");
            let arguments = [flag(protocol), "-cert", &chain, "-key", &key, "-cert_chain", &chain];
            let (stream, mut client) = door.serve(&acceptor_of(strict()), place, &arguments).await?;
            let error = stream.unwrap_err();
            assert!(error.is_certificate() && (error.is_expired() || error.is_unknown_issuer()), "{error}");
            assert_eq!(error.depth(), Some(0), "{error}");
            assert!(error.subject().is_some_and(|subject| subject.contains("CN=a client")), "{error}");
            let said = client.program.finish().await;
            assert!(said.contains(alert), "{said}");
        }
    }
    Ok(())
}

async fn an_optional_client_certificate() -> io::Result<()> {
    let door = Door::open().await?;
    let acceptor = acceptor_of(server().ca(root()).verify(Verify::PEER));
    for protocol in PROTOCOLS {
        let (stream, mut client) = door.serve(&acceptor, Place::new(), &[flag(protocol)]).await?;
        let stream = stream?;
        assert!(stream.peer_certificate().is_none() && stream.peer_chain().is_empty());
        converse(&stream, &mut client).await?;
    }
    Ok(())
}

async fn sessions_are_resumed() -> io::Result<()> {
    let door = Door::open().await?;
    for (protocol, tickets) in [
        (Protocol::Tls1_2, true),
        (Protocol::Tls1_2, false),
        (Protocol::Tls1_3, true),
        (Protocol::Tls1_3, false),
    ] {
        let acceptor = acceptor_of(server().session_tickets(tickets));
        let mut place = Place::new();
        let session = place.file("session");
        for round in 0..3 {
            let mut arguments = vec![flag(protocol), "-sess_out", &session];
            if round > 0 {
                arguments.extend(["-sess_in", &session]);
            }
            let (stream, mut client) = door.serve(&acceptor, place, &arguments).await?;
            let stream = stream?;
            assert_eq!(stream.is_resumed(), round > 0, "{protocol}, tickets {tickets}, round {round}");
            client.program.says(if round > 0 { "\nReused, " } else { "\nNew, " }).await;
            converse(&stream, &mut client).await?;
            client.program.close_stdin();
            assert_eq!(stream.recv(&mut [0; 16]).await?, 0);
            stream.shutdown().await?;
            assert_eq!(client.program.code().await, Some(0));
            place = client.place;
        }
    }
    Ok(())
}

async fn a_protocol_is_agreed_upon() -> io::Result<()> {
    let door = Door::open().await?;
    let acceptor = acceptor_of(server().alpn(["h2", "http/1.1"]));
    let (stream, client) = door.serve(&acceptor, Place::new(), &["-alpn", "http/1.1,h2"]).await?;
    let stream = stream?;
    // Ours is the order that counts.
    assert_eq!(stream.alpn().as_deref(), Some(&b"h2"[..]));
    client.program.says("ALPN protocol: h2").await;
    // A client that speaks of none.
    let (stream, mut client) = door.serve(&acceptor, Place::new(), &[]).await?;
    let stream = stream?;
    assert_eq!(stream.alpn(), None);
    converse(&stream, &mut client).await?;
    // A client that wants another.
    let (stream, mut client) = door.serve(&acceptor, Place::new(), &["-alpn", "other"]).await?;
    let stream = stream?;
    assert_eq!(stream.alpn(), None);
    converse(&stream, &mut client).await?;
    let acceptor = acceptor_of(server().alpn(["h2"]).alpn_required(true));
    let (stream, mut client) = door.serve(&acceptor, Place::new(), &["-alpn", "other"]).await?;
    let error = stream.unwrap_err();
    assert!(error.to_string().to_lowercase().contains("protocol"), "{error}");
    let said = client.program.finish().await;
    assert!(said.contains("no application protocol"), "{said}");
    Ok(())
}

async fn names_choose_the_certificate() -> io::Result<()> {
    let door = Door::open().await?;
    let acceptor = acceptor_of(
        server()
            .sni_context("a.example", server_with(&pki().elsewhere).build()?)
            .sni_context("*.example.org", server_with(&pki().wildcard).build()?),
    );
    for (name, subject) in [
        ("a.example", "a.example"),
        ("A.Example", "a.example"),
        ("one.example.org", "wild"),
        ("b.example", "localhost"),
        ("a.one.example.org", "localhost"),
        ("example.org", "localhost"),
    ] {
        let (stream, client) = door.serve(&acceptor, Place::new(), &["-servername", name]).await?;
        // It checks for "localhost", and may refuse. What it was sent it says all the same.
        drop(stream);
        client.program.says(&format!("depth=0 O = fend tests, CN = {subject}\n")).await;
    }
    Ok(())
}

async fn a_client_that_refuses_our_certificate() -> io::Result<()> {
    let door = Door::open().await?;
    for (credentials, alert) in [(&pki().expired, "certificate expired"), (&pki().foreign, "unknown ca")] {
        let acceptor = acceptor_of(server_with(credentials));
        let (stream, mut client) = door.serve(&acceptor, Place::new(), &["-tls1_2"]).await?;
        let error = stream.unwrap_err();
        assert!(error.alert().is_some_and(|said| said.contains(alert)), "{error}");
        assert_eq!(client.program.code().await, Some(1));
        // With TLS 1.3 it is refused within the handshake too, as seen from the server.
        let (stream, mut client) = door.serve(&acceptor, Place::new(), &["-tls1_3"]).await?;
        let error = stream.unwrap_err();
        assert!(error.alert().is_some_and(|said| said.contains(alert)), "{error}");
        assert_eq!(client.program.code().await, Some(1));
    }
    Ok(())
}

/// TL7: both kinds of KeyUpdate, with and without the wish for one of ours.
async fn keys_are_updated_by_the_client() -> io::Result<()> {
    let door = Door::open().await?;
    let (stream, mut client) = door.serve(&acceptor(), Place::new(), &["-tls1_3"]).await?;
    let stream = stream?;
    for (round, command) in ["k\n", "K\n", "K\n"].into_iter().enumerate() {
        stream.send_all(b"before\n").await?;
        client.program.says_times("before\n", round + 1).await;
        client.program.type_in(command);
        client.program.says_times("KEYUPDATE", round + 1).await;
        client.program.type_in("after\n");
        let mut received = [0; 6];
        stream.recv_exact(&mut received).await?;
        assert_eq!(&received, b"after\n");
    }
    stream.send_all(b"the end\n").await?;
    client.program.says("the end\n").await;
    Ok(())
}

/// TL7
async fn a_renegotiation_by_the_client_is_refused() -> io::Result<()> {
    let door = Door::open().await?;
    let (stream, mut client) = door.serve(&acceptor(), Place::new(), &["-tls1_2"]).await?;
    let stream = stream?;
    converse(&stream, &mut client).await?;
    client.program.type_in("R\n");
    // What we answer is a warning, upon which the client gives up.
    let end = stream.recv(&mut [0; 16]).await;
    assert!(!matches!(end, Ok(n) if n > 0), "{end:?}");
    drop(stream);
    let said = client.program.finish().await;
    assert!(said.contains("no renegotiation"), "{said}");
    Ok(())
}

async fn a_stapled_response_arrives() -> io::Result<()> {
    let door = Door::open().await?;
    let response = crate::ocsp::response(&pki().localhost, "good");
    let acceptor = acceptor_of(server().ocsp_response(response));
    for protocol in PROTOCOLS {
        let (stream, mut client) = door.serve(&acceptor, Place::new(), &[flag(protocol), "-status"]).await?;
        let stream = stream?;
        client.program.says("OCSP Response Status: successful").await;
        client.program.says("Cert Status: good").await;
        converse(&stream, &mut client).await?;
        // Only those who ask get it.
        let (stream, mut client) = door.serve(&acceptor, Place::new(), &[flag(protocol)]).await?;
        let said =
            converse(&stream?, &mut client).await.map(|()| client.program.says("to the client"))?.await;
        assert!(!said.contains("OCSP"), "{said}");
    }
    Ok(())
}
