//! Echo over TLS: OpenSSL on a socket that does not block.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use openssl::ssl::{ErrorCode, Ssl, SslContext, SslStream};

use super::event_loop::{Connection, Wait};
use crate::sys;

pub(super) struct Shared {
    context: SslContext,
    buffer: Box<[u8]>,
}

impl Shared {
    pub(super) fn new(context: SslContext, buffer: usize) -> Shared {
        Shared { context, buffer: vec![0; buffer].into() }
    }
}

/// The socket as OpenSSL has it.
struct Socket {
    fd: OwnedFd,
    /// The last receive came back short, so that the next one would give nothing; the next event tells otherwise.
    emptied: bool,
    ended: bool,
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.emptied {
            return Err(ErrorKind::WouldBlock.into());
        }
        let received = sys::recv(self.fd.as_fd(), buffer)?;
        self.emptied = received < buffer.len() && !self.ended;
        Ok(received)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        sys::send(self.fd.as_fd(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct Tls {
    stream: SslStream<Socket>,
    is_open: bool,
    /// What OpenSSL must be given again: nothing is received before it is sent.
    unsent: Vec<u8>,
}

/// What a call of OpenSSL has come to.
enum Outcome<T> {
    Done(T),
    Blocked(Wait),
}

fn outcome<T>(result: Result<T, openssl::ssl::Error>) -> io::Result<Outcome<T>> {
    match result {
        Ok(value) => Ok(Outcome::Done(value)),
        Err(error) if error.code() == ErrorCode::WANT_READ => Ok(Outcome::Blocked(Wait::Receive)),
        Err(error) if error.code() == ErrorCode::WANT_WRITE => Ok(Outcome::Blocked(Wait::Send)),
        Err(error) if error.code() == ErrorCode::ZERO_RETURN => Ok(Outcome::Blocked(Wait::Close)),
        Err(error) => Err(io::Error::other(error)),
    }
}

impl Connection for Tls {
    type Shared = Shared;

    fn new(fd: OwnedFd, shared: &Shared) -> io::Result<Tls> {
        let socket = Socket { fd, emptied: false, ended: false };
        let stream = SslStream::new(Ssl::new(&shared.context)?, socket)?;
        Ok(Tls { stream, is_open: false, unsent: Vec::new() })
    }

    fn socket(&self) -> BorrowedFd<'_> {
        self.stream.get_ref().fd.as_fd()
    }

    fn ready(&mut self, ended: bool, shared: &mut Shared) -> io::Result<Wait> {
        let socket = self.stream.get_mut();
        (socket.emptied, socket.ended) = (false, ended);
        if !self.is_open {
            match outcome(self.stream.accept())? {
                Outcome::Done(()) => self.is_open = true,
                Outcome::Blocked(wait) => return Ok(wait),
            }
        }
        if !self.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.unsent);
            if !self.send(&unsent)? {
                return Ok(Wait::Send);
            }
        }
        loop {
            match outcome(self.stream.ssl_read(&mut shared.buffer))? {
                Outcome::Done(received) => {
                    if !self.send(&shared.buffer[..received])? {
                        return Ok(Wait::Send);
                    }
                }
                Outcome::Blocked(Wait::Close) => {
                    // The answer to the peer's close_notify, if there is room for it.
                    let _ = self.stream.shutdown();
                    return Ok(Wait::Close);
                }
                Outcome::Blocked(wait) => return Ok(wait),
            }
        }
    }
}

impl Tls {
    /// Whether all has gone; what has not is kept.
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<bool> {
        while !bytes.is_empty() {
            match outcome(self.stream.ssl_write(bytes))? {
                Outcome::Done(sent) => bytes = &bytes[sent..],
                Outcome::Blocked(Wait::Close) => return Err(ErrorKind::BrokenPipe.into()),
                Outcome::Blocked(_) => {
                    self.unsent = bytes.to_vec();
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}
