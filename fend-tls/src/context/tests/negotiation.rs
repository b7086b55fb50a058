//! Protocols, ciphers and options.

use std::sync::Mutex;

use openssl::ssl::SslOptions;

use super::*;

fn parties() -> (ContextBuilder, ContextBuilder) {
    let authority = Authority::new("root");
    let client = Context::builder(Mode::Client).ca(authority.certificate());
    (client, Context::builder(Mode::Server).identity(authority.issue(&["a.example"])))
}

/// What a handshake of the two comes to.
fn shake(client: ContextBuilder, server: ContextBuilder) -> pair::Pair {
    Dial::new(&client.build().unwrap(), &server.build().unwrap()).run()
}

fn protocol(pair: &pair::Pair) -> Protocol {
    Protocol::from_openssl(pair.client.ssl().version2().unwrap()).unwrap()
}

fn cipher(pair: &pair::Pair) -> &str {
    pair.client.ssl().current_cipher().unwrap().name()
}

#[test]
fn the_defaults_meet_in_tls_1_3() {
    let (client, server) = parties();
    let mut pair = shake(client, server).connected();
    assert_eq!(protocol(&pair), Protocol::Tls1_3);
    assert_eq!(pair.client.state().passed(), None);
    pair.client.send(b"hello");
    pair.server.send(b"world");
    pair.run();
    assert_eq!((&pair.server.received[..], &pair.client.received[..]), (&b"hello"[..], &b"world"[..]));
}

#[test]
fn tls_1_2_has_forward_secrecy_and_aead() {
    let (client, server) = parties();
    let pair = shake(client.max_protocol(Protocol::Tls1_2), server).connected();
    assert_eq!(protocol(&pair), Protocol::Tls1_2);
    assert_eq!(cipher(&pair), "ECDHE-ECDSA-AES256-GCM-SHA384");
    for weaker in ["ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256", "AES128-SHA"] {
        let (client, server) = parties();
        let pair = shake(client.max_protocol(Protocol::Tls1_2).ciphers(weaker), server);
        assert!(pair.server.error().contains("no shared cipher"), "{}", pair.server.error());
    }
}

#[test]
fn each_side_keeps_to_its_protocols() {
    for (client_max, server_min) in
        [(Protocol::Tls1_2, Protocol::Tls1_3), (Protocol::Tls1_0, Protocol::Tls1_2)]
    {
        let (client, server) = parties();
        let pair = shake(client.protocol(client_max), server.min_protocol(server_min));
        assert!(pair.server.error().contains("unsupported protocol"), "{}", pair.server.error());
        assert!(pair.client.error().contains("alert protocol version"), "{}", pair.client.error());
    }
    let (client, server) = parties();
    let pair = shake(client, server.max_protocol(Protocol::Tls1_2)).connected();
    assert_eq!(protocol(&pair), Protocol::Tls1_2);
}

#[test]
fn the_oldest_protocols_work_when_both_ask_for_them() {
    for old in [Protocol::Tls1_0, Protocol::Tls1_1] {
        let (client, server) = parties();
        let pair = shake(client.protocol(old), server.min_protocol(old)).connected();
        assert_eq!(protocol(&pair), old);
        // And those who can do better do.
        let (client, server) = parties();
        assert_eq!(protocol(&shake(client, server.min_protocol(old)).connected()), Protocol::Tls1_3);
    }
    // The caller's own level counts.
    let (client, server) = parties();
    let pair =
        shake(client.protocol(Protocol::Tls1_0), server.min_protocol(Protocol::Tls1_0).security_level(1));
    assert!(!pair.is_connected());
}

#[test]
fn a_server_without_a_certificate_is_never_taken() {
    // As somebody in the middle would do it. At security level 0 OpenSSL has nothing against it.
    let anonymous = || {
        let server =
            Context::builder(Mode::Server).min_protocol(Protocol::Tls1_0).max_protocol(Protocol::Tls1_2);
        server.with_openssl(|context| context.set_cipher_list("aNULL:@SECLEVEL=0"))
    };
    type Set = fn(ContextBuilder) -> ContextBuilder;
    let clients: [Set; 4] = [
        |client| client.min_protocol(Protocol::Tls1_0),
        |client| client.min_protocol(Protocol::Tls1_0).ciphers("AES"),
        |client| client.security_level(0).ciphers("HIGH"),
        |client| client.ciphers("ALL:@SECLEVEL=0"),
    ];
    for set in clients {
        let pair = shake(set(parties().0), anonymous());
        assert!(pair.server.error().contains("no shared cipher"), "{}", pair.server.error());
    }
    let gullible = parties().0.with_openssl(|context| context.set_cipher_list("AES:@SECLEVEL=0"));
    shake(gullible, anonymous()).connected();
}

#[test]
fn the_lists_of_the_caller_count() {
    let (client, server) = parties();
    let pair =
        shake(client.cipher_suites("TLS_CHACHA20_POLY1305_SHA256"), server.groups("P-384")).connected();
    assert_eq!(cipher(&pair), "TLS_CHACHA20_POLY1305_SHA256");
    let (client, server) = parties();
    let pair = shake(client.groups("X25519"), server.groups("P-384"));
    assert!(pair.server.error.is_some());
    let (client, server) = parties();
    let pair = shake(client.signature_algorithms("RSA-PSS+SHA256"), server);
    assert!(pair.server.error.is_some(), "the server's key is no RSA key");
}

#[test]
fn diffie_hellman_in_finite_fields_is_there_for_who_asks() {
    let dhe = "DHE-RSA-AES128-GCM-SHA256";
    let authority = Authority::new("root");
    let rsa = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let identity = authority.issue_with("a.example", rsa, Validity::Now, |_| {});
    let client = || {
        let client =
            Context::builder(Mode::Client).ca(authority.certificate()).max_protocol(Protocol::Tls1_2);
        client.danger_accept_invalid_hostnames().ciphers(dhe)
    };
    let server = || Context::builder(Mode::Server).identity(identity.clone());
    assert!(!shake(client(), server()).is_connected());
    assert_eq!(cipher(&shake(client(), server().ciphers(dhe)).connected()), dhe);
    let pem = openssl::dh::Dh::get_2048_256().unwrap().params_to_pem().unwrap();
    assert_eq!(cipher(&shake(client(), server().dhparam_pem(&pem)).connected()), dhe);
}

#[test]
fn options_are_the_safe_ones_and_the_callers() {
    let seen = Arc::new(Mutex::new(SslOptions::empty()));
    let options = |client: ContextBuilder| {
        let copy = Arc::clone(&seen);
        let hook = move |context: &mut openssl::ssl::SslContextBuilder| {
            *copy.lock().unwrap() = context.options();
            Ok(())
        };
        client.with_openssl(hook).build().unwrap();
        *seen.lock().unwrap()
    };
    let new = || Context::builder(Mode::Client).system_roots(false);
    let safe = SslOptions::NO_COMPRESSION | SslOptions::NO_RENEGOTIATION;
    assert!(options(new()).contains(safe));
    assert!(!options(new()).intersects(SslOptions::IGNORE_UNEXPECTED_EOF | SslOptions::NO_TICKET));
    assert!(options(new().session_tickets(false)).contains(SslOptions::NO_TICKET));
    assert!(!options(new().clear_options(SslOptions::NO_RENEGOTIATION)).contains(safe));
    let more = options(new().options(SslOptions::NO_TLSV1_3).options(SslOptions::CIPHER_SERVER_PREFERENCE));
    assert!(more.contains(safe | SslOptions::NO_TLSV1_3 | SslOptions::CIPHER_SERVER_PREFERENCE));
}

#[test]
fn the_client_chooses_the_cipher_unless_the_server_insists() {
    let (first, second) = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305");
    for (options, wanted) in [(SslOptions::empty(), first), (SslOptions::CIPHER_SERVER_PREFERENCE, second)] {
        let (client, server) = parties();
        let client = client.max_protocol(Protocol::Tls1_2).ciphers(&format!("{first}:{second}"));
        let pair = shake(client, server.ciphers(&format!("{second}:{first}")).options(options)).connected();
        assert_eq!(cipher(&pair), wanted);
    }
}

#[test]
fn a_handshake_uses_the_certificate_that_the_client_can_verify() {
    let authority = Authority::new("root");
    let rsa = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let intermediate = authority.intermediate("middle");
    let server = Context::builder(Mode::Server)
        .identity(authority.issue_with("with rsa", rsa, Validity::Now, |_| {}))
        .identity(intermediate.issue_with("elliptic", authority_key(), Validity::Now, |_| {}))
        .build()
        .unwrap();
    // The chain is signed with ECDSA in either case.
    let cases = [("RSA-PSS+SHA256:ECDSA+SHA256", "CN=with rsa"), ("ECDSA+SHA256", "CN=elliptic")];
    for (algorithms, subject) in cases {
        let client =
            Context::builder(Mode::Client).ca(authority.certificate()).danger_accept_invalid_hostnames();
        let client = client.signature_algorithms(algorithms).build().unwrap();
        assert_eq!(Dial::new(&client, &server).run().connected().shown(), subject);
    }
}

fn authority_key() -> openssl::pkey::PKey<openssl::pkey::Private> {
    openssl::pkey::PKey::ec_gen("prime256v1").unwrap()
}

#[test]
fn a_chain_is_what_the_identity_holds() {
    let root = Authority::new("root");
    let middle = root.intermediate("middle");
    let alone = middle.issue(&["a.example"]);
    let alone = Identity::new(vec![alone.certificate().clone()], alone.key().clone()).unwrap();
    // A server does not look for more among whom it trusts.
    let server =
        Context::builder(Mode::Server).identity(alone).ca(middle.certificate()).ca(root.certificate());
    let server = server.verify(Verify::PEER).build().unwrap();
    let client = Context::builder(Mode::Client).ca(root.certificate()).build().unwrap();
    let failure = Dial::new(&client, &server).run().refused();
    assert_eq!(failure.code, crate::error::code::UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}
