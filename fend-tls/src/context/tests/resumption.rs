//! Which sessions are resumed, and which are not.

use std::time::Duration;

use super::*;

fn parties() -> (Identity, ContextBuilder, ContextBuilder) {
    let identity = authority::self_signed(&["a.example"], Validity::Now);
    let client = Context::builder(Mode::Client).ca(identity.certificate().clone());
    (identity.clone(), client, Context::builder(Mode::Server).identity(identity))
}

#[test]
fn a_session_is_resumed() {
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let (_, client, server) = parties();
        let (client, server) = (client.max_protocol(protocol).build().unwrap(), server.build().unwrap());
        let dial = |key| Dial::new(&client, &server).key(key).run().connected().is_resumed();
        assert!(!dial("a"));
        assert!(!dial("b"), "another key is another host");
        for _ in 0..3 {
            assert!(dial("a"), "{protocol}");
        }
    }
}

#[test]
fn nothing_is_kept_where_nothing_is_to_be() {
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let resumes = |set_client: fn(ContextBuilder) -> ContextBuilder,
                       set_server: fn(ContextBuilder) -> ContextBuilder| {
            let (_, client, server) = parties();
            let client = set_client(client.max_protocol(protocol)).build().unwrap();
            let server = set_server(server).build().unwrap();
            Dial::new(&client, &server).key("a").run().connected();
            Dial::new(&client, &server).key("a").run().connected().is_resumed()
        };
        let same = |builder| builder;
        assert!(resumes(same, same));
        assert!(!resumes(|client| client.session_cache(0), same));
        // Without tickets the server remembers.
        assert!(resumes(same, |server| server.session_tickets(false)), "{protocol}");
        assert!(
            !resumes(same, |server| server.session_tickets(false).session_cache(0).tickets(0)),
            "{protocol}"
        );
    }
}

#[test]
fn tickets_are_as_many_as_was_said() {
    for (count, wanted) in [(None, 2), (Some(0), 0), (Some(3), 3)] {
        let (_, client, server) = parties();
        let server = count.into_iter().fold(server, ContextBuilder::tickets).build().unwrap();
        let client = client.build().unwrap();
        Dial::new(&client, &server).key("a").run().connected();
        let sessions = client.settings().sessions.as_ref().unwrap();
        assert_eq!(std::iter::from_fn(|| sessions.take("a")).count(), wanted);
    }
}

#[test]
fn tickets_outlive_a_new_certificate() {
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let (_, client, server) = parties();
        let (client, server) = (client.max_protocol(protocol).build().unwrap(), server.build().unwrap());
        Dial::new(&client, &server).key("a").run().connected();
        let renewed = server.with_identity(authority::self_signed(&["a.example"], Validity::Now)).unwrap();
        assert!(Dial::new(&client, &renewed).key("a").run().connected().is_resumed(), "{protocol}");
        // The new certificate is not trusted: without the ticket it is refused.
        assert!(!Dial::new(&client, &renewed).run().is_connected());
        // And a second time.
        let again = renewed.with_identity(authority::self_signed(&["a.example"], Validity::Now)).unwrap();
        assert!(Dial::new(&client, &again).key("a").run().connected().is_resumed(), "{protocol}");
    }
}

#[test]
fn a_client_with_a_new_certificate_begins_afresh() {
    let (_, client, server) = parties();
    let (client, server) = (client.build().unwrap(), server.build().unwrap());
    Dial::new(&client, &server).key("a").run().connected();
    let renewed = client.with_identity(authority::self_signed(&["client"], Validity::Now)).unwrap();
    assert!(!Dial::new(&renewed, &server).key("a").run().connected().is_resumed());
    assert!(Dial::new(&renewed, &server).key("a").run().connected().is_resumed());
}

#[test]
fn with_identity_exchanges_the_one_of_the_same_kind() {
    let rsa = || {
        let key = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
        Authority::new("root").issue_with("rsa", key, Validity::Now, |_| {})
    };
    let elliptic = |name| authority::self_signed(&[name], Validity::Now);
    let subjects = |context: &Context| {
        let identities = &context.settings().identities;
        identities.iter().map(|identity| identity.certificate().subject()).collect::<Vec<_>>()
    };
    // One makes room for any other.
    let one = Context::server(elliptic("a")).unwrap();
    assert_eq!(subjects(&one.with_identity(rsa()).unwrap()), ["CN=rsa"]);
    let two = Context::builder(Mode::Server).identity(rsa()).identity(elliptic("a")).build().unwrap();
    assert_eq!(subjects(&two.with_identity(elliptic("b")).unwrap()), ["CN=rsa", "CN=b"]);
    let key = openssl::pkey::PKey::generate_ed25519().unwrap();
    let mut other = two.settings().identities[0].clone();
    other.key = PrivateKey(key);
    assert!(two.with_identity(other).is_err());
}

#[test]
fn processes_with_the_same_keys_resume_each_others_sessions() {
    let keys = [7; 80];
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let resumes = |keys_of_second: &[u8; 80], set: fn(ContextBuilder) -> ContextBuilder| {
            let (identity, client, server) = parties();
            let first = server.ticket_keys(&keys).build().unwrap();
            let second = Context::builder(Mode::Server).identity(identity).ticket_keys(keys_of_second);
            let second = set(second).build().unwrap();
            let client = client.max_protocol(protocol).build().unwrap();
            Dial::new(&client, &first).key("a").run().connected();
            Dial::new(&client, &second).key("a").run().connected().is_resumed()
        };
        assert!(resumes(&keys, |server| server), "{protocol}");
        assert!(!resumes(&[8; 80], |server| server), "{protocol}");
        assert!(!resumes(&keys, |server| server.session_id_context(b"other")), "{protocol}");
        let asks = |server: ContextBuilder| server.verify(Verify::PEER).system_roots(true);
        assert!(!resumes(&keys, asks), "{protocol}");
    }
}

#[test]
fn a_session_ends() {
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let (_, client, server) = parties();
        let server = server.session_timeout(Duration::from_secs(1234)).build().unwrap();
        let client = client.max_protocol(protocol).build().unwrap();
        Dial::new(&client, &server).key("a").run().connected();
        let session = client.settings().sessions.as_ref().unwrap().take("a").unwrap();
        let pair = Dial::new(&client, &server).session(session).run().connected();
        assert_eq!(pair.server.ssl().session().unwrap().timeout(), 1234, "{protocol}");
    }
}

#[test]
fn a_server_with_client_certificates_resumes_too() {
    let clients = Authority::new("clients");
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let (_, client, server) = parties();
        let server = server.ca(clients.certificate()).verify(Verify::FAIL_IF_NO_PEER_CERT).build().unwrap();
        let client = client.identity(clients.issue(&["client"])).max_protocol(protocol).build().unwrap();
        assert!(!Dial::new(&client, &server).key("a").run().connected().is_resumed());
        let pair = Dial::new(&client, &server).key("a").run().connected();
        assert!(pair.is_resumed() && pair.server.ssl().peer_certificate().is_some(), "{protocol}");
    }
}

#[test]
fn early_data_is_promised_in_tickets() {
    let (_, client, server) = parties();
    let server = server.early_data(20_000).build().unwrap();
    let client = client.early_data(1).build().unwrap();
    let dial = || Dial::new(&client, &server).key("a").run().connected();
    assert!(!dial().is_resumed());
    assert!(dial().is_resumed());
    let session = client.settings().sessions.as_ref().unwrap().take("a").unwrap();
    assert_eq!(session.max_early_data(), 20_000);
    // A session is resumed once: that is the protection against replays.
    assert!(Dial::new(&client, &server).session(session.clone()).run().connected().is_resumed());
    assert!(!Dial::new(&client, &server).session(session).run().connected().is_resumed());
}

#[test]
fn early_data_is_taken_up_to_the_promise() {
    let (_, client, server) = parties();
    let server = server.early_data(40_000).build().unwrap();
    let client = client.early_data(40_000).build().unwrap();
    // More than the 16 KiB that OpenSSL takes if it is not told.
    for (len, taken) in [(40_000, true), (40_001, false)] {
        Dial::new(&client, &server).key("a").run().connected();
        let mut pair = Dial::new(&client, &server).key("a").begin();
        let bytes = vec![b'x'; len];
        let received = pair.send_early(&bytes);
        pair.run();
        assert_eq!(received == bytes, taken, "{:?} {:?}", pair.client.error, pair.server.error);
    }
}
