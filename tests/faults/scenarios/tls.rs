//! TLS over a pair of sockets: a handshake, a message each way, the end.

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use fend::net::UnixStream;
use fend::tls::{Context, Identity, Mode, TlsAcceptor, TlsConnector};
use futures::future::try_join;

/// Made once: keys take time.
fn both_ends() -> &'static (TlsConnector, TlsAcceptor) {
    static ENDS: OnceLock<(TlsConnector, TlsAcceptor)> = OnceLock::new();
    ENDS.get_or_init(|| {
        let identity = Identity::self_signed(["localhost"]).expect("a certificate");
        let client =
            Context::builder(Mode::Client).ca(identity.certificate().clone()).build().expect("a context");
        let acceptor = TlsAcceptor::new(identity).expect("a server");
        (TlsConnector::with_context(client).expect("a client"), acceptor)
    })
}

pub(super) async fn all(_: PathBuf) -> io::Result<()> {
    let (connector, acceptor) = both_ends();
    let (client, server) = UnixStream::pair()?;
    let client = async { connector.handshake("localhost", client).await.map_err(io::Error::from) };
    let server = async { acceptor.handshake(server).await.map_err(io::Error::from) };
    let (client, server) = try_join(client, server).await?;
    let mut buf = [0; 8];
    try_join(client.send_all(b"question"), server.recv_exact(&mut buf)).await?;
    assert_eq!(&buf, b"question");
    try_join(server.send_all(b"answered"), client.recv_exact(&mut buf)).await?;
    assert_eq!(&buf, b"answered");
    server.shutdown().await?;
    assert_eq!(client.recv(&mut buf).await?, 0);
    Ok(())
}
