//! One exchange over a connection: messages with their length in front (RFC 1035, section 4.2.2, and RFC 7766).

use std::io;

use fend_net::TcpStream;
#[cfg(feature = "tls")]
use fend_tls::TlsStream;

use super::failure::Failure;
use super::question::Question;
use crate::wire::Message;

/// Messages that are no answer to the question, which a server may send late to an earlier one.
const MAX_STRAY: u32 = 8;

/// Most answers fit; a longer one has the buffer grow, up to 64 KiB and the length in front.
const FIRST_ROOM: usize = 2048;

/// The bytes of a length.
const PREFIX: usize = 2;

/// A connection to a server.
#[derive(Debug)]
pub(super) enum Connection {
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<TlsStream<TcpStream>>),
}

/// What became of a question.
#[derive(Debug)]
pub(super) struct Exchanged {
    pub(super) message: Message,
    /// Nothing else has come: the next question can go the same way.
    pub(super) is_clean: bool,
}

/// Asks, and waits without end: the caller has the clock.
///
/// # Errors
/// What the connection says, and what is wrong with the answer.
pub(super) async fn exchange(connection: &Connection, question: &Question) -> Result<Exchanged, Failure> {
    connection.send_all(&framed(question.bytes())).await?;
    let mut incoming = Incoming { buf: vec![0; FIRST_ROOM], filled: 0 };
    for _ in 0..MAX_STRAY {
        let length = incoming.next(connection).await?;
        let bytes = &incoming.buf[PREFIX..PREFIX + length];
        if Message::parse_question(bytes).is_ok_and(|header| question.is_answered_by(&header)) {
            let message = Message::parse(bytes).map_err(|error| Failure::Malformed(error.0.to_owned()))?;
            if message.is_truncated {
                return Err(Failure::Malformed("it is truncated, and came by TCP".to_owned()));
            }
            return Ok(Exchanged { message, is_clean: incoming.filled == PREFIX + length });
        }
        incoming.drop_first(length);
    }
    Err(Failure::Malformed(format!("{MAX_STRAY} messages in a row that answer other questions")))
}

/// Length and message at once: a server may take each write for a message (RFC 7766, section 8).
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).expect("a question is a few hundred bytes");
    let mut framed = Vec::with_capacity(PREFIX + message.len());
    framed.extend(length.to_be_bytes());
    framed.extend(message);
    framed
}

/// What has come of the connection and is not used up.
struct Incoming {
    buf: Vec<u8>,
    filled: usize,
}

impl Incoming {
    /// The length of the first message, which stands behind its prefix when this returns.
    async fn next(&mut self, connection: &Connection) -> io::Result<usize> {
        loop {
            let needed = PREFIX + if self.filled < PREFIX { 0 } else { self.length() };
            if self.filled >= needed {
                return Ok(needed - PREFIX);
            }
            if self.buf.len() < needed {
                self.buf.resize(needed, 0);
            }
            match connection.recv(&mut self.buf[self.filled..]).await? {
                0 => return Err(early_end()),
                count => self.filled += count,
            }
        }
    }

    fn length(&self) -> usize {
        usize::from(u16::from_be_bytes([self.buf[0], self.buf[1]]))
    }

    fn drop_first(&mut self, length: usize) {
        self.buf.copy_within(PREFIX + length..self.filled, 0);
        self.filled -= PREFIX + length;
    }
}

fn early_end() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection before it had answered")
}

impl Connection {
    async fn send_all(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Connection::Tcp(stream) => stream.send_all(bytes).await,
            #[cfg(feature = "tls")]
            Connection::Tls(stream) => stream.send_all(bytes).await,
        }
    }

    async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Connection::Tcp(stream) => stream.recv(buf).await,
            #[cfg(feature = "tls")]
            Connection::Tls(stream) => stream.recv(buf).await,
        }
    }
}
