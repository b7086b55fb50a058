use proptest::prelude::*;

use super::super::{Message, Query, Rcode, WireError, mix_case};
use super::{Bytes, QUESTION};
use crate::name::Name;
use crate::record::{RecordData, RecordType};

/// An answer as servers send them: an alias and two addresses, the zone's servers, their addresses and EDNS0.
pub(super) fn real_answer() -> Bytes {
    let mut bytes = Bytes::response([1, 3, 1, 2]);
    bytes.question("www.example.org", 1);
    bytes.pointer(QUESTION);
    bytes.record(5, 1, 300, b"\x03web\xC0\x10");
    let alias = bytes.0.len() - 6;
    for last in [1, 2] {
        bytes.pointer(alias);
        bytes.record(1, 1, 60, &[192, 0, 2, last]);
    }
    bytes.pointer(QUESTION + 4);
    bytes.record(2, 1, 3600, b"\x02ns\xC0\x10");
    bytes.pointer(bytes.0.len() - 5);
    bytes.record(1, 1, 3600, &[192, 0, 2, 53]);
    bytes.0.push(0);
    bytes.record(41, 1232, 0, b"");
    bytes
}

fn lines(message: &Message) -> Vec<String> {
    message
        .answers
        .iter()
        .chain(&message.authorities)
        .map(|record| record.to_string().replace('\t', " "))
        .collect()
}

#[test]
fn an_answer_is_read() {
    let message = real_answer().parse().unwrap();
    assert_eq!((message.id, message.opcode, message.rcode), (0x1234, 0, Rcode::NO_ERROR));
    assert!(message.is_response && message.recursion_available && message.has_edns);
    assert!(!message.is_truncated && !message.is_authentic && !message.is_authoritative);
    let question = message.question.as_ref().unwrap();
    assert_eq!(
        (&question.name, question.record_type, question.class),
        (&name("www.example.org"), RecordType::A, 1)
    );
    assert_eq!(
        lines(&message),
        [
            "www.example.org. 300 IN CNAME web.example.org.",
            "web.example.org. 60 IN A 192.0.2.1",
            "web.example.org. 60 IN A 192.0.2.2",
            "example.org.  3600 IN NS ns.example.org.",
        ]
    );
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

// DN4.
#[test]
fn a_message_that_was_cut_off_anywhere_is_an_error() {
    let bytes = real_answer().0;
    for end in 0..bytes.len() {
        assert_eq!(Message::parse(&bytes[..end]).unwrap_err(), WireError("it ends too early"), "{end}");
    }
    for end in 0..QUESTION + 21 {
        assert!(Message::parse_question(&bytes[..end]).is_err(), "{end}");
    }
    assert!(Message::parse_question(&bytes[..QUESTION + 21]).is_ok());
}

#[test]
fn a_header_may_be_all_there_is() {
    let mut bytes = Bytes::response([0; 4]);
    bytes.0[3] = 0x01;
    let message = bytes.parse().unwrap();
    assert_eq!((message.rcode, message.question_count), (Rcode::FORMAT_ERROR, 0));
    assert!(message.question.is_none());
}

#[test]
fn each_flag_has_its_bit() {
    let flags = |flags: u16| {
        let mut bytes = Bytes::response([0; 4]);
        bytes.0[2..4].copy_from_slice(&flags.to_be_bytes());
        let m = bytes.parse().unwrap();
        let bits = [m.is_response, m.is_authoritative, m.is_truncated, m.recursion_available, m.is_authentic];
        (bits.map(u8::from), m.opcode, m.rcode.0)
    };
    assert_eq!(flags(0x8000), ([1, 0, 0, 0, 0], 0, 0));
    assert_eq!(flags(0x0400), ([0, 1, 0, 0, 0], 0, 0));
    assert_eq!(flags(0x0200), ([0, 0, 1, 0, 0], 0, 0));
    assert_eq!(flags(0x0080), ([0, 0, 0, 1, 0], 0, 0));
    assert_eq!(flags(0x0020), ([0, 0, 0, 0, 1], 0, 0));
    assert_eq!(flags(0x7800), ([0; 5], 15, 0));
    assert_eq!(flags(0x0155), ([0; 5], 0, 5));
}

#[test]
fn a_truncated_message_has_no_records() {
    let mut bytes = real_answer();
    bytes.0[2] |= 0x02;
    bytes.0.truncate(60);
    let message = bytes.parse().unwrap();
    assert!(message.is_truncated && message.question.is_some() && message.answers.is_empty());
}

#[test]
fn counts_of_the_header_are_not_believed() {
    let mut bytes = Bytes::response([0, u16::MAX, u16::MAX, u16::MAX]);
    assert_eq!(bytes.parse().unwrap_err(), WireError("it ends too early"));
    // Records beyond the counts are not looked at.
    bytes = real_answer();
    bytes.0[7] = 1;
    bytes.0[8..12].fill(0);
    assert_eq!(bytes.parse().unwrap().answers.len(), 1);
}

#[test]
fn records_of_other_classes_and_sections_are_passed_over() {
    let mut bytes = Bytes::response([0, 4, 3, 2]);
    let mut add = |record_type, class, data: &[u8]| {
        bytes.0.push(0);
        bytes.record(record_type, class, 7, data);
    };
    // Of class CH, with data that would be malformed; an OPT record in the wrong place; one of class IN and one of no known class.
    add(1, 3, b"too long");
    add(41, 1232, b"");
    add(1, 1, &[192, 0, 2, 1]);
    add(5, 4660, b"");
    add(6, 1, &[[0; 2].as_slice(), &[0; 20]].concat());
    add(1, 1, &[192, 0, 2, 2]);
    add(2, 3, b"\x09");
    add(1, 1, b"not read at all");
    add(2, 1, b"nor this");
    let message = bytes.parse().unwrap();
    assert_eq!(
        lines(&message),
        [". \t\t7 IN A 192.0.2.1".replace('\t', " "), ".   7 IN SOA . . 0 0 0 0 0".to_owned()]
    );
    assert!(!message.has_edns);
}

#[test]
fn edns_has_the_upper_bits_of_the_response_code() {
    let mut bytes = Bytes::response([0, 0, 0, 1]);
    bytes.0.push(0);
    bytes.record(41, 1232, 0x0100_0000, b"\0\x0A\0\x02ab");
    let message = bytes.parse().unwrap();
    assert_eq!((message.rcode, message.has_edns), (Rcode::BAD_VERSION, true));
    bytes.0[3] |= 0x05;
    bytes.0[12 + 5] = 0xFF;
    assert_eq!(bytes.parse().unwrap().rcode, Rcode(0xFF5));
}

#[test]
fn two_opt_records_are_refused_and_one_below_a_name() {
    let mut bytes = Bytes::response([0, 0, 0, 2]);
    for _ in 0..2 {
        bytes.0.push(0);
        bytes.record(41, 1232, 0, b"");
    }
    assert_eq!(bytes.parse().unwrap_err(), WireError("more than one OPT record"));
    let mut bytes = Bytes::response([0, 0, 0, 1]);
    bytes.name("a");
    bytes.record(41, 1232, 0, b"");
    assert_eq!(bytes.parse().unwrap_err(), WireError("an OPT record whose name is not the root"));
}

/// RFC 2181, section 8.
#[test]
fn a_ttl_with_the_highest_bit_is_zero() {
    for (sent, read) in [(0, 0), (0x7FFF_FFFF, 0x7FFF_FFFF), (0x8000_0000, 0), (u32::MAX, 0)] {
        let mut bytes = Bytes::response([0, 1, 0, 0]);
        bytes.0.push(0);
        bytes.record(1, 1, sent, &[0; 4]);
        assert_eq!(bytes.parse().unwrap().answers[0].ttl, read);
    }
}

#[test]
fn a_message_has_at_most_65535_bytes() {
    let mut bytes = Bytes::response([0; 4]);
    bytes.0.resize(65535, 0);
    assert!(bytes.parse().is_ok());
    bytes.0.push(0);
    assert_eq!(bytes.parse().unwrap_err(), WireError("more than 65535 bytes"));
}

#[test]
fn a_query_is_a_header_a_question_and_edns() {
    let name = name("wWw.example.org");
    let mut query =
        Query { id: 0xABCD, name: &name, record_type: RecordType::Https, edns: None, want_authentic: false };
    let mut out = b"what was there before".to_vec();
    query.encode(&mut out);
    let question = b"\x03wWw\x07example\x03org\0\0\x41\0\x01";
    assert_eq!(out, [&b"\xAB\xCD\x01\0\0\x01\0\0\0\0\0\0"[..], question].concat());
    query.edns = Some(1232);
    query.want_authentic = true;
    query.encode(&mut out);
    let opt = b"\0\0\x29\x04\xD0\0\0\0\0\0\0";
    assert_eq!(out, [&b"\xAB\xCD\x01\x20\0\x01\0\0\0\0\0\x01"[..], question, opt].concat());
}

#[test]
fn mixed_case_comes_from_the_random_bits_alone() {
    let question = name("www1.example.org");
    assert!(mix_case(&question, &[0; 32]).eq_exact(&question));
    assert!(mix_case(&question, &[0xFF; 32]).eq_exact(&name("WWW1.EXAMPLE.ORG")));
    let mixed = mix_case(&question, &[0b1010; 32]);
    assert!(
        mixed == question && mixed.eq_exact(&name("WwW1.exaMpLe.org")) && !mixed.eq_exact(&question),
        "{mixed}"
    );
}

proptest! {
    #[test]
    fn a_query_is_read_as_it_was_written(
        id: u16, code: u16, edns: Option<u16>, want_authentic: bool, bits: [u8; 32], text in r"([a-z]{1,9}\.){1,20}",
    ) {
        let name = mix_case(&name(&text), &bits);
        let mut out = Vec::new();
        Query { id, name: &name, record_type: code.into(), edns, want_authentic }.encode(&mut out);
        let message = Message::parse(&out).unwrap();
        let question = message.question.unwrap();
        prop_assert!(question.name.eq_exact(&name) && !message.is_response);
        prop_assert_eq!((message.id, question.record_type.code(), question.class), (id, code, 1));
        prop_assert_eq!((message.has_edns, message.is_authentic), (edns.is_some(), want_authentic));
    }

    #[test]
    fn answers_are_read_as_they_were_written(
        records in prop::collection::vec((r"([a-z]{1,9}\.){1,5}", 0..1u32 << 31, any::<[u8; 4]>(), r"[a-z ]{0,255}"), 0..40),
    ) {
        let mut bytes = Bytes::response([1, 2 * records.len() as u16, 0, 0]);
        bytes.question("example.org", 255);
        for (name, ttl, address, text) in &records {
            let start = bytes.0.len();
            bytes.name(name);
            bytes.record(1, 1, *ttl, address);
            if start < 0x4000 {
                bytes.pointer(start);
            } else {
                bytes.name(name);
            }
            bytes.record(16, 1, *ttl, &[&[text.len() as u8], text.as_bytes()].concat());
        }
        let message = bytes.parse().unwrap();
        prop_assert_eq!(message.answers.len(), 2 * records.len());
        for (pair, (owner, ttl, address, text)) in message.answers.chunks(2).zip(&records) {
            prop_assert!(pair.iter().all(|record| record.name == name(owner) && record.ttl == *ttl));
            prop_assert_eq!(&pair[0].data, &RecordData::A((*address).into()));
            prop_assert_eq!(pair[1].data.to_string(), format!("\"{text}\""));
        }
    }
}
