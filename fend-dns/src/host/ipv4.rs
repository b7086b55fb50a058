//! IPv4 addresses in all forms of inet_aton(3): "127.1", "0x7f.1", "2130706433".

use std::net::Ipv4Addr;

/// The address that `text` is, if it is one: up to four numbers in decimal, octal (`0`) or hexadecimal (`0x`), of which the last fills all
/// the bytes that are left.
pub(super) fn parse(text: &str) -> Option<Ipv4Addr> {
    let (front, last) = text.rsplit_once('.').map_or((None, text), |(front, last)| (Some(front), last));
    let mut address = 0;
    let mut bytes_left = 4;
    for part in front.into_iter().flat_map(|front| front.split('.')) {
        // Room for the last part must remain.
        if bytes_left == 1 {
            return None;
        }
        bytes_left -= 1;
        address |= number(part).filter(|&byte| byte <= 0xff)? << (8 * bytes_left);
    }
    let rest = number(last).filter(|&rest| u64::from(rest) < 1 << (8 * bytes_left))?;
    Some(Ipv4Addr::from(address | rest))
}

/// A number as strtoul(3) reads it with base 0, and nothing beside it. It begins with a digit: neither sign nor blank.
fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    // `from_str_radix` takes a sign.
    let is_unsigned = digits.starts_with(|c: char| c.is_ascii_hexdigit());
    u32::from_str_radix(digits, radix).ok().filter(|_| is_unsigned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hints::{Family, Hints};
    use crate::system::{Question, Request, answer_of_the_c_library};

    /// What the C library takes `text` for.
    fn in_c(text: &str) -> Option<Ipv4Addr> {
        let hints = Hints::new().family(Family::V4).numeric_host(true);
        let request = Request { host: Some(text.to_owned()), service: None, hints };
        let answer = answer_of_the_c_library(&Question::Addresses(request)).ok()?;
        match answer.into_addresses().first()?.ip() {
            std::net::IpAddr::V4(v4) => Some(v4),
            std::net::IpAddr::V6(_) => None,
        }
    }

    #[test]
    fn every_form_is_read_as_the_c_library_reads_it() {
        let texts = [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "127.65535",
            "127.65536",
            "127.16777215",
            "127.16777216",
            "2130706433",
            "4294967295",
            "4294967296",
            "0x7f.1",
            "0X7F.0x1",
            "0x7f000001",
            "017700000001",
            "0177.1",
            "0",
            "00",
            "0.0",
            "08",
            "0x",
            "0x.1",
            "1.0x",
            "0xg",
            "256.1",
            "1.256.1",
            "1.1.1.256",
            "1.1.1.1.1",
            "1.",
            ".1",
            "1..1",
            "1.1.1.1.",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1. 1",
            "1a",
            "a",
            "0x0x1",
            "0x+1",
            "0+1",
            "1.+1",
            "1_0",
            "00000000000000000001.2",
            "1e1",
        ];
        for text in texts {
            assert_eq!(parse(text), in_c(text), "{text:?}");
        }
        assert_eq!(parse("127.1"), Some(Ipv4Addr::LOCALHOST));
    }

    proptest! {
        #[test]
        fn any_text_of_digits_and_dots_is_read_as_the_c_library_reads_it(text in "[0-9]{1,4}|[0-9a-fxX.+ ]{1,14}|(0x|0)?[0-9a-f]{1,9}(\\.(0x|0)?[0-9]{1,5}){0,4}") {
            prop_assert_eq!(parse(&text), in_c(&text));
        }
    }
}
