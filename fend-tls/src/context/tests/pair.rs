//! Two sessions and the bytes between them.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use openssl::error::ErrorStack;
use openssl::ssl::{ErrorCode, ShutdownState, Ssl, SslStream};

use crate::Context;
use crate::error::VerifyFailure;
use crate::state::SslState;

/// One end of a connection that never blocks.
struct End {
    incoming: Arc<Mutex<VecDeque<u8>>>,
    outgoing: Arc<Mutex<VecDeque<u8>>>,
}

impl Read for End {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.incoming.lock().unwrap().read(buf)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for End {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.outgoing.lock().unwrap().write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One side.
pub(super) struct Peer {
    tls: SslStream<End>,
    is_done: bool,
    pub(super) error: Option<String>,
    pub(super) received: Vec<u8>,
}

impl Peer {
    fn new(context: &Context, state: SslState, end: End, set: impl FnOnce(&mut Ssl)) -> Peer {
        let mut ssl = context.new_ssl(state).unwrap();
        set(&mut ssl);
        Peer { tls: SslStream::new(ssl, end).unwrap(), is_done: false, error: None, received: Vec::new() }
    }

    pub(super) fn ssl(&self) -> &openssl::ssl::SslRef {
        self.tls.ssl()
    }

    pub(super) fn state(&self) -> &SslState {
        SslState::of(self.ssl()).unwrap()
    }

    /// Goes as far as it can: the handshake, then what has come.
    pub(super) fn step(&mut self) {
        if self.error.is_some() {
            return;
        }
        if !self.is_done {
            let result = self.tls.do_handshake();
            self.is_done = result.is_ok();
            self.judge(result.err());
        }
        let mut buf = [0; 4096];
        while self.is_done && self.error.is_none() {
            match self.tls.ssl_read(&mut buf) {
                Ok(count) => self.received.extend(&buf[..count]),
                Err(error) => {
                    self.judge(Some(error));
                    break;
                }
            }
        }
        assert!(ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");
    }

    fn judge(&mut self, error: Option<openssl::ssl::Error>) {
        let Some(error) = error else { return };
        if error.code() != ErrorCode::WANT_READ {
            let reasons = error.ssl_error().map(|errors| {
                let reasons = errors.errors().iter().filter_map(|error| error.reason());
                reasons.collect::<Vec<_>>().join("; ")
            });
            self.error = Some(reasons.unwrap_or_else(|| error.to_string()));
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        assert_eq!(self.tls.ssl_write(bytes).unwrap(), bytes.len());
    }

    pub(super) fn error(&self) -> &str {
        self.error.as_deref().expect("it has not failed")
    }
}

/// As a stream that is dropped in order does it: see `callback::session`.
impl Drop for Peer {
    fn drop(&mut self) {
        if self.error.is_none() {
            self.tls.set_shutdown(ShutdownState::SENT | ShutdownState::RECEIVED);
        }
    }
}

pub(super) struct Pair {
    pub(super) client: Peer,
    pub(super) server: Peer,
}

impl Pair {
    /// Two sessions that have said nothing yet. `set` is to prepare the client's.
    pub(super) fn new(client: (&Context, SslState), server: &Context, set: impl FnOnce(&mut Ssl)) -> Pair {
        let (to_server, to_client) = (Arc::default(), Arc::default());
        let end = End { incoming: Arc::clone(&to_client), outgoing: Arc::clone(&to_server) };
        let client = Peer::new(client.0, client.1, end, set);
        let end = End { incoming: to_server, outgoing: to_client };
        Pair { client, server: Peer::new(server, SslState::default(), end, |_| {}) }
    }

    /// Until nothing moves any more. (A handshake is over in three rounds.)
    pub(super) fn run(&mut self) {
        for _ in 0..8 {
            self.client.step();
            self.server.step();
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.client.is_done
            && self.server.is_done
            && self.client.error.is_none()
            && self.server.error.is_none()
    }

    #[track_caller]
    pub(super) fn connected(self) -> Pair {
        assert!(
            self.is_connected(),
            "client: {:?} {:?}, server: {:?} {:?}",
            self.client.error,
            self.client.state(),
            self.server.error,
            self.server.state()
        );
        // What was let pass is in the state alone.
        self
    }

    /// The certificate that the client has refused.
    #[track_caller]
    pub(super) fn refused(self) -> VerifyFailure {
        assert!(self.client.error.is_some(), "the client has not failed");
        self.client.state().take_failure().expect("a certificate was refused")
    }

    /// Before the handshake: `bytes` early, as far as the server takes them.
    pub(super) fn send_early(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (mut sent, mut received, mut buf) = (0, Vec::new(), [0; 4096]);
        while sent < bytes.len() {
            match self.client.tls.write_early_data(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(error) => {
                    self.client.judge(Some(error));
                    break;
                }
            }
        }
        loop {
            match self.server.tls.read_early_data(&mut buf) {
                Ok(0) => return received,
                Ok(count) => received.extend(&buf[..count]),
                Err(error) => {
                    self.server.judge(Some(error));
                    return received;
                }
            }
        }
    }

    /// The server ends the session, and goes on in the clear.
    pub(super) fn end_and_inject(&mut self, bytes: &[u8]) {
        self.server.tls.shutdown().unwrap();
        self.server.tls.get_mut().write_all(bytes).unwrap();
    }

    /// Replaces something in what is on its way to the server.
    pub(super) fn tamper(&mut self, from: &[u8], to: &[u8]) {
        let mut queue = self.server.tls.get_ref().incoming.lock().unwrap();
        let bytes = queue.make_contiguous();
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        bytes[at..at + from.len()].copy_from_slice(to);
    }

    /// What the client has left unread.
    pub(super) fn left_over(&self) -> Vec<u8> {
        self.client.tls.get_ref().incoming.lock().unwrap().iter().copied().collect()
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.client.ssl().session_reused()
    }

    /// The subject of the certificate that the server has shown.
    pub(super) fn shown(&self) -> String {
        let certificate = self.client.ssl().peer_certificate().expect("a certificate");
        crate::Certificate::from(certificate).subject()
    }
}
