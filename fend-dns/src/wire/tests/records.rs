//! Every type of record, from bytes made by hand, beside what `dig +short` of BIND 9.18 printed of the same bytes.

use super::super::{Message, WireError};
use super::{Bytes, QUESTION};
use crate::record::{Record, RecordType};

/// An answer with one record, at the name example.org.
pub(super) fn answer(record_type: u16, data: &[u8]) -> Bytes {
    let mut bytes = Bytes::response([1, 1, 0, 0]);
    bytes.question("example.org", record_type);
    bytes.pointer(QUESTION);
    bytes.record(record_type, 1, 300, data);
    bytes
}

fn read(record_type: u16, data: &[u8]) -> Result<Record, WireError> {
    let mut answers = answer(record_type, data).parse()?.answers;
    assert_eq!(answers.len(), 1);
    Ok(answers.remove(0))
}

fn long() -> Vec<u8> {
    (0..80).collect()
}

/// Type, data, what dig prints.
pub(super) fn cases() -> Vec<(u16, Vec<u8>, &'static str)> {
    let mut cases: Vec<(u16, &[u8], &str)> = vec![
        (1, &[192, 0, 2, 1], "192.0.2.1"),
        (2, b"\x02ns\x07example\0", "ns.example."),
        (2, b"\x02ns\xC0\x0C", "ns.example.org."),
        (5, b"\xC0\x14", "org."),
        (5, b"\x0Ea b.c\\d\"e;f@g$\x04h(i)\x04\xFF\0\x7F~\0", r#"a\032b\.c\\d\"e\;f\@g\$.h\(i\).\255\000\127~."#),
        (12, b"\0", "."),
        (15, b"\0\x0A\x04mail\x07example\0", "10 mail.example."),
        (15, b"\0\0\0", "0 ."),
        (16, b"\x05hello\x05world", r#""hello" "world""#),
        (16, b"\0", r#""""#),
        (16, b"\x0A\"\\;@\x7F\0\xFF \ta", r#""\"\\;@\127\000\255 \009a""#),
        (28, b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "2001:db8::1"),
        (28, b"\x20\x01\x0d\xb8\0\0\0\x01\0\0\0\0\0\0\0\x01", "2001:db8:0:1::1"),
        (28, b"\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\0\x02\x01", "::ffff:192.0.2.1"),
        (28, b"\0\0\0\0\0\0\0\0\0\0\0\0\xC0\0\x02\x01", "::192.0.2.1"),
        (28, b"\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0", "::0.1.0.0"),
        (28, b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xFF\xFF", "::ffff"),
        (28, b"\0\x01\0\0\0\0\0\x02\0\0\0\0\0\x03\0\x04", "1::2:0:0:3:4"),
        (28, b"\0\x01\0\0\0\x02\0\x03\0\x04\0\x05\0\x06\0\x07", "1:0:2:3:4:5:6:7"),
        (28, b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "::"),
        (28, b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", "::1"),
        (33, b"\0\x0A\0\x14\0\x50\x03www\x07example\0", "10 20 80 www.example."),
        (33, b"\0\x0A\0\x14\0\x50\x03www\xC0\x0C", "10 20 80 www.example.org."),
        (64, b"\0\0\x03www\x07example\0", "0 www.example."),
        (64, b"\0\x10\x03foo\0\0\x01\0\x03\x02h3", r#"16 foo. alpn="h3""#),
        (65, b"\0\x01\0", "1 ."),
        (65, b"\0\x01\0\0\x01\0\x06\x02h2\x02h3", r#"1 . alpn="h2,h3""#),
        (
            65,
            b"\0\x01\0\0\0\0\x04\0\x01\0\x03\0\x01\0\x03\x02h2\0\x03\0\x02\x1F\x90",
            r#"1 . mandatory=alpn,port alpn="h2" port=8080"#,
        ),
        (
            65,
            b"\0\x01\0\0\x01\0\x03\x02h2\0\x02\0\0\0\x03\0\x02\x01\xBB\0\x04\0\x08\x01\x02\x03\x04\x05\x06\x07\x08\0\x05\0\x04\
              \x0B\xAD\xBE\xEF\0\x06\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
            r#"1 . alpn="h2" no-default-alpn port=443 ipv4hint=1.2.3.4,5.6.7.8 ech=C62+7w== ipv6hint=2001:db8::1"#,
        ),
        (65, b"\0\x01\0\0\x01\0\x09\x03h2,\x02\\\"\x01 ", r#"1 . alpn="h2\\,,\\\\\",\032""#),
        (65, b"\0\x01\0\0\x01\0\x04\x03a\xFFb", r#"1 . alpn="a\255b""#),
        (65, b"\0\x01\0\0\x07\0\x12/dns-query{?dns} a", r#"1 . key7="/dns-query{?dns} a""#),
        (65, b"\0\x01\0\0\x08\0\0", "1 . key8"),
        (65, b"\0\x01\0\xFF\x78\0\x0A\"\\;,@\x7F\0\xFF \t", r#"1 . key65400="\"\\;,@\127\000\255 \009""#),
        (257, b"\0\x05issueca.example", r#"0 issue "ca.example""#),
        (257, b"\0\x05issue", r#"0 issue """#),
        (257, b"\x80\x05iodef\"m\\A\xFF", r#"128 iodef "\"m\\A\255""#),
        (257, b"\x01\x05issue\0", r#"1 issue "\000""#),
        (65200, &[1, 2, 3, 4], r"\# 4 01020304"),
        (65200, b"", r"\# 0"),
        (
            6,
            b"\x02ns\x07example\0\x0Ahostmaster\xC0\x0C\x78\x49\x7D\xA5\0\0\x1C\x20\0\0\x0E\x10\0\x12\x75\0\0\0\x01\x2C",
            "ns.example. hostmaster.example.org. 2018082213 7200 3600 1209600 300",
        ),
    ];
    let long = long();
    cases.push((
        65200,
        &long,
        "\\# 80 000102030405060708090A0B0C0D0E0F101112131415161718191A1B \
         1C1D1E1F202122232425262728292A2B2C2D2E2F3031323334353637 38393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F",
    ));
    cases.into_iter().map(|(record_type, data, text)| (record_type, data.to_vec(), text)).collect()
}

#[test]
fn every_type_is_read_and_written_as_dig_does_it() {
    for (code, data, text) in cases() {
        let record = read(code, &data).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(record.data.to_string(), text);
        assert_eq!(record.record_type(), RecordType::from(code));
        assert_eq!((record.name.to_string().as_str(), record.ttl), ("example.org.", 300));
    }
}

// DN4.
#[test]
fn every_type_is_an_error_where_it_is_cut_off() {
    for (code, data, text) in cases() {
        let bytes = answer(code, &data).0;
        for end in 0..bytes.len() {
            assert!(Message::parse(&bytes[..end]).is_err(), "{text} {end}");
        }
    }
}

/// With the length of the data cut too, most are malformed, and none is a panic.
#[test]
fn data_is_what_its_type_has_and_nothing_else() {
    for (code, data, text) in cases() {
        let known = code != 65200;
        let whole = matches!(code, 1 | 2 | 5 | 6 | 12 | 15 | 28 | 33);
        for end in 0..data.len() {
            let result = read(code, &data[..end]);
            assert!(!(known && whole && result.is_ok()), "{text} {end}");
        }
        if known && code != 257 {
            assert!(read(code, &[&data[..], &[7]].concat()).is_err(), "{text}");
        }
    }
    assert_eq!(read(1, &[0; 5]).unwrap_err(), WireError("a record with more data than its type has"));
    assert_eq!(read(1, &[0; 3]).unwrap_err(), WireError("it ends too early"));
}

#[test]
fn malformed_data_is_refused() {
    let cases: [(u16, &[u8]); 20] = [
        (16, b""),
        (16, b"\x05abcd"),
        (257, b"\0\0value"),
        (257, b"\0\x05is sue"),
        (257, b"\0\x02\xC3\xBC"),
        (257, b"\0\x09issue"),
        // A name with a pointer.
        (65, b"\0\x01\xC0\x0C"),
        // Keys twice, and in the wrong order.
        (65, b"\0\x01\0\0\x03\0\x02\x01\xBB\0\x03\0\x02\x01\xBB"),
        (65, b"\0\x01\0\0\x04\0\x04abcd\0\x03\0\x02\x01\xBB"),
        // Values that the keys cannot have.
        (65, b"\0\x01\0\0\0\0\0"),
        (65, b"\0\x01\0\0\0\0\x04\0\x03\0\x01"),
        (65, b"\0\x01\0\0\0\0\x04\0\x01\0\x01"),
        (65, b"\0\x01\0\0\0\0\x02\0\0"),
        (65, b"\0\x01\0\0\x01\0\0"),
        (65, b"\0\x01\0\0\x01\0\x02\x02a"),
        (65, b"\0\x01\0\0\x01\0\x03\0\x01a"),
        (65, b"\0\x01\0\0\x02\0\x01a"),
        (65, b"\0\x01\0\0\x03\0\x03abc"),
        (65, b"\0\x01\0\0\x04\0\x05abcde"),
        (65, b"\0\x01\0\0\x06\0\x04abcd"),
    ];
    for (code, data) in cases {
        assert!(read(code, data).is_err(), "{code} {}", data.escape_ascii());
    }
}
