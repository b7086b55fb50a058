//! As much of HTTP/1.1 as the load needs: the request it sends, and the head of the answer.

use std::io;
use std::net::SocketAddr;

use super::exchange::wrong;

/// No head is longer than this.
const LONGEST_HEAD: usize = 64 * 1024;

/// What the head of an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) content_length: usize,
    /// `connection: close` is in it.
    pub(super) closes: bool,
    /// The length of the head itself.
    pub(super) bytes: usize,
}

/// The request: `GET /`.
pub(super) fn request(address: SocketAddr, close: bool) -> Vec<u8> {
    let close = if close { "connection: close\r\n" } else { "" };
    format!("GET / HTTP/1.1\r\nhost: {address}\r\n{close}\r\n").into_bytes()
}

/// Reads the head that `bytes` begin with; `None` when it is not whole yet.
///
/// # Errors
///
/// When it is none, or does not say how long the body is.
pub(super) fn read_head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let Some((line, mut at)) = line(bytes, 0)? else { return Ok(None) };
    let status = status(line)?;
    let (mut content_length, mut closes) = (None, false);
    while let Some((line, next)) = self::line(bytes, at)? {
        at = next;
        if line.is_empty() {
            let content_length = content_length.ok_or_else(|| wrong("the answer has no content-length"))?;
            return Ok(Some(Head { status, content_length, closes, bytes: at }));
        }
        if let Some(value) = value_of(line, b"content-length:") {
            content_length = Some(number(value)?);
        } else if let Some(value) = value_of(line, b"connection:") {
            closes |= value.eq_ignore_ascii_case(b"close");
        }
    }
    Ok(None)
}

/// The line that begins at `at`, and where the next one does.
fn line(bytes: &[u8], at: usize) -> io::Result<Option<(&[u8], usize)>> {
    let rest = &bytes[at..];
    match rest.iter().position(|byte| *byte == b'\n') {
        Some(end) => Ok(Some((rest[..end].trim_ascii_end(), at + end + 1))),
        None if bytes.len() > LONGEST_HEAD => Err(wrong(format!("no head ends in {} bytes", bytes.len()))),
        None => Ok(None),
    }
}

fn status(line: &[u8]) -> io::Result<u16> {
    let digits = line.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status = digits.and_then(|digits| str::from_utf8(digits).ok()).and_then(|digits| digits.parse().ok());
    status.ok_or_else(|| wrong(format!("{:?} is no status line", String::from_utf8_lossy(line))))
}

fn number(value: &[u8]) -> io::Result<usize> {
    let number = str::from_utf8(value).ok().and_then(|value| value.parse().ok());
    number.ok_or_else(|| wrong(format!("content-length {:?}", String::from_utf8_lossy(value))))
}

/// The value of a field, when this is its line. `name` has its colon.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: x\r\nCONTENT-LENGTH:  13 \r\n\r\nHello, World!";

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let bytes = ANSWER.len() - 13;
        for cut in 0..bytes {
            assert_eq!(read_head(&ANSWER[..cut]).unwrap(), None, "{cut} bytes");
        }
        let head = Head { status: 200, content_length: 13, closes: false, bytes };
        assert_eq!(read_head(&ANSWER[..bytes]).unwrap(), Some(head));
        assert_eq!(read_head(ANSWER).unwrap(), Some(head));
    }

    #[test]
    fn what_is_no_head_is_an_error() {
        for bytes in [
            b"SSH-2.0-x\r\n".as_slice(),
            b"HTTP/1.1 20\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            &[b'x'; LONGEST_HEAD + 1],
        ] {
            assert!(read_head(bytes).is_err(), "{:?}", String::from_utf8_lossy(&bytes[..10]));
        }
    }

    #[test]
    fn requests() {
        let address = "127.0.0.1:80".parse().unwrap();
        assert_eq!(request(address, false), b"GET / HTTP/1.1\r\nhost: 127.0.0.1:80\r\n\r\n");
        assert!(request(address, true).ends_with(b"\r\nconnection: close\r\n\r\n"));
    }
}
