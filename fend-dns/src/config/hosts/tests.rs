//! The file and the answers are those that the module's comment tells of.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::sys;

const FILE: &str = "\
# c
10.0.0.1 Alpha.Example alpha
10.0.0.2	other alpha
fd00::1 alpha six
10.0.0.1 alpha
127.0.0.1 v4only
::1 v6loop
fd00::9 v6only
::ffff:10.9.9.9 mapped
10.0.0.300 bad
10.0.0.5 dotted.name.
  10.0.0.6 indented # comment
10.0.0.7 x#y
10.0.0.8
10.0.0.9 crlf crlf2\r
::1 both
127.0.0.1 both
010.0.0.11 octal
10.11 short
10.0.0.12	tab	tabalias
127.0.0.1 localhost
10.0.0.13 nonl";

fn find(name: &str, family: Family) -> Vec<String> {
    addresses(&Hosts::parse(FILE.as_bytes()), name, family)
}

fn addresses(hosts: &Hosts, name: &str, family: Family) -> Vec<String> {
    hosts.find(name, family).iter().map(|entry| entry.address.to_string()).collect()
}

fn canonical(name: &str, family: Family) -> Option<Box<str>> {
    Hosts::parse(FILE.as_bytes()).find(name, family).first().map(|entry| entry.canonical.clone())
}

const NOTHING: [&str; 0] = [];

#[test]
fn all_lines_of_a_name_count_in_their_order_and_no_address_comes_twice() {
    for name in ["alpha", "ALPHA", "alpha."] {
        assert_eq!(find(name, Family::Any), ["10.0.0.1", "10.0.0.2", "fd00::1"]);
        assert_eq!(find(name, Family::V4), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(find(name, Family::V6), ["fd00::1"]);
    }
    assert_eq!(find("Alpha.Example", Family::Any), ["10.0.0.1"]);
}

#[test]
fn the_canonical_name_is_that_of_the_first_line_of_the_family() {
    assert_eq!(canonical("alpha", Family::Any).as_deref(), Some("Alpha.Example"));
    assert_eq!(canonical("alpha", Family::V4).as_deref(), Some("Alpha.Example"));
    assert_eq!(canonical("alpha", Family::V6).as_deref(), Some("alpha"));
    assert_eq!(canonical("six", Family::Any).as_deref(), Some("alpha"));
    assert_eq!(canonical("crlf2", Family::Any).as_deref(), Some("crlf"));
    assert_eq!(canonical("dotted.name", Family::Any).as_deref(), Some("dotted.name"));
}

#[test]
fn one_who_asks_for_ipv4_gets_what_ipv6_addresses_mean_to_it() {
    assert_eq!(find("mapped", Family::Any), ["::ffff:10.9.9.9"]);
    assert_eq!(find("mapped", Family::V4), ["10.9.9.9"]);
    assert_eq!(find("mapped", Family::V6), ["::ffff:10.9.9.9"]);
    assert_eq!(find("v6loop", Family::V4), ["127.0.0.1"]);
    assert_eq!(find("both", Family::Any), ["::1", "127.0.0.1"]);
    assert_eq!(find("both", Family::V4), ["127.0.0.1"]);
    assert_eq!(find("v6only", Family::V4), NOTHING);
}

#[test]
fn one_who_asks_for_ipv6_does_not_get_ipv4_addresses() {
    assert_eq!(find("v4only", Family::V6), NOTHING);
    assert_eq!(find("localhost", Family::V6), NOTHING);
    assert_eq!(find("both", Family::V6), ["::1"]);
}

// DN9
#[test]
fn lines_that_are_none_are_skipped_and_others_are_not() {
    for name in ["bad", "octal", "short", "comment", "y", "x#y", "c", "10.0.0.8", "#", ""] {
        assert_eq!(find(name, Family::Any), NOTHING, "{name}");
    }
    for (name, address) in [
        ("indented", 6),
        ("x", 7),
        ("crlf", 9),
        ("tab", 12),
        ("tabalias", 12),
        ("nonl", 13),
        ("dotted.name.", 5),
    ] {
        assert_eq!(find(name, Family::Any), [format!("10.0.0.{address}")], "{name}");
    }
}

#[test]
fn an_address_has_the_canonical_name_of_its_first_line() {
    let hosts = Hosts::parse(FILE.as_bytes());
    let name_of = |address: &str| hosts.name_of(address.parse::<IpAddr>().unwrap());
    assert_eq!(name_of("10.0.0.1"), Some("Alpha.Example"));
    assert_eq!(name_of("127.0.0.1"), Some("v4only"));
    assert_eq!(name_of("::1"), Some("v6loop"));
    assert_eq!(name_of("10.9.9.9"), Some("mapped"));
    assert_eq!(name_of("::ffff:10.9.9.9"), Some("mapped"));
    assert_eq!(name_of("::ffff:10.0.0.1"), None);
    assert_eq!(name_of("10.0.0.99"), None);
}

#[test]
fn a_link_local_address_keeps_its_interface() {
    let lo = sys::interface_index("lo").unwrap();
    let hosts =
        Hosts::parse(b"fe80::1%lo router\nfe80::1%77 router\nfe80::1%nosuch router\nfe80::1%lo router");
    let found: Vec<_> = hosts
        .find("router", Family::V6)
        .iter()
        .map(|entry| (entry.address.to_string(), entry.scope))
        .collect();
    assert_eq!(found, [("fe80::1".to_owned(), lo), ("fe80::1".to_owned(), 77)]);
}

// DN9
#[test]
fn a_name_that_is_no_text_or_too_long_is_left_out() {
    let long = "a".repeat(256);
    let file = [
        b"10.0.0.1 good \xff also\n10.0.0.2 \xff lost\n10.0.0.3 . lost\n10.0.0.4 ",
        long.as_bytes(),
        b" lost",
    ]
    .concat();
    let hosts = Hosts::parse(&file);
    assert_eq!(addresses(&hosts, "good", Family::Any), ["10.0.0.1"]);
    assert_eq!(addresses(&hosts, "also", Family::Any), ["10.0.0.1"]);
    assert_eq!(addresses(&hosts, "lost", Family::Any), NOTHING);
    assert_eq!(addresses(&hosts, &long, Family::Any), NOTHING);
    assert_eq!(hosts.name_of("10.0.0.2".parse().unwrap()), None);
}

// DN9
#[test]
fn two_hundred_thousand_lines_keep_their_names_apart() {
    let mut file = String::new();
    for number in 0..200_000 {
        file += &format!("0.0.0.0 host{number}.blocked.example\n");
    }
    let hosts = Hosts::parse(file.as_bytes());
    for number in [0, 1, 99_999, 199_999] {
        let name = format!("host{number}.blocked.example");
        assert_eq!(*hosts.find(&name, Family::Any)[0].canonical, *name);
    }
    assert_eq!(addresses(&hosts, "host200000.blocked.example", Family::Any), NOTHING);
    assert!(hosts.bytes() < 4 * file.len(), "{} bytes for a file of {}", hosts.bytes(), file.len());
}

// DN9
#[test]
fn a_name_on_a_hundred_thousand_lines_is_found_with_each_address_once() {
    let mut file = String::new();
    for number in 0..100_000_u32 {
        file += &format!("{} name Name name.\n", Ipv4Addr::from_bits(number / 2));
    }
    let hosts = Hosts::parse(file.as_bytes());
    assert_eq!(hosts.find("name", Family::V4).len(), 50_000);
}

// DN9
#[test]
fn a_mebibyte_of_junk_does_not_hide_a_line() {
    let junk: Vec<u8> =
        (0..1 << 20).map(|index: u32| (index.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    for junk in [
        junk,
        vec![b'a'; 1 << 20],
        vec![b'\n'; 1 << 20],
        b"10.0.0.1 ".repeat(120_000),
        b"10.0.0.1\n".repeat(120_000),
    ] {
        let file = [&junk[..], b"\n10.0.0.2 name\n"].concat();
        assert_eq!(addresses(&Hosts::parse(&file), "name", Family::Any), ["10.0.0.2"]);
    }
}

impl Hosts {
    /// About how much memory this has.
    fn bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Line>()
            + self.by_address.capacity() * (size_of::<(IpAddr, u32)>() + 1)
            + self.names.bytes()
    }
}

fn any_line() -> impl Strategy<Value = (u8, Vec<u8>)> {
    (0..4_u8, prop::collection::vec(0..6_u8, 1..4))
}

proptest! {
    // DN9
    #[test]
    fn bytes_of_any_kind_do_not_spoil_the_lines_around_them(junk: Vec<u8>) {
        let junk: Vec<u8> = junk.into_iter().filter(|byte| *byte != b'\n').collect();
        let file = [&b"10.0.0.1 first\n"[..], &junk, b"\n10.0.0.2 last"].concat();
        let hosts = Hosts::parse(&file);
        prop_assert_eq!(&addresses(&hosts, "first", Family::Any)[0], "10.0.0.1");
        prop_assert!(addresses(&hosts, "last", Family::Any).contains(&"10.0.0.2".to_owned()));
    }

    #[test]
    fn the_table_finds_what_a_walk_through_all_lines_finds(lines in prop::collection::vec(any_line(), 0..40), name in 0..6_u8) {
        let mut file = String::new();
        let mut expected = Vec::new();
        for (address, names) in &lines {
            let address = format!("10.0.0.{address}");
            let names: Vec<_> = names.iter().map(|name| format!("name{name}")).collect();
            file += &format!("{address} {}\n", names.join(" "));
            if names.contains(&format!("name{name}")) && !expected.contains(&address) {
                expected.push(address);
            }
        }
        let found = addresses(&Hosts::parse(file.as_bytes()), &format!("NAME{name}"), Family::Any);
        prop_assert_eq!(found, expected);
    }
}
