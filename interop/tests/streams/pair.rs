//! Two ends of a connection, and what goes from one to the other.

use std::io;

use fend::net::{TcpListener, TcpStream};
use fend::tls::{Certificate, Context, Mode, TlsAcceptor, TlsConnector, TlsStream};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::pki::pki;

/// A connection of TCP. The first has connected.
pub(crate) async fn tcp() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (client, server) = futures::join!(TcpStream::connect(listener.local_addr()?), listener.accept());
    Ok((client?, server?.0))
}

/// A session of TLS. The first is the client's.
pub(crate) async fn tls() -> io::Result<(TlsStream<TcpStream>, TlsStream<TcpStream>)> {
    let root = Certificate::from_pem(&pki().root_pem())?;
    let connector = TlsConnector::with_context(Context::builder(Mode::Client).ca(root).build()?)?;
    let acceptor = TlsAcceptor::new(pki().localhost.identity())?;
    let (client, server) = tcp().await?;
    let (client, server) =
        futures::join!(connector.handshake("localhost", client), acceptor.handshake(server));
    Ok((client?, server?))
}

/// Bytes without a pattern that a lost or repeated piece could hide in; the same at each call.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.to_le_bytes()[4]
    };
    (0..length).map(|_| next()).collect()
}

/// Gives back all that comes, then ends its own direction.
pub(crate) async fn echo(stream: impl AsyncRead + AsyncWrite) -> io::Result<u64> {
    let (reader, mut writer) = stream.split();
    let count = futures::io::copy(reader, &mut writer).await?;
    writer.close().await?;
    Ok(count)
}

/// Sends `length` bytes, and gets them back before an orderly end.
pub(crate) async fn exchange(stream: impl AsyncRead + AsyncWrite, length: usize) -> io::Result<()> {
    let sent = noise(length);
    let (mut reader, mut writer) = stream.split();
    let mut received = Vec::new();
    let writing = async {
        writer.write_all(&sent).await?;
        writer.close().await
    };
    futures::try_join!(writing, reader.read_to_end(&mut received))?;
    assert!(received == sent, "{} bytes came back of {length}", received.len());
    Ok(())
}
