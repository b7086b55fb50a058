//! The choice of an application protocol.

use super::*;

struct Case {
    server: &'static [&'static str],
    client: &'static [&'static str],
    required: bool,
    chosen: Result<Option<&'static str>, &'static str>,
}

#[test]
fn the_server_chooses_by_its_own_order() {
    const REFUSED: &str = "alert no application protocol";
    let cases = [
        Case {
            server: &["h2", "http/1.1"],
            client: &["http/1.1", "h2"],
            required: true,
            chosen: Ok(Some("h2")),
        },
        Case {
            server: &["http/1.1"],
            client: &["h2", "http/1.1"],
            required: false,
            chosen: Ok(Some("http/1.1")),
        },
        Case { server: &["h2"], client: &["http/1.1"], required: false, chosen: Ok(None) },
        Case { server: &["h2"], client: &["http/1.1", "h3", "h"], required: true, chosen: Err(REFUSED) },
        Case { server: &["h2"], client: &[], required: false, chosen: Ok(None) },
        Case { server: &["h2"], client: &[], required: true, chosen: Err(REFUSED) },
        Case { server: &[], client: &["h2"], required: false, chosen: Ok(None) },
    ];
    let identity = authority::self_signed(&["a.example"], Validity::Now);
    for Case { server, client, required, chosen } in cases {
        for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
            let server_context = Context::builder(Mode::Server).identity(identity.clone()).alpn(server);
            let server_context = server_context.alpn_required(required).build().unwrap();
            let client_context =
                Context::builder(Mode::Client).ca(identity.certificate().clone()).alpn(client);
            let client_context = client_context.max_protocol(protocol).build().unwrap();
            let pair = Dial::new(&client_context, &server_context).run();
            match chosen {
                Ok(chosen) => {
                    let pair = pair.connected();
                    for side in [&pair.client, &pair.server] {
                        assert_eq!(side.ssl().selected_alpn_protocol(), chosen.map(str::as_bytes));
                    }
                }
                Err(error) => assert!(pair.client.error().contains(error), "{}", pair.client.error()),
            }
        }
    }
}

#[test]
fn a_handshake_can_offer_others() {
    let identity = authority::self_signed(&["a.example"], Validity::Now);
    let server = Context::builder(Mode::Server).identity(identity.clone()).alpn(["h2", "x"]).build().unwrap();
    let client =
        Context::builder(Mode::Client).ca(identity.certificate().clone()).alpn(["h2"]).build().unwrap();
    let pair = Dial::new(&client, &server).alpn(&["x"]).run().connected();
    assert_eq!(pair.client.ssl().selected_alpn_protocol(), Some(&b"x"[..]));
}
