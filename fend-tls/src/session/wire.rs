//! The stream below, as OpenSSL sees it: a blocking reader and writer that never blocks.
//!
//! ```text
//!   OpenSSL reads   <-- ahead <-- poll_read, into OpenSSL's own buffer and a little more into `ahead`
//!   OpenSSL writes  --> output ---------> poll_write
//!                   --> the last record of a batch -------> poll_write_vectored, behind the output
//! ```
//!
//! Reading asks the stream at once. While records come without a pause, their bodies are copied nowhere on the way. Writing fills
//! [`Output`], which takes everything: so a call of OpenSSL never ends half done for want of room, and none has to be repeated with the same
//! buffer. The last record of a batch goes to the stream from where OpenSSL has it, in one call with those before it.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use fend_reactor::task::{StandIns, stand_in};
use futures_io::{AsyncRead, AsyncWrite};

use super::ahead::Ahead;
use super::output::Output;
use crate::stream::waiters::Signals;
use crate::unwind::caught;

/// How many reads, of 4 KiB each, are made at most to throw away what a peer has sent to a handshake that failed.
const DISCARDS: u32 = 16;

/// The stream below, and what is on its way to and from it.
pub(crate) struct Wire<S> {
    /// `None` once it was taken out, at the very end.
    stream: Option<S>,
    ahead: Ahead,
    /// Whether more may be read than OpenSSL asks for.
    pub(crate) reads_ahead: bool,
    /// How many records are still to come of this batch. The last one goes to the stream at once, with those before it.
    pub(crate) records_left: usize,
    /// Bytes that OpenSSL was given since there was last data in them.
    barren: usize,
    /// How many such bytes there may be.
    pub(crate) most_barren: usize,
    pub(crate) output: Output,
    /// The stream has taken bytes since it was last flushed.
    unflushed: bool,
    readable: Waker,
    writable: Waker,
    /// How often OpenSSL may still ask the stream for bytes in this call.
    reads_left: u32,
    /// The last read was pending, and the readable signal tells when to try again. Not so when there are no reads left, or when OpenSSL
    /// has not asked.
    pub(crate) waits: bool,
    /// OpenSSL was told to come again later, in this call: that is what became of it.
    pub(crate) would_block: bool,
    pub(crate) ended: bool,
    /// What reading failed with; the session takes it.
    pub(crate) read_error: Option<io::Error>,
    /// What writing failed with; it fails with that from then on.
    write_error: Option<io::Error>,
    /// Output was thrown away when writing failed.
    pub(crate) has_lost: bool,
    /// The stream was asked for bytes, in this call, and had some.
    pub(crate) has_read: bool,
    /// What the peer does is too much; nothing more is read.
    pub(crate) refusal: Option<String>,
    /// The text of a panic in the stream; nothing more is asked of that one.
    pub(crate) panicked: Option<String>,
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S, before: Vec<u8>, reads_ahead: bool, signals: &Signals) -> Wire<S> {
        Wire {
            stream: Some(stream),
            ahead: Ahead::of(before),
            reads_ahead,
            records_left: 0,
            barren: 0,
            most_barren: usize::MAX,
            output: Output::default(),
            unflushed: false,
            readable: signals.readable.clone().into(),
            writable: signals.writable.clone().into(),
            reads_left: 0,
            waits: false,
            would_block: false,
            ended: false,
            read_error: None,
            write_error: None,
            has_lost: false,
            has_read: false,
            refusal: None,
            panicked: None,
        }
    }

    /// There was data in what was read.
    #[inline]
    pub(crate) fn is_fruitful(&mut self) {
        self.barren = 0;
    }

    /// A new call of OpenSSL, which may ask the stream for bytes this many times.
    #[inline]
    pub(crate) fn begin(&mut self, reads: u32) {
        self.reads_left = reads;
        self.waits = false;
        self.would_block = false;
        self.has_read = false;
    }

    /// While the result lives the stream's wake-ups are for the task of `cx`, as far as fend's own streams are concerned.
    #[inline]
    pub(crate) fn waits_for(&self, cx: &Context<'_>) -> StandIns {
        stand_in([&self.readable, &self.writable], cx.waker())
    }

    pub(crate) fn stream(&self) -> &S {
        self.stream.as_ref().expect("it is taken out only with the session")
    }

    pub(crate) fn stream_mut(&mut self) -> &mut S {
        self.stream.as_mut().expect("it is taken out only with the session")
    }

    pub(crate) fn take_stream(&mut self) -> S {
        self.stream.take().expect("it is taken out once")
    }

    pub(crate) fn drop_stream(&mut self) {
        drop(self.stream.take());
    }
}

/// The stream's own operation, with our waker. A panic in it becomes an error, now and later: who knows what state it is in.
fn ask<S: Unpin, T>(
    stream: &mut Option<S>,
    waker: &Waker,
    panicked: &mut Option<String>,
    f: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
) -> Poll<io::Result<T>> {
    if panicked.is_some() {
        return Poll::Ready(Err(io::Error::other("the stream below has panicked")));
    }
    let stream = stream.as_mut().expect("it is taken out only with the session");
    match caught(|| f(Pin::new(stream), &mut Context::from_waker(waker))) {
        Ok(result) => result,
        Err(text) => Poll::Ready(Err(has_panicked(panicked, text))),
    }
}

#[cold]
fn has_panicked(panicked: &mut Option<String>, text: String) -> io::Error {
    let error = io::Error::other(format!("the stream below panicked: {text}"));
    *panicked = Some(text);
    error
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Hands the output to the stream. Pending: the writable signal tells when there is room again.
    pub(crate) fn poll_drain(&mut self) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            let Wire { stream, writable, panicked, output, .. } = self;
            match ask(stream, writable, panicked, |stream, cx| stream.poll_write(cx, output.bytes())) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return self.broken(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) if count > output.len() => {
                    return self.broken(io::Error::other("the stream below wrote more than it was given"));
                }
                Poll::Ready(Ok(count)) => {
                    output.advance(count);
                    self.unflushed = true;
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return self.broken(error),
            }
        }
        self.output.give_back();
        match &self.write_error {
            Some(error) => Poll::Ready(Err(again(error))),
            None => Poll::Ready(Ok(())),
        }
    }

    /// [`poll_drain`](Self::poll_drain), and the stream's own flush.
    pub(crate) fn poll_flush(&mut self) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_drain())?;
        if self.unflushed {
            let Wire { stream, writable, panicked, .. } = self;
            match ask(stream, writable, panicked, |stream, cx| stream.poll_flush(cx)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return self.broken(error),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Closes the stream's write half.
    pub(crate) fn poll_close(&mut self) -> Poll<io::Result<()>> {
        let Wire { stream, writable, panicked, .. } = self;
        ask(stream, writable, panicked, |stream, cx| stream.poll_close(cx))
    }

    /// Whether the stream has not taken all that there is for it, or has failed.
    #[inline]
    pub(crate) fn is_behind(&self) -> bool {
        !self.output.is_empty() || self.write_error.is_some()
    }

    /// Whether there is anything to hand on.
    #[inline]
    pub(crate) fn has_output(&self) -> bool {
        (self.unflushed || !self.output.is_empty()) && self.write_error.is_none()
    }

    /// Hands the output to the stream, and `record` behind it, from where OpenSSL has it. Returns how much of the record has gone.
    fn send_with(&mut self, record: &[u8]) -> usize {
        if self.write_error.is_some() {
            return 0;
        }
        let Wire { stream, writable, panicked, output, .. } = self;
        let waiting = output.len();
        let written = ask(stream, writable, panicked, |stream, cx| match waiting {
            0 => stream.poll_write(cx, record),
            _ => stream.poll_write_vectored(cx, &[IoSlice::new(output.bytes()), IoSlice::new(record)]),
        });
        let failed = match written {
            Poll::Pending => return 0,
            Poll::Ready(Ok(0)) => io::ErrorKind::WriteZero.into(),
            Poll::Ready(Ok(count)) if count > waiting + record.len() => {
                io::Error::other("the stream below wrote more than it was given")
            }
            Poll::Ready(Ok(count)) => {
                output.advance(count.min(waiting));
                output.give_back();
                self.unflushed = true;
                return count.saturating_sub(waiting);
            }
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => return 0,
            Poll::Ready(Err(error)) => error,
        };
        let _ = self.broken(failed);
        0
    }

    #[cold]
    fn broken(&mut self, error: io::Error) -> Poll<io::Result<()>> {
        let told = again(&error);
        self.write_error = Some(error);
        // Nobody will ever take it.
        self.has_lost |= !self.output.is_empty() || self.unflushed;
        self.output = Output::default();
        self.unflushed = false;
        Poll::Ready(Err(told))
    }
}

/// The same error once more.
pub(crate) fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(errno) => io::Error::from_raw_os_error(errno),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

#[cold]
fn too_much() -> io::Error {
    io::Error::other("the stream below read more than there was room for")
}

impl<S: AsyncRead + Unpin> Wire<S> {
    /// Reads into `buf`, and ahead when that is full.
    fn poll_read(&mut self, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let Wire { stream, readable, panicked, ahead, reads_ahead, .. } = self;
        let asked = buf.len();
        let (count, room) = if *reads_ahead {
            let mut bufs = [IoSliceMut::new(buf), IoSliceMut::new(ahead.room(asked))];
            let room = bufs[1].len();
            let count =
                ask(stream, readable, panicked, |stream, cx| stream.poll_read_vectored(cx, &mut bufs));
            let beyond = match &count {
                Poll::Ready(Ok(count)) => count.saturating_sub(asked).min(room),
                _ => 0,
            };
            ahead.filled(beyond);
            (count, room)
        } else {
            (ask(stream, readable, panicked, |stream, cx| stream.poll_read(cx, buf)), 0)
        };
        match count {
            Poll::Ready(Ok(count)) if count > asked + room => Poll::Ready(Err(too_much())),
            Poll::Ready(Ok(count)) => Poll::Ready(Ok(count.min(asked))),
            other => other,
        }
    }

    /// Has something ready for OpenSSL. Pending: there is nothing, so that it need not be asked. Errors and the end are for it to find.
    pub(crate) fn poll_ahead(&mut self) -> Poll<()> {
        if !self.reads_ahead || !self.ahead.is_empty() || self.ended || self.read_error.is_some() {
            return Poll::Ready(());
        }
        let Wire { stream, readable, panicked, ahead, .. } = self;
        let room = ahead.room(0);
        let most = room.len();
        let read = ask(stream, readable, panicked, |stream, cx| stream.poll_read(cx, room));
        let count = match read {
            Poll::Ready(Ok(count)) if count <= most => count,
            _ => 0,
        };
        ahead.filled(count);
        match read {
            Poll::Pending => {
                self.waits = true;
                return Poll::Pending;
            }
            Poll::Ready(Ok(0)) => self.ended = true,
            Poll::Ready(Ok(_)) if count > 0 => {}
            Poll::Ready(Ok(_)) => self.read_error = Some(too_much()),
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Poll::Ready(Err(error)) => self.read_error = Some(error),
        }
        Poll::Ready(())
    }

    /// Reads what has come, and throws it away: no more than a flight of a handshake and a request behind it.
    pub(crate) fn discard(&mut self) {
        if self.ended {
            return;
        }
        for _ in 0..DISCARDS {
            let Wire { stream, readable, panicked, .. } = self;
            let read = ask(stream, readable, panicked, |stream, cx| stream.poll_read(cx, &mut [0; 4096]));
            if !matches!(read, Poll::Ready(Ok(1..))) {
                break;
            }
        }
    }

    #[cold]
    fn refuse(&mut self) -> io::Error {
        let message = format!("the peer has sent {} bytes of records with no data in them", self.barren);
        self.refusal = Some(message);
        io::ErrorKind::Other.into()
    }

    fn later(&mut self) -> io::Error {
        self.would_block = true;
        io::ErrorKind::WouldBlock.into()
    }

    /// Whether bytes have been read that OpenSSL has not asked for.
    pub(crate) fn has_ahead(&self) -> bool {
        !self.ahead.is_empty()
    }
}

impl<S: AsyncRead + Unpin> Read for Wire<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.read_error.is_some() {
            return Err(io::ErrorKind::Other.into());
        }
        if self.barren > self.most_barren {
            return Err(self.refuse());
        }
        if !self.ahead.is_empty() {
            let count = self.ahead.take(buf);
            self.barren += count;
            return Ok(count);
        }
        if self.ended {
            return Ok(0);
        }
        if self.reads_left == 0 {
            return Err(self.later());
        }
        loop {
            self.reads_left -= 1;
            match self.poll_read(buf) {
                Poll::Pending => {
                    self.waits = true;
                    return Err(self.later());
                }
                Poll::Ready(Ok(count)) => {
                    self.ended = count == 0;
                    self.has_read = true;
                    self.barren += count;
                    return Ok(count);
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                    if self.reads_left == 0 {
                        return Err(self.later());
                    }
                }
                Poll::Ready(Err(error)) => {
                    // What OpenSSL is told must not look like "try again later".
                    self.read_error = Some(error);
                    return Err(io::ErrorKind::Other.into());
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Write for Wire<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let sent = if self.records_left == 1 { self.send_with(buf) } else { 0 };
        self.records_left = self.records_left.saturating_sub(1);
        // What failed once is told when the call is over; nobody will ever take these.
        if sent < buf.len() && self.write_error.is_none() {
            self.output.extend(&buf[sent..]);
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
