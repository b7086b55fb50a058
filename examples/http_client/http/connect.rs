//! From a URL to a stream that the request can go out on: addresses, TCP, and TLS for https.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;

use fend::dns::LookupError;
use fend::net::TcpStream;
use futures_lite::{AsyncRead, AsyncWrite};

use super::error::Error;
use super::overrides::{self, Override};
use super::tls::{Facts, Tls};
use super::url::{Host, Url};

/// TCP, or TLS over it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// How connections are made.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) overrides: Vec<Override>,
    pub(crate) tls: Tls,
}

/// A connection, and what is known of it.
pub(crate) struct Connected {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) peer: SocketAddr,
    /// `None` without TLS.
    pub(crate) tls: Option<Facts>,
}

pub(crate) async fn connect(url: &Url, options: &Options) -> Result<Connected, Error> {
    let stream = connect_tcp(url, &options.overrides).await?;
    let failed = |error| Error::connect(&url.authority(), error);
    stream.set_nodelay(true).map_err(failed)?;
    let peer = stream.peer_addr().map_err(failed)?;
    if !url.is_https() {
        return Ok(Connected { stream: Box::new(stream), peer, tls: None });
    }
    let (stream, facts) = options.tls.handshake(url, stream).await?;
    Ok(Connected { stream: Box::new(stream), peer, tls: Some(facts) })
}

async fn connect_tcp(url: &Url, overrides: &[Override]) -> Result<TcpStream, Error> {
    if let Some(addresses) = overrides::find(url, overrides) {
        let connected = TcpStream::connect(addresses).await;
        return connected.map_err(|error| Error::connect(&url.authority(), error));
    }
    let connected = match url.host() {
        Host::Ip(address) => fend::connect((*address, url.port())).await,
        Host::Name(name) => fend::connect((name, url.port())).await,
    };
    connected.map_err(by_name)
}

/// Tells a host that nobody knows from one that does not answer. Either names the host.
fn by_name(error: io::Error) -> Error {
    match error.source() {
        Some(source) if source.is::<LookupError>() => Error::Lookup(error),
        _ => Error::Connect(error),
    }
}
