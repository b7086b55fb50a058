//! KeyUpdate messages are counted, so that a peer who sends nothing else can be told.

use super::*;

#[test]
fn they_are_counted_until_data_comes() {
    let identity = authority::self_signed(&["a.example"], Validity::Now);
    let client = Context::builder(Mode::Client).ca(identity.certificate().clone()).build().unwrap();
    let mut pair = Dial::new(&client, &Context::server(identity).unwrap()).run().connected();
    // The messages of the handshake are none, and neither are the tickets.
    assert_eq!((pair.client.state().key_updates(), pair.server.state().key_updates()), (0, 0));
    for count in 1..=3 {
        pair.client.update_key();
        pair.run();
        assert_eq!((pair.client.state().key_updates(), pair.server.state().key_updates()), (0, count));
    }
    pair.client.send(b"x");
    pair.run();
    assert_eq!(pair.server.state().key_updates(), 0);
    assert_eq!(pair.server.received, b"x");
    pair.server.update_key();
    pair.server.send(b"y");
    pair.server.update_key();
    pair.run();
    assert_eq!((pair.client.state().key_updates(), pair.server.state().key_updates()), (1, 0));
}
