//! What a session tells of itself and of its peer.

use std::io;

use fend::tls::{Protocol, Sni, Verify};

use crate::ours::{
    PROTOCOLS, acceptor_of, client, connector, connector_of, handshake, pair, pair_of, root, server,
    server_with, tcp,
};
use crate::pki::{Credentials, Pki, pki};

on_every_dispatcher!(
    exported_keys_are_the_same_on_both_sides,
    channel_bindings_are_the_same_on_both_sides,
    chains,
    a_name_chooses_the_certificate,
    another_name_or_none,
    a_callback_chooses,
    application_protocols,
    stapled_responses,
    responses_that_are_required,
    a_callback_for_certificates,
    the_key_log_is_that_of_the_session,
    settings_are_used,
);

async fn exported_keys_are_the_same_on_both_sides() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (client, server) = pair(protocol).await?;
        let mut all = Vec::new();
        for (label, context) in [
            ("EXPORTER-one", None),
            ("EXPORTER-two", None),
            ("EXPORTER-one", Some(&b"context"[..])),
            ("EXPORTER-one", Some(&b"another"[..])),
        ] {
            let (mut ours, mut theirs) = ([0; 48], [1; 48]);
            client.export_keying_material(label, context, &mut ours)?;
            server.export_keying_material(label, context, &mut theirs)?;
            assert_eq!(ours, theirs, "{protocol}, {label}, {context:?}");
            all.push(ours);
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4, "each label and context has keys of its own");
    }
    Ok(())
}

async fn channel_bindings_are_the_same_on_both_sides() -> io::Result<()> {
    let (connector, acceptor) = (connector(), acceptor_of(server().protocol(Protocol::Tls1_2)));
    let mut all = Vec::new();
    for round in 0..3 {
        let (client, server) = pair_of(&connector, &acceptor).await?;
        assert_eq!(client.is_resumed(), round > 0);
        let ours = client.tls_unique().expect("TLS 1.2 has it");
        assert_eq!(Some(&ours), server.tls_unique().as_ref(), "round {round}");
        assert!(ours.iter().any(|&byte| byte != 0));
        assert!(!all.contains(&ours));
        all.push(ours);
    }
    let (client, server) = pair(Protocol::Tls1_3).await?;
    assert_eq!((client.tls_unique(), server.tls_unique()), (None, None));
    Ok(())
}

async fn chains() -> io::Result<()> {
    let subjects = |chain: Vec<fend::tls::Certificate>| -> Vec<String> {
        chain.iter().map(|certificate| certificate.subject()).collect()
    };
    for protocol in PROTOCOLS {
        let strict =
            server().protocol(protocol).ca(root()).verify(Verify::PEER | Verify::FAIL_IF_NO_PEER_CERT);
        let connector = connector_of(client().identity(pki().client.identity()));
        let (client, server) = pair_of(&connector, &acceptor_of(strict)).await?;
        for (stream, name) in [(&client, "localhost"), (&server, "a client")] {
            let sent = subjects(stream.peer_chain());
            let verified = subjects(stream.verified_chain());
            assert_eq!((sent.len(), verified.len()), (2, 3), "{protocol}: {sent:?}, {verified:?}");
            let own = stream.peer_certificate().expect("a certificate");
            assert!(own.subject().contains(&format!("CN={name}")), "{}", own.subject());
            assert_eq!(sent[0], own.subject());
            assert_eq!(sent, verified[..2]);
            assert!(verified[1].contains("CN=Test Intermediate") && verified[2].contains("CN=Test Root"));
        }
        let own = client.peer_certificate().expect("a certificate");
        assert_eq!(own.dns_names(), ["localhost"]);
        let addresses: [std::net::IpAddr; 2] =
            ["127.0.0.1", "::1"].map(|text| text.parse().expect("an address"));
        assert_eq!(own.ip_addrs(), addresses);
        assert!(own.issuer().contains("CN=Test Intermediate"));
    }
    Ok(())
}

/// Of all certificates, one.
type Choice = fn(&Pki) -> &Credentials;

async fn a_name_chooses_the_certificate() -> io::Result<()> {
    let cases: [(&str, Choice); 4] = [
        ("localhost", |pki| &pki.localhost),
        ("a.example", |pki| &pki.elsewhere),
        ("B.Example", |pki| &pki.elsewhere),
        ("one.example.org", |pki| &pki.wildcard),
    ];
    for protocol in PROTOCOLS {
        let elsewhere = server_with(&pki().elsewhere).build()?;
        let acceptor = acceptor_of(
            server()
                .protocol(protocol)
                .sni_context("a.example", elsewhere.clone())
                .sni_context("b.example", elsewhere)
                .sni_context("*.example.org", server_with(&pki().wildcard).build()?),
        );
        for (host, expected) in cases {
            let (client, server) = handshake(&connector(), &acceptor, host).await?;
            let (client, server) = (client?, server?);
            let shown = client.peer_certificate().expect("a certificate");
            assert_eq!(shown.to_der(), expected(pki()).certificate.to_der()?, "{protocol}, {host}");
            assert_eq!(server.server_name().map(|name| name.to_lowercase()), Some(host.to_lowercase()));
        }
    }
    Ok(())
}

async fn another_name_or_none() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let acceptor = acceptor_of(server().protocol(protocol));
        let (client, stream) = tcp().await?;
        let connecting = connector().handshake("localhost", client).server_name("other.example");
        let (_client, server) = futures::future::try_join(connecting, acceptor.handshake(stream)).await?;
        assert_eq!(server.server_name().as_deref(), Some("other.example"));
        let (client, stream) = tcp().await?;
        let connecting = connector().handshake("localhost", client).no_server_name();
        let (client, server) = futures::future::try_join(connecting, acceptor.handshake(stream)).await?;
        assert_eq!((client.server_name(), server.server_name()), (None, None));
    }
    Ok(())
}

async fn a_callback_chooses() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let elsewhere = server_with(&pki().elsewhere).build()?;
        let acceptor = acceptor_of(server().protocol(protocol).sni_callback(move |name| match name {
            Some("a.example") => Sni::Use(elsewhere.clone()),
            Some("nobody.example") => Sni::Refuse,
            _ => Sni::Accept,
        }));
        for (host, is_fine) in [("localhost", true), ("a.example", true), ("127.0.0.1", true)] {
            let (client, server) = handshake(&connector(), &acceptor, host).await?;
            assert_eq!((client.is_ok(), server.is_ok()), (is_fine, is_fine), "{protocol}, {host}");
        }
        let (client, server) = handshake(&connector(), &acceptor, "nobody.example").await?;
        let error = client.map(|_| ()).expect_err("refused");
        assert!(error.alert().is_some_and(|alert| alert.contains("unrecognized name")), "{error}");
        let error = server.map(|_| ()).expect_err("refused");
        assert!(!error.is_alert() && !error.is_certificate(), "{error}");
    }
    Ok(())
}

async fn application_protocols() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let acceptor = acceptor_of(server().protocol(protocol).alpn(["h2", "http/1.1"]));
        for (offered, chosen) in [
            (&["http/1.1", "h2"][..], Some("h2")),
            (&["http/1.1"], Some("http/1.1")),
            (&["other"], None),
            (&[], None),
        ] {
            let (client, stream) = tcp().await?;
            let connecting = connector().handshake("localhost", client).alpn(offered);
            let (client, server) = futures::future::try_join(connecting, acceptor.handshake(stream)).await?;
            let chosen = chosen.map(|name| name.as_bytes().to_vec());
            assert_eq!((client.alpn(), server.alpn()), (chosen.clone(), chosen), "{protocol}, {offered:?}");
        }
        let strict = acceptor_of(server().protocol(protocol).alpn(["h2"]).alpn_required(true));
        for offered in [&["other"][..], &[]] {
            let (client, stream) = tcp().await?;
            let connecting = connector().handshake("localhost", client).alpn(offered);
            let (client, server) = futures::future::join(connecting, strict.handshake(stream)).await;
            let error = client.map(|_| ()).expect_err("none in common");
            assert!(error.alert().is_some_and(|alert| alert.contains("no application protocol")), "{error}");
            assert!(server.is_err());
        }
    }
    Ok(())
}

async fn stapled_responses() -> io::Result<()> {
    let response = crate::ocsp::response(&pki().localhost, "good");
    for protocol in PROTOCOLS {
        let copy = response.clone();
        for acceptor in [
            acceptor_of(server().protocol(protocol).ocsp_response(response.clone())),
            acceptor_of(server().protocol(protocol).ocsp_callback(move || Some(copy.clone()))),
        ] {
            let (client, _server) = pair_of(&connector_of(client().request_ocsp()), &acceptor).await?;
            assert_eq!(client.ocsp_response().as_ref(), Some(&response), "{protocol}");
            let (client, _server) = pair_of(&connector(), &acceptor).await?;
            assert_eq!(client.ocsp_response(), None, "it was not asked for");
        }
    }
    Ok(())
}

async fn responses_that_are_required() -> io::Result<()> {
    let good = crate::ocsp::response(&pki().localhost, "good");
    let revoked = crate::ocsp::response(&pki().localhost, "revoked");
    let of_another = crate::ocsp::response(&pki().successor, "good");
    for protocol in PROTOCOLS {
        let connector = connector_of(client().require_ocsp().session_cache(0));
        let with = |response: Option<Vec<u8>>| match response {
            Some(response) => acceptor_of(server().protocol(protocol).ocsp_response(response)),
            None => acceptor_of(server().protocol(protocol)),
        };
        pair_of(&connector, &with(Some(good.clone()))).await?;
        for (response, is_revoked) in [
            (None, false),
            (Some(revoked.clone()), true),
            (Some(of_another.clone()), false),
            (Some(vec![1, 2, 3]), false),
        ] {
            let (client, server) = handshake(&connector, &with(response), "localhost").await?;
            let error = client.map(|_| ()).expect_err("no good response");
            assert_eq!(error.is_revoked(), is_revoked, "{protocol}: {error}");
            assert!(!error.is_timeout() && !error.is_io(), "{error}");
            drop(server);
        }
    }
    Ok(())
}

async fn a_callback_for_certificates() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let acceptor = acceptor_of(server().protocol(protocol));
        // Says no to what is in order.
        let connector = connector_of(client().verify_callback(|is_fine, info| is_fine && info.depth() > 0));
        let (client_side, _) = handshake(&connector, &acceptor, "localhost").await?;
        let error = client_side.map(|_| ()).expect_err("refused by the callback");
        assert!(error.is_certificate() && error.depth() == Some(0), "{error}");
        // Says yes to what is not.
        let connector = connector_of(client().verify_callback(|_, _| true));
        let (client_side, _server) = handshake(&connector, &acceptor, "elsewhere.example").await?;
        assert!(client_side?.verify_error().is_some());
        // Leaves it as it is.
        let connector = connector_of(client().verify_callback(|is_fine, _| is_fine));
        let (client_side, _server) = handshake(&connector, &acceptor, "localhost").await?;
        assert_eq!(client_side?.verify_error(), None);
        let (client_side, _) = handshake(&connector, &acceptor, "elsewhere.example").await?;
        assert!(client_side.is_err_and(|error| error.is_wrong_host()));
    }
    Ok(())
}

async fn the_key_log_is_that_of_the_session() -> io::Result<()> {
    use std::sync::{Arc, Mutex};
    for protocol in PROTOCOLS {
        let logs: [Arc<Mutex<Vec<String>>>; 2] = Default::default();
        let keep = |log: &Arc<Mutex<Vec<String>>>| {
            let log = log.clone();
            move |line: &str| log.lock().unwrap().push(line.to_owned())
        };
        let connector = connector_of(client().keylog(keep(&logs[0])));
        let acceptor = acceptor_of(server().protocol(protocol).keylog(keep(&logs[1])));
        pair_of(&connector, &acceptor).await?;
        let [mut ours, mut theirs] = logs.map(|log| log.lock().unwrap().clone());
        ours.sort_unstable();
        theirs.sort_unstable();
        assert!(!ours.is_empty());
        assert_eq!(ours, theirs);
        let label = if protocol == Protocol::Tls1_2 { "CLIENT_RANDOM " } else { "CLIENT_TRAFFIC_SECRET_0 " };
        assert!(ours.iter().any(|line| line.starts_with(label)), "{ours:?}");
    }
    Ok(())
}

async fn settings_are_used() -> io::Result<()> {
    let cases = [
        (
            server().protocol(Protocol::Tls1_2).ciphers("ECDHE-ECDSA-AES128-GCM-SHA256"),
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        ),
        (
            server().protocol(Protocol::Tls1_3).cipher_suites("TLS_CHACHA20_POLY1305_SHA256"),
            "TLS_CHACHA20_POLY1305_SHA256",
        ),
    ];
    for (builder, cipher) in cases {
        let (client, server) = pair_of(&connector(), &acceptor_of(builder.groups("P-256"))).await?;
        assert_eq!((client.cipher(), server.cipher()), (cipher, cipher));
        assert_eq!(client.info().cipher, cipher);
        assert_eq!(client.info().protocol, server.info().protocol);
    }
    // No group in common.
    let acceptor = acceptor_of(server().protocol(Protocol::Tls1_3).groups("P-384"));
    let connector = connector_of(client().groups("P-256"));
    let (client_side, server_side) = handshake(&connector, &acceptor, "localhost").await?;
    assert!(client_side.is_err_and(|error| error.is_alert()) && server_side.is_err());
    // The oldest version that either allows.
    let old = acceptor_of(server().max_protocol(Protocol::Tls1_2));
    let connector = connector_of(client().min_protocol(Protocol::Tls1_3));
    let (client_side, server_side) = handshake(&connector, &old, "localhost").await?;
    assert!(client_side.is_err() && server_side.is_err());
    let (client_side, server_side) = pair_of(&crate::ours::connector(), &crate::ours::acceptor()).await?;
    assert_eq!((client_side.protocol(), server_side.protocol()), (Protocol::Tls1_3, Protocol::Tls1_3));
    Ok(())
}
