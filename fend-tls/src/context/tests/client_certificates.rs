//! What a server asks of its clients.

use super::*;
use crate::error::code;

#[test]
fn a_server_asks_for_certificates_when_it_is_told_to() {
    let authority = Authority::new("client root");
    let server_identity = authority::self_signed(&["a.example"], Validity::Now);
    let client = |identity: Option<Identity>| {
        let client = Context::builder(Mode::Client).ca(server_identity.certificate().clone());
        identity.into_iter().fold(client, ContextBuilder::identity).build().unwrap()
    };
    let server = |verify| {
        let server = Context::builder(Mode::Server).identity(server_identity.clone());
        server.ca(authority.certificate()).verify(verify).build().unwrap()
    };
    let (good, stranger) = (authority.issue(&["client"]), authority::self_signed(&["client"], Validity::Now));
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let limit = |context: &Context| {
            let mut settings = context.settings().clone();
            settings.parameters.max_protocol = Some(protocol);
            Context::make(settings).unwrap()
        };
        let shake = |identity: Option<&Identity>, verify| {
            Dial::new(&limit(&client(identity.cloned())), &server(verify)).run()
        };
        let subject = |pair: &pair::Pair| {
            let certificate = pair.server.ssl().peer_certificate();
            certificate.map(|certificate| Certificate::from(certificate).subject())
        };
        assert_eq!(subject(&shake(Some(&good), Verify::NONE).connected()), None);
        assert_eq!(subject(&shake(Some(&good), Verify::PEER).connected()).as_deref(), Some("CN=client"));
        assert_eq!(subject(&shake(None, Verify::PEER).connected()), None);
        shake(Some(&good), Verify::FAIL_IF_NO_PEER_CERT).connected();
        let pair = shake(None, Verify::FAIL_IF_NO_PEER_CERT);
        assert!(pair.server.error().contains("did not return a certificate"), "{}", pair.server.error());
        for verify in [Verify::PEER, Verify::FAIL_IF_NO_PEER_CERT] {
            let pair = shake(Some(&stranger), verify);
            let failure = pair.server.state().take_failure().unwrap();
            assert_eq!((failure.code, &*failure.subject), (code::DEPTH_ZERO_SELF_SIGNED_CERT, "CN=client"));
            assert!(pair.client.error().contains("alert unknown ca"), "{}", pair.client.error());
        }
    }
}
