//! Stapled responses. What makes a good one is tested with `crate::ocsp`; here it is what the handshake makes of it.

use super::*;
use crate::error::code;

/// The shortest of responses (RFC 6960, section 4.2.1): why there is none. "malformedRequest" is 1, "internalError" 2.
fn refusal(status: u8) -> Vec<u8> {
    vec![0x30, 3, 0x0a, 1, status]
}

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
        assert_eq!(received(true, |server| server.ocsp_response(refusal(1))), Some(refusal(1)));
        assert_eq!(received(true, |server| server.ocsp_callback(|| Some(refusal(2)))), Some(refusal(2)));
        assert_eq!(received(true, |server| server.ocsp_response(b"junk".to_vec())), None);
        assert_eq!(received(true, |server| server.ocsp_callback(|| None)), None);
        assert_eq!(received(true, |server| server), None);
        assert_eq!(received(false, |server| server.ocsp_response(refusal(1))), None);
    }
}

#[test]
fn the_context_of_a_name_staples_its_own() {
    let (client, server) = parties();
    let (_, named) = parties();
    let named = named.ocsp_response(refusal(1)).build().unwrap();
    let server = server.ocsp_response(refusal(2)).sni_context("b.example", named).build().unwrap();
    let client = client.danger_accept_invalid_certs().request_ocsp().build().unwrap();
    for (name, response) in [("b.example", refusal(1)), ("c.example", refusal(2))] {
        let pair = Dial::new(&client, &server).server_name(Some(name)).run().connected();
        assert_eq!(pair.client.ssl().ocsp_status(), Some(&*response));
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
        let refused = failure(|server| server.ocsp_response(refusal(2)));
        assert_eq!(refused, "the OCSP response is not valid: the responder had an internal error");
    }
}
