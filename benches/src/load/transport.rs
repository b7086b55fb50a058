//! How bytes go over a connected socket: as they are, or through TLS.

use std::fmt::Debug;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use openssl::ssl::{
    ErrorCode, Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslStream, SslVerifyMode, SslVersion,
};

use crate::sys;

/// A stream over a socket that does not block. `None` means that the socket is not ready; epoll will tell when it is.
pub(super) trait Transport: Debug + Sized {
    /// What all connections share.
    type Shared: Debug;

    /// Whether a read that did not fill its buffer has taken all there was.
    const SHORT_READ_IS_ALL: bool;

    /// Takes over a socket that connects.
    fn new(socket: OwnedFd, shared: &Self::Shared) -> io::Result<Self>;

    fn socket(&self) -> BorrowedFd<'_>;

    /// Goes on with the handshake; whether it is done.
    fn handshake(&mut self) -> io::Result<bool>;

    fn send(&mut self, bytes: &[u8]) -> io::Result<Option<usize>>;

    /// 0 at the end of the stream.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>>;
}

/// The result of a call on a socket that does not block.
pub(super) fn unless_blocked(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Bytes as they are.
#[derive(Debug)]
pub(super) struct Plain(OwnedFd);

impl Transport for Plain {
    type Shared = ();

    const SHORT_READ_IS_ALL: bool = true;

    fn new(socket: OwnedFd, (): &()) -> io::Result<Plain> {
        Ok(Plain(socket))
    }

    fn socket(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    fn handshake(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        unless_blocked(sys::send(self.0.as_fd(), bytes))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        unless_blocked(sys::recv(self.0.as_fd(), buffer))
    }
}

/// TLS 1.3 without verification.
#[derive(Debug)]
pub(super) struct Tls {
    stream: SslStream<TcpStream>,
    done: bool,
}

impl Tls {
    /// What the connections of one load share.
    pub(super) fn shared() -> io::Result<SslContext> {
        let mut context = SslContextBuilder::new(SslMethod::tls_client())?;
        context.set_verify(SslVerifyMode::NONE);
        context.set_min_proto_version(Some(SslVersion::TLS1_3))?;
        // A large request goes record by record, so that its answer can be received meanwhile.
        context.set_mode(SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER);
        // A record is received by one call, not its head by one and its body by another.
        context.set_read_ahead(true);
        Ok(context.build())
    }
}

/// The result of a call of OpenSSL's on a socket that does not block.
fn unless_wanting<T>(result: Result<T, openssl::ssl::Error>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.code(), ErrorCode::WANT_READ | ErrorCode::WANT_WRITE) => Ok(None),
        Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
    }
}

impl Transport for Tls {
    type Shared = SslContext;

    // What was read may lie decrypted in OpenSSL.
    const SHORT_READ_IS_ALL: bool = false;

    fn new(socket: OwnedFd, shared: &SslContext) -> io::Result<Tls> {
        Ok(Tls { stream: SslStream::new(Ssl::new(shared)?, TcpStream::from(socket))?, done: false })
    }

    fn socket(&self) -> BorrowedFd<'_> {
        self.stream.get_ref().as_fd()
    }

    fn handshake(&mut self) -> io::Result<bool> {
        if !self.done {
            self.done = unless_wanting(self.stream.connect())?.is_some();
        }
        Ok(self.done)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        unless_wanting(self.stream.ssl_write(bytes))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self.stream.ssl_read(buffer) {
            Err(error) if error.code() == ErrorCode::ZERO_RETURN => Ok(Some(0)),
            result => unless_wanting(result),
        }
    }
}
