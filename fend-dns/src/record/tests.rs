use super::{Record, RecordData, Svcb, Txt};
use crate::name::Name;

/// What dig 9.18 prints with +noall +answer, whose columns move when a name is long.
#[test]
fn a_record_is_written_as_a_line_of_dig() {
    let line = |name: &str, data| Record::new(name.parse().unwrap(), 300, data).to_string();
    let address = || RecordData::A([1, 2, 3, 4].into());
    for (name, expected) in [
        ("a.", "a.\t\t\t300\tIN\tA\t1.2.3.4"),
        ("example.org.", "example.org.\t\t300\tIN\tA\t1.2.3.4"),
        ("seventeen-chars1.", "seventeen-chars1.\t300\tIN\tA\t1.2.3.4"),
        ("abcdefghijklmnopqrstuv.", "abcdefghijklmnopqrstuv.\t300\tIN\tA\t1.2.3.4"),
        ("abcdefghijklmnopqrstuvw.", "abcdefghijklmnopqrstuvw. 300\tIN\tA\t1.2.3.4"),
        ("example-of-a-long-name.example.", "example-of-a-long-name.example.\t300 IN\tA\t1.2.3.4"),
        ("example-of-a-long-name1.example.", "example-of-a-long-name1.example. 300 IN\tA\t1.2.3.4"),
    ] {
        assert_eq!(line(name, address()), expected);
    }
    let unknown = RecordData::Other(65200, [1, 2, 3, 4].into());
    assert_eq!(line("example.org", unknown), "example.org.\t\t300\tIN\tTYPE65200 \\# 4 01020304");
}

#[test]
fn the_strings_of_a_text_are_one() {
    let txt = Txt { strings: vec![b"v=spf1 ".as_slice().into(), b"-all".as_slice().into()] };
    assert_eq!(txt.to_bytes(), b"v=spf1 -all");
    assert_eq!(txt.to_string(), r#""v=spf1 " "-all""#);
}

fn svcb(parameters: &[(u16, &[u8])]) -> Svcb {
    let parameters = parameters.iter().map(|&(key, value)| (key, value.into())).collect();
    Svcb { priority: 1, target: Name::root(), parameters }
}

#[test]
fn the_parameters_of_a_service_have_types() {
    let full = svcb(&[
        (0, b"\0\x01\0\x03"),
        (1, b"\x02h2\x02h3"),
        (2, b""),
        (3, b"\x01\xBB"),
        (4, &[192, 0, 2, 1, 192, 0, 2, 2]),
        (5, b"config"),
        (6, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        (9, b"x"),
    ]);
    assert!(!full.is_alias());
    assert_eq!(full.mandatory().collect::<Vec<_>>(), [1, 3]);
    assert_eq!(full.alpn().collect::<Vec<_>>(), [b"h2", b"h3"]);
    assert!(full.no_default_alpn());
    assert_eq!(full.port(), Some(443));
    assert_eq!(full.ipv4_hints().map(|a| a.to_string()).collect::<Vec<_>>(), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(full.ipv6_hints().map(|a| a.to_string()).collect::<Vec<_>>(), ["::1"]);
    assert_eq!(full.ech(), Some(&b"config"[..]));
    assert_eq!(full.parameter(9), Some(&b"x"[..]));

    let none = Svcb { priority: 0, ..svcb(&[]) };
    assert!(none.is_alias() && !none.no_default_alpn());
    assert_eq!((none.alpn().count(), none.port(), none.ipv4_hints().count(), none.ech()), (0, None, 0, None));
}

/// A program may have made it.
#[test]
fn malformed_parameters_are_written_as_unknown_ones() {
    let odd = svcb(&[(1, b"\x05h2"), (3, b"\x01"), (4, b"abc"), (0, b"\0")]);
    assert_eq!(odd.to_string(), r#"1 . alpn="\005h2" port="\001" ipv4hint="abc" mandatory="\000""#);
    assert_eq!(
        (odd.alpn().count(), odd.port(), odd.ipv4_hints().count(), odd.mandatory().count()),
        (0, None, 0, 0)
    );
}

#[test]
fn base64_is_filled_up_to_four_digits() {
    for (bytes, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
    {
        assert_eq!(super::text::Base64(bytes.as_bytes()).to_string(), expected);
    }
}
