//! The fields that are taken out and put in, on either way.

use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};

use super::peers::{Peer, field, on_every_dispatcher, serve};

/// A server that gives the heads that it receives, and answers with fields for one connection alone.
fn serve_heads() -> (String, Receiver<String>) {
    let (tell, heads) = mpsc::channel();
    let tell = Mutex::new(tell);
    let url = serve(move |mut peer| {
        while let Some(head) = peer.head() {
            tell.lock().unwrap().send(head).unwrap();
            peer.send(
                "HTTP/1.1 200 OK\r\nconnection: X-Internal\r\nx-internal: 1\r\nkeep-alive: timeout=5\r\n\
                 proxy-authenticate: Basic\r\nx-kept: 1\r\ncontent-length: 0\r\n\r\n",
            );
        }
    });
    (url, heads)
}

const REQUEST: &str = "GET /path?a=b HTTP/1.1\r\nHost: name.example\r\nConnection: keep-alive, X-Secret, x-kept-from-you\r\n\
    X-Secret: 1\r\nX-Kept-From-You: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n\
    Proxy-Authorization: Basic eDp4\r\nExpect: 100-continue\r\nX-Kept: 1\r\nVia: 1.0 before\r\n\
    Forwarded: for=192.0.2.6\r\nX-Forwarded-For: 192.0.2.6, 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\
    X-Forwarded-Port: 1\r\nX-Real-IP: 192.0.2.6\r\n\r\n";

#[test]
fn fields_of_one_connection_stay_there() {
    let (upstream, heads) = serve_heads();
    on_every_dispatcher(&[&upstream], &[], |_, address| {
        let mut client = Peer::connect(address);
        // On one connection, for each request anew.
        for _ in 0..2 {
            client.send(REQUEST);
            let (head, _) = client.response();
            for name in ["connection", "x-internal", "keep-alive", "proxy-authenticate"] {
                assert_eq!(field(&head, name), None, "{head}");
            }
            assert_eq!(field(&head, "x-kept"), Some("1"), "{head}");
            let head = heads.recv().unwrap();
            assert!(head.starts_with("GET /path?a=b HTTP/1.1\r\n"), "{head}");
            let gone = [
                "connection",
                "x-secret",
                "x-kept-from-you",
                "keep-alive",
                "proxy-connection",
                "te",
                "expect",
            ];
            for name in gone.iter().chain(&["proxy-authorization", "transfer-encoding", "upgrade"]) {
                assert_eq!(field(&head, name), None, "{head}");
            }
            assert_eq!(field(&head, "x-kept"), Some("1"), "{head}");
            assert_eq!(field(&head, "via"), Some("1.0 before, 1.1 fend"), "{head}");
        }
    });
}

#[test]
fn servers_learn_who_the_client_is() {
    let (upstream, heads) = serve_heads();
    let own = upstream.strip_prefix("http://").unwrap();
    let forwarded = "for=127.0.0.1;host=\"name.example\";proto=http";
    let trusted = format!("for=192.0.2.6, {forwarded}");
    for (more, host, list, clients, proto) in [
        (&[][..], "name.example", forwarded, "127.0.0.1", "http"),
        (&["--rewrite-host"], own, forwarded, "127.0.0.1", "http"),
        (&["--trust-forwarded"], "name.example", &trusted, "192.0.2.6, 192.0.2.7, 127.0.0.1", "https"),
    ] {
        on_every_dispatcher(&[&upstream], more, |_, address| {
            let mut client = Peer::connect(address);
            client.send(REQUEST);
            let head = heads.recv().unwrap();
            assert_eq!(field(&head, "host"), Some(host), "{more:?}: {head}");
            assert_eq!(field(&head, "forwarded"), Some(list), "{more:?}: {head}");
            assert_eq!(field(&head, "x-forwarded-for"), Some(clients), "{more:?}: {head}");
            assert_eq!(field(&head, "x-forwarded-proto"), Some(proto), "{more:?}: {head}");
            assert_eq!(field(&head, "x-forwarded-host"), Some("name.example"), "{more:?}: {head}");
            let trusted = more == ["--trust-forwarded"];
            assert_eq!(field(&head, "x-real-ip"), trusted.then_some("192.0.2.6"), "{more:?}: {head}");
            assert_eq!(field(&head, "x-forwarded-port"), trusted.then_some("1"), "{more:?}: {head}");
        });
    }
}

#[test]
fn a_request_has_one_host() {
    let (upstream, heads) = serve_heads();
    on_every_dispatcher(&[&upstream], &[], |_, address| {
        for (target, hosts, status) in [
            ("/", "", "400"),
            ("/", "host: a\r\nhost: b\r\n", "400"),
            ("/", "host: a b\r\n", "400"),
            ("/", "host: a/b\r\n", "400"),
            ("/", "host: me@name.example\r\n", "400"),
            ("http://me@name.example/", "host: name.example\r\n", "400"),
            ("http://name.example/", "host: other.example\r\n", "200"),
        ] {
            let mut client = Peer::connect(address);
            client.send(&format!("GET {target} HTTP/1.1\r\n{hosts}\r\n"));
            let (head, body) = client.response();
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{target} {hosts:?}: {head}{body}");
        }
        // The target counts, and those without a host have reached nobody.
        let head = heads.recv().unwrap();
        assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
        assert_eq!(field(&head, "host"), Some("name.example"), "{head}");
        let mut client = Peer::connect(address);
        client.send("CONNECT name.example:443 HTTP/1.1\r\nhost: name.example:443\r\n\r\n");
        assert!(client.response().0.starts_with("HTTP/1.1 501 "));
        let mut client = Peer::connect(address);
        client.send("GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n");
        assert!(client.response().0.starts_with("HTTP/1.0 400 "));
        assert!(heads.try_recv().is_err());
    });
}

#[test]
fn cookies_in_pieces_are_made_whole() {
    let (upstream, heads) = serve_heads();
    on_every_dispatcher(&[&upstream], &[], |_, address| {
        let mut client = Peer::connect(address);
        client.send("GET / HTTP/1.1\r\nhost: h\r\ncookie: a=b\r\ncookie: c=d\r\n\r\n");
        let head = heads.recv().unwrap();
        assert!(head.contains("\r\ncookie: a=b; c=d\r\n") || head.contains("\ncookie: a=b; c=d\n"), "{head}");
    });
}

#[test]
fn a_length_beside_an_encoding_is_not_believed() {
    let upstream = serve(|mut peer| {
        while peer.head().is_some() {
            peer.send(
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n",
            );
        }
    });
    on_every_dispatcher(&[&upstream], &[], |_, address| {
        let mut client = Peer::connect(address);
        client.send("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
        let head = client.head().unwrap();
        assert_eq!(field(&head, "content-length"), None, "{head}");
        assert_eq!(field(&head, "transfer-encoding"), Some("chunked"), "{head}");
    });
}
