//! Contexts by name.

use std::sync::Mutex;

use super::*;
use crate::error::code;

/// A root, and a client that trusts it.
fn client() -> (Authority, ContextBuilder) {
    let authority = Authority::new("root");
    let client = Context::builder(Mode::Client).ca(authority.certificate()).danger_accept_invalid_hostnames();
    (authority, client)
}

fn server(identity: Identity) -> ContextBuilder {
    Context::builder(Mode::Server).identity(identity)
}

#[test]
fn the_name_chooses_the_certificate() {
    let (authority, client) = client();
    let client = client.build().unwrap();
    let named = |name: &str| Context::server(authority.issue(&[name])).unwrap();
    let server = server(authority.issue(&["default"]))
        .sni_context("A.example", named("a"))
        .sni_context("*.example", named("wildcard"))
        .build()
        .unwrap();
    let cases = [
        (Some("a.example"), "CN=a"),
        (Some("a.EXAMPLE"), "CN=a"),
        (Some("a.example."), "CN=a"),
        (Some("b.example"), "CN=wildcard"),
        (Some("example"), "CN=default"),
        (Some("x.b.example"), "CN=default"),
        (Some("other.test"), "CN=default"),
        (None, "CN=default"),
    ];
    for (name, shown) in cases {
        let pair = Dial::new(&client, &server).server_name(name).run().connected();
        assert_eq!(pair.shown(), shown, "{name:?}");
        let seen = pair.server.ssl().servername(openssl::ssl::NameType::HOST_NAME);
        assert_eq!(seen, name, "what the client has asked for");
    }
}

#[test]
fn the_callback_chooses_first() {
    let (authority, client) = client();
    let client = client.build().unwrap();
    let named = |name: &str| Context::server(authority.issue(&[name])).unwrap();
    let chosen = named("chosen");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let copy = Arc::clone(&seen);
    let server = server(authority.issue(&["default"]))
        .sni_context("a.example", named("a"))
        .sni_context("b.example", named("b"))
        .sni_callback(move |name| {
            copy.lock().unwrap().push(name.map(str::to_owned));
            match name {
                Some("a.example") => Sni::Use(chosen.clone()),
                Some("refused.example") => Sni::Refuse,
                _ => Sni::Accept,
            }
        })
        .build()
        .unwrap();
    let shown = |name| Dial::new(&client, &server).server_name(name).run().connected().shown();
    assert_eq!(shown(Some("a.example")), "CN=chosen");
    assert_eq!(shown(Some("b.example")), "CN=b");
    assert_eq!(shown(None), "CN=default");
    let pair = Dial::new(&client, &server).server_name(Some("refused.example")).run();
    assert!(pair.client.error().contains("unrecognized name"), "{}", pair.client.error());
    let names = ["a.example", "b.example", "", "refused.example"];
    assert_eq!(
        *seen.lock().unwrap(),
        names.map(|name| Some(name.to_owned()).filter(|name| !name.is_empty()))
    );
}

#[test]
fn the_context_of_a_name_brings_what_it_asks_of_clients() {
    let (authority, client) = client();
    let clients = Authority::new("clients");
    let strict = server(authority.issue(&["strict"])).ca(clients.certificate());
    let strict = strict.verify(Verify::FAIL_IF_NO_PEER_CERT).build().unwrap();
    let pinned = server(authority.issue(&["pinned"])).verify(Verify::PEER);
    let pinned =
        pinned.verify_callback(|_, info| info.depth() > 0 || info.error().is_none()).build().unwrap();
    let shallow = server(authority.issue(&["shallow"])).ca(clients.certificate());
    let shallow = shallow.verify(Verify::FAIL_IF_NO_PEER_CERT).verify_depth(0).build().unwrap();
    let server = server(authority.issue(&["default"])).sni_context("strict.example", strict);
    let server = server.sni_context("pinned.example", pinned).sni_context("shallow.example", shallow);
    let server = server.build().unwrap();
    let nobody = client.clone().build().unwrap();
    let somebody = client.clone().identity(clients.issue(&["somebody"])).build().unwrap();
    let far = clients.intermediate("middle").issue(&["far"]);
    let far = client.clone().identity(far).build().unwrap();
    let stranger = client.identity(authority.issue(&["stranger"])).build().unwrap();
    let dial = |client, name| Dial::new(client, &server).server_name(Some(name)).run();

    dial(&nobody, "default.example").connected();
    assert!(dial(&nobody, "strict.example").server.error().contains("did not return a certificate"));
    dial(&somebody, "strict.example").connected();
    let pair = dial(&stranger, "strict.example");
    assert_eq!(pair.server.state().take_failure().unwrap().code, code::UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    dial(&far, "strict.example").connected();
    dial(&somebody, "shallow.example").connected();
    assert!(dial(&far, "shallow.example").server.state().take_failure().is_some());
    // The callback of the context, not of the default.
    let failure = dial(&somebody, "pinned.example").server.state().take_failure();
    assert_eq!(failure.unwrap().code, code::UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

#[test]
fn the_context_of_a_name_brings_protocols_ciphers_and_alpn() {
    let (authority, client) = client();
    let old = server(authority.issue(&["old"])).max_protocol(Protocol::Tls1_2);
    let old = old.ciphers("ECDHE+CHACHA20").alpn(["old/1"]).build().unwrap();
    let newest = server(authority.issue(&["newest"])).min_protocol(Protocol::Tls1_3).build().unwrap();
    let new = server(authority.issue(&["new"])).min_protocol(Protocol::Tls1_3).build().unwrap();
    let server = server(authority.issue(&["default"])).alpn(["http/1.1"]).sni_context("old.example", old);
    let server = server.max_protocol(Protocol::Tls1_2).sni_context("new.example", new);
    let server = server.sni_context("newest.example", newest).build().unwrap();
    let older = client.clone().max_protocol(Protocol::Tls1_2).build().unwrap();
    let client = client.alpn(["http/1.1", "old/1"]).build().unwrap();
    let dial = |name| Dial::new(&client, &server).server_name(Some(name)).run().connected();

    let pair = dial("old.example");
    assert_eq!(pair.client.ssl().selected_alpn_protocol(), Some(&b"old/1"[..]));
    assert!(pair.client.ssl().current_cipher().unwrap().name().contains("CHACHA20"));
    let pair = dial("new.example");
    assert_eq!(pair.client.ssl().version_str(), "TLSv1.3");
    assert_eq!(pair.client.ssl().selected_alpn_protocol(), None);
    let pair = Dial::new(&older, &server).server_name(Some("newest.example")).run();
    assert!(pair.server.error().contains("unsupported protocol"), "{}", pair.server.error());
    let pair = dial("default.example");
    assert_eq!(pair.client.ssl().version_str(), "TLSv1.2");
    assert_eq!(pair.client.ssl().selected_alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[test]
fn a_session_of_one_name_is_not_resumed_under_another() {
    let (authority, client) = client();
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let clients = Authority::new("clients");
        let strict = server(authority.issue(&["strict"])).ca(clients.certificate());
        let strict =
            strict.verify(Verify::FAIL_IF_NO_PEER_CERT).session_id_context(b"the same").build().unwrap();
        let server = server(authority.issue(&["default"])).session_id_context(b"the same");
        let server = server.sni_context("strict.example", strict).build().unwrap();
        let client = client.clone().max_protocol(protocol).build().unwrap();
        let dial = |name, key| Dial::new(&client, &server).server_name(Some(name)).key(key).run();

        assert!(!dial("default.example", "key").connected().is_resumed());
        assert!(dial("default.example", "key").connected().is_resumed());
        // One that has shown no certificate, where one is asked for (CVE-2025-23419).
        let pair = dial("strict.example", "key");
        assert!(!pair.is_connected(), "{protocol} lets it in");
        assert!(pair.server.error().contains("did not return a certificate"), "{}", pair.server.error());
    }
}

#[test]
fn a_session_is_resumed_under_its_own_name() {
    let (authority, client) = client();
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let named = Context::server(authority.issue(&["a"])).unwrap();
        let server = server(authority.issue(&["default"])).sni_context("a.example", named).build().unwrap();
        let client = client.clone().max_protocol(protocol).build().unwrap();
        let dial = || Dial::new(&client, &server).key("key").run().connected();
        assert!(!dial().is_resumed());
        assert!(dial().is_resumed(), "{protocol}");
    }
}

/// A server that has its clients try again, since they guess a group that it does not take; and such a client.
fn parties_that_try_again() -> (Context, Context) {
    let (authority, client) = client();
    let server = |name: &str| server(authority.issue(&[name])).groups("P-384");
    let inner = server("inner").build().unwrap();
    // It would choose again, if it were asked again.
    let named = server("a").sni_callback(move |_| Sni::Use(inner.clone())).build().unwrap();
    let server = server("default").sni_context("a.example", named).build().unwrap();
    (client.groups("X25519:P-384").build().unwrap(), server)
}

#[test]
fn a_hello_that_comes_again_keeps_its_context() {
    let (client, server) = parties_that_try_again();
    assert_eq!(Dial::new(&client, &server).run().connected().shown(), "CN=a");
}

#[test]
fn a_hello_that_comes_again_for_another_name_is_refused() {
    let (client, server) = parties_that_try_again();
    let mut pair = Dial::new(&client, &server).begin();
    pair.client.step();
    pair.server.step();
    pair.client.step();
    pair.tamper(b"a.example", b"b.example");
    pair.run();
    assert!(pair.client.error().contains("illegal parameter"), "{}", pair.client.error());
    assert!(pair.server.error().contains("callback failed"), "{}", pair.server.error());
}

#[test]
fn a_client_context_is_no_answer() {
    let (authority, client) = client();
    let client = client.build().unwrap();
    let wrong = client.clone();
    let server = server(authority.issue(&["default"])).sni_callback(move |_| Sni::Use(wrong.clone()));
    let pair = Dial::new(&client, &server.build().unwrap()).run();
    assert!(pair.client.error().contains("alert internal error"), "{}", pair.client.error());
    assert_eq!(
        pair.server.state().take_panic().as_deref(),
        Some("sni_callback has chosen a client's context")
    );
}
