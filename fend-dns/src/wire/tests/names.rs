use super::super::{Message, WireError};
use super::Bytes;
use crate::name::Name;

/// The name of the question of a message that has these bytes behind its header.
fn question(bytes: &[u8]) -> Result<Name, WireError> {
    let mut message = Bytes::response([1, 0, 0, 0]);
    message.0.extend_from_slice(bytes);
    message.0.extend_from_slice(&[0, 1, 0, 1]);
    let question = Message::parse_question(&message.0).map(|message| message.question.unwrap().name);
    assert_eq!(message.parse().map(|message| message.question.unwrap().name), question);
    question
}

/// The name of an answer that starts at `position`, behind other bytes, which are the data of a record.
fn name_behind(before: &[u8], name: &[u8]) -> Result<Name, WireError> {
    let mut message = Bytes::response([0, 2, 0, 0]);
    message.0.push(0);
    message.record(65280, 1, 0, before);
    message.0.extend_from_slice(name);
    message.record(65280, 1, 0, b"");
    message.parse().map(|message| message.answers[1].name.clone())
}

/// Where the bytes before are.
const BEFORE: usize = 12 + 11;

#[test]
fn pointers_lead_to_earlier_names() {
    let name = |text: &str| text.parse::<Name>().unwrap();
    assert_eq!(name_behind(b"\x01a\x01b\0", &[0xC0, BEFORE as u8]), Ok(name("a.b")));
    assert_eq!(name_behind(b"\x01a\x01b\0", &[1, b'x', 0xC0, BEFORE as u8 + 2]), Ok(name("x.b")));
    // A pointer to a name that ends in a pointer.
    assert_eq!(name_behind(b"\x01b\0\x01a\xC0\x17", &[0xC0, BEFORE as u8 + 3]), Ok(name("a.b")));
    // And to one that is nothing but a pointer.
    assert_eq!(name_behind(b"\x01b\0\xC0\x17", &[0xC0, BEFORE as u8 + 3]), Ok(name("b")));
}

// DN4.
#[test]
fn pointers_that_do_not_lead_back_are_refused() {
    let refused = Err(WireError("a pointer that does not lead back"));
    // To itself, forward, and to the start of its own name.
    assert_eq!(question(&[0xC0, 12]), refused);
    assert_eq!(question(&[0xC0, 14, 0]), refused);
    assert_eq!(question(&[0xFF, 0xFF]), refused);
    assert_eq!(question(&[1, b'a', 0xC0, 12]), refused);
    assert_eq!(question(&[1, b'a', 0xC0, 14]), refused);
    // Two that lead to each other: the second one leads back, and the first one forward.
    let position = BEFORE as u8;
    assert_eq!(name_behind(&[0xC0, position + 2, 0xC0, position], &[0xC0, position + 2]), refused);
    // To its own start, by way of a label.
    assert_eq!(name_behind(&[1, b'a', 0xC0, position], &[0xC0, position]), refused);
}

#[test]
fn a_piece_of_a_name_ends_before_the_piece_that_led_to_it() {
    // The label would go on into the pointer itself, and the name end behind it.
    assert_eq!(name_behind(b"\x02", &[0xC0, BEFORE as u8]), Err(WireError("it ends too early")));
}

#[test]
fn labels_of_other_kinds_are_refused() {
    for kind in [0x40, 0x7F, 0x80, 0xBF] {
        assert_eq!(question(&[kind, 0, 0]), Err(WireError("a label of an unknown kind")));
    }
}

fn labels(sizes: &[usize]) -> Vec<u8> {
    sizes.iter().flat_map(|&size| [vec![size as u8], vec![b'a'; size]].concat()).collect()
}

// DN4.
#[test]
fn names_have_up_to_255_bytes() {
    let too_long = Err(WireError("a name of more than 255 bytes"));
    for (sizes, fits) in [(vec![63, 63, 63, 61], true), (vec![63, 63, 63, 62], false), (vec![1; 127], true)] {
        let bytes = labels(&sizes);
        let result = question(&[&bytes[..], &[0]].concat());
        assert_eq!(result.is_ok(), fits, "{result:?}");
        // In two pieces.
        let (rest, first) = (&bytes[1 + sizes[0]..], &bytes[..1 + sizes[0]]);
        let pieces = name_behind(&[rest, &[0]].concat(), &[first, &[0xC0, BEFORE as u8]].concat());
        assert_eq!(pieces, result);
        if !fits {
            assert_eq!(result, too_long);
        }
    }
    assert_eq!(question(&[labels(&[1; 128]), vec![0]].concat()), too_long);
}

/// Pointers, each to the one before, and the root in front.
fn chain(pointers: usize) -> Vec<u8> {
    let mut chain = vec![0];
    for at in 0..pointers {
        let target = BEFORE + if at == 0 { 0 } else { 2 * at - 1 };
        chain.extend_from_slice(&(0xC000 | target as u16).to_be_bytes());
    }
    chain
}

// DN4.
#[test]
fn a_name_has_up_to_127_pointers() {
    let through = |pointers: usize| {
        let chain = chain(pointers);
        let last = BEFORE + chain.len() - 2;
        name_behind(&chain, &(0xC000 | last as u16).to_be_bytes())
    };
    assert_eq!(through(126), Ok(Name::root()));
    assert_eq!(through(127), Err(WireError("a name with more pointers than it may have")));
    assert_eq!(through(8000), Err(WireError("a name with more pointers than it may have")));
}
