//! Our client, and `openssl s_server`.

use std::io;

use fend::net::TcpStream;
use fend::tls::{Protocol, TlsConnector, TlsStream};

use crate::command::{Server, s_server};
use crate::ours::{PROTOCOLS, client, connector, connector_of, flag};
use crate::pki::pki;

on_every_dispatcher!(
    talks_both_ways,
    a_client_certificate_is_given,
    a_client_certificate_is_missing,
    a_client_certificate_of_a_stranger_is_refused,
    sessions_are_resumed,
    a_protocol_is_agreed_upon,
    another_host_is_refused,
    an_expired_certificate_is_refused,
    no_version_in_common,
    a_certificate_with_an_rsa_key,
    keys_are_updated_by_the_server,
    a_renegotiation_by_the_server_is_refused,
    small_records_are_read,
);

async fn connect(connector: &TlsConnector, server: &Server) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.address).await?;
    Ok(connector.handshake("localhost", stream).await?)
}

/// What the server types arrives, and what we send is printed.
async fn converse(stream: &TlsStream<TcpStream>, server: &mut Server) -> io::Result<()> {
    let before = server.program.printed().matches("to the server\n").count();
    stream.send_all(b"to the server\n").await?;
    server.program.says_times("to the server\n", before + 1).await;
    server.program.type_in("to the client\n");
    let mut received = [0; 14];
    stream.recv_exact(&mut received).await?;
    assert_eq!(&received, b"to the client\n");
    Ok(())
}

async fn talks_both_ways() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let mut server = s_server(&pki().localhost, &[flag(protocol)]).await;
        let stream = connect(&connector(), &server).await?;
        assert_eq!(stream.protocol(), protocol);
        converse(&stream, &mut server).await?;
        stream.shutdown().await?;
        // The server ends the connection after the close_notify, and sends its own.
        assert_eq!(stream.recv(&mut [0; 16]).await?, 0);
        server.program.says("DONE\n").await;
    }
    Ok(())
}

async fn a_client_certificate_is_given() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let mut server =
            s_server(&pki().localhost, &[flag(protocol), "-Verify", "3", "-verify_return_error"]).await;
        let stream = connect(&connector_of(client().identity(pki().client.identity())), &server).await?;
        converse(&stream, &mut server).await?;
        server.program.says("CN = a client").await;
    }
    Ok(())
}

/// The server's word for it arrives with the handshake (TLS 1.2) or after it (TLS 1.3).
async fn refusal(connector: &TlsConnector, server: &Server) -> String {
    let refused = async {
        let stream = connect(connector, server).await?;
        stream.recv(&mut [0; 16]).await
    };
    let error = refused.await.expect_err("the server's refusal");
    let error = error.downcast::<fend::tls::TlsError>().expect("an error of TLS");
    error.alert().unwrap_or_else(|| panic!("{error}: an alert")).to_owned()
}

async fn a_client_certificate_is_missing() -> io::Result<()> {
    for (protocol, alert) in PROTOCOLS.into_iter().zip(["handshake failure", "certificate required"]) {
        let server =
            s_server(&pki().localhost, &[flag(protocol), "-Verify", "3", "-verify_return_error"]).await;
        let refusal = refusal(&connector(), &server).await;
        assert!(refusal.contains(alert), "{refusal}");
    }
    Ok(())
}

async fn a_client_certificate_of_a_stranger_is_refused() -> io::Result<()> {
    for protocol in PROTOCOLS {
        for (credentials, alert) in
            [(&pki().foreign_client, "unknown ca"), (&pki().expired_client, "certificate expired")]
        {
            let server =
                s_server(&pki().localhost, &[flag(protocol), "-Verify", "3", "-verify_return_error"]).await;
            let refusal = refusal(&connector_of(client().identity(credentials.identity())), &server).await;
            assert!(refusal.contains(alert), "{refusal}");
        }
    }
    Ok(())
}

async fn sessions_are_resumed() -> io::Result<()> {
    for (protocol, stateful) in [
        (Protocol::Tls1_2, false),
        (Protocol::Tls1_2, true),
        (Protocol::Tls1_3, false),
        (Protocol::Tls1_3, true),
    ] {
        let arguments: &[&str] = if stateful { &[flag(protocol), "-no_ticket"] } else { &[flag(protocol)] };
        let mut server = s_server(&pki().localhost, arguments).await;
        let connector = connector();
        for round in 0..3 {
            let stream = connect(&connector, &server).await?;
            assert_eq!(stream.is_resumed(), round > 0, "{protocol}, round {round}, {arguments:?}");
            converse(&stream, &mut server).await?;
            stream.shutdown_and_wait().await?;
            server.program.says_times("DONE\n", round + 1).await;
        }
        let said = server.program.says_times("Reused session-id", 2).await;
        assert_eq!(said.matches("Reused session-id").count(), 2, "{said}");
    }
    Ok(())
}

async fn a_protocol_is_agreed_upon() -> io::Result<()> {
    let mut server = s_server(&pki().localhost, &["-alpn", "http/1.1,other"]).await;
    let stream = connect(&connector_of(client().alpn(["h2", "http/1.1"])), &server).await?;
    assert_eq!(stream.alpn().as_deref(), Some(&b"http/1.1"[..]));
    converse(&stream, &mut server).await?;
    server.program.says("ALPN protocols selected: http/1.1").await;
    drop(stream);
    // A server without any says nothing of it.
    let server = s_server(&pki().localhost, &[]).await;
    let stream = connect(&connector_of(client().alpn(["h2"])), &server).await?;
    assert_eq!(stream.alpn(), None);
    Ok(())
}

async fn another_host_is_refused() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let mut server = s_server(&pki().elsewhere, &[flag(protocol)]).await;
        let stream = TcpStream::connect(server.address).await?;
        let error = connector().handshake("localhost", stream).await.unwrap_err();
        assert!(error.is_wrong_host(), "{error}");
        assert_eq!(error.certificate_names(), ["a.example", "b.example", "192.0.2.1"]);
        // The server hears of it.
        server.program.says("alert bad certificate").await;
        let stream = TcpStream::connect(server.address).await?;
        let stream = connector().handshake("b.example", stream).await?;
        converse(&stream, &mut server).await?;
    }
    Ok(())
}

async fn an_expired_certificate_is_refused() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let server = s_server(&pki().expired, &[flag(protocol)]).await;
        let stream = TcpStream::connect(server.address).await?;
        let error = connector().handshake("localhost", stream).await.unwrap_err();
        assert!(error.is_expired() && error.depth() == Some(0), "{error}");
        server.program.says("alert certificate expired").await;
    }
    Ok(())
}

async fn no_version_in_common() -> io::Result<()> {
    for (protocol, other) in [(Protocol::Tls1_2, Protocol::Tls1_3), (Protocol::Tls1_3, Protocol::Tls1_2)] {
        let server = s_server(&pki().localhost, &[flag(protocol)]).await;
        let stream = TcpStream::connect(server.address).await?;
        let error = connector_of(client().protocol(other)).handshake("localhost", stream).await.unwrap_err();
        assert!(error.alert().is_some_and(|alert| alert.contains("protocol version")), "{error}");
    }
    Ok(())
}

async fn a_certificate_with_an_rsa_key() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let mut server = s_server(&pki().rsa, &[flag(protocol)]).await;
        converse(&connect(&connector(), &server).await?, &mut server).await?;
    }
    Ok(())
}

/// TL7: both kinds of KeyUpdate, with and without the wish for one of ours.
async fn keys_are_updated_by_the_server() -> io::Result<()> {
    let mut server = s_server(&pki().localhost, &["-tls1_3"]).await;
    let stream = connect(&connector(), &server).await?;
    for (round, command) in ["k\n", "K\n", "K\n"].into_iter().enumerate() {
        converse(&stream, &mut server).await?;
        server.program.type_in(command);
        // The server may have looked at its input just before, and at the connection just after. Before it prints what comes after this
        // line, it looks at both again: so it does not read the command together with what is typed next, which it would throw away.
        stream.send_all(b"in between\n").await?;
        server.program.says_times("in between\n", round + 1).await;
    }
    stream.send_all(b"once more\n").await?;
    server.program.says("once more\n").await;
    server.program.type_in("and back\n");
    let mut received = [0; 9];
    stream.recv_exact(&mut received).await?;
    assert_eq!(&received, b"and back\n");
    Ok(())
}

/// TL7
async fn a_renegotiation_by_the_server_is_refused() -> io::Result<()> {
    let mut server = s_server(&pki().localhost, &["-tls1_2"]).await;
    let stream = connect(&connector(), &server).await?;
    converse(&stream, &mut server).await?;
    server.program.type_in("r\n");
    // Our warning ends it: the server insists, or we go on without.
    let end = stream.recv(&mut [0; 16]).await;
    assert!(!matches!(end, Ok(n) if n > 0), "{end:?}");
    Ok(())
}

async fn small_records_are_read() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let arguments = [flag(protocol), "-split_send_frag", "512", "-max_send_frag", "512"];
        let mut server = s_server(&pki().localhost, &arguments).await;
        let stream = connect(&connector(), &server).await?;
        let lines = "a line that is one of many\n".repeat(1000);
        server.program.type_in(&lines);
        let mut received = vec![0; lines.len()];
        stream.recv_exact(&mut received).await?;
        assert!(received == lines.as_bytes());
    }
    Ok(())
}
