//! One exchange's bytes: the request goes out while the response comes in.
//!
//! Both at once, since a server may answer before it has read the whole request: with an error, say, behind which it closes. A failure
//! to send is kept back until it is clear that there is no response to explain it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_lite::{AsyncRead, AsyncWrite, AsyncWriteExt, future};

use super::error::Error;
use super::head::{Head, MAX_HEAD, find_end};

/// Room for a whole head, and for much of a body.
const BUFFER: usize = MAX_HEAD;

pub(crate) struct Wire<S> {
    stream: S,
    request: Vec<u8>,
    /// How much of it is sent.
    sent: usize,
    sending: Sending,
    input: Box<[u8]>,
    /// Where the received bytes begin and end that were not taken yet.
    begin: usize,
    end: usize,
    received_any: bool,
}

enum Sending {
    Bytes,
    Flush,
    Done,
    Failed(io::Error),
}

/// What a receive has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    Bytes,
    /// The peer has nothing more to say.
    End,
    /// The stream is cut: over TLS there was no close_notify, so that anybody may have ended it.
    Cut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S, request: Vec<u8>) -> Wire<S> {
        Wire {
            stream,
            request,
            sent: 0,
            sending: Sending::Bytes,
            input: vec![0; BUFFER].into(),
            begin: 0,
            end: 0,
            received_any: false,
        }
    }

    /// The next head, interim or final.
    pub(crate) async fn head(&mut self) -> Result<Head, Error> {
        let mut seen = 0;
        loop {
            if let Some(length) = find_end(self.input(), seen).map_err(Error::BadResponse)? {
                let head = Head::parse(&self.input()[..length]).map_err(Error::BadResponse)?;
                self.take(length);
                return Ok(head);
            }
            seen = self.input().len();
            if seen == BUFFER {
                return Err(Error::bad_response(format!("its head is longer than {MAX_HEAD} bytes")));
            }
            if self.receive().await? != Received::Bytes {
                return Err(self.ended_early());
            }
        }
    }

    fn ended_early(&mut self) -> Error {
        match std::mem::replace(&mut self.sending, Sending::Done) {
            Sending::Failed(error) => Error::Send(error),
            _ if self.received_any => Error::bad_response("it ends within its head"),
            _ => Error::Empty,
        }
    }

    /// What was received and not taken yet.
    pub(crate) fn input(&self) -> &[u8] {
        &self.input[self.begin..self.end]
    }

    pub(crate) fn take(&mut self, count: usize) {
        self.begin += count;
        debug_assert!(self.begin <= self.end, "took more than there is");
    }

    /// Receives more behind [`input`](Wire::input), which must not fill the buffer. Sends meanwhile.
    pub(crate) async fn receive(&mut self) -> Result<Received, Error> {
        if self.end == BUFFER || self.begin == self.end {
            self.input.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
        }
        debug_assert!(self.end < BUFFER, "no room");
        match poll_fn(|cx| self.poll_exchange(cx)).await {
            Ok(0) => Ok(Received::End),
            Ok(count) => {
                self.end += count;
                self.received_any = true;
                Ok(Received::Bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Received::Cut),
            Err(error) => match std::mem::replace(&mut self.sending, Sending::Done) {
                Sending::Failed(earlier) if !self.received_any => Err(Error::Send(earlier)),
                _ => Err(Error::Receive(error)),
            },
        }
    }

    fn poll_exchange(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            self.sending = Sending::Failed(error);
        }
        Pin::new(&mut self.stream).poll_read(cx, &mut self.input[self.end..])
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let stream = Pin::new(&mut self.stream);
            match self.sending {
                Sending::Done | Sending::Failed(_) => return Poll::Ready(Ok(())),
                Sending::Flush => {
                    ready!(stream.poll_flush(cx))?;
                    self.sending = Sending::Done;
                }
                Sending::Bytes if self.sent == self.request.len() => self.sending = Sending::Flush,
                Sending::Bytes => match ready!(stream.poll_write(cx, &self.request[self.sent..]))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => self.sent += count,
                },
            }
        }
    }

    /// Says goodbye, if that can be done without waiting: over TLS, some servers complain of clients that just go.
    pub(crate) async fn close(&mut self) {
        let _ = future::poll_once(self.stream.close()).await;
    }
}
