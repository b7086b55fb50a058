//! The head of a response: the status line and the fields (RFC 9112, sections 2.2, 4 and 5).
//!
//! A single LF ends a line too, as it does for most clients. What two readers could understand differently is refused.

use std::str;

use super::field::Field;

/// The most bytes of a head, its empty line included.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

const MAX_FIELDS: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) version: Version,
    pub(crate) status: u16,
    pub(crate) fields: Vec<Field>,
    /// As it came, the empty line included.
    pub(crate) raw: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

impl Head {
    /// Reads `raw`, which is a whole head.
    pub(crate) fn parse(raw: &[u8]) -> Result<Head, String> {
        let mut lines = Lines(raw);
        let (version, status) = status_line(lines.next().unwrap_or_default())?;
        let mut fields: Vec<Field> = Vec::new();
        for line in lines.take_while(|line| !line.is_empty()) {
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                let folded = fields.last_mut().ok_or("a field begins with a blank")?;
                unfold(folded, line)?;
                continue;
            }
            if fields.len() == MAX_FIELDS {
                return Err(format!("more than {MAX_FIELDS} fields"));
            }
            fields.push(Field::parse(line)?);
        }
        Ok(Head { version, status, fields, raw: raw.to_vec() })
    }

    /// The values of the fields of that name.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |field| field.is(name)).map(|field| field.value.as_slice())
    }

    /// Whether another head will follow: this one says that the request is being worked on.
    pub(crate) fn is_interim(&self) -> bool {
        self.status < 200
    }

    /// The lines, for people.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        Lines(&self.raw).map(|line| String::from_utf8_lossy(line).into_owned())
    }
}

/// Looks for the end of a head in the bytes so far, of which the first `seen` were looked at before.
///
/// # Errors
///
/// When this will be no head: nobody needs to wait for an end that never comes.
pub(crate) fn find_end(input: &[u8], seen: usize) -> Result<Option<usize>, String> {
    const BEGINNING: &[u8] = b"HTTP/1.";
    let length = input.len().min(BEGINNING.len());
    if input[..length] != BEGINNING[..length] {
        let line = Lines(&input[..input.len().min(40)]).next().unwrap_or_default();
        return Err(format!("it begins with {:?}, which is not HTTP/1.1", String::from_utf8_lossy(line)));
    }
    let from = seen.saturating_sub(3);
    let ends = (from..input.len()).filter(|&at| input[at] == b'\n');
    Ok(ends.map(|at| (at, &input[at + 1..])).find_map(|(at, rest)| match rest {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    }))
}

/// Reads `HTTP/1.1 200 OK`, whose last part may be missing, with its blank or without.
fn status_line(line: &[u8]) -> Result<(Version, u16), String> {
    let wrong = || format!("the status line is {:?}", String::from_utf8_lossy(line));
    let (version, rest) = match line.strip_prefix(b"HTTP/1.") {
        Some([b'0', b' ', rest @ ..]) => (Version::Http10, rest),
        Some([b'1'..=b'9', b' ', rest @ ..]) => (Version::Http11, rest),
        _ => return Err(wrong()),
    };
    let (digits, reason) = rest.split_at(rest.len().min(3));
    let status = match str::from_utf8(digits) {
        Ok(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().unwrap_or(0),
        _ => 0,
    };
    let reason_is_text = reason.is_empty()
        || reason.starts_with(b" ") && reason.iter().all(|&byte| byte == b'\t' || !byte.is_ascii_control());
    if status < 100 || !reason_is_text {
        return Err(wrong());
    }
    Ok((version, status))
}

/// Adds a line that goes on with a field's value: old, and a blank in its place (RFC 9112, section 5.2).
fn unfold(field: &mut Field, line: &[u8]) -> Result<(), String> {
    let rest = Field::parse(&[b"x:", line].concat())?.value;
    if !field.value.is_empty() && !rest.is_empty() {
        field.value.push(b' ');
    }
    field.value.extend(rest);
    Ok(())
}

/// The lines, without their ends.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.iter().position(|&byte| byte == b'\n');
        let (line, rest) = self.0.split_at(end.map_or(self.0.len(), |end| end + 1));
        self.0 = rest;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_one() {
        let raw = b"HTTP/1.1 200 OK\r\nA: b\r\na:c\r\nD: e\r\n\tf \r\n g\r\n\r\n";
        let head = Head::parse(raw).unwrap();
        assert_eq!((head.version, head.status), (Version::Http11, 200));
        assert_eq!(head.values("A").collect::<Vec<_>>(), [b"b", b"c"]);
        assert_eq!(head.values("d").collect::<Vec<_>>(), [b"e f g"]);
        assert_eq!(head.raw, raw);
        assert_eq!(head.lines().last().as_deref(), Some(""));
    }

    #[test]
    fn status_lines() {
        for (line, status) in [
            ("HTTP/1.1 200 OK", Some(200)),
            ("HTTP/1.0 404 Not Found", Some(404)),
            ("HTTP/1.1 200 ", Some(200)),
            ("HTTP/1.1 200", Some(200)),
            ("HTTP/1.9 999 sch\u{f6}n", Some(999)),
            ("HTTP/1.1  200 OK", None),
            ("HTTP/1.1 20 OK", None),
            ("HTTP/1.1 +20 OK", None),
            ("HTTP/1.1 2000 OK", None),
            ("HTTP/1.1 099 OK", None),
            ("HTTP/1.1 200 O\rK", None),
            ("HTTP/1.1\t200 OK", None),
            ("HTTP/1.", None),
        ] {
            let head = Head::parse(format!("{line}\r\n\r\n").as_bytes());
            assert_eq!(head.as_ref().ok().map(|head| head.status), status, "{line:?}: {head:?}");
        }
    }

    #[test]
    fn what_is_refused() {
        for fields in [" a: b", "a : b", "no colon", ": empty", "a: b\0", "a: b\rc: d", "a: b\r\n c\rd"] {
            assert!(
                Head::parse(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n").as_bytes()).is_err(),
                "{fields:?}"
            );
        }
        let many = "a: b\r\n".repeat(MAX_FIELDS);
        assert!(Head::parse(format!("HTTP/1.1 200 OK\r\n{many}\r\n").as_bytes()).is_ok());
        assert!(Head::parse(format!("HTTP/1.1 200 OK\r\n{many}a: b\r\n\r\n").as_bytes()).is_err());
    }

    #[test]
    fn the_end_is_found_wherever_the_bytes_are_cut() {
        for raw in ["HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\nbody\n\n"] {
            let whole = raw.find("body").unwrap();
            let mut seen = 0;
            for length in 0..whole {
                assert_eq!(find_end(&raw.as_bytes()[..length], seen), Ok(None), "{length} of {raw:?}");
                seen = length;
            }
            assert_eq!(find_end(&raw.as_bytes()[..whole], seen), Ok(Some(whole)));
            assert_eq!(find_end(raw.as_bytes(), 0), Ok(Some(whole)));
        }
    }

    #[test]
    fn another_protocol_is_known_by_its_first_byte() {
        for text in
            ["S", "SSH-2.0-x\r\n", "http/1.1 200", "HTTP/2 200\r\n", "\r\nHTTP/1.1", "\u{15}\u{3}\u{1}"]
        {
            assert!(find_end(text.as_bytes(), 0).is_err(), "{text:?}");
        }
    }
}
