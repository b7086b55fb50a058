//! [`Name`]: a domain name.

use std::error::Error;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// The most bytes that a name has on the wire (RFC 1035, section 3.1).
pub(crate) const MAX_NAME: usize = 255;

/// The most bytes of a label.
pub(crate) const MAX_LABEL: usize = 63;

/// A domain name, as RFC 1035 has it. Names are equal whatever the case of their ASCII letters; the case that came is kept.
#[derive(Clone)]
pub struct Name {
    /// Labels with their lengths in front, and the root's empty one at the end: at most 255 bytes.
    wire: Box<[u8]>,
}

/// Why text is no domain name.
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

    /// From bytes that the caller has checked: labels with lengths, the empty one at the end.
    pub(crate) fn from_wire_unchecked(wire: Box<[u8]>) -> Name {
        debug_assert!(wire.len() <= MAX_NAME && wire.last() == Some(&0));
        Name { wire }
    }

    pub(crate) fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// The labels from the left, without the root's empty one.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.wire[..];
        std::iter::from_fn(move || {
            let (&length, after) = rest.split_first()?;
            if length == 0 {
                return None;
            }
            let (label, after) = after.split_at(usize::from(length));
            rest = after;
            Some(label)
        })
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        // Lengths are below 64, and so no letters.
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

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for NameError {}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(_text: &str) -> Result<Name, NameError> {
        unimplemented!("the codec's part")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        unimplemented!("the codec's part")
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}
