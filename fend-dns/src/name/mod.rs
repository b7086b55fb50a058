//! [`Name`]: a domain name.
//!
//! A name is one block of bytes in the form that it has on the wire, so that it costs one allocation, is compared without a look at its
//! labels, and goes into a message as it is. `text` reads and writes the form that people use; `order` sorts.

mod order;
mod text;

use std::error::Error;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::error::Shown;

/// The most bytes that a name has on the wire (RFC 1035, section 3.1).
pub(crate) const MAX_NAME: usize = 255;

/// The most bytes of a label.
pub(crate) const MAX_LABEL: usize = 63;

/// The most labels of a name, without the root's empty one.
const MAX_LABELS: usize = MAX_NAME / 2;

/// A domain name, as RFC 1035 has it: labels of 1 to 63 bytes, at most 255 bytes in all.
///
/// Every name is absolute: the dot at its end may be left out when it is read, and is always written. Names are equal whatever the case
/// of their ASCII letters; the case that came is kept. They are sorted as DNSSEC does it (RFC 4034, section 6.1), from the right: a name
/// comes right before all those below it.
///
/// Text is in the form of RFC 1035, section 5.1: `\.` and `\\` are a dot and a backslash within a label, `\032` is the byte 32. It is
/// written as dig(1) does it. Letters beyond ASCII are refused: only host names have them, and [`lookup`](crate::lookup()) converts those.
///
/// # Examples
///
/// ```
/// use fend::dns::Name;
///
/// let name: Name = "www.Example.org".parse()?;
/// assert_eq!(name.to_string(), "www.Example.org.");
/// assert_eq!(name, "WWW.example.org.".parse()?);
/// assert!(name.ends_with(&"example.org".parse()?));
/// assert_eq!(name.labels().next(), Some(&b"www"[..]));
///
/// let error = "www..example.org".parse::<Name>().unwrap_err();
/// assert_eq!(error.to_string(), r#"name "www..example.org": an empty label"#);
/// # Ok::<(), fend::dns::NameError>(())
/// ```
#[derive(Clone)]
pub struct Name {
    /// Labels with their lengths in front, and the root's empty one at the end: at most 255 bytes.
    wire: Box<[u8]>,
}

/// Why text is no domain name: it names the text and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    message: String,
}

impl Name {
    /// The root, ".".
    #[must_use]
    pub fn root() -> Name {
        Name { wire: Box::new([0]) }
    }

    /// The name under which the PTR record of an address is: `1.2.0.192.in-addr.arpa.` for 192.0.2.1, and 32 labels under `ip6.arpa.`
    /// for an IPv6 address (RFC 3596, section 2.5).
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::dns::Name;
    ///
    /// let address = "192.0.2.1".parse()?;
    /// assert_eq!(Name::reverse(address).to_string(), "1.2.0.192.in-addr.arpa.");
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn reverse(address: IpAddr) -> Name {
        let mut wire = Vec::with_capacity(74);
        match address {
            IpAddr::V4(address) => {
                for byte in address.octets().iter().rev() {
                    push_label(&mut wire, byte.to_string().as_bytes());
                }
                wire.extend_from_slice(b"\x07in-addr\x04arpa\x00");
            }
            IpAddr::V6(address) => {
                for byte in address.octets().iter().rev() {
                    push_label(&mut wire, &[hex_digit(byte & 0xF)]);
                    push_label(&mut wire, &[hex_digit(byte >> 4)]);
                }
                wire.extend_from_slice(b"\x03ip6\x04arpa\x00");
            }
        }
        Name::from_wire_unchecked(wire.into())
    }

    /// From bytes that the caller has checked: labels with lengths, the empty one at the end.
    pub(crate) fn from_wire_unchecked(wire: Box<[u8]>) -> Name {
        debug_assert!(wire.len() <= MAX_NAME && wire.last() == Some(&0));
        Name { wire }
    }

    pub(crate) fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// The labels from the left, without the root's empty one. Their bytes may be any.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.wire[..];
        std::iter::from_fn(move || {
            let (label, after) = split_label(rest)?;
            rest = after;
            Some(label)
        })
    }

    /// Whether it is ".".
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.wire.len() == 1
    }

    /// The name without its first label. The root has none.
    #[must_use]
    pub fn parent(&self) -> Option<Name> {
        let (_, after) = split_label(&self.wire)?;
        Some(Name::from_wire_unchecked(after.into()))
    }

    /// Whether it is `zone`, or below it. All names end with the root.
    #[must_use]
    pub fn ends_with(&self, zone: &Name) -> bool {
        let mut rest = &self.wire[..];
        // Label by label, since the bytes of a label may look like a length and a label.
        while rest.len() > zone.wire.len() {
            match split_label(rest) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.eq_ignore_ascii_case(&zone.wire)
    }

    /// The labels of `self`, and behind them those of `suffix`: what a search list does to a short name.
    ///
    /// # Errors
    ///
    /// If that has more than 255 bytes on the wire.
    pub fn join(&self, suffix: &Name) -> Result<Name, NameError> {
        let labels = &self.wire[..self.wire.len() - 1];
        let length = labels.len() + suffix.wire.len();
        if length > MAX_NAME {
            let problem = format!("{length} bytes with \"{suffix}\" behind it, more than {MAX_NAME}");
            return Err(NameError::new(&self.to_string(), &problem));
        }
        Ok(Name::from_wire_unchecked([labels, &suffix.wire].concat().into()))
    }

    /// The same name, with its ASCII letters in lower case.
    #[must_use]
    pub fn to_lowercase(&self) -> Name {
        // Lengths are below 64, and so no letters.
        Name::from_wire_unchecked(self.wire.to_ascii_lowercase().into())
    }

    /// Whether it can be the name of a host: letters, digits, hyphens and underscores alone, no hyphen in front, and not the root.
    ///
    /// The DNS itself allows any bytes. Answers that should be host names are checked by this before programs get them, as C libraries
    /// do, since programs put them into logs and command lines.
    #[must_use]
    pub fn is_host_name(&self) -> bool {
        let is_good = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !self.is_root() && self.wire[1] != b'-' && self.labels().flatten().all(is_good)
    }

    /// Whether the letters' case is the same too.
    pub(crate) fn eq_exact(&self, other: &Name) -> bool {
        self.wire == other.wire
    }
}

/// The first label, and what is behind it. `None` at the root.
fn split_label(wire: &[u8]) -> Option<(&[u8], &[u8])> {
    match wire.split_first() {
        None | Some((0, _)) => None,
        Some((&length, after)) => Some(after.split_at(usize::from(length))),
    }
}

fn push_label(wire: &mut Vec<u8>, label: &[u8]) {
    wire.push(label.len() as u8);
    wire.extend_from_slice(label);
}

fn hex_digit(nibble: u8) -> u8 {
    b"0123456789abcdef"[usize::from(nibble)]
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.wire.eq_ignore_ascii_case(&other.wire)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut lower = [0; MAX_NAME];
        let lower = &mut lower[..self.wire.len()];
        lower.copy_from_slice(&self.wire);
        lower.make_ascii_lowercase();
        state.write(lower);
    }
}

impl NameError {
    fn new(text: &str, problem: &str) -> NameError {
        NameError { message: format!("name \"{}\": {problem}", Shown(text)) }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for NameError {}

#[cfg(test)]
mod tests;
