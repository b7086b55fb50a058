//! The stream below, as OpenSSL sees it: a blocking reader and writer that never blocks.
//!
//! ```text
//!   OpenSSL reads   <-- bytes of before <-- poll_read, straight into OpenSSL's buffer, up to 64 KiB at a time
//!   OpenSSL writes  --> output ---------> poll_write, several records at a time
//! ```
//!
//! Reading asks the stream at once, and no byte is copied on the way. Writing only fills [`Output`], which takes everything: so a call of
//! OpenSSL never ends half done for want of room, and none has to be repeated with the same buffer. The session empties the output when
//! the call is over. What that saves: one system call for all records of a call, where OpenSSL would make one for each.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_io::{AsyncRead, AsyncWrite};

use super::output::Output;
use crate::stream::waiters::Signals;
use crate::unwind::caught;

/// The stream below, and what is on its way to and from it.
pub(crate) struct Wire<S> {
    /// `None` once it was taken out, at the very end.
    stream: Option<S>,
    /// Bytes of TLS that were read from the stream before the session began, and how many of them OpenSSL has.
    before: Vec<u8>,
    before_read: usize,
    pub(crate) output: Output,
    /// The stream has taken bytes since it was last flushed.
    unflushed: bool,
    readable: Waker,
    writable: Waker,
    /// How often OpenSSL may still ask the stream for bytes in this call.
    reads_left: u32,
    /// The last read was refused for that.
    pub(crate) out_of_reads: bool,
    pub(crate) ended: bool,
    /// What reading failed with; the session takes it.
    pub(crate) read_error: Option<io::Error>,
    /// What writing failed with; it fails with that from then on.
    write_error: Option<io::Error>,
    /// The text of a panic in the stream; nothing more is asked of that one.
    pub(crate) panicked: Option<String>,
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S, before: Vec<u8>, signals: &Signals) -> Wire<S> {
        Wire {
            stream: Some(stream),
            before,
            before_read: 0,
            output: Output::default(),
            unflushed: false,
            readable: signals.readable.clone().into(),
            writable: signals.writable.clone().into(),
            reads_left: 0,
            out_of_reads: false,
            ended: false,
            read_error: None,
            write_error: None,
            panicked: None,
        }
    }

    /// A new call of OpenSSL, which may ask the stream for bytes this many times.
    pub(crate) fn begin(&mut self, reads: u32) {
        self.reads_left = reads;
        self.out_of_reads = false;
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
        Err(text) => {
            let error = io::Error::other(format!("the stream below panicked: {text}"));
            *panicked = Some(text);
            Poll::Ready(Err(error))
        }
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Hands the output to the stream. Pending: the writable signal tells when there is room again.
    pub(crate) fn poll_drain(&mut self) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            if let Some(error) = &self.write_error {
                return Poll::Ready(Err(again(error)));
            }
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

    /// Whether there is anything to hand on.
    pub(crate) fn has_output(&self) -> bool {
        (self.unflushed || !self.output.is_empty()) && self.write_error.is_none()
    }

    fn broken(&mut self, error: io::Error) -> Poll<io::Result<()>> {
        let told = again(&error);
        self.write_error = Some(error);
        // Nobody will ever take it.
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

impl<S: AsyncRead + Unpin> Read for Wire<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.before_read < self.before.len() {
            let rest = &self.before[self.before_read..];
            let count = rest.len().min(buf.len());
            buf[..count].copy_from_slice(&rest[..count]);
            self.before_read += count;
            if self.before_read == self.before.len() {
                (self.before, self.before_read) = (Vec::new(), 0);
            }
            return Ok(count);
        }
        if self.ended {
            return Ok(0);
        }
        if self.reads_left == 0 {
            self.out_of_reads = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        loop {
            self.reads_left -= 1;
            let Wire { stream, readable, panicked, .. } = self;
            match ask(stream, readable, panicked, |stream, cx| stream.poll_read(cx, buf)) {
                Poll::Pending => return Err(io::ErrorKind::WouldBlock.into()),
                Poll::Ready(Ok(count)) if count > buf.len() => {
                    self.read_error =
                        Some(io::Error::other("the stream below read more than there was room for"));
                    return Err(io::ErrorKind::Other.into());
                }
                Poll::Ready(Ok(count)) => {
                    self.ended = count == 0;
                    return Ok(count);
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                    if self.reads_left == 0 {
                        self.out_of_reads = true;
                        return Err(io::ErrorKind::WouldBlock.into());
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

impl<S> Write for Wire<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.output.extend(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
