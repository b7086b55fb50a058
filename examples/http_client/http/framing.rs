//! Where the body of a response ends: RFC 9112, section 6.3.
//!
//! The rules are there so that no two readers of one stream disagree about where a message ends. What breaks them is refused,
//! although a guess would often do.

use super::head::{Head, Version};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is no body, whatever its fields say.
    None,
    /// So many bytes.
    Sized(u64),
    /// Chunks, of which the last is empty.
    Chunked,
    /// The end of the stream is the end of the body.
    UntilClose,
}

impl Framing {
    /// That of the final response to a request with `method`.
    pub(crate) fn of(head: &Head, method: &str) -> Result<Framing, String> {
        if method == "HEAD" || matches!(head.status, 204 | 304) {
            return Ok(Framing::None);
        }
        let codings = codings(head)?;
        let length = content_length(head)?;
        match (codings.as_slice(), length) {
            ([], None) => Ok(Framing::UntilClose),
            ([], Some(length)) => Ok(Framing::Sized(length)),
            (_, Some(_)) => Err("both a Content-Length and a Transfer-Encoding".to_owned()),
            (_, None) if head.version == Version::Http10 => Err("a Transfer-Encoding in HTTP/1.0".to_owned()),
            ([coding], None) if coding == "chunked" => Ok(Framing::Chunked),
            (codings, None) => {
                Err(format!("the transfer coding {:?}, which was not asked for", codings.join(", ")))
            }
        }
    }
}

/// The transfer codings, in small letters, in their order.
fn codings(head: &Head) -> Result<Vec<String>, String> {
    let mut codings = Vec::new();
    for value in head.values("Transfer-Encoding") {
        let text = String::from_utf8_lossy(value).to_ascii_lowercase();
        // A list may have empty elements (RFC 9110, section 5.6.1); a field may not be nothing else.
        let elements = text
            .split(',')
            .map(|element| element.trim_matches([' ', '\t']))
            .filter(|element| !element.is_empty());
        let before = codings.len();
        codings.extend(elements.map(str::to_owned));
        if codings.len() == before {
            return Err("a Transfer-Encoding without a coding".to_owned());
        }
    }
    Ok(codings)
}

/// The length. It may be said several times when it is the same each time.
fn content_length(head: &Head) -> Result<Option<u64>, String> {
    let mut length = None;
    for element in head.values("Content-Length").flat_map(|value| value.split(|&byte| byte == b',')) {
        let element = String::from_utf8_lossy(element.trim_ascii()).into_owned();
        // `parse` would take a sign too.
        let is_number = !element.is_empty() && element.bytes().all(|byte| byte.is_ascii_digit());
        let Some(number) = element.parse().ok().filter(|_| is_number) else {
            return Err(format!("the Content-Length {element:?}"));
        };
        match length {
            Some(other) if other != number => {
                return Err(format!("a Content-Length of {other}, and one of {number}"));
            }
            _ => length = Some(number),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(version: &str, status: u16, method: &str, fields: &str) -> Result<Framing, String> {
        let head = format!("HTTP/{version} {status} x\r\n{fields}\r\n");
        Framing::of(&Head::parse(head.as_bytes()).unwrap(), method)
    }

    #[test]
    fn what_ends_a_body() {
        for (fields, expected) in [
            ("", Framing::UntilClose),
            ("Content-Length: 0\r\n", Framing::Sized(0)),
            ("Content-Length: 18446744073709551615\r\n", Framing::Sized(u64::MAX)),
            ("Content-Length: 5, 5\r\ncontent-length:5\r\n", Framing::Sized(5)),
            ("Transfer-Encoding: chunked\r\n", Framing::Chunked),
            ("transfer-encoding: , Chunked\r\n", Framing::Chunked),
        ] {
            assert_eq!(framing("1.1", 200, "GET", fields), Ok(expected), "{fields:?}");
        }
    }

    #[test]
    fn what_could_be_understood_in_two_ways() {
        for fields in [
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5, 6\r\n",
            "Content-Length: 5,\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: -5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: 5 5\r\n",
            "Content-Length:\r\n",
            "Content-Length: 18446744073709551616\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunked\u{a0}\r\n",
            "Transfer-Encoding:\r\n",
        ] {
            assert!(framing("1.1", 200, "GET", fields).is_err(), "{fields:?}");
        }
        assert!(framing("1.0", 200, "GET", "Transfer-Encoding: chunked\r\n").is_err());
    }

    #[test]
    fn some_responses_have_no_body() {
        for (status, method) in [(200, "HEAD"), (404, "HEAD"), (204, "GET"), (304, "GET")] {
            let fields = "Content-Length: 5\r\n";
            assert_eq!(framing("1.1", status, method, fields), Ok(Framing::None), "{status} {method}");
        }
        assert_eq!(framing("1.1", 205, "GET", "Content-Length: 5\r\n"), Ok(Framing::Sized(5)));
    }
}
