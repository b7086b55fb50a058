//! One TLS session: OpenSSL's state, the stream below, and the operations on both. No waiting and no sharing: that is `stream/`.
//!
//! ```text
//!   send --> records --> SSL_write --> output --> the stream below      (taken whole or not at all)
//!   recv <-- SSL_read <-- OpenSSL's buffer <-- the stream below         (pending: the output is driven on, too)
//! ```
//!
//! - **A send takes nothing while old ciphertext waits**, so what waits is bounded by [`BATCH`], and a send that is given up has sent nothing.
//! - **A receiver that has to wait drives the output on.** A task that sends and then waits for the answer needs no flush in between.
//! - **OpenSSL's error queue is the thread's, not the session's.** It is emptied before each call that can end without a failure, since
//!   OpenSSL would take an old entry for one, and after each failure. (A send ends well, or has to wait, or has failed: no need to ask the
//!   queue which. Emptying it costs a hundredth of a record.)

mod ahead;
mod buffers;
mod handshake;
mod outcome;
mod output;
mod records;
mod room;
#[cfg(all(test, not(loom)))]
mod tests;
#[expect(unsafe_code, reason = "a pointer to what OpenSSL holds")]
mod tls;
mod wire;

use std::cell::Cell;
use std::convert::Infallible;
use std::io::{self, IoSlice, IoSliceMut};
#[cfg(feature = "hyper")]
use std::mem::MaybeUninit;
use std::task::{Context, Poll, ready};

use fend_reactor::task::poll_budget;
use futures_io::{AsyncRead, AsyncWrite};
use openssl::error::ErrorStack;
use openssl::ssl::SslRef;

use crate::error::{Cause, TlsError};
use crate::stream::waiters::Signals;
use crate::sys;
use buffers::Counted;
pub(crate) use handshake::Early;
use outcome::Outcome;
use records::{Pieces, RECORD};
use room::{Peek, Room};
use tls::Tls;
use wire::Wire;

/// What a send takes at once: two records, with one system call. The first is copied into the output, the second sent from where OpenSSL has
/// it. With more records to a call, their copies cost what the calls save; with more to a send, a peer that does not read has more waiting
/// for it, and nothing is gained (measured on loopback; `tests/tls_cost`).
const BATCH: usize = 2 * RECORD;

/// How many bytes may come in a row with no data in them. A peer may renew its keys as often as it likes, or send empty records, and each costs
/// us more than it does the peer: one that does nothing else is up to no good, and OpenSSL has no limit of its own. (A record with data in it
/// is complete after 16 KiB and some; tickets take a few KiB each.)
const BARREN: usize = 40 * 1024;

/// The most ciphertext that may wait for the peer when bytes of it are looked at: far more than a send makes. Else it has asked for
/// answers, to attempts to renegotiate say, and reads none.
const UNREAD: usize = 4 * BATCH;

/// Room for early data, added at each read of it.
const RECEIVE_EARLY: usize = 4096;

/// How often one call may ask the stream for bytes. A peer that sends what is no data (key updates, empty records) as fast as we read
/// would else hold the worker; after this many the task goes to the end of the queue.
const READS: u32 = 4;

/// How many records one receive may return. A peer can put a byte into each.
const RECORDS: u32 = 64;

pub(crate) struct Session<S> {
    tls: Tls<Wire<S>>,
    counted: Counted,
    signals: Signals,
    /// Why there is nothing more to receive.
    received_all: Option<End>,
    /// What ended the session in both directions.
    broken: Option<TlsError>,
    /// Our close_notify is in the output, or need not be.
    said_goodbye: bool,
    /// A sender had to read, so that OpenSSL may know more than its buffers say: the peer's goodbye.
    has_news: bool,
    /// The stream below is closed for writing.
    closed: bool,
    allow_truncation: bool,
    /// Whether more may be read than OpenSSL asks for, after the handshake.
    read_ahead: bool,
    /// The handshake is over: the session may be resumed later.
    pub(crate) established: bool,
    /// Bytes that the client sent before the handshake was over.
    pub(crate) early_data: Vec<u8>,
}

/// How receiving ends.
enum End {
    Clean,
    Failed(TlsError),
}

thread_local! {
    /// Where small buffers of one send are put together.
    static GATHERED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl<S> Session<S> {
    pub(crate) fn ssl(&self) -> &SslRef {
        self.tls.ssl()
    }

    pub(crate) fn stream(&self) -> &S {
        self.tls.get_ref().stream()
    }

    pub(crate) fn stream_mut(&mut self) -> &mut S {
        self.tls.get_mut().stream_mut()
    }

    pub(crate) fn into_stream(mut self) -> S {
        self.tls.get_mut().take_stream()
    }

    /// Before each call of OpenSSL.
    fn begin(&mut self) {
        drop(ErrorStack::get());
        self.tls.get_mut().begin(READS);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read(cx, buf)
    }

    /// [`poll_recv`](Self::poll_recv) into memory without a value. As many of its first bytes have one then as the result says.
    #[cfg(feature = "hyper")]
    pub(crate) fn poll_recv_uninit(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        self.poll_read(cx, buf)
    }

    pub(crate) fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read(cx, &mut Peek(buf))
    }

    pub(crate) fn poll_recv_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let _waits_for = self.tls.get_ref().waits_for(cx);
        let mut bufs = bufs.iter_mut().filter(|buf| !buf.is_empty());
        let Some(first) = bufs.next() else { return Poll::Ready(Ok(0)) };
        let mut received = ready!(self.poll_recv(cx, first))?;
        let mut room = first.len();
        for buf in bufs {
            if received < room || self.received_all.is_some() {
                break;
            }
            received += self.read_on(&mut **buf, 0);
            room += buf.len();
        }
        // An alert, perhaps.
        self.push_output();
        Poll::Ready(Ok(received))
    }

    fn poll_read<R: Room + ?Sized>(&mut self, cx: &mut Context<'_>, buf: &mut R) -> Poll<io::Result<usize>> {
        if buf.len() == 0 {
            return Poll::Ready(Ok(0));
        }
        let _waits_for = self.tls.get_ref().waits_for(cx);
        loop {
            match (&self.received_all, &self.broken) {
                (Some(End::Clean), _) => return Poll::Ready(Ok(0)),
                (Some(End::Failed(error)), _) | (None, Some(error)) => {
                    return Poll::Ready(Err(error.again().into()));
                }
                (None, None) => {}
            }
            if self.tls.get_ref().output.len() > UNREAD {
                self.refuse_to_answer();
                continue;
            }
            let generation = self.signals.readable.generation();
            self.tls.get_mut().begin(READS);
            if self.has_news || self.has_more() {
                // The stream is not asked, and does not see how busy the task is.
                ready!(poll_budget(cx));
                self.has_news = false;
            } else if self.tls.get_mut().poll_ahead().is_pending() {
                // Nothing is under way.
                self.counted.rest(self.tls.ssl());
                return self.poll_wait(cx, generation).map_ok(|never| match never {});
            }
            self.begin();
            let outcome = match buf.read(0, &mut self.tls) {
                Ok(count) => {
                    self.tls.get_mut().is_fruitful();
                    let count = if R::TAKES { self.read_on(buf, count) } else { count };
                    self.push_output();
                    return Poll::Ready(Ok(count));
                }
                Err(error) => self.outcome("TLS receive", error),
            };
            match outcome {
                Outcome::Again => return self.poll_wait(cx, generation).map_ok(|never| match never {}),
                end => self.end_receiving(end),
            }
            // OpenSSL may have an alert for the peer.
            self.push_output();
        }
    }

    #[cold]
    fn refuse_to_answer(&mut self) {
        let message = "the peer asks for answers and reads none".to_owned();
        self.broken = Some(TlsError::new("TLS receive", Cause::OpenSsl(message)));
    }

    #[cold]
    fn end_receiving(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Again => {}
            Outcome::Closed => self.received_all = Some(End::Clean),
            Outcome::Failed(error) if error.is_unexpected_eof() && self.allow_truncation => {
                self.received_all = Some(End::Clean);
            }
            Outcome::Failed(error) => self.received_all = Some(End::Failed(error)),
        }
    }

    /// Whether the beginning of more has come.
    fn has_more(&self) -> bool {
        self.tls.get_ref().has_ahead() || sys::has_pending(self.tls.ssl())
    }

    /// Fills the rest of `buf` as far as that goes without waiting.
    fn read_on<R: Room + ?Sized>(&mut self, buf: &mut R, mut filled: usize) -> usize {
        for _ in 0..RECORDS {
            if filled == buf.len() || !self.has_more() {
                break;
            }
            self.tls.get_mut().begin(1);
            match buf.read(filled, &mut self.tls) {
                Ok(count) => {
                    self.tls.get_mut().is_fruitful();
                    filled += count;
                }
                Err(error) => {
                    // The bytes go first. What ends the stream is told by the next call.
                    let outcome = self.outcome("TLS receive", error);
                    self.end_receiving(outcome);
                    break;
                }
            }
        }
        filled
    }

    /// OpenSSL needs bytes of the peer. Never ready with anything but an error.
    fn poll_wait(&mut self, cx: &mut Context<'_>, generation: u64) -> Poll<io::Result<Infallible>> {
        // The peer may be waiting for what we have not handed on. When that is lost, there may never be an answer.
        if let Poll::Ready(Err(error)) = self.poll_output(cx, Wire::poll_flush) {
            if self.tls.get_ref().has_lost {
                return Poll::Ready(Err(error));
            }
        }
        // There is no wake-up to wait for, or it was there already: then to the end of the queue. A stream that only yields, with a
        // wake-up each time, would hold us in a loop.
        if !self.tls.get_ref().waits || !self.signals.readable.register(cx.waker(), generation) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Hands the output on as far as that goes without waiting.
    fn push_output(&mut self) {
        if self.tls.get_ref().has_output() {
            let _ = self.tls.get_mut().poll_flush();
        }
    }

    /// Hands the output on. Pending: the task is woken when the stream can take more.
    fn poll_output(
        &mut self,
        cx: &mut Context<'_>,
        how: fn(&mut Wire<S>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        let _waits_for = self.tls.get_ref().waits_for(cx);
        let generation = self.signals.writable.generation();
        let result = how(self.tls.get_mut());
        // As in `wait`.
        if result.is_pending() && !self.signals.writable.register(cx.waker(), generation) {
            cx.waker().wake_by_ref();
        }
        result
    }

    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        self.may_send()?;
        let wire = self.tls.get_ref();
        let _waits_for = wire.waits_for(cx);
        if wire.is_behind() {
            ready!(self.poll_output(cx, Wire::poll_drain))?;
        }
        let generation = self.signals.readable.generation();
        let (taken, outcome) = match bufs {
            [buf] => match self.encrypt(&buf[..buf.len().min(BATCH)], true) {
                Ok(taken) => (taken, None),
                Err(outcome) => (0, Some(outcome)),
            },
            _ => self.encrypt_pieces(bufs),
        };
        // As far as it goes; what the stream does not take now waits for the next call of any kind.
        let wire = self.tls.get_mut();
        if wire.is_behind() {
            let _ = wire.poll_drain();
        }
        match outcome {
            _ if taken > 0 => Poll::Ready(Ok(taken)),
            Some(Outcome::Again) | None => self.poll_wait(cx, generation).map_ok(|never| match never {}),
            Some(Outcome::Closed) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Some(Outcome::Failed(error)) => Poll::Ready(Err(error.into())),
        }
    }

    /// Makes records of `bufs` until there is a batch.
    fn encrypt_pieces(&mut self, bufs: &[IoSlice<'_>]) -> (usize, Option<Outcome>) {
        // The thread's buffer is in use when this is the inner one of two sessions. A thread that is about to end has none any more.
        let mut gathered = GATHERED.try_with(Cell::take).unwrap_or_default();
        let (mut pieces, mut taken, mut failed) = (Pieces::of(bufs), 0, None);
        while taken < BATCH && failed.is_none() {
            let piece = pieces.next(BATCH - taken, &mut gathered);
            if piece.is_empty() {
                break;
            }
            let is_last = pieces.is_at_end() || taken + piece.len() == BATCH;
            match self.encrypt(piece, is_last) {
                Ok(count) => taken += count,
                Err(outcome) => failed = Some(outcome),
            }
        }
        let _ = GATHERED.try_with(|kept| kept.set(gathered));
        (taken, failed)
    }

    /// Makes records of `piece`, which is taken whole or not at all. `is_last`: nothing follows in this call.
    fn encrypt(&mut self, piece: &[u8], is_last: bool) -> Result<usize, Outcome> {
        let wire = self.tls.get_mut();
        wire.begin(READS);
        wire.records_left = if is_last { piece.len().div_ceil(RECORD) } else { 0 };
        let written = self.tls.ssl_write(piece);
        if self.tls.get_ref().has_read {
            self.has_news = true;
            self.signals.readable.wake_all();
        }
        written.map_err(|error| self.outcome("TLS send", error))
    }

    fn may_send(&self) -> io::Result<()> {
        match &self.broken {
            Some(error) => Err(error.again().into()),
            None if self.said_goodbye => {
                let message = "TLS send: this side of the stream was shut down";
                Err(io::Error::new(io::ErrorKind::BrokenPipe, message))
            }
            None => Ok(()),
        }
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = self.poll_output(cx, Wire::poll_flush);
        if result.is_ready() {
            // Whoever flushes has sent what there was.
            self.counted.rest(self.tls.ssl());
        }
        result
    }

    /// Sends a close_notify, once, and hands it on.
    pub(crate) fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.said_goodbye && self.broken.is_none() {
            self.begin();
            if let Err(error) = self.tls.shutdown() {
                // Half of a message of the peer's handshake has come, say. The peer hears nothing, and must not be thought to have.
                if let Outcome::Failed(error) = outcome::of("TLS shutdown", error, &mut self.tls) {
                    return Poll::Ready(Err(error.into()));
                }
            }
        }
        self.said_goodbye = true;
        self.poll_output(cx, Wire::poll_flush)
    }

    /// [`poll_goodbye`](Self::poll_goodbye), and closes the write half of the stream below, once.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closed {
            return Poll::Ready(Ok(()));
        }
        // A peer that has gone needs no goodbye, and cannot be closed to.
        unless_gone(ready!(self.poll_goodbye(cx)))?;
        unless_gone(ready!(self.poll_output(cx, Wire::poll_close)))?;
        self.closed = true;
        Poll::Ready(Ok(()))
    }

    /// What a failed call of OpenSSL means. A failure of the protocol ends the session in both directions.
    fn outcome(&mut self, operation: &str, error: openssl::ssl::Error) -> Outcome {
        let outcome = outcome::of(operation, error, &mut self.tls);
        if let Outcome::Failed(error) = &outcome {
            if !error.is_io() && !error.is_unexpected_eof() {
                self.broken = Some(error.again());
            }
        }
        outcome
    }
}

/// For who tells the peer something that it need not hear any more.
pub(crate) fn unless_gone(result: io::Result<()>) -> io::Result<()> {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
    match result {
        Err(error) if matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected) => Ok(()),
        result => result,
    }
}

impl<S> Drop for Session<S> {
    fn drop(&mut self) {
        // OpenSSL gives up a session whose stream ended without a close_notify. That is no reason: RFC 5246, section 7.2.1.
        if self.established && self.broken.is_none() {
            sys::keep_resumable(self.tls.ssl());
        }
        // Here and not by OpenSSL, whose C code may not be unwound when the stream's own destructor panics.
        self.tls.get_mut().drop_stream();
    }
}
