//! [`RecordType`]: the types of records, by number and name.

use std::error::Error;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::error::Shown;

/// The type of a record.
///
/// It is written as in master files, "MX", and types without a name of their own as RFC 3597 has it, "TYPE65280"; it is read from both
/// forms, in any case. Types are equal when their numbers are: `Other(1)` is `A`.
///
/// # Examples
///
/// ```
/// use fend::dns::RecordType;
///
/// assert_eq!("mx".parse(), Ok(RecordType::Mx));
/// assert_eq!("TYPE65280".parse(), Ok(RecordType::Other(65280)));
/// assert_eq!(RecordType::from(28).to_string(), "AAAA");
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum RecordType {
    /// An IPv4 address.
    A,
    /// A name server of the zone.
    Ns,
    /// Another name for which to ask instead.
    Cname,
    /// The zone's own record.
    Soa,
    /// The name of an address.
    Ptr,
    /// A mail server.
    Mx,
    /// Text.
    Txt,
    /// An IPv6 address.
    Aaaa,
    /// Where a service is (RFC 2782).
    Srv,
    /// How to reach a service (RFC 9460).
    Svcb,
    /// The same for https.
    Https,
    /// Who may issue certificates (RFC 8659).
    Caa,
    /// Any other, by its number.
    Other(u16),
}

/// Those that have a name.
const TYPES: [(RecordType, u16, &str); 12] = [
    (RecordType::A, 1, "A"),
    (RecordType::Ns, 2, "NS"),
    (RecordType::Cname, 5, "CNAME"),
    (RecordType::Soa, 6, "SOA"),
    (RecordType::Ptr, 12, "PTR"),
    (RecordType::Mx, 15, "MX"),
    (RecordType::Txt, 16, "TXT"),
    (RecordType::Aaaa, 28, "AAAA"),
    (RecordType::Srv, 33, "SRV"),
    (RecordType::Svcb, 64, "SVCB"),
    (RecordType::Https, 65, "HTTPS"),
    (RecordType::Caa, 257, "CAA"),
];

/// Why text is no type of a record: it names the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordTypeError {
    text: String,
}

impl RecordType {
    /// The number on the wire.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            RecordType::A => 1,
            RecordType::Ns => 2,
            RecordType::Cname => 5,
            RecordType::Soa => 6,
            RecordType::Ptr => 12,
            RecordType::Mx => 15,
            RecordType::Txt => 16,
            RecordType::Aaaa => 28,
            RecordType::Srv => 33,
            RecordType::Svcb => 64,
            RecordType::Https => 65,
            RecordType::Caa => 257,
            RecordType::Other(code) => code,
        }
    }
}

impl From<u16> for RecordType {
    fn from(code: u16) -> RecordType {
        TYPES.iter().find(|known| known.1 == code).map_or(RecordType::Other(code), |known| known.0)
    }
}

impl PartialEq for RecordType {
    fn eq(&self, other: &RecordType) -> bool {
        self.code() == other.code()
    }
}

impl Eq for RecordType {}

impl Hash for RecordType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.code().hash(state);
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match TYPES.iter().find(|known| known.1 == self.code()) {
            Some((_, _, name)) => f.pad(name),
            None => f.pad(&format!("TYPE{}", self.code())),
        }
    }
}

impl FromStr for RecordType {
    type Err = RecordTypeError;

    /// # Errors
    ///
    /// If it is neither the name of a type that this enumeration has, nor "TYPE" and a number below 65,536.
    fn from_str(text: &str) -> Result<RecordType, RecordTypeError> {
        if let Some((known, _, _)) = TYPES.iter().find(|known| known.2.eq_ignore_ascii_case(text)) {
            return Ok(*known);
        }
        let code = match text.split_at_checked(4) {
            Some((word, code)) if word.eq_ignore_ascii_case("TYPE") => number(code),
            _ => None,
        };
        code.map(RecordType::from).ok_or_else(|| RecordTypeError { text: text.chars().take(100).collect() })
    }
}

/// Digits alone: `parse` would take a plus sign too.
fn number(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Display for RecordTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\" is no type of a record: it is a name such as MX, or TYPE and a number below 65536",
            Shown(&self.text)
        )
    }
}

impl Error for RecordTypeError {}

#[cfg(test)]
mod tests {
    use super::{RecordType, TYPES};

    #[test]
    fn the_table_has_the_codes_of_all_types() {
        for (known, code, name) in TYPES {
            assert_eq!(known.code(), code);
            assert_eq!(known.to_string(), name);
            assert!(!matches!(RecordType::from(code), RecordType::Other(_)), "{name}");
            assert_eq!(name.to_lowercase().parse(), Ok(known));
            assert_eq!(format!("type{code}").parse(), Ok(known));
        }
    }

    #[test]
    fn other_types_are_numbers() {
        assert_eq!(RecordType::from(65280).to_string(), "TYPE65280");
        assert_eq!("Type65535".parse(), Ok(RecordType::Other(65535)));
        assert_eq!(RecordType::Other(15), RecordType::Mx);
        assert_eq!(RecordType::Other(15).to_string(), "MX");
        for text in ["", "TYPE", "TYPE65536", "TYPE+1", "TYPE-1", "MXX", "Tüpe1", " MX"] {
            let error = text.parse::<RecordType>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("\"{text}\" is no type")), "{error}");
        }
        let error = "MX\n".parse::<RecordType>().unwrap_err().to_string();
        assert!(error.starts_with(r#""MX\n" is no type"#), "{error}");
    }
}
