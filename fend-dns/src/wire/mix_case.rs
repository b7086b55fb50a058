//! "0x20": a question whose letters have a random case, which the answer has to repeat. It adds a bit for each letter to what a stranger
//! must guess to have an answer of his own taken (draft-vixie-dnsext-dns0x20).

use crate::name::Name;

/// The same name, with an upper-case letter for each random bit that is set. There are bits for every byte that a name can have.
pub(crate) fn mix_case(name: &Name, random: &[u8; 32]) -> Name {
    let mut wire: Box<[u8]> = name.as_wire().into();
    for (position, byte) in wire.iter_mut().enumerate() {
        // The lengths between the labels are below 64, and so no letters.
        *byte = match random[position / 8] >> (position % 8) & 1 {
            0 => byte.to_ascii_lowercase(),
            _ => byte.to_ascii_uppercase(),
        };
    }
    Name::from_wire_unchecked(wire)
}
