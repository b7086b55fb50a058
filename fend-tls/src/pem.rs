//! PEM: text with blocks between BEGIN and END lines, and junk around them.
//!
//! OpenSSL reads PEM itself, but skips what it does not look for without a word, and asks at the terminal for the password of any
//! block that claims to be encrypted, a certificate too. So blocks are found here, and OpenSSL gets one at a time.

use std::path::Path;

use crate::TlsError;

/// One block.
pub(crate) struct Block<'a> {
    /// "CERTIFICATE", "EC PRIVATE KEY".
    pub(crate) label: &'a str,
    /// From its BEGIN line to its END line; where that is missing, to the next BEGIN line or the end, for OpenSSL to complain of.
    pub(crate) text: &'a [u8],
}

impl Block<'_> {
    pub(crate) fn is_certificate(&self) -> bool {
        matches!(self.label, "CERTIFICATE" | "X509 CERTIFICATE")
    }

    pub(crate) fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }

    /// Whether a password is needed: it is PKCS #8 that says so, or it has the header of the older way.
    pub(crate) fn is_encrypted(&self) -> bool {
        let is_header = |line: &[u8]| line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED");
        self.label == "ENCRYPTED PRIVATE KEY"
            || self.text.split(|&byte| byte == b'\n').any(|line| is_header(line.trim_ascii()))
    }
}

/// All blocks, in order.
pub(crate) fn blocks(pem: &[u8]) -> Blocks<'_> {
    Blocks { rest: pem.strip_prefix(b"\xef\xbb\xbf").unwrap_or(pem) }
}

pub(crate) struct Blocks<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        let mut found: Option<(usize, &'a str)> = None;
        let mut at = 0;
        for line in self.rest.split_inclusive(|&byte| byte == b'\n') {
            match (found, boundary(line, "BEGIN"), boundary(line, "END")) {
                (None, Some(label), _) => found = Some((at, label)),
                // The block before it has no end.
                (Some((start, label)), Some(_), _) => return Some(self.take(start, at, label)),
                (Some((start, label)), _, Some(_)) => return Some(self.take(start, at + line.len(), label)),
                _ => {}
            }
            at += line.len();
        }
        let (start, label) = found?;
        Some(self.take(start, at, label))
    }
}

impl<'a> Blocks<'a> {
    fn take(&mut self, start: usize, end: usize, label: &'a str) -> Block<'a> {
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Block { label, text: &text[start..] }
    }
}

/// The label of a line `-----BEGIN label-----`, or END.
fn boundary<'a>(line: &'a [u8], word: &str) -> Option<&'a str> {
    let line = line.strip_prefix(b"-----")?.strip_prefix(word.as_bytes())?.strip_prefix(b" ")?;
    std::str::from_utf8(line.trim_ascii_end().strip_suffix(b"-----")?).ok()
}

/// What is in there, for the error that says what is not.
pub(crate) fn contents(pem: &[u8]) -> String {
    let mut labels: Vec<&str> = blocks(pem).map(|block| block.label).collect();
    labels.dedup();
    match labels.as_slice() {
        [] if pem.trim_ascii().is_empty() => "it is empty".to_owned(),
        [] => "no PEM block".to_owned(),
        labels => format!("only {}", labels.join(", ").escape_debug()),
    }
}

/// Reads a file whole. `operation` is to name it.
pub(crate) fn read_file(operation: &str, path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::io(operation, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pem: &str) -> Vec<String> {
        blocks(pem.as_bytes()).map(|block| block.label.to_owned()).collect()
    }

    #[test]
    fn blocks_are_found_between_junk_and_without_an_end() {
        let pem = "\u{feff}-----BEGIN A-----\r\nx\r\n-----END A-----\r\njunk\n -----BEGIN NO-----\n\
                   -----BEGIN B C-----\ny\n-----BEGIN D-----\nz";
        assert_eq!(labels(pem), ["A", "B C", "D"]);
        let texts: Vec<&[u8]> = blocks(pem.as_bytes()).map(|block| block.text).collect();
        assert_eq!(texts[0], b"-----BEGIN A-----\r\nx\r\n-----END A-----\r\n");
        assert_eq!(texts[1], b"-----BEGIN B C-----\ny\n");
        assert_eq!(texts[2], b"-----BEGIN D-----\nz");
        assert!(labels("").is_empty() && labels("-----BEGIN A").is_empty());
    }

    #[test]
    fn the_old_header_of_encryption_is_seen() {
        let block = |text: &'static str| blocks(text.as_bytes()).next().unwrap().is_encrypted();
        assert!(block("-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\n"));
        assert!(block("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        assert!(!block("-----BEGIN PRIVATE KEY-----\n"));
    }
}
