//! Characters that a URL cannot have, and those that it has as `%XX`.

/// What a person has typed: a blank or a control character is a mistake, of a copy and paste perhaps.
pub(super) fn typed(text: &str) -> Result<String, &'static str> {
    if text.contains(' ') {
        return Err("there is a blank in it: %20 stands for one");
    }
    encode(text.as_bytes())
}

/// What a server has sent: some forget to encode blanks.
pub(super) fn redirect(text: &[u8]) -> Result<String, &'static str> {
    encode(text)
}

fn encode(text: &[u8]) -> Result<String, &'static str> {
    let mut encoded = String::with_capacity(text.len());
    let mut in_query = false;
    for &byte in text {
        in_query |= byte == b'?';
        match byte {
            b' ' if in_query => encoded.push('+'),
            b' ' | 0x80.. => encoded.push_str(&format!("%{byte:02X}")),
            _ if byte.is_ascii_control() => return Err("there is a control character in it"),
            _ => encoded.push(char::from(byte)),
        }
    }
    Ok(encoded)
}

/// Takes `%XX` for the byte that it stands for, and any other `%` for itself.
pub(super) fn decode(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let [first, behind @ ..] = rest {
        match (first, behind) {
            (b'%', [high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(hex(*high) << 4 | hex(*low));
                rest = &behind[2..];
            }
            _ => {
                decoded.push(*first);
                rest = behind;
            }
        }
    }
    decoded
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.to_ascii_lowercase() - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_leaves_what_is_no_code() {
        for (text, decoded) in
            [("a%20b", "a b"), ("%4a%4A", "JJ"), ("100%", "100%"), ("%4", "%4"), ("%zz%41", "%zzA")]
        {
            assert_eq!(decode(text), decoded.as_bytes(), "{text}");
        }
    }
}
