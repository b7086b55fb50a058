//! TLS with the host that was named.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use fend::net::TcpListener;
use fend::task::TaskGroup;
use fend::tls::{Context, Identity, Mode, TlsAcceptor, TlsConnector, TlsError};

use crate::full_listener::attempts_end;
use crate::zone::{Zone, resolver, silent_and_listening};

on_every_dispatcher!(
    the_host_that_was_named_is_who_answers,
    an_address_is_compared_with_those_of_the_certificate,
    another_server_name_is_the_one_that_counts,
    a_silent_first_address_is_passed_over,
    a_certificate_for_another_host_is_refused,
    the_default_connector_trusts_no_stranger,
    a_handshake_that_lasts_ends_with_the_time,
    a_name_beyond_ascii_is_compared_in_ascii,
);

/// Greets whoever shakes hands with it.
struct Server {
    address: SocketAddr,
    /// Trusts it.
    connector: TlsConnector,
    /// Ends with it.
    _task: TaskGroup<io::Result<()>>,
}

impl Server {
    async fn start(names: &[&str]) -> io::Result<Server> {
        Server::at(TcpListener::bind("127.0.0.1:0").await?, names)
    }

    fn at(listener: TcpListener, names: &[&str]) -> io::Result<Server> {
        let identity = Identity::self_signed(names)?;
        let trusting = Context::builder(Mode::Client).ca(identity.certificate().clone()).build()?;
        let (acceptor, connector) = (TlsAcceptor::new(identity)?, TlsConnector::with_context(trusting)?);
        let (address, mut task) = (listener.local_addr()?, TaskGroup::new());
        task.spawn(async move {
            loop {
                // Who is refused tells so, and the next one comes.
                if let Ok(stream) = acceptor.handshake(listener.accept().await?.0).await {
                    stream.send_all(b"hello").await?;
                    stream.shutdown().await?;
                }
            }
        });
        Ok(Server { address, connector, _task: task })
    }
}

async fn greeted(connect: fend::ConnectTls) -> io::Result<()> {
    let stream = connect.await?;
    assert!(stream.get_ref().nodelay()?, "it is set unless it is said otherwise");
    let mut greeting = [0; 5];
    stream.recv_exact(&mut greeting).await?;
    assert_eq!(&greeting, b"hello");
    Ok(())
}

fn tls_error(error: &io::Error) -> &TlsError {
    let source = error.source().unwrap_or_else(|| panic!("no source: {error}"));
    source.downcast_ref().unwrap_or_else(|| panic!("another source: {source:?}"))
}

async fn the_host_that_was_named_is_who_answers() -> io::Result<()> {
    let server = Server::start(&["one.test"]).await?;
    let target = ("one.test", server.address.port());
    greeted(fend::connect_tls(target).resolver(&resolver()?).connector(&server.connector)).await
}

async fn an_address_is_compared_with_those_of_the_certificate() -> io::Result<()> {
    let server = Server::start(&["127.0.0.1"]).await?;
    greeted(fend::connect_tls(server.address).connector(&server.connector)).await?;
    greeted(fend::connect_tls(server.address.to_string()).connector(&server.connector)).await
}

async fn another_server_name_is_the_one_that_counts() -> io::Result<()> {
    let server = Server::start(&["name.test"]).await?;
    greeted(fend::connect_tls(server.address).connector(&server.connector).server_name("name.test")).await
}

/// NT6
async fn a_silent_first_address_is_passed_over() -> io::Result<()> {
    let (silent, listener) = silent_and_listening().await?;
    let server = Server::at(listener, &["two.test"])?;
    let port = server.address.port();
    let connect = fend::connect_tls(("two.test", port)).resolver(&resolver()?).connector(&server.connector);
    greeted(connect.attempt_delay(Duration::from_millis(20)).timeout(Duration::from_secs(30))).await?;
    attempts_end(silent.address).await?;
    Ok(())
}

async fn a_certificate_for_another_host_is_refused() -> io::Result<()> {
    let server = Server::start(&["two.test"]).await?;
    let port = server.address.port();
    let connect = fend::connect_tls(("one.test", port)).resolver(&resolver()?).connector(&server.connector);
    let error = connect.await.map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let detail = tls_error(&error);
    assert!(detail.is_wrong_host(), "{detail}");
    assert_eq!(error.to_string(), format!("connect one.test:{port}: {detail}"));
    assert!(detail.to_string().starts_with("TLS handshake with one.test: "), "{detail}");
    Ok(())
}

async fn the_default_connector_trusts_no_stranger() -> io::Result<()> {
    let server = Server::start(&["127.0.0.1"]).await?;
    for _ in 0..2 {
        let error = fend::connect_tls(server.address).await.map(drop).unwrap_err();
        assert!(tls_error(&error).is_certificate(), "{error}");
    }
    Ok(())
}

async fn a_handshake_that_lasts_ends_with_the_time() -> io::Result<()> {
    // The kernel takes the connection, and nobody else does.
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = silent.local_addr()?;
    let connector = TlsConnector::with_context(Context::builder(Mode::Client).system_roots(false).build()?)?;
    let connect = fend::connect_tls(address).connector(&connector).timeout(Duration::from_millis(500));
    let error = connect.await.map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(
        error.to_string(),
        format!("connect {address}: TLS handshake with 127.0.0.1: not over within 500ms")
    );
    Ok(())
}

async fn a_name_beyond_ascii_is_compared_in_ascii() -> io::Result<()> {
    let server = Server::start(&["xn--bcher-kva.test"]).await?;
    let resolver = Zone::new("127.0.0.1 xn--bcher-kva.test\n", "")?.resolver(([127, 0, 0, 1], 9).into())?;
    let target = ("b\u{fc}cher.test", server.address.port());
    let connected = greeted(fend::connect_tls(target).resolver(&resolver).connector(&server.connector)).await;
    if cfg!(feature = "idna") {
        return connected;
    }
    let error = connected.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("the feature \"idna\""), "{error}");
    Ok(())
}
