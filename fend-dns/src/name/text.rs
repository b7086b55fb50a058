//! Names as text: the form of master files (RFC 1035, section 5.1).

use std::fmt::{self, Write};
use std::str::FromStr;

use super::{MAX_LABEL, MAX_NAME, Name, NameError};

/// A name that is being read.
struct Builder {
    wire: Vec<u8>,
    /// Where the length of the label is that is being read.
    start: usize,
}

impl Builder {
    fn new(text: &str) -> Builder {
        let mut wire = Vec::with_capacity((text.len() + 2).min(MAX_NAME));
        wire.push(0);
        Builder { wire, start: 0 }
    }

    fn label(&self) -> &[u8] {
        &self.wire[self.start + 1..]
    }

    fn push(&mut self, byte: u8) -> Result<(), String> {
        if self.label().len() == MAX_LABEL {
            let label = self.label().escape_ascii();
            return Err(format!("a label of more than {MAX_LABEL} bytes, \"{label}...\""));
        }
        // The root's empty label is still to come.
        if self.wire.len() >= MAX_NAME - 1 {
            return Err(format!("more than {MAX_NAME} bytes"));
        }
        self.wire.push(byte);
        Ok(())
    }

    fn end_label(&mut self) -> Result<(), String> {
        if self.label().is_empty() {
            return Err("an empty label".to_owned());
        }
        self.wire[self.start] = self.label().len() as u8;
        self.start = self.wire.len();
        self.wire.push(0);
        Ok(())
    }

    fn finish(mut self) -> Result<Name, String> {
        // There may be a dot at the end.
        if !self.label().is_empty() {
            self.end_label()?;
        }
        Ok(Name::from_wire_unchecked(self.wire.into()))
    }
}

fn read(text: &str) -> Result<Name, String> {
    match text {
        "" => return Err("it is empty".to_owned()),
        "." => return Ok(Name::root()),
        _ => {}
    }
    let mut builder = Builder::new(text);
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'.' => builder.end_label()?,
            b'\\' => {
                let (byte, after) = unescape(after)?;
                rest = after;
                builder.push(byte)?;
            }
            // A NUL would end the name for whoever hands it on to C.
            0..=31 | 127 => {
                return Err(format!("the control byte {byte}, which has to be written as \\{byte:03}"));
            }
            128.. => {
                return Err("letters beyond ASCII, which a host's name may have in a lookup of addresses (IDNA), and other \
                            names not"
                    .to_owned());
            }
            _ => builder.push(byte)?,
        }
    }
    builder.finish()
}

/// The byte for which what is behind a backslash stands, and the rest.
fn unescape(text: &[u8]) -> Result<(u8, &[u8]), String> {
    match text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
            let code = [a, b, c].iter().fold(0, |code, &&digit| code * 10 + u16::from(digit - b'0'));
            let byte = u8::try_from(code).map_err(|_| format!("\\{code} is no byte"))?;
            Ok((byte, rest))
        }
        [b'0'..=b'9', ..] => Err("a backslash before fewer than three digits".to_owned()),
        [byte @ b' '..=b'~', rest @ ..] => Ok((*byte, rest)),
        _ => Err("a backslash with nothing behind it that it could stand for".to_owned()),
    }
}

impl FromStr for Name {
    type Err = NameError;

    /// # Errors
    ///
    /// If the text is empty, has an empty label or one of more than 63 bytes, more than 255 bytes in all, control bytes or bytes beyond
    /// ASCII that are not written as `\DDD`, or a backslash that stands for nothing.
    fn from_str(text: &str) -> Result<Name, NameError> {
        read(text).map_err(|problem| NameError::new(text, &problem))
    }
}

impl TryFrom<&str> for Name {
    type Error = NameError;

    fn try_from(text: &str) -> Result<Name, NameError> {
        text.parse()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_char('.');
        }
        for label in self.labels() {
            for &byte in label {
                write_byte(f, byte)?;
            }
            f.write_char('.')?;
        }
        Ok(())
    }
}

/// With a backslash where a master file gives the byte another meaning.
fn write_byte(f: &mut fmt::Formatter<'_>, byte: u8) -> fmt::Result {
    match byte {
        b'.' | b'\\' | b'"' | b';' | b'@' | b'$' | b'(' | b')' => write!(f, "\\{}", char::from(byte)),
        b'!'..=b'~' => f.write_char(char::from(byte)),
        _ => write!(f, "\\{byte:03}"),
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}
