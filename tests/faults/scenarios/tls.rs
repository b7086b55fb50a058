//! TLS over a pair of sockets: a handshake, a message each way, the end.

use std::io;
use std::path::PathBuf;

use fend::net::UnixStream;
use futures::future::try_join;

use crate::tls_ends::both_ends;

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
