//! One request and its answer, as bytes of a stream: echo and HTTP.

use std::fmt::Debug;
use std::io;

use super::http::{self, Head};
use super::stamp::Stamp;

/// What is said on one connection, one request after the other.
pub(super) trait Exchange: Debug {
    /// The next request is to be sent.
    fn begin(&mut self);

    /// Makes the message, which all connections share, this request's own.
    fn stamp(&self, message: &mut [u8]);

    /// Takes the next bytes of the answer; whether it is whole now.
    ///
    /// # Errors
    ///
    /// When it is no answer to this request.
    fn answer(&mut self, piece: &[u8]) -> io::Result<bool>;

    /// Whether the server has said that it closes the connection after this answer.
    fn server_closes(&self) -> bool {
        false
    }
}

pub(super) fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// What was sent comes back.
#[derive(Debug)]
pub(super) struct Echo {
    stamp: Stamp,
    size: usize,
    received: usize,
}

impl Echo {
    pub(super) fn new(connection: usize, size: usize) -> Echo {
        Echo { stamp: Stamp::first_of(connection as u64), size, received: 0 }
    }
}

impl Exchange for Echo {
    fn begin(&mut self) {
        self.stamp = self.stamp.next();
        self.received = 0;
    }

    fn stamp(&self, message: &mut [u8]) {
        self.stamp.write(message);
    }

    fn answer(&mut self, piece: &[u8]) -> io::Result<bool> {
        if piece.len() > self.size - self.received {
            return Err(wrong(format!("more came back than the {} bytes that were sent", self.size)));
        }
        if !self.stamp.is_in(piece, self.received, self.size) {
            return Err(wrong(format!("what came back is not what was sent, {} bytes", self.size)));
        }
        self.received += piece.len();
        Ok(self.received == self.size)
    }
}

/// The answer to a GET request, by its `content-length`.
#[derive(Debug, Default)]
pub(super) struct Http {
    /// What has come of a head that is not whole yet.
    begun: Vec<u8>,
    /// Of the answer that has come.
    head: Option<Head>,
    /// Bytes of the body that have not.
    left: usize,
    /// The length of every body so far.
    length: Option<usize>,
}

impl Http {
    /// Takes the bytes behind a head.
    fn body(&mut self, piece: &[u8]) -> io::Result<bool> {
        self.left = self.left.checked_sub(piece.len()).ok_or_else(|| {
            let length = self.length.unwrap_or(0);
            wrong(format!("{} bytes more came than the content-length of {length}", piece.len() - self.left))
        })?;
        Ok(self.left == 0)
    }

    /// Takes a head, and the part of the body behind it.
    fn head(&mut self, head: Head, piece: &[u8]) -> io::Result<bool> {
        if head.status != 200 {
            return Err(wrong(format!("the status is {}", head.status)));
        }
        let length = *self.length.get_or_insert(head.content_length);
        if head.content_length != length {
            return Err(wrong(format!(
                "the content-length is {} and was {length} before",
                head.content_length
            )));
        }
        self.left = length;
        self.head = Some(head);
        self.body(&piece[head.bytes..])
    }
}

impl Exchange for Http {
    fn begin(&mut self) {
        self.begun.clear();
        self.head = None;
    }

    fn stamp(&self, _message: &mut [u8]) {}

    fn answer(&mut self, piece: &[u8]) -> io::Result<bool> {
        if self.head.is_some() {
            return self.body(piece);
        }
        if self.begun.is_empty() {
            if let Some(head) = http::read_head(piece)? {
                return self.head(head, piece);
            }
            self.begun.extend_from_slice(piece);
            return Ok(false);
        }
        self.begun.extend_from_slice(piece);
        match http::read_head(&self.begun)? {
            Some(head) => {
                let begun = std::mem::take(&mut self.begun);
                self.head(head, &begun)
            }
            None => Ok(false),
        }
    }

    fn server_closes(&self) -> bool {
        self.head.is_some_and(|head| head.closes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

    #[test]
    fn an_echo_comes_in_pieces() {
        let mut echo = Echo::new(4, 40);
        echo.begin();
        let mut message = [0; 40];
        echo.stamp(&mut message);
        assert!(!echo.answer(&message[..3]).unwrap());
        assert!(!echo.answer(&message[3..39]).unwrap());
        assert!(echo.answer(&message[39..]).unwrap());
        assert!(echo.answer(b"x").is_err(), "more than was sent");
        echo.begin();
        assert!(echo.answer(&message).is_err(), "the echo before this one");
    }

    #[test]
    fn an_answer_comes_whole_or_cut_anywhere() {
        let mut http = Http::default();
        for cut in 0..ANSWER.len() {
            http.begin();
            let (left, right) = ANSWER.split_at(cut);
            assert!(!http.answer(left).unwrap(), "{cut} bytes");
            assert!(http.answer(right).unwrap(), "all but {cut} bytes");
            assert!(!http.server_closes());
        }
    }

    #[test]
    fn a_body_has_its_length() {
        let mut http = Http::default();
        http.begin();
        assert!(http.answer(ANSWER).unwrap());
        assert!(http.answer(b"!").is_err(), "more than its length");
        http.begin();
        let other = http.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello!");
        assert!(other.unwrap_err().to_string().contains("was 5 before"));
    }

    #[test]
    fn no_other_status_will_do() {
        let mut http = Http::default();
        http.begin();
        let answer = http.answer(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(answer.unwrap_err().to_string(), "the status is 503");
    }

    #[test]
    fn a_server_says_that_it_closes() {
        let mut http = Http::default();
        http.begin();
        let answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        assert!(http.answer(answer).unwrap());
        assert!(http.server_closes());
    }
}
