//! The same over TLS.

use fend_net::{TcpListener, TcpStream};
use fend_tls::{Context, Identity, Mode, TlsAcceptor, TlsConnector, TlsStream};

use super::server::{By, Server};
use super::*;

const HOST: &str = "dns.example";

/// Answers `per_connection` questions of each connection, and closes it then.
async fn start(identity: &Identity, per_connection: usize) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::scripted_elsewhere(listener.local_addr().unwrap());
    let context = Context::builder(Mode::Server).identity(identity.clone()).alpn(["dot"]).build().unwrap();
    let acceptor = TlsAcceptor::with_context(context).unwrap();
    let task = server.clone();
    fend_reactor::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            task.connected();
            let Ok(stream) = acceptor.handshake(stream).await else { continue };
            assert_eq!(stream.alpn().as_deref(), Some(&b"dot"[..]));
            fend_reactor::spawn(serve(task.clone(), stream, per_connection));
        }
    });
    server
}

async fn serve(server: Server, stream: TlsStream<TcpStream>, per_connection: usize) {
    let from = stream.get_ref().peer_addr().unwrap();
    for _ in 0..per_connection {
        let mut length = [0; 2];
        if stream.recv_exact(&mut length).await.is_err() {
            return;
        }
        let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.recv_exact(&mut bytes).await.unwrap();
        let asked = server.log(By::Stream, from, &bytes);
        stream.send_all(&right(&asked).framed()).await.unwrap();
    }
}

fn identity() -> Identity {
    Identity::self_signed([HOST]).unwrap()
}

fn client(identity: &Identity, address: SocketAddr, host: &str) -> Client {
    let context = Context::builder(Mode::Client).ca(identity.certificate().clone()).build().unwrap();
    let tls = Some(TlsConnector::with_context(context).unwrap());
    Client::new(Settings { tls, attempts: 1, ..settings([NameServer::tls(address, host)]) })
}

#[fend::test(dispatchers = "all")]
async fn questions_over_tls_are_padded_and_share_a_connection() {
    let identity = identity();
    let server = start(&identity, usize::MAX).await;
    let client = client(&identity, server.address, HOST);
    for _ in 0..3 {
        assert_right(&ask(&client).await.unwrap());
    }
    let lengths: Vec<_> = server.asked().iter().map(|asked| asked.bytes.len()).collect();
    assert_eq!((lengths, server.connections()), (vec![128; 3], 1));
}

#[fend::test(dispatchers = "all")]
async fn a_session_that_was_closed_while_it_waited_costs_no_attempt() {
    let identity = identity();
    let server = start(&identity, 2).await;
    let client = client(&identity, server.address, HOST);
    for _ in 0..5 {
        assert_right(&ask(&client).await.unwrap());
    }
    assert_eq!((server.count(), server.connections()), (5, 3));
}

#[fend::test(dispatchers = "all")]
async fn a_certificate_of_another_host_or_of_nobody_we_trust_ends_it() {
    let identity = identity();
    let server = start(&identity, usize::MAX).await;
    let untrusted = Client::new(settings([NameServer::tls(server.address, HOST)]));
    for client in [client(&identity, server.address, "other.example"), untrusted] {
        let error = ask(&client).await.unwrap_err();
        assert!(error.to_string().contains("TLS handshake"), "{error}");
        assert_eq!((error.server(), server.count()), (Some(server.address), 0));
    }
}
