//! Addresses as these files write them: those of inet_aton(3), and IPv6 addresses with their interface.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::sys;

/// inet_aton(3): one to four numbers, decimal, octal (`010`) or hexadecimal (`0x0a`), of which the last fills what is left.
pub(super) fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let (leading, last) = match text.rsplit_once('.') {
        Some((leading, last)) => (Some(leading), last),
        None => (None, text),
    };
    let mut address = 0;
    let mut free_bits = 32;
    for part in leading.into_iter().flat_map(|leading| leading.split('.')) {
        if free_bits == 8 {
            return None;
        }
        free_bits -= 8;
        address |= u32::from(u8::try_from(c_number(part)?).ok()?) << free_bits;
    }
    let last = c_number(last)?;
    (u64::from(last) < 1 << free_bits).then(|| Ipv4Addr::from_bits(address | last))
}

/// A number as C writes it. Unlike strtoul(3), this takes neither sign nor white space.
fn c_number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let is_number = digits.starts_with(|first: char| first.is_digit(radix));
    is_number.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

/// An IPv6 address, and what stands after its `%`.
pub(super) fn split_scope(text: &str) -> Option<(Ipv6Addr, Option<&str>)> {
    match text.split_once('%') {
        Some((address, scope)) => Some((address.parse().ok()?, Some(scope))),
        None => Some((text.parse().ok()?, None)),
    }
}

/// The index that `scope` means for this address: the name of an interface where the address is one of a link, or a number.
pub(super) fn scope_id(address: Ipv6Addr, scope: &str) -> Option<u32> {
    let [first, second, ..] = address.octets();
    let is_of_a_link = address.is_unicast_link_local() || (first == 0xff && second & 0xf == 2);
    let named = if is_of_a_link { sys::interface_index(scope) } else { None };
    let is_number = scope.starts_with(|first: char| first.is_ascii_digit());
    named.or_else(|| is_number.then(|| scope.parse().ok()).flatten())
}

/// An address as inet_pton(3) takes it, or one with an interface that this machine has.
pub(super) fn scoped_address(text: &str) -> Option<(IpAddr, u32)> {
    if let Ok(address) = text.parse() {
        return Some((address, 0));
    }
    let (address, scope) = split_scope(text)?;
    Some((address.into(), scope_id(address, scope?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inet_aton_takes_what_c_takes() {
        let taken = [
            ("10.1", [10, 0, 0, 1]),
            ("0x0a000001", [10, 0, 0, 1]),
            ("010.0.0.1", [8, 0, 0, 1]),
            ("1.2.3.4", [1, 2, 3, 4]),
            ("1.2.772", [1, 2, 3, 4]),
            ("4294967295", [255; 4]),
            ("0", [0; 4]),
        ];
        for (text, address) in taken {
            assert_eq!(inet_aton(text), Some(Ipv4Addr::from(address)), "{text}");
        }
        let refused = [
            "",
            ".",
            "1.",
            ".1",
            "256.1.1.1",
            "1.2.3.256",
            "1.2.3.4.5",
            "08.1.1.1",
            "0x",
            "+1",
            "4294967296",
            "1.2.3.4;",
            "é",
        ];
        for text in refused {
            assert_eq!(inet_aton(text), None, "{text}");
        }
    }

    #[test]
    fn a_scope_is_an_interface_of_a_link_local_address_or_a_number() {
        let lo = sys::interface_index("lo").unwrap();
        assert_eq!(scoped_address("fe80::1%lo"), Some(("fe80::1".parse().unwrap(), lo)));
        assert_eq!(scoped_address("fe80::1%7"), Some(("fe80::1".parse().unwrap(), 7)));
        assert_eq!(scoped_address("2001:db8::1%7"), Some(("2001:db8::1".parse().unwrap(), 7)));
        for text in
            ["2001:db8::1%lo", "fe80::1%", "fe80::1%none", "fe80::1%+7", "127.0.0.1%lo", "010.1.1.1", ""]
        {
            assert_eq!(scoped_address(text), None, "{text}");
        }
    }
}
