use std::collections::HashSet;
use std::net::IpAddr;

use proptest::prelude::*;

use super::{MAX_NAME, Name};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn error(text: &str) -> String {
    let message = text.parse::<Name>().unwrap_err().to_string();
    let problem = message.strip_prefix(&format!("name \"{}\": ", crate::error::Shown(text)));
    problem.unwrap_or_else(|| panic!("{message}")).to_owned()
}

/// A name of so many bytes on the wire.
fn of_bytes(count: usize) -> String {
    let rest = count - 1 - 3 * 64;
    format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(rest - 1))
}

#[test]
fn text_is_read_and_written_with_a_dot_at_its_end() {
    for (text, written, wire) in [
        (".", ".", &b"\0"[..]),
        ("org", "org.", b"\x03org\0"),
        ("www.Example.org.", "www.Example.org.", b"\x03www\x07Example\x03org\0"),
        ("_sip._tcp.a", "_sip._tcp.a.", b"\x04_sip\x04_tcp\x01a\0"),
        (r"a\.b.c", r"a\.b.c.", b"\x03a.b\x01c\0"),
        (r"a\\b", r"a\\b.", b"\x03a\\b\0"),
        (r"\000\255\010", r"\000\255\010.", b"\x03\x00\xFF\x0A\0"),
        (r"\097bc", "abc.", b"\x03abc\0"),
        ("My Printer.local", r"My\032Printer.local.", b"\x0AMy Printer\x05local\0"),
        // As dig writes it.
        (r#"a b";@$().\\c.d"#, r#"a\032b\"\;\@\$\(\).\\c.d."#, b"\x09a b\";@$()\x02\\c\x01d\0"),
    ] {
        assert_eq!(name(text).to_string(), written);
        assert_eq!(name(text).as_wire(), wire, "{text}");
        assert!(name(written).eq_exact(&name(text)));
    }
    assert_eq!(format!("{:?}", Name::root()), "Name(.)");
}

#[test]
fn an_error_names_the_text_and_what_is_wrong_with_it() {
    for (text, problem) in [
        ("", "it is empty"),
        (".a", "an empty label"),
        ("..", "an empty label"),
        ("a..b", "an empty label"),
        ("a..", "an empty label"),
        ("a\\", "a backslash with nothing behind it that it could stand for"),
        (r"a\25", "a backslash before fewer than three digits"),
        (r"a\256", r"\256 is no byte"),
        ("a\0.b", r"the control byte 0, which has to be written as \000"),
        ("a\x7F", r"the control byte 127, which has to be written as \127"),
    ] {
        assert_eq!(error(text), problem);
    }
    for text in ["bücher.example", "a\\ü"] {
        assert!(text.parse::<Name>().is_err());
    }
    assert!(error("bücher.example").contains("IDNA"));
    assert!(error(&"a".repeat(64)).starts_with("a label of more than 63 bytes"));
    assert_eq!(name(&"a".repeat(63)).to_string().len(), 64);
    let long = "a.".repeat(100_000).parse::<Name>().unwrap_err().to_string();
    assert!(long.len() < 400 && long.ends_with(".a....\": more than 255 bytes"), "{long}");
}

// DN4.
#[test]
fn names_have_up_to_255_bytes() {
    for dot in ["", "."] {
        assert_eq!(name(&(of_bytes(255) + dot)).as_wire().len(), MAX_NAME);
        assert_eq!(error(&(of_bytes(256) + dot)), "more than 255 bytes");
    }
    let labels = |count: usize| vec!["a"; count].join(".");
    assert_eq!(name(&labels(127)).labels().count(), 127);
    for dot in ["", ".", ".b", "b"] {
        assert!((labels(128) + dot).parse::<Name>().is_err());
    }
    assert_eq!(error(&(labels(127) + ".b")), "more than 255 bytes");
    assert_eq!(error(&(labels(127) + "b")), "more than 255 bytes");
}

#[test]
fn names_are_equal_whatever_the_case() {
    let set = HashSet::from([name("Example.ORG")]);
    assert!(set.contains(&name("eXAMPLE.org")));
    assert!(!name("a.b").eq_exact(&name("A.b")));
    assert!(name("A.b").to_lowercase().eq_exact(&name("a.b")));
    assert_ne!(name(r"a\.b"), name("a.b"));
    assert_ne!(name(r"\224"), name(r"\192"));
}

/// The example of RFC 4034, section 6.1.
#[test]
fn names_are_sorted_from_the_right() {
    let sorted = [
        ".",
        "example",
        "a.example",
        "yljkjljk.a.example",
        "Z.a.example",
        "zABC.a.EXAMPLE",
        "z.example",
        r"\001.z.example",
        "*.z.example",
        r"\200.z.example",
    ];
    let sorted: Vec<Name> = sorted.into_iter().map(name).collect();
    let mut names = sorted.clone();
    names.reverse();
    names.sort();
    assert_eq!(names, sorted);
    assert!(name(&vec!["b"; 127].join(".")) > name(&vec!["a"; 127].join(".")));
}

#[test]
fn names_are_taken_apart_and_put_together() {
    let www = name("www.example.org");
    assert_eq!(www.labels().collect::<Vec<_>>(), [&b"www"[..], b"example", b"org"]);
    assert_eq!(www.parent(), Some(name("example.org")));
    assert_eq!(name("org").parent(), Some(Name::root()));
    assert_eq!(Name::root().parent(), None);
    assert_eq!(name("www").join(&name("example.org")).unwrap(), www);
    assert_eq!(www.join(&Name::root()).unwrap(), www);
    assert_eq!(Name::root().join(&www).unwrap(), www);
    let (half, rest) = (name(&of_bytes(200)), name(&format!("{}.b", "a".repeat(53))));
    assert_eq!(half.join(&name(&"a".repeat(54))).unwrap().as_wire().len(), MAX_NAME);
    let error = half.join(&rest).unwrap_err().to_string();
    assert!(error.contains("256 bytes with \"aaa") && error.contains("more than 255"), "{error}");
}

#[test]
fn a_name_ends_with_the_zones_it_is_in() {
    let www = name("www.example.org");
    for zone in [".", "org", "EXAMPLE.org", "www.example.org"] {
        assert!(www.ends_with(&name(zone)), "{zone}");
    }
    for zone in ["xample.org", "example", "a.www.example.org", "com"] {
        assert!(!www.ends_with(&name(zone)), "{zone}");
    }
    // The bytes of the zone are there, within a label.
    assert!(!name(r"a\003org").ends_with(&name("org")));
}

#[test]
fn host_names_are_letters_digits_hyphens_and_underscores() {
    for host in ["a", "www.example.org", "a-1.b_c", "_x.b", "1.2.3.4", "xn--bcher-kva.example", "a.-b"] {
        assert!(name(host).is_host_name(), "{host}");
    }
    for other in [".", "-rf.example", "a b", r"a\.b", "*.a", r"a\010", r"\255", "a/b", "$x", "a;b"] {
        assert!(!name(other).is_host_name(), "{other}");
    }
}

#[test]
fn addresses_have_names() {
    for (address, reverse) in [
        ("192.0.2.255", "255.2.0.192.in-addr.arpa."),
        ("0.0.0.0", "0.0.0.0.in-addr.arpa."),
        ("2001:db8::1234:abcd", "d.c.b.a.4.3.2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."),
    ] {
        assert_eq!(Name::reverse(address.parse::<IpAddr>().unwrap()).to_string(), reverse);
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..64), 0..9)) {
        let mut wire: Vec<u8> = Vec::new();
        for label in labels {
            if wire.len() + label.len() + 2 <= MAX_NAME {
                super::push_label(&mut wire, &label);
            }
        }
        wire.push(0);
        let name = Name::from_wire_unchecked(wire.into());
        prop_assert!(name.to_string().parse::<Name>().unwrap().eq_exact(&name));
    }

    #[test]
    fn text_never_makes_a_panic_and_what_it_makes_is_kept(text in r"([a-z.\\0-9 é-]|\PC){0,80}") {
        if let Ok(name) = text.parse::<Name>() {
            prop_assert!(name.as_wire().len() <= MAX_NAME);
            prop_assert!(name.to_string().parse::<Name>().unwrap().eq_exact(&name));
        }
    }

    #[test]
    fn order_agrees_with_equality(a in r"([aAbB]\.){0,4}b", b in r"([aAbB]\.){0,4}b") {
        let (a, b) = (name(&a), name(&b));
        prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
    }
}
