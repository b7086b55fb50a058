//! Which HTTP a client speaks, by the first bytes that it sends.

/// What every connection of HTTP/2 begins with (RFC 9113, section 3.4). No request of HTTP/1 does.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a client may speak, by what is known before its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Either,
    Only(Version),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Http1,
    Http2,
}

/// The first bytes of a connection: read once to see what they are, and given to hyper then.
#[derive(Debug, Default)]
pub(super) struct FirstBytes {
    bytes: [u8; PREFACE.len()],
    filled: usize,
    given: usize,
}

impl FirstBytes {
    /// Where the next ones go. Not empty while the version is not clear.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..]
    }

    pub(super) fn received(&mut self, count: usize) {
        self.filled += count;
    }

    /// Those that hyper does not have yet.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.given..self.filled]
    }

    pub(super) fn give(&mut self, count: usize) {
        self.given += count;
    }

    /// The version, once it is clear. Of HTTP/2 alone the whole preface is wanted, or what hyper can refuse: a client could otherwise begin and
    /// stay silent for ever, since hyper waits for it without a deadline.
    pub(super) fn version(&self, expected: Expected) -> Option<Version> {
        let bytes = &self.bytes[..self.filled];
        let is_preface = PREFACE.starts_with(bytes);
        let is_clear = !is_preface || self.filled == PREFACE.len();
        match expected {
            Expected::Only(Version::Http1) => (!bytes.is_empty()).then_some(Version::Http1),
            Expected::Only(Version::Http2) => is_clear.then_some(Version::Http2),
            Expected::Either if is_clear => Some(if is_preface { Version::Http2 } else { Version::Http1 }),
            Expected::Either => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_of(bytes: &[u8], expected: Expected) -> Option<Version> {
        let mut first = FirstBytes::default();
        first.room()[..bytes.len()].copy_from_slice(bytes);
        first.received(bytes.len());
        first.version(expected)
    }

    #[test]
    fn the_first_bytes_tell_the_version() {
        use Expected::{Either, Only};
        use Version::{Http1, Http2};
        for (bytes, by_bytes, only_1, only_2) in [
            (&b""[..], None, None, None),
            (b"G", Some(Http1), Some(Http1), Some(Http2)),
            (b"P", None, Some(Http1), None),
            (b"POST / HTTP/1.1\r\nhost: h", Some(Http1), Some(Http1), Some(Http2)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", None, Some(Http1), None),
            (PREFACE, Some(Http2), Some(Http1), Some(Http2)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rx", Some(Http1), Some(Http1), Some(Http2)),
        ] {
            assert_eq!(version_of(bytes, Either), by_bytes, "{bytes:?}");
            assert_eq!(version_of(bytes, Only(Http1)), only_1, "{bytes:?}");
            assert_eq!(version_of(bytes, Only(Http2)), only_2, "{bytes:?}");
        }
    }

    #[test]
    fn they_are_given_once() {
        let mut first = FirstBytes::default();
        first.room()[..3].copy_from_slice(b"GET");
        first.received(3);
        first.give(2);
        assert_eq!(first.rest(), b"T");
        first.give(1);
        assert!(first.rest().is_empty());
        assert_eq!(first.room().len(), 21);
    }
}
