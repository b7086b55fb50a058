//! Which certificates a client refuses, what it says of them, and what each opt-out lets pass.

use std::io;

use fend::tls::{ContextBuilder, TlsError};

use crate::ours::{
    PROTOCOLS, Setting, acceptor_of, client, connector, connector_of, handshake, server, server_with,
};
use crate::pki::{Credentials, Pki, pki};
use crate::place::Place;

on_every_dispatcher!(
    each_flaw_is_refused_and_told,
    each_opt_out_lets_its_flaw_pass_alone,
    what_has_no_flaw_passes,
    hosts_that_cannot_be,
    the_roots_of_the_system_do_not_know_us,
    a_revoked_certificate_is_refused_where_a_list_is_given,
    names_are_told_with_a_wrong_host,
);

/// The calls of a context that let something pass.
const OPT_OUTS: [(&str, Setting); 7] = [
    ("invalid certs", ContextBuilder::danger_accept_invalid_certs),
    ("invalid hostnames", ContextBuilder::danger_accept_invalid_hostnames),
    ("expired", ContextBuilder::danger_accept_expired_certs),
    ("self-signed", ContextBuilder::danger_accept_self_signed_certs),
    ("partial wildcards", ContextBuilder::allow_partial_wildcards),
    ("multi-label wildcards", ContextBuilder::allow_multi_label_wildcards),
    ("common name", ContextBuilder::allow_common_name),
];

struct Flaw {
    name: &'static str,
    credentials: fn(&Pki) -> &Credentials,
    host: &'static str,
    /// What the error says of itself.
    is_it: fn(&TlsError) -> bool,
    depth: u32,
    /// Those of [`OPT_OUTS`] that let it pass. The first of them lets all of them pass.
    passes_with: &'static [&'static str],
}

const HOSTNAME: &[&str] = &["invalid hostnames"];

#[rustfmt::skip]
const FLAWS: &[Flaw] = &[
    Flaw { name: "expired", credentials: |pki| &pki.expired, host: "localhost", is_it: TlsError::is_expired, depth: 0,
        passes_with: &["expired"] },
    Flaw { name: "expired intermediate", credentials: |pki| &pki.expired_intermediate, host: "localhost",
        is_it: TlsError::is_expired, depth: 1, passes_with: &["expired"] },
    Flaw { name: "not yet valid", credentials: |pki| &pki.not_yet_valid, host: "localhost",
        is_it: TlsError::is_not_yet_valid, depth: 0, passes_with: &["expired"] },
    Flaw { name: "self-signed", credentials: |pki| &pki.self_signed, host: "localhost",
        is_it: TlsError::is_self_signed, depth: 0, passes_with: &["self-signed"] },
    Flaw { name: "unknown root", credentials: |pki| &pki.foreign, host: "localhost",
        is_it: TlsError::is_unknown_issuer, depth: 0, passes_with: &[] },
    Flaw { name: "no intermediate", credentials: |pki| &pki.without_chain, host: "localhost",
        is_it: TlsError::is_unknown_issuer, depth: 0, passes_with: &[] },
    Flaw { name: "for clients", credentials: |pki| &pki.wrong_usage, host: "localhost",
        is_it: |error| error.to_string().contains("purpose"), depth: 0, passes_with: &[] },
    Flaw { name: "signed by a leaf", credentials: |pki| &pki.signed_by_leaf, host: "localhost",
        is_it: |error| !error.is_wrong_host() && !error.is_expired(), depth: 1, passes_with: &[] },
    Flaw { name: "wrong host", credentials: |pki| &pki.elsewhere, host: "localhost",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: HOSTNAME },
    Flaw { name: "wrong address", credentials: |pki| &pki.elsewhere, host: "192.0.2.2",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: HOSTNAME },
    Flaw { name: "wrong address of IPv6", credentials: |pki| &pki.localhost, host: "::2",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: HOSTNAME },
    Flaw { name: "address in the common name", credentials: |pki| &pki.address_as_subject, host: "127.0.0.1",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: HOSTNAME },
    Flaw { name: "name in the common name", credentials: |pki| &pki.name_as_subject, host: "localhost",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: &["invalid hostnames", "common name"] },
    Flaw { name: "common name beside others", credentials: |pki| &pki.wildcard, host: "wild",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: HOSTNAME },
    Flaw { name: "embedded NUL", credentials: |pki| &pki.embedded_nul, host: "good.example",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: HOSTNAME },
    Flaw { name: "embedded NUL, the rest", credentials: |pki| &pki.embedded_nul, host: "evil.example",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: HOSTNAME },
    Flaw { name: "wildcard without a label", credentials: |pki| &pki.wildcard, host: "example.org",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: HOSTNAME },
    Flaw { name: "wildcard of two labels", credentials: |pki| &pki.wildcard, host: "a.b.example.org",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: &["invalid hostnames", "multi-label wildcards"] },
    Flaw { name: "two wildcards", credentials: |pki| &pki.deep_wildcard, host: "a.b.example.org",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: HOSTNAME },
    Flaw { name: "partial wildcard", credentials: |pki| &pki.partial_wildcard, host: "foo.example.org",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: &["invalid hostnames", "partial wildcards"] },
    Flaw { name: "partial wildcard that does not fit", credentials: |pki| &pki.partial_wildcard, host: "goo.example.org",
        is_it: TlsError::is_wrong_host, depth: 0, passes_with: HOSTNAME },
];

/// TL9
async fn each_flaw_is_refused_and_told() -> io::Result<()> {
    for protocol in PROTOCOLS {
        for flaw in FLAWS {
            let credentials = (flaw.credentials)(pki());
            let acceptor = acceptor_of(server_with(credentials).protocol(protocol));
            let (client, server) = handshake(&connector(), &acceptor, flaw.host).await?;
            let error = client.map(|_| ()).expect_err(flaw.name);
            assert!(error.is_certificate() && (flaw.is_it)(&error), "{}: {error}", flaw.name);
            assert_eq!(error.depth(), Some(flaw.depth), "{}: {error}", flaw.name);
            let subject = error.subject().expect("a subject");
            assert!(subject.contains("O=fend tests"), "{}: {subject}", flaw.name);
            assert_eq!(error.host(), Some(flaw.host));
            assert!(error.to_string().contains(flaw.host), "{error}");
            assert!(!error.is_timeout() && !error.is_io() && !error.is_alert() && !error.is_unexpected_eof());
            // The server is told.
            let refusal = server.map(|_| ()).expect_err(flaw.name);
            assert!(refusal.is_alert(), "{}: {refusal}", flaw.name);
        }
    }
    Ok(())
}

/// TL9
async fn each_opt_out_lets_its_flaw_pass_alone() -> io::Result<()> {
    for (opt_out, apply) in OPT_OUTS {
        let connector = connector_of(apply(client().session_cache(0)));
        for flaw in FLAWS {
            let acceptor = acceptor_of(server_with((flaw.credentials)(pki())));
            let (client, _server) = handshake(&connector, &acceptor, flaw.host).await?;
            let passes = opt_out == "invalid certs" || flaw.passes_with.contains(&opt_out);
            assert_eq!(client.is_ok(), passes, "{} with {opt_out}: {client:?}", flaw.name);
            match client {
                // What the rules of names let pass is no error at all.
                Ok(_) if opt_out.contains("wildcard") || opt_out == "common name" => {}
                Ok(stream) if opt_out == "invalid hostnames" => drop(stream),
                Ok(stream) => assert!(stream.verify_error().is_some(), "{} with {opt_out}", flaw.name),
                Err(error) => assert!((flaw.is_it)(&error), "{} with {opt_out}: {error}", flaw.name),
            }
        }
    }
    Ok(())
}

async fn what_has_no_flaw_passes() -> io::Result<()> {
    let good: [(&Credentials, &str); 10] = [
        (&pki().localhost, "localhost"),
        (&pki().localhost, "LocalHost"),
        (&pki().localhost, "127.0.0.1"),
        (&pki().localhost, "::1"),
        (&pki().localhost, "0:0:0:0:0:0:0:1"),
        (&pki().rsa, "localhost"),
        (&pki().elsewhere, "b.example"),
        (&pki().elsewhere, "192.0.2.1"),
        (&pki().wildcard, "anything.example.org"),
        (&pki().deep_wildcard, "b.a.example.org"),
    ];
    for protocol in PROTOCOLS {
        for (credentials, host) in good {
            let acceptor = acceptor_of(server_with(credentials).protocol(protocol));
            let (client, server) = handshake(&connector(), &acceptor, host).await?;
            let (client, server) = (client?, server?);
            assert_eq!(client.verify_error(), None, "{host}");
            // Addresses are no server names; RFC 6066.
            let is_name = host.parse::<std::net::IpAddr>().is_err();
            assert_eq!(server.server_name().is_some(), is_name, "{host}: {:?}", server.server_name());
        }
    }
    Ok(())
}

/// TL9
async fn hosts_that_cannot_be() -> io::Result<()> {
    for host in ["", "good.example\0.evil.example", "\0"] {
        let acceptor = acceptor_of(server_with(&pki().embedded_nul));
        let (client, _server) = handshake(&connector(), &acceptor, host).await?;
        let error = client.map(|_| ()).expect_err(host);
        assert_eq!(error.io_kind(), io::ErrorKind::InvalidInput, "{host:?}: {error}");
        assert!(!error.to_string().contains('\0'), "{error:?}");
    }
    Ok(())
}

/// TL9
async fn the_roots_of_the_system_do_not_know_us() -> io::Result<()> {
    let connectors = [
        fend::tls::TlsConnector::new()?,
        // No root at all.
        connector_of(fend::tls::Context::builder(fend::tls::Mode::Client).system_roots(false)),
    ];
    for connector in connectors {
        let (client, _server) = handshake(&connector, &acceptor_of(server()), "localhost").await?;
        let error = client.map(|_| ()).expect_err("an unknown root");
        assert!(error.is_unknown_issuer(), "{error}");
    }
    Ok(())
}

/// TL9
async fn a_revoked_certificate_is_refused_where_a_list_is_given() -> io::Result<()> {
    let place = Place::new();
    let list = place.write("list.pem", pki().revocations_pem());
    let both = [pki().revocations_pem(), pki().root_revocations.to_pem()?].concat();
    let both = place.write("both.pem", both);
    let revoked = acceptor_of(server_with(&pki().revoked));
    let (client_side, _server) = handshake(&connector(), &revoked, "localhost").await?;
    assert!(client_side.is_ok(), "nobody has told: {client_side:?}");
    for builder in [client().crl_file(&list), client().crl_file(&both).crl_check_all(true)] {
        let connector = connector_of(builder);
        let (client_side, _server) = handshake(&connector, &revoked, "localhost").await?;
        let error = client_side.map(|_| ()).expect_err("revoked");
        assert!(error.is_revoked() && error.depth() == Some(0), "{error}");
        let (client_side, _server) = handshake(&connector, &acceptor_of(server()), "localhost").await?;
        assert!(client_side.is_ok(), "{client_side:?}");
    }
    // The list of the root is missing.
    let connector = connector_of(client().crl_file(&list).crl_check_all(true));
    let (client_side, _server) = handshake(&connector, &acceptor_of(server()), "localhost").await?;
    let error = client_side.map(|_| ()).expect_err("no list");
    assert!(error.is_certificate() && !error.is_revoked() && error.depth() == Some(1), "{error}");
    Ok(())
}

/// TL9
async fn names_are_told_with_a_wrong_host() -> io::Result<()> {
    let names: [(&Credentials, &[&str]); 3] = [
        (&pki().elsewhere, &["a.example", "b.example", "192.0.2.1"]),
        (&pki().wildcard, &["*.example.org"]),
        (&pki().name_as_subject, &[]),
    ];
    for (credentials, names) in names {
        let acceptor = acceptor_of(server_with(credentials));
        let (client, _server) = handshake(&connector(), &acceptor, "c.example").await?;
        let error = client.map(|_| ()).expect_err("another host");
        assert_eq!(error.certificate_names(), names, "{error}");
        assert!(names.iter().all(|name| error.to_string().contains(name)), "{error}");
        let error = io::Error::from(error);
        assert!(error.downcast::<TlsError>().is_ok_and(|error| error.is_wrong_host()));
    }
    Ok(())
}
