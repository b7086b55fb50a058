//! A panic in a callback is a refusal, and its message is kept. Without the guard the program would abort.

use super::*;

fn parties() -> (ContextBuilder, ContextBuilder) {
    let identity = authority::self_signed(&["a.example"], Validity::Now);
    let client = Context::builder(Mode::Client).ca(identity.certificate().clone());
    (client, Context::builder(Mode::Server).identity(identity))
}

fn shake(client: ContextBuilder, server: ContextBuilder) -> pair::Pair {
    Dial::new(&client.build().unwrap(), &server.build().unwrap()).run()
}

#[test]
fn in_the_verify_callback() {
    let (client, server) = parties();
    let pair = shake(client.verify_callback(|_, info| panic!("at depth {}", info.depth())), server);
    assert!(!pair.is_connected());
    assert_eq!(pair.client.state().take_panic().as_deref(), Some("at depth 0"));
    assert!(pair.client.error().contains("certificate verify failed"), "{}", pair.client.error());
    // Whoever accepts anything does not accept this.
    let (client, server) = parties();
    let client = client.danger_accept_invalid_certs().verify_callback(|_, _| panic!("no"));
    assert!(!shake(client, server).is_connected());
}

#[test]
fn in_the_sni_callback() {
    let (client, server) = parties();
    let pair = shake(client, server.sni_callback(|name| panic!("{}", name.unwrap())));
    assert!(pair.client.error().contains("alert internal error"), "{}", pair.client.error());
    assert_eq!(pair.server.state().take_panic().as_deref(), Some("a.example"));
}

#[test]
fn in_the_ocsp_callback() {
    let (client, server) = parties();
    let pair = shake(client.request_ocsp(), server.ocsp_callback(|| panic!("no")));
    assert!(!pair.is_connected());
    assert_eq!(pair.server.state().take_panic().as_deref(), Some("no"));
    // Nobody asks.
    let (client, server) = parties();
    shake(client, server.ocsp_callback(|| panic!("no"))).connected();
}

#[test]
fn in_the_keylog_callback() {
    for on_server in [false, true] {
        let (mut client, mut server) = parties();
        let panics = |_: &str| panic!("no");
        if on_server {
            server = server.keylog(panics);
        } else {
            client = client.keylog(panics);
        }
        let pair = shake(client, server);
        let side = if on_server { &pair.server } else { &pair.client };
        assert_eq!(side.state().take_panic().as_deref(), Some("no"));
    }
}

#[test]
fn in_a_hook() {
    let (client, _) = parties();
    let error = client.with_openssl(|_| panic!("no")).build().unwrap_err();
    assert!(error.to_string().starts_with("TLS context: with_openssl: "), "{error}");
    assert!(error.to_string().ends_with(": no"), "{error}");
}

#[test]
fn a_payload_that_is_no_text_or_panics_itself() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    let (client, server) = parties();
    let pair = shake(client, server.sni_callback(|_| std::panic::panic_any(Bomb)));
    assert_eq!(pair.server.state().take_panic().as_deref(), Some("a panic without a message"));
}
