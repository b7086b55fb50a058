//! The body of a response, as it comes: a piece at a time, never more than a buffer full.

use futures_lite::{AsyncRead, AsyncWrite};

use super::error::Error;
use super::field::Field;
use super::framing::Framing;
use super::wire::{Received, Wire};

/// The most bytes of a line between chunks: its size, and extensions that nobody uses.
const MAX_CHUNK_LINE: usize = 4 * 1024;

/// The most bytes of all trailers together.
const MAX_TRAILERS: usize = 64 * 1024;

pub(crate) struct Body<S> {
    wire: Wire<S>,
    state: State,
    /// Bytes that were given.
    given: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Sized {
        left: u64,
    },
    UntilClose,
    /// Before the line with the size of the next chunk.
    ChunkSize,
    Chunk {
        left: u64,
    },
    /// Behind the bytes of a chunk.
    ChunkEnd,
    Done,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Body<S> {
    pub(crate) fn new(wire: Wire<S>, framing: Framing) -> Body<S> {
        let state = match framing {
            Framing::None | Framing::Sized(0) => State::Done,
            Framing::Sized(left) => State::Sized { left },
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        };
        Body { wire, state, given: 0 }
    }

    /// The next bytes of the body; `None` when it was whole.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was received is kept for the next call.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            match self.state {
                State::Done => {
                    self.wire.close().await;
                    return Ok(None);
                }
                State::ChunkSize => self.state = self.chunk_size().await?,
                State::ChunkEnd => {
                    if !self.line().await?.is_empty() {
                        return Err(Error::bad_response("a chunk is longer than its size"));
                    }
                    self.state = State::ChunkSize;
                }
                State::Sized { left } => {
                    let bytes = self.piece(left).await?;
                    let left = left - bytes.len() as u64;
                    self.state = if left == 0 { State::Done } else { State::Sized { left } };
                    return Ok(Some(bytes));
                }
                State::Chunk { left } => {
                    let bytes = self.piece(left).await?;
                    let left = left - bytes.len() as u64;
                    self.state = if left == 0 { State::ChunkEnd } else { State::Chunk { left } };
                    return Ok(Some(bytes));
                }
                State::UntilClose => match self.wire.input().is_empty() {
                    false => return self.piece(u64::MAX).await.map(Some),
                    true => match self.wire.receive().await? {
                        Received::Bytes => {}
                        Received::End => self.state = State::Done,
                        Received::Cut => {
                            return Err(Error::Partial(
                                "TLS ended without a close_notify, so that its end may be missing".to_owned(),
                            ));
                        }
                    },
                },
            }
        }
    }

    /// For who wants no more of it.
    pub(crate) async fn close(mut self) {
        self.wire.close().await;
    }

    /// At least one byte, and at most `left`.
    async fn piece(&mut self, left: u64) -> Result<Vec<u8>, Error> {
        if self.wire.input().is_empty() {
            self.must_receive(left).await?;
        }
        let input = self.wire.input();
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let bytes = input[..length].to_vec();
        self.wire.take(length);
        self.given += length as u64;
        Ok(bytes)
    }

    async fn must_receive(&mut self, missing: u64) -> Result<(), Error> {
        match self.wire.receive().await? {
            Received::Bytes => Ok(()),
            Received::End | Received::Cut => {
                let what = match self.state {
                    State::Sized { .. } => "",
                    _ => ", at least",
                };
                Err(Error::Partial(format!("{} bytes came, {missing} are missing{what}", self.given)))
            }
        }
    }

    /// Reads the size of a chunk, and behind the last one the trailers.
    async fn chunk_size(&mut self) -> Result<State, Error> {
        let line = self.line().await?;
        match parse_chunk_size(&line) {
            None => {
                let line = String::from_utf8_lossy(&line[..line.len().min(40)]).into_owned();
                Err(Error::bad_response(format!("the size of a chunk is {line:?}")))
            }
            Some(0) => {
                self.trailers().await?;
                Ok(State::Done)
            }
            Some(left) => Ok(State::Chunk { left }),
        }
    }

    /// Reads the fields behind the last chunk, for which there is no use here.
    async fn trailers(&mut self) -> Result<(), Error> {
        let mut total = 0;
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(());
            }
            Field::parse(&line).map_err(Error::BadResponse)?;
            total += line.len();
            if total > MAX_TRAILERS {
                return Err(Error::bad_response(format!(
                    "its trailers are longer than {MAX_TRAILERS} bytes"
                )));
            }
        }
    }

    /// A line between chunks. It has to end in CR and LF: what ends a line decides where the message ends.
    async fn line(&mut self) -> Result<Vec<u8>, Error> {
        loop {
            let input = self.wire.input();
            let searched = &input[..input.len().min(MAX_CHUNK_LINE)];
            if let Some(end) = searched.iter().position(|&byte| byte == b'\n') {
                let Some(line) = searched[..end].strip_suffix(b"\r") else {
                    return Err(Error::bad_response("a line between chunks ends without a CR"));
                };
                let line = line.to_vec();
                self.wire.take(end + 1);
                return Ok(line);
            }
            if searched.len() == MAX_CHUNK_LINE {
                return Err(Error::bad_response(format!(
                    "no end of line within {MAX_CHUNK_LINE} bytes of a chunk"
                )));
            }
            self.must_receive(1).await?;
        }
    }
}

/// Reads `1a2b ; extension`.
fn parse_chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
    let digits = std::str::from_utf8(digits.trim_ascii_end()).ok()?;
    // `from_str_radix` would take a sign too.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) || line.contains(&b'\r') {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}
