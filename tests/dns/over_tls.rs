//! Name servers that are asked over TLS (RFC 7858).

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use fend::dns::{NameServer, Resolver};
use fend::tls::{Certificate, Context, Mode, TlsConnector};
use openssl::ssl::{SslAcceptor, SslMethod};

use crate::ask::{SOON, addresses, ask, builder, closed_port, failed, soon};
use crate::lying::read_framed;
use crate::message::{Question, REAL, honest};
use crate::pki::{Credentials, pki};

on_every_dispatcher!(
    a_server_with_the_right_name_is_asked,
    a_server_with_another_name_is_not_asked,
    a_server_of_an_unknown_authority_is_not_asked,
    one_connection_serves_many_questions,
    a_connection_that_was_closed_is_made_anew,
    a_server_that_never_shakes_hands_ends_at_the_deadline,
    a_server_that_knows_no_tls_is_not_asked,
    a_closed_port_is_an_error,
);

/// A server over TLS of OpenSSL, with what it has counted.
#[derive(Debug, Clone)]
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    questions: Arc<AtomicUsize>,
}

impl Server {
    /// Honest, and closes each connection after `most` answers. Lives as long as the process.
    fn start(credentials: &Credentials, most: usize) -> Server {
        let mut acceptor = SslAcceptor::mozilla_modern_v5(SslMethod::tls_server()).expect("a context");
        credentials.install(&mut acceptor);
        let acceptor = acceptor.build();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let server = Server {
            address: listener.local_addr().expect("a bound socket"),
            connections: Arc::default(),
            questions: Arc::default(),
        };
        let counts = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (acceptor, counts) = (acceptor.clone(), counts.clone());
                thread::spawn(move || counts.serve(&acceptor, stream, most));
            }
        });
        server
    }

    /// Until the client leaves or lies.
    fn serve(&self, acceptor: &SslAcceptor, stream: TcpStream, most: usize) {
        let Ok(mut stream) = acceptor.accept(stream) else { return };
        self.connections.fetch_add(1, SeqCst);
        for _ in 0..most {
            let Ok(message) = read_framed(&mut stream) else { return };
            self.questions.fetch_add(1, SeqCst);
            let reply = honest(&Question::read(&message)).write();
            let length = u16::try_from(reply.len()).expect("short").to_be_bytes();
            if stream.write_all(&[&length, &reply[..]].concat()).is_err() {
                return;
            }
        }
        let _ = stream.shutdown();
    }

    fn counts(&self) -> (usize, usize) {
        (self.connections.load(SeqCst), self.questions.load(SeqCst))
    }

    fn resolver(&self, host: &str) -> io::Result<Resolver> {
        let root = pki().root.certificate.to_pem()?;
        let root = Certificate::from_pem(&root)?;
        let connector = TlsConnector::with_context(Context::builder(Mode::Client).ca(root).build()?)?;
        builder()
            .name_server(NameServer::tls(self.address, host))
            .tls_connector(connector)
            .cache_size(0_usize)
            .build()
            .map_err(failed)
    }
}

async fn a_server_with_the_right_name_is_asked() -> io::Result<()> {
    let server = Server::start(&pki().localhost, usize::MAX);
    for host in ["localhost", "127.0.0.1"] {
        let resolver = server.resolver(host)?;
        assert_eq!(soon(ask(&resolver, "www.example")).await.map_err(failed)?, [REAL]);
        assert_eq!(soon(addresses(&resolver, "www.example")).await.map_err(failed)?.len(), 2);
    }
    Ok(())
}

async fn a_server_with_another_name_is_not_asked() -> io::Result<()> {
    let server = Server::start(&pki().localhost, usize::MAX);
    for host in ["dns.example", "127.0.0.2"] {
        let error = soon(ask(&server.resolver(host)?, "www.example")).await.unwrap_err();
        assert!(!error.is_timeout() && !error.is_not_found() && !error.is_no_data(), "{error}");
        assert_eq!(error.server(), Some(server.address), "{error}");
        assert!(error.to_string().contains(host), "{error}");
    }
    assert_eq!(server.counts().1, 0, "nothing was asked");
    Ok(())
}

async fn a_server_of_an_unknown_authority_is_not_asked() -> io::Result<()> {
    let server = Server::start(&pki().self_signed, usize::MAX);
    let error = soon(ask(&server.resolver("localhost")?, "www.example")).await.unwrap_err();
    assert_eq!(error.server(), Some(server.address), "{error}");
    assert_eq!(server.counts().1, 0, "nothing was asked");
    Ok(())
}

async fn one_connection_serves_many_questions() -> io::Result<()> {
    let server = Server::start(&pki().localhost, usize::MAX);
    let resolver = server.resolver("localhost")?;
    for number in 0..20 {
        assert_eq!(soon(ask(&resolver, &format!("{number}.example"))).await.map_err(failed)?, [REAL]);
    }
    let (connections, questions) = server.counts();
    assert_eq!((connections, questions), (1, 20));
    Ok(())
}

/// As servers do with connections that were idle for some seconds.
async fn a_connection_that_was_closed_is_made_anew() -> io::Result<()> {
    let server = Server::start(&pki().localhost, 2);
    let resolver = server.resolver("localhost")?;
    for number in 0..7 {
        assert_eq!(soon(ask(&resolver, &format!("{number}.example"))).await.map_err(failed)?, [REAL]);
    }
    assert!(server.counts().0 >= 4, "{:?}", server.counts());
    Ok(())
}

async fn a_closed_port_is_an_error() -> io::Result<()> {
    let server = Server { address: closed_port(), connections: Arc::default(), questions: Arc::default() };
    let error = soon(ask(&server.resolver("localhost")?, "www.example")).await.unwrap_err();
    assert!(error.is_refused(), "{error}");
    assert_eq!(error.server(), Some(server.address));
    Ok(())
}

async fn a_server_that_never_shakes_hands_ends_at_the_deadline() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let limit = Duration::from_millis(300);
    let resolver = builder()
        .name_server(NameServer::tls(listener.local_addr()?, "localhost"))
        .timeout(limit)
        .build()
        .map_err(failed)?;
    let start = Instant::now();
    let error = ask(&resolver, "www.example").await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!((limit..SOON).contains(&start.elapsed()), "{:?}", start.elapsed());
    Ok(())
}

async fn a_server_that_knows_no_tls_is_not_asked() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let other = thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
        let mut received = Vec::new();
        // Until the client leaves, which may be with a reset.
        let _ = stream.read_to_end(&mut received);
        io::Result::Ok(received)
    });
    let resolver = builder().name_server(NameServer::tls(address, "localhost")).build().map_err(failed)?;
    let error = soon(ask(&resolver, "www.example")).await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_not_found() && !error.is_no_data(), "{error}");
    assert_eq!(error.server(), Some(address));
    let received = other.join().expect("no panic")?;
    assert!(!received.windows(3).any(|bytes| bytes == b"www"), "nothing was asked in plain text");
    Ok(())
}
