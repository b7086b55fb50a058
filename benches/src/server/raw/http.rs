//! HTTP/1.1, as far as a GET needs it: the end of each head is found, and `connection: close` is seen. The answer is always the same, byte by
//! byte what hyper sends.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::SystemTime;

use super::echo::send;
use super::event_loop::{Connection, Wait};
use crate::server::http::answer;
use crate::sys;

/// What hyper begins with, too.
const BUFFER: usize = 8_192;

pub(super) struct Shared {
    buffer: Box<[u8]>,
    /// Answers to the requests of one receive.
    answers: Vec<u8>,
    /// Seconds since 1970 that the answers tell.
    date: u64,
    keep_alive: Vec<u8>,
    close: Vec<u8>,
}

impl Shared {
    pub(super) fn new() -> Shared {
        let (answers, keep_alive, close) = (Vec::new(), Vec::new(), Vec::new());
        Shared { buffer: vec![0; BUFFER].into(), answers, date: 0, keep_alive, close }
    }

    /// Answers every request that is whole in `bytes`. How many bytes those are, and whether the last one ends the connection.
    fn answer_all(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut answered = 0;
        while let Some(head) = Head::find(&bytes[answered..]) {
            answered += head.length;
            self.answers.extend_from_slice(if head.closes { &self.close } else { &self.keep_alive });
            if head.closes {
                return (answered, true);
            }
        }
        (answered, false)
    }
}

/// The head of a request, with the empty line that ends it.
struct Head {
    length: usize,
    closes: bool,
}

impl Head {
    /// The one that `bytes` begin with, if it is whole.
    fn find(bytes: &[u8]) -> Option<Head> {
        let (mut start, mut closes) = (0, false);
        loop {
            let line = &bytes[start..];
            let line = &line[..sys::find_byte(line, b'\n')?];
            start += line.len() + 1;
            match line {
                [] | [b'\r'] => return Some(Head { length: start, closes }),
                [b'c' | b'C', ..] => closes |= is_connection_close(line),
                _ => {}
            }
        }
    }
}

fn is_connection_close(line: &[u8]) -> bool {
    const NAME: &[u8] = b"connection:";
    line.len() >= NAME.len()
        && line[..NAME.len()].eq_ignore_ascii_case(NAME)
        && line[NAME.len()..].trim_ascii().eq_ignore_ascii_case(b"close")
}

pub(super) struct Http {
    socket: OwnedFd,
    /// The beginning of a head whose end has not come.
    begun: Vec<u8>,
    unsent: Vec<u8>,
    closes: bool,
}

impl Connection for Http {
    type Shared = Shared;

    fn new(socket: OwnedFd, _shared: &Shared) -> io::Result<Http> {
        Ok(Http { socket, begun: Vec::new(), unsent: Vec::new(), closes: false })
    }

    fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Makes the answers anew each second.
    fn turn(shared: &mut Shared) {
        let now = SystemTime::now();
        let date = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if date != shared.date {
            let text = httpdate::fmt_http_date(now);
            (shared.keep_alive, shared.close) = (answer(&text, true), answer(&text, false));
            shared.date = date;
        }
    }

    fn ready(&mut self, ended: bool, shared: &mut Shared) -> io::Result<Wait> {
        if !self.unsent.is_empty() && !self.send_unsent()? {
            return Ok(Wait::Send);
        }
        while !self.closes {
            let received = match sys::recv(self.socket.as_fd(), &mut shared.buffer) {
                Ok(0) => return Ok(Wait::Close),
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Wait::Receive),
                Err(error) => return Err(error),
            };
            self.take(shared, received);
            let sent = send(self.socket.as_fd(), &shared.answers)?;
            if sent < shared.answers.len() {
                self.unsent.extend_from_slice(&shared.answers[sent..]);
                return Ok(Wait::Send);
            }
            if received < shared.buffer.len() && !ended && !self.closes {
                return Ok(Wait::Receive);
            }
        }
        Ok(Wait::Close)
    }
}

impl Http {
    /// Puts the answers to what was received, behind what had come before, into `shared`.
    fn take(&mut self, shared: &mut Shared, received: usize) {
        shared.answers.clear();
        if self.begun.is_empty() {
            // It is put back below: the buffer is read while the answers are written.
            let buffer = std::mem::take(&mut shared.buffer);
            let (answered, closes) = shared.answer_all(&buffer[..received]);
            self.begun.extend_from_slice(&buffer[answered..received]);
            self.closes = closes;
            shared.buffer = buffer;
        } else {
            self.begun.extend_from_slice(&shared.buffer[..received]);
            let (answered, closes) = shared.answer_all(&self.begun);
            self.begun.drain(..answered);
            self.closes = closes;
        }
    }

    /// Whether all has gone.
    fn send_unsent(&mut self) -> io::Result<bool> {
        let sent = send(self.socket.as_fd(), &self.unsent)?;
        self.unsent.drain(..sent);
        Ok(self.unsent.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(bytes: &[u8]) -> Option<(usize, bool)> {
        Head::find(bytes).map(|head| (head.length, head.closes))
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        assert_eq!(find(b"GET / HTTP/1.1\r\nhost: a\r\n\r"), None);
        assert_eq!(find(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET"), Some((27, false)));
    }

    #[test]
    fn connection_close_is_seen() {
        let close = b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n";
        assert_eq!(find(close), Some((close.len(), true)));
        let keep_alive = b"GET / HTTP/1.1\r\nconnection: keep-alive\r\ncookie: close\r\n\r\n";
        assert_eq!(find(keep_alive), Some((keep_alive.len(), false)));
    }

    #[test]
    fn requests_in_pieces_and_several_at_once() {
        let mut shared = Shared::new();
        Http::turn(&mut shared);
        let (one, requests) = (shared.keep_alive.len(), b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET /");
        assert_eq!(shared.answer_all(requests), (36, false));
        assert_eq!(shared.answers.len(), 2 * one);
    }
}
