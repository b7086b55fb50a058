//! Records as text: what dig(1) of BIND 9.18 prints.

use std::fmt::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Caa, Mx, Record, RecordData, Soa, Srv, Txt};

/// What stands between two quotes.
pub(super) fn write_quoted(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_char('"')?;
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
            b' '..=b'~' => f.write_char(char::from(byte))?,
            _ => write!(f, "\\{byte:03}")?,
        }
    }
    f.write_char('"')
}

/// A byte of an item, in a list with commas that stands between two quotes.
pub(super) fn write_list_byte(f: &mut fmt::Formatter<'_>, byte: u8) -> fmt::Result {
    match byte {
        b',' => f.write_str("\\\\,"),
        b'\\' => f.write_str("\\\\\\\\"),
        b'"' => f.write_str("\\\""),
        b'!'..=b'~' => f.write_char(char::from(byte)),
        _ => write!(f, "\\{byte:03}"),
    }
}

/// With commas between them.
pub(super) fn write_separated<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
) -> fmt::Result {
    for (position, item) in items.into_iter().enumerate() {
        let separator = if position == 0 { "" } else { "," };
        write!(f, "{separator}{item}")?;
    }
    Ok(())
}

/// An address of which dig writes the last 32 bits as IPv4 when all others are zero and it has more than 16.
pub(super) struct Ipv6(pub(super) Ipv6Addr);

impl fmt::Display for Ipv6 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.0.to_bits()) {
            Ok(bits @ 0x1_0000..) => write!(f, "::{}", Ipv4Addr::from_bits(bits)),
            _ => write!(f, "{}", self.0),
        }
    }
}

/// RFC 4648, section 4.
pub(super) struct Base64<'a>(pub(super) &'a [u8]);

impl fmt::Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for chunk in self.0.chunks(3) {
            let bits =
                chunk.iter().enumerate().fold(0, |bits, (at, &byte)| bits | u32::from(byte) << (16 - 8 * at));
            for at in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
                f.write_char(if at <= chunk.len() { char::from(digit) } else { '=' })?;
            }
        }
        Ok(())
    }
}

/// The data of types that have no form of their own (RFC 3597, section 5), in words of 28 bytes.
fn write_unknown(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    write!(f, "\\# {}", bytes.len())?;
    for word in bytes.chunks(28) {
        f.write_char(' ')?;
        word.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
    }
    Ok(())
}

impl fmt::Display for RecordData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordData::A(address) => write!(f, "{address}"),
            RecordData::Aaaa(address) => write!(f, "{}", Ipv6(*address)),
            RecordData::Cname(name) | RecordData::Ns(name) | RecordData::Ptr(name) => write!(f, "{name}"),
            RecordData::Mx(mx) => write!(f, "{mx}"),
            RecordData::Txt(txt) => write!(f, "{txt}"),
            RecordData::Srv(srv) => write!(f, "{srv}"),
            RecordData::Soa(soa) => write!(f, "{soa}"),
            RecordData::Caa(caa) => write!(f, "{caa}"),
            RecordData::Svcb(svcb) | RecordData::Https(svcb) => write!(f, "{svcb}"),
            RecordData::Other(_, bytes) => write_unknown(f, bytes),
        }
    }
}

impl fmt::Display for Mx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.preference, self.exchange)
    }
}

impl fmt::Display for Txt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, string) in self.strings.iter().enumerate() {
            if position > 0 {
                f.write_char(' ')?;
            }
            write_quoted(f, string)?;
        }
        Ok(())
    }
}

impl fmt::Display for Srv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.priority, self.weight, self.port, self.target)
    }
}

impl fmt::Display for Soa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Soa { primary, mailbox, serial, refresh, retry, expire, minimum } = self;
        write!(f, "{primary} {mailbox} {serial} {refresh} {retry} {expire} {minimum}")
    }
}

impl fmt::Display for Caa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.flags, self.tag)?;
        write_quoted(f, &self.value)
    }
}

/// Columns, with tabs where they do.
struct Line {
    text: String,
    column: usize,
}

impl Line {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.len();
    }

    /// Moves to a column, or by one space when the text has come beyond it.
    fn indent(&mut self, column: usize) {
        const TAB: usize = 8;
        let to = column.max(self.column + 1);
        let tabs = to / TAB - self.column / TAB;
        let spaces = if tabs > 0 { to % TAB } else { to - self.column };
        self.text.extend(std::iter::repeat_n('\t', tabs));
        self.text.extend(std::iter::repeat_n(' ', spaces));
        self.column = to;
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Line { text: String::new(), column: 0 };
        line.push(&self.name.to_string());
        line.indent(24);
        line.push(&self.ttl.to_string());
        line.indent(32);
        line.push("IN");
        line.indent(40);
        line.push(&self.record_type().to_string());
        line.indent(48);
        write!(f, "{}{}", line.text, self.data)
    }
}
