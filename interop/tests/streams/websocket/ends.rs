//! Both ends of a connection, after the handshakes.

use std::fmt::Debug;
use std::io;

use async_tungstenite::{WebSocketStream, accept_async, client_async};
use fend::net::{TcpListener, TcpStream};
use fend::tls::TlsStream;
use futures::{AsyncRead, AsyncWrite};

use crate::tls_ends::both_ends;

/// What a WebSocket is made over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Debug + Send + Unpin + 'static {}
impl<S: AsyncRead + AsyncWrite + Debug + Send + Unpin + 'static> Stream for S {}

pub(super) async fn tcp() -> io::Result<(WebSocketStream<TcpStream>, WebSocketStream<TcpStream>)> {
    let (client, server) = connected().await?;
    shake_hands(client, server, "ws://localhost/chat").await
}

type Secure = WebSocketStream<TlsStream<TcpStream>>;

pub(super) async fn tls() -> io::Result<(Secure, Secure)> {
    let (connector, acceptor) = both_ends();
    let (client, server) = connected().await?;
    let (connecting, accepting) = (connector.handshake("localhost", client), acceptor.handshake(server));
    let (client, server) = futures::try_join!(connecting.into_future(), accepting.into_future())?;
    shake_hands(client, server, "wss://localhost/chat").await
}

async fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    // Small messages follow each other here.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    Ok((client, server))
}

async fn shake_hands<S: Stream>(
    client: S,
    server: S,
    address: &str,
) -> io::Result<(WebSocketStream<S>, WebSocketStream<S>)> {
    let connecting = client_async(address, client);
    let ((client, response), server) =
        futures::try_join!(connecting, accept_async(server)).map_err(io::Error::other)?;
    assert_eq!(response.status(), 101);
    Ok((client, server))
}
