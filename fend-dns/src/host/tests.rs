use super::*;
use std::net::Ipv4Addr;

/// A host that owns its name: the text is gone when it is looked at.
fn parse(host: impl IntoHost) -> Result<Host<'static>, LookupError> {
    let text = host.into_host();
    Ok(match Host::parse(text.as_deref(), false)? {
        Host::None => Host::None,
        Host::Literal(address, scope) => Host::Literal(address, scope),
        Host::Name(name) => Host::Name(name.into_owned().into()),
    })
}

fn literal(text: &str, scope: u32) -> Host<'static> {
    Host::Literal(text.parse().unwrap(), scope)
}

#[test]
fn a_host_is_an_address_a_name_or_none() {
    assert_eq!(parse("127.0.0.1").unwrap(), literal("127.0.0.1", 0));
    assert_eq!(parse("127.1").unwrap(), literal("127.0.0.1", 0));
    assert_eq!(parse(IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap(), literal("127.0.0.1", 0));
    assert_eq!(parse(String::from("::1")).unwrap(), literal("::1", 0));
    let mapped = String::from("::ffff:1.2.3.4");
    assert_eq!(parse(&mapped).unwrap(), literal("::ffff:1.2.3.4", 0));
    assert_eq!(parse(mapped).unwrap(), literal("::ffff:1.2.3.4", 0));
    assert_eq!(parse("my_host.example.org.").unwrap(), Host::Name("my_host.example.org.".into()));
    for none in [None, Some(""), Some("*")] {
        assert_eq!(parse(none).unwrap(), Host::None);
    }
}

#[test]
fn a_scope_is_an_interface_by_name_or_by_index() {
    let lo = sys::interface_index("lo").unwrap();
    assert_eq!(parse("fe80::1%lo").unwrap(), literal("fe80::1", lo));
    assert_eq!(parse("ff02::1%lo").unwrap(), literal("ff02::1", lo));
    assert_eq!(parse("fe80::1%7").unwrap(), literal("fe80::1", 7));
    assert_eq!(parse("2001:db8::1%7").unwrap(), literal("2001:db8::1", 7));
}

#[test]
fn what_cannot_be_a_host_is_refused_for_what_is_wrong_with_it() {
    let refusals = [
        ("fe80::1%no-such-if", "no network interface \"no-such-if\""),
        ("fe80::1%", "no interface after"),
        ("fe80::1%+1", "no network interface \"+1\""),
        ("fe80::1%4294967296", "4294967296 is no index"),
        ("2001:db8::1%lo", "is no link-local address"),
        ("[::1]", "without brackets, and its port apart: \"::1\""),
        ("[::1]:80", "without brackets, and its port apart: \"::1\""),
        ("example.org:80", "the port is given apart from the host: \"example.org\", \"80\""),
        ("https://example.org/", "is a URL"),
        ("::g", "is not an IPv6 address"),
        ("a b", "no host name has ' ' in it"),
        ("a\0b", "no host name has '\\0' in it"),
        ("a/b", "no host name has '/' in it"),
    ];
    for (text, reason) in refusals {
        let error = parse(text).unwrap_err();
        assert!(error.is_invalid_input() && error.to_string().contains(reason), "{error}");
        assert_eq!(error.subject(), text);
    }
}

#[test]
fn a_name_is_an_error_where_an_address_is_asked_for() {
    let error = Host::parse(Some("localhost"), true).unwrap_err();
    assert!(error.is_invalid_input() && error.subject() == "localhost", "{error}");
    assert_eq!(Host::parse(Some("::1"), true).unwrap(), literal("::1", 0));
    assert_eq!(Host::parse(None, true).unwrap(), Host::None);
}

#[cfg(feature = "idna")]
#[test]
fn letters_beyond_ascii_get_their_ascii_form() {
    let name = |text: &'static str| Host::Name(text.into());
    assert_eq!(parse("bücher.example").unwrap(), name("xn--bcher-kva.example"));
    assert_eq!(parse("BÜCHER.example").unwrap(), name("xn--bcher-kva.example"));
    assert_eq!(parse("straße.example").unwrap(), name("xn--strae-oqa.example"));
    assert_eq!(parse("_dienst.bücher.example").unwrap(), name("_dienst.xn--bcher-kva.example"));
    // Digits and dots of full width.
    assert_eq!(parse("１２７．０．０．１").unwrap(), literal("127.0.0.1", 0));
    for bad in ["\u{ad}", "a\u{200d}b.example", "xn--ü.example", "bü cher"] {
        assert!(parse(bad).unwrap_err().is_invalid_input(), "{bad:?}");
    }
}

#[cfg(not(feature = "idna"))]
#[test]
fn letters_beyond_ascii_are_refused_with_the_name_of_the_feature() {
    let error = parse("bücher.example").unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("\"idna\""), "{error}");
}
