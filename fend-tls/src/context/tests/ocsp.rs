//! Stapled responses. What makes a good one is tested with `crate::ocsp`; here it is what the handshake makes of it.

use super::*;
use crate::error::code;

fn parties() -> (ContextBuilder, ContextBuilder) {
    let identity = authority::self_signed(&["a.example"], Validity::Now);
    let client = Context::builder(Mode::Client).ca(identity.certificate().clone());
    (client, Context::builder(Mode::Server).identity(identity))
}

#[test]
fn who_asks_gets_what_there_is() {
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let received = |ask: bool, set: fn(ContextBuilder) -> ContextBuilder| {
            let (client, server) = parties();
            let client = if ask { client.request_ocsp() } else { client };
            let client = client.max_protocol(protocol).build().unwrap();
            let pair = Dial::new(&client, &set(server).build().unwrap()).run().connected();
            pair.client.ssl().ocsp_status().map(<[u8]>::to_vec)
        };
        assert_eq!(
            received(true, |server| server.ocsp_response(b"stapled".to_vec())),
            Some(b"stapled".to_vec())
        );
        assert_eq!(received(true, |server| server.ocsp_callback(|| Some(vec![1, 2]))), Some(vec![1, 2]));
        assert_eq!(received(true, |server| server.ocsp_callback(|| None)), None);
        assert_eq!(received(true, |server| server), None);
        assert_eq!(received(false, |server| server.ocsp_response(b"stapled".to_vec())), None);
    }
}

#[test]
fn the_context_of_a_name_staples_its_own() {
    let (client, server) = parties();
    let (_, named) = parties();
    let named = named.ocsp_response(b"named".to_vec()).build().unwrap();
    let server = server.ocsp_response(b"default".to_vec()).sni_context("b.example", named).build().unwrap();
    let client = client.danger_accept_invalid_certs().request_ocsp().build().unwrap();
    for (name, response) in [("b.example", &b"named"[..]), ("c.example", b"default")] {
        let pair = Dial::new(&client, &server).server_name(Some(name)).run().connected();
        assert_eq!(pair.client.ssl().ocsp_status(), Some(response));
    }
}

#[test]
fn who_requires_one_fails_without() {
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let failure = |set: fn(ContextBuilder) -> ContextBuilder| {
            let (client, server) = parties();
            let client = client.require_ocsp().max_protocol(protocol).build().unwrap();
            let pair = Dial::new(&client, &set(server).build().unwrap()).run();
            assert!(
                pair.server.error().contains("bad certificate status response"),
                "{}",
                pair.server.error()
            );
            let failure = pair.refused();
            assert_eq!(
                (failure.code, failure.depth, &*failure.subject),
                (code::APPLICATION_VERIFICATION, 0, "CN=a.example")
            );
            failure.reason.unwrap()
        };
        assert_eq!(failure(|server| server), "the OCSP response is not valid: the server has sent none");
        let junk = failure(|server| server.ocsp_response(b"junk".to_vec()));
        assert_eq!(junk, "the OCSP response is not valid: it cannot be read");
    }
}
