//! One client's connection: requests in, responses out, in the same order. Over any stream: TCP, or TLS over it.

use std::io;
use std::time::{Duration, Instant};

use fend::time::{timeout, timeout_at};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::request::{MAX_HEAD, Parsed, parse};
use crate::response;

/// How long a client may take for its next request, counted from the last response to the last byte of the head: one
/// that sends a byte now and then cannot keep a connection for ever. The same for taking the responses.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long and how many bytes to wait, at the end, for a client that still sends.
const LINGER: Duration = Duration::from_secs(1);
const MAX_LINGER: usize = 1024 * 1024;

/// Received bytes that were not looked at. Room for several pipelined requests, and for at least one whole head.
const INPUT: usize = 2 * MAX_HEAD;

/// Pipelined requests are answered together, with one send. When this much has gathered it goes out in between.
const ENOUGH_OUTPUT: usize = 64 * 1024;

/// Whether there is more to come on this connection.
#[derive(PartialEq, Eq)]
enum Next {
    Requests,
    Close,
}

/// `about` is what the page tells of the connection, in lines; empty for one of which there is nothing to tell.
pub(crate) async fn serve<S>(stream: S, about: &str) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = Connection { stream, about, input: vec![0; INPUT], filled: 0, output: Vec::new() };
    while connection.receive().await? {
        while let Some(next) = connection.answer() {
            connection.send().await?;
            if next == Next::Close {
                return connection.linger().await;
            }
        }
    }
    Ok(())
}

struct Connection<'a, S> {
    stream: S,
    about: &'a str,
    input: Vec<u8>,
    /// How much of `input` was received and not answered.
    filled: usize,
    output: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<'_, S> {
    /// Receives until there is a whole head, or something to refuse. False: the client has gone, or was silent for too long.
    async fn receive(&mut self) -> io::Result<bool> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // A partial head is shorter than `MAX_HEAD`, so there is room.
            match timeout_at(deadline, self.stream.read(&mut self.input[self.filled..])).await {
                Ok(Ok(0)) => return Ok(false),
                Ok(received) => self.filled += received?,
                Err(_) => return self.give_up().await,
            }
            if parse(&self.input[..self.filled]) != Parsed::Partial {
                return Ok(true);
            }
        }
    }

    async fn give_up(&mut self) -> io::Result<bool> {
        // A client that has not begun to ask gets no answer: it may be about to send its next request, and would take this
        // for the response.
        if self.filled > 0 {
            response::time_out(&mut self.output);
            self.send().await?;
        }
        Ok(false)
    }

    /// Answers what was received, as far as it goes. `None`: there is no whole request.
    fn answer(&mut self) -> Option<Next> {
        let (mut consumed, mut next) = (0, None);
        while next != Some(Next::Close) && self.output.len() < ENOUGH_OUTPUT {
            next = Some(match parse(&self.input[consumed..self.filled]) {
                Parsed::Partial => break,
                Parsed::Refused(refusal) => {
                    response::refuse(refusal, &mut self.output);
                    Next::Close
                }
                Parsed::Request(request, length) => {
                    response::answer(&request, self.about, &mut self.output);
                    consumed += length;
                    if request.keep_alive { Next::Requests } else { Next::Close }
                }
            });
        }
        self.input.copy_within(consumed..self.filled, 0);
        self.filled -= consumed;
        next
    }

    async fn send(&mut self) -> io::Result<()> {
        let send = async {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await
        };
        timeout(PATIENCE, send).await??;
        self.output.clear();
        Ok(())
    }

    /// Closes so that the client gets the last response: the kernel answers bytes that nobody reads with a reset, which
    /// makes the client's kernel throw away what has arrived (RFC 9112, section 9.6).
    async fn linger(mut self) -> io::Result<()> {
        let drain = async {
            // Closes one direction only.
            self.stream.close().await?;
            let mut left = MAX_LINGER;
            while left > 0 {
                match self.stream.read(&mut self.input).await? {
                    0 => break,
                    count => left = left.saturating_sub(count),
                }
            }
            Ok(())
        };
        timeout(LINGER, drain).await.unwrap_or(Ok(()))
    }
}
