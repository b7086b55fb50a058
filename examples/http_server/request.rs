//! Reads the head of a request from the bytes that are there so far.
//!
//! Follows [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112), and is strict wherever two readers could understand a
//! request differently. A single LF ends a line too, which lets a person type a request into `nc`. Bodies are refused:
//! nothing here has a use for one, and skipping them is where such servers go wrong.

use std::str;

/// The most bytes of a head, the empty line at its end included.
pub(crate) const MAX_HEAD: usize = 8 * 1024;

/// What can be said of the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed<'a> {
    /// A request, and how many bytes it took.
    Request(Request<'a>, usize),
    /// More bytes are needed.
    Partial,
    /// No request will come of this.
    Refused(Refusal),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// The target up to the `?`.
    pub(crate) path: &'a str,
    /// HTTP/1.0 or HTTP/1.1: what the client may be sent.
    pub(crate) version: Version,
    pub(crate) keep_alive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

/// Why the connection ends with an error: the status to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    BadRequest,
    MethodNotAllowed,
    BodyNotTaken,
    UriTooLong,
    HeadTooLarge,
    EncodingNotImplemented,
    VersionNotSupported,
}

use Refusal::*;

/// Looks at `input`, which begins where the last request ended.
pub(crate) fn parse(input: &[u8]) -> Parsed<'_> {
    match parse_head(&input[..input.len().min(MAX_HEAD)]) {
        Ok(Some((request, length))) => Parsed::Request(request, length),
        Ok(None) if input.len() >= MAX_HEAD => Parsed::Refused(too_large(input)),
        Ok(None) => Parsed::Partial,
        Err(refusal) => Parsed::Refused(refusal),
    }
}

fn too_large(input: &[u8]) -> Refusal {
    match Lines::of(input).next() {
        Some(_) => HeadTooLarge,
        None => UriTooLong,
    }
}

fn parse_head(input: &[u8]) -> Result<Option<(Request<'_>, usize)>, Refusal> {
    let mut lines = Lines::of(input);
    // Empty lines before a request are to be passed over (RFC 9112, section 2.2).
    let first = loop {
        match lines.next() {
            Some([]) => {}
            Some(line) => break line,
            None => return refuse_garbage(lines.rest()).map(|()| None),
        }
    };
    let line = RequestLine::parse(first)?;
    let mut fields = Fields::default();
    loop {
        match lines.next() {
            Some([]) => break,
            Some(line) => fields.read(line)?,
            None => return Ok(None),
        }
    }
    let request = Request {
        method: line.method()?,
        path: line.path,
        version: line.version,
        keep_alive: fields.check(line.version)?,
    };
    Ok(Some((request, lines.consumed)))
}

/// Whether the beginning of a first line may become a request: a client that speaks another protocol need not wait for an
/// end of line that never comes.
fn refuse_garbage(beginning: &[u8]) -> Result<(), Refusal> {
    let method = beginning.split(|&byte| byte == b' ').next().unwrap_or_default();
    let method = method.strip_suffix(b"\r").unwrap_or(method);
    if method.iter().copied().all(is_token) { Ok(()) } else { Err(BadRequest) }
}

struct RequestLine<'a> {
    method: &'a str,
    path: &'a str,
    version: Version,
}

impl<'a> RequestLine<'a> {
    fn parse(line: &'a [u8]) -> Result<RequestLine<'a>, Refusal> {
        let line = str::from_utf8(line).map_err(|_| BadRequest)?;
        let mut words = line.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(BadRequest);
        };
        if method.is_empty() || !method.bytes().all(is_token) || !target.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(BadRequest);
        }
        Ok(RequestLine { method, path: path_of(target)?, version: version_of(version)? })
    }

    fn method(&self) -> Result<Method, Refusal> {
        match self.method {
            "GET" => Ok(Method::Get),
            "HEAD" => Ok(Method::Head),
            _ => Err(MethodNotAllowed),
        }
    }
}

fn version_of(text: &str) -> Result<Version, Refusal> {
    match text.strip_prefix("HTTP/").map(str::as_bytes) {
        Some(b"1.0") => Ok(Version::Http10),
        Some([b'1', b'.', b'0'..=b'9']) => Ok(Version::Http11),
        Some([b'0'..=b'9', b'.', b'0'..=b'9']) => Err(VersionNotSupported),
        _ => Err(BadRequest),
    }
}

/// The path of `/path?query`, or of `http://host/path?query`, which a server has to take as well.
fn path_of(target: &str) -> Result<&str, Refusal> {
    let target = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |start| &rest[start..]),
        None => target,
    };
    // `OPTIONS *` is the one other form, and its method is refused all the same.
    if !target.starts_with('/') && target != "*" {
        return Err(BadRequest);
    }
    Ok(target.split_once('?').map_or(target, |(path, _)| path))
}

/// What the header fields said.
#[derive(Default)]
struct Fields {
    hosts: usize,
    close: bool,
    keep_alive: bool,
    body: bool,
    encoded: bool,
}

impl Fields {
    fn read(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let colon = line.iter().position(|&byte| byte == b':').ok_or(BadRequest)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // No space before the colon, no folded lines: both have been used to smuggle requests.
        if name.is_empty() || !name.iter().copied().all(is_token) {
            return Err(BadRequest);
        }
        if value.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(BadRequest);
        }
        if name.eq_ignore_ascii_case(b"host") {
            self.hosts += 1;
        } else if name.eq_ignore_ascii_case(b"connection") {
            self.read_connection(value);
        } else if name.eq_ignore_ascii_case(b"content-length") {
            self.read_length(value)?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.encoded = true;
        }
        Ok(())
    }

    fn read_connection(&mut self, value: &[u8]) {
        for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    fn read_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(BadRequest);
        }
        self.body |= value.iter().any(|&digit| digit != b'0');
        Ok(())
    }

    /// Whether the connection stays open, when everything else is as it has to be.
    fn check(&self, version: Version) -> Result<bool, Refusal> {
        if self.hosts > 1 || (self.hosts == 0 && version == Version::Http11) {
            return Err(BadRequest);
        }
        if self.encoded {
            return Err(EncodingNotImplemented);
        }
        if self.body {
            return Err(BodyNotTaken);
        }
        Ok(!self.close && (version == Version::Http11 || self.keep_alive))
    }
}

/// A character of a method or a field name (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The complete lines of the input, without their ends.
struct Lines<'a> {
    input: &'a [u8],
    consumed: usize,
}

impl<'a> Lines<'a> {
    fn of(input: &'a [u8]) -> Lines<'a> {
        Lines { input, consumed: 0 }
    }

    /// What is left behind the last complete line.
    fn rest(&self) -> &'a [u8] {
        &self.input[self.consumed..]
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        self.consumed += end + 1;
        Some(rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]))
    }
}
