//! The handshake of a session: OpenSSL's, driven by the stream below, with early data before it.

use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslVersion};

use super::buffers::Counted;
use super::outcome::Outcome;
use super::tls::Tls;
use super::wire::Wire;
use super::{BARREN, RECEIVE_EARLY, Session};
use crate::context;
use crate::error::TlsError;
use crate::state::SslState;
use crate::stream::waiters::Signals;

const OPERATION: &str = "TLS handshake";

/// How often one call may ask the stream for bytes. A server asks twice for each record, and a client's longest flight has five of them
/// (Certificate, ClientKeyExchange, CertificateVerify, ChangeCipherSpec, Finished).
const READS: u32 = 16;

/// What is to be done before the handshake itself.
#[derive(Debug)]
pub(crate) enum Early {
    Nothing,
    /// A client sends these bytes, from the second on when some are sent.
    Send(Vec<u8>, usize),
    /// A server receives what the client sends early.
    Receive,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// A session that has yet to shake hands. `before` are bytes of TLS that were read from the stream already.
    pub(crate) fn new(
        ssl: Ssl,
        stream: S,
        before: Vec<u8>,
        settings: &context::Settings,
    ) -> Result<Session<S>, TlsError> {
        let signals = Signals::new();
        // A server answers nearly all that it reads of a handshake. The kernel acknowledges at once when its queue of the socket is emptied
        // by a large read; reading by the record saves that segment, since the answer carries the acknowledgement.
        let reads_ahead = settings.read_ahead && !ssl.is_server();
        let wire = Wire::new(stream, before, reads_ahead, &signals);
        let tls = Tls::new(ssl, wire).map_err(|errors| TlsError::openssl(OPERATION, &errors))?;
        Ok(Session {
            tls,
            counted: Counted::new(),
            signals,
            received_all: None,
            broken: None,
            said_goodbye: false,
            has_news: false,
            closed: false,
            allow_truncation: settings.allow_truncation,
            read_ahead: settings.read_ahead,
            established: false,
            early_data: Vec::new(),
        })
    }

    /// Goes on with the handshake. Ready when all of it is over and handed to the stream, but for a server's tickets.
    pub(crate) fn poll_handshake(
        &mut self,
        cx: &mut Context<'_>,
        early: &mut Early,
    ) -> Poll<Result<(), TlsError>> {
        let _waits_for = self.tls.get_ref().waits_for(cx);
        while !self.established {
            drop(ErrorStack::get());
            self.tls.get_mut().begin(READS);
            let generation = self.signals.readable.generation();
            let result = self.step(early);
            // Some callbacks have no way to say no.
            if let Some(text) = SslState::of(self.ssl()).and_then(|state| state.take_panic()) {
                let error = TlsError::panicked(OPERATION, text);
                self.broken = Some(error.again());
                if result.is_err() {
                    self.say_why();
                }
                return Poll::Ready(Err(error));
            }
            let Err(error) = result else { continue };
            match self.outcome(OPERATION, error) {
                Outcome::Again => {
                    // The peer will not answer what it does not get.
                    if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
                        return Poll::Ready(Err(TlsError::io(OPERATION, error)));
                    }
                    let waits = self.poll_wait(cx, generation).map_ok(|never| match never {});
                    return waits.map_err(|error| TlsError::io(OPERATION, error));
                }
                Outcome::Closed => return Poll::Ready(Err(TlsError::closed(OPERATION))),
                Outcome::Failed(error) => {
                    if !error.is_io() {
                        self.say_why();
                    }
                    return Poll::Ready(Err(error));
                }
            }
        }
        match self.poll_flush(cx) {
            // A client may be gone by the time that its tickets are sent, and have said what it had to say.
            Poll::Ready(Err(_)) if self.ssl().is_server() => Poll::Ready(Ok(())),
            // Or it reads none before its request is sent.
            Poll::Pending if self.ssl().is_server() && self.ssl().version2() == Some(SslVersion::TLS1_3) => {
                Poll::Ready(Ok(()))
            }
            result => result.map_err(|error| TlsError::io(OPERATION, error)),
        }
    }

    /// Hands on the alert that tells the peer why the handshake has failed. What that one has sent is thrown away, as far as it is known to have
    /// come: a socket that is closed with bytes to read resets its connection, and the alert may be lost.
    #[cold]
    fn say_why(&mut self) {
        self.push_output();
        self.tls.get_mut().discard();
    }

    /// One call of OpenSSL.
    fn step(&mut self, early: &mut Early) -> Result<(), openssl::ssl::Error> {
        match early {
            Early::Send(bytes, sent) if *sent < bytes.len() => {
                *sent += self.tls.write_early_data(&bytes[*sent..])?;
            }
            Early::Receive => {
                let filled = self.early_data.len();
                self.early_data.resize(filled + RECEIVE_EARLY, 0);
                let received = self.tls.read_early_data(&mut self.early_data[filled..]);
                self.early_data.truncate(filled + *received.as_ref().unwrap_or(&0));
                if received? == 0 {
                    self.early_data.shrink_to_fit();
                    *early = Early::Nothing;
                }
            }
            Early::Send(..) | Early::Nothing => {
                self.tls.do_handshake()?;
                self.established = true;
                let wire = self.tls.get_mut();
                wire.reads_ahead = self.read_ahead;
                wire.is_fruitful();
                wire.most_barren = BARREN;
                // Tickets that nobody takes are no loss.
                wire.has_lost = false;
            }
        }
        Ok(())
    }
}
