//! Header fields, of requests and of responses: `name: value` (RFC 9110, section 5).

/// Bytes, since old servers send Latin-1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Vec<u8>,
}

impl Field {
    pub(crate) fn new(name: &str, value: impl Into<Vec<u8>>) -> Field {
        Field { name: name.to_owned(), value: value.into() }
    }

    /// Reads a line without its end.
    pub(crate) fn parse(line: &[u8]) -> Result<Field, String> {
        let wrong = |reason: &str| format!("{reason} in the field {:?}", String::from_utf8_lossy(line));
        let colon = line.iter().position(|&byte| byte == b':').ok_or_else(|| wrong("no colon"))?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        match std::str::from_utf8(name) {
            Ok(name) if is_token(name) => {}
            _ => return Err(wrong("what is no name")),
        }
        if value.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(wrong("a control character"));
        }
        Ok(Field { name: String::from_utf8_lossy(name).into_owned(), value: value.to_vec() })
    }

    /// Names are the same in small and capital letters.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(crate) fn write(&self, output: &mut Vec<u8>) {
        output.extend_from_slice(self.name.as_bytes());
        output.extend_from_slice(b": ");
        output.extend_from_slice(&self.value);
        output.extend_from_slice(b"\r\n");
    }
}

/// Whether it can be a method or the name of a field (RFC 9110, section 5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line() {
        assert_eq!(Field::parse(b"A-b:  c:d \t"), Ok(Field::new("A-b", "c:d")));
        assert_eq!(Field::parse(b"a:"), Ok(Field::new("a", "")));
        assert_eq!(Field::parse(b"a: \xe9"), Ok(Field::new("a", [0xe9])));
        for line in ["", "a", ": b", "a : b", " a: b", "a\tb: c", "a: b\rc", "a: \0"] {
            assert!(Field::parse(line.as_bytes()).is_err(), "{line:?}");
        }
    }
}
