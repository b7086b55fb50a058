//! From a URL to a stream that the request can go out on: addresses, TCP, and TLS for https.

use std::io;
use std::net::SocketAddr;

use fend::net::TcpStream;
use futures_lite::{AsyncRead, AsyncWrite};

use super::error::Error;
use super::resolve::{Override, resolve};
use super::tls::{Facts, Tls};
use super::url::Url;

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
    let addresses = resolve(url, &options.overrides).await?;
    let failed = |error: io::Error| Error::Connect { authority: url.authority(), error };
    let stream = TcpStream::connect(addresses).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let peer = stream.peer_addr().map_err(failed)?;
    if !url.is_https() {
        return Ok(Connected { stream: Box::new(stream), peer, tls: None });
    }
    let (stream, facts) = options.tls.handshake(url, stream).await?;
    Ok(Connected { stream: Box::new(stream), peer, tls: Some(facts) })
}
