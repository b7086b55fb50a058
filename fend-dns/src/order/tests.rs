use std::cmp::Ordering;
use std::net::IpAddr;

use super::rules::{Candidate, Source, compare};
use super::*;

/// The tables of RFC 6724, section 2.1, with the scopes of section 3.2.
pub(crate) fn of_the_rfc() -> Policy {
    let table: [(&str, u8, u32, u32); 9] = [
        ("::1", 128, 50, 0),
        ("::ffff:0:0", 96, 35, 4),
        ("::", 96, 1, 3),
        ("2001::", 32, 5, 5),
        ("2002::", 16, 30, 2),
        ("3ffe::", 16, 1, 12),
        ("fec0::", 10, 1, 11),
        ("fc00::", 7, 3, 13),
        ("::", 0, 40, 1),
    ];
    let prefix = |text: &str| text.parse().unwrap();
    Policy {
        labels: table.iter().map(|&(text, bits, _, label)| (prefix(text), bits, label)).collect(),
        precedences: table
            .iter()
            .map(|&(text, bits, precedence, _)| (prefix(text), bits, precedence))
            .collect(),
        v4_scopes: vec![
            ([169, 254, 0, 0].into(), 16, 2),
            ([127, 0, 0, 0].into(), 8, 2),
            ([0, 0, 0, 0].into(), 0, 14),
        ],
    }
}

fn from(text: &str) -> Source {
    Source { address: text.parse().unwrap(), is_deprecated: false, is_home: false, prefix: None }
}

fn candidate(to: &str, source: Option<Source>) -> Candidate {
    let ip: IpAddr = to.parse().unwrap();
    Candidate { destination: (ip, 0).into(), source }
}

fn pair(to: &str, source: &str) -> Candidate {
    candidate(to, Some(from(source)))
}

/// `first` goes before `second`, whichever came first.
#[track_caller]
fn in_order(first: &Candidate, second: &Candidate) {
    let policy = of_the_rfc();
    assert_eq!(compare(first, second, &policy), Ordering::Less);
    assert_eq!(compare(second, first, &policy), Ordering::Greater);
}

/// RFC 6724, section 10.2. Each line: what goes first with its source, and what goes second.
#[test]
fn the_examples_of_the_rfc_come_out_as_it_says() {
    let examples = [
        // Prefer matching scope.
        (("2001:db8:1::1", "2001:db8:1::2"), ("198.51.100.121", "169.254.13.78")),
        (("198.51.100.121", "198.51.100.117"), ("2001:db8:1::1", "fe80::1")),
        // Prefer higher precedence.
        (("2001:db8:1::1", "2001:db8:1::2"), ("10.1.2.3", "10.1.2.4")),
        // Prefer smaller scope.
        (("fe80::1", "fe80::2"), ("2001:db8:1::1", "2001:db8:1::2")),
        // Prefer matching label.
        (("2002:c633:6401::1", "2002:c633:6401::2"), ("2001:db8:1::1", "2002:c633:6401::2")),
        // Prefer higher precedence.
        (("2001:db8:1::1", "2001:db8:1::2"), ("2002:c633:6401::1", "2002:c633:6401::2")),
        // Prefer longest matching prefix.
        (("2001:db8:1::1", "2001:db8:1::2"), ("2001:db8:3ffe::1", "2001:db8:3f44::2")),
    ];
    for (first, second) in examples {
        in_order(&pair(first.0, first.1), &pair(second.0, second.1));
    }
}

#[test]
fn what_cannot_be_reached_comes_last() {
    in_order(&pair("198.51.100.1", "10.0.0.1"), &candidate("2001:db8::1", None));
    // Of two that cannot, precedence and scope still tell.
    in_order(&candidate("2001:db8::1", None), &candidate("198.51.100.1", None));
    in_order(&candidate("fe80::1", None), &candidate("2001:db8::1", None));
}

#[test]
fn deprecated_sources_are_avoided_and_home_addresses_preferred() {
    let deprecated = Source { is_deprecated: true, ..from("2001:db8:1::2") };
    in_order(&pair("198.51.100.1", "198.51.100.2"), &candidate("2001:db8:1::1", Some(deprecated)));
    let home = Source { is_home: true, ..from("2001:db8:9::1") };
    in_order(&candidate("2001:db8:9::9", Some(home)), &pair("2001:db8:1::1", "2001:db8:1::2"));
}

#[test]
fn of_ipv4_the_prefix_counts_within_the_network_alone() {
    let source = Source { prefix: Some(24), ..from("192.0.2.1") };
    let near = candidate("192.0.2.2", Some(source));
    in_order(&near, &candidate("192.0.3.2", Some(source)));
    in_order(&near, &candidate("192.0.2.130", Some(source)));
    let policy = of_the_rfc();
    let far = candidate("192.0.3.2", Some(source));
    assert_eq!(compare(&far, &candidate("10.0.0.1", Some(source)), &policy), Ordering::Equal);
    let unknown = |to| candidate(to, Some(from("192.0.2.1")));
    assert_eq!(compare(&unknown("192.0.2.2"), &unknown("10.0.0.1"), &policy), Ordering::Equal);
}

#[test]
fn scopes_of_ipv4_are_those_of_the_policy() {
    let mut policy = of_the_rfc();
    let (private, global) = (candidate("10.0.0.1", None), candidate("198.51.100.1", None));
    assert_eq!(compare(&private, &global, &policy), Ordering::Equal);
    policy.v4_scopes.insert(0, ([10, 0, 0, 0].into(), 8, 5));
    assert_eq!(compare(&private, &global, &policy), Ordering::Less);
}

#[test]
fn a_relation_that_goes_round_in_circles_is_sorted_all_the_same() {
    // Stone, scissors, paper.
    let mut items: Vec<u32> = (0..1000).map(|number| number * 7 % 3).collect();
    merge_sort(&mut items, &|a, b| (a + 1) % 3 == *b);
    assert_eq!(items.len(), 1000);
    let mut pairs: Vec<(u32, u32)> = (0..257).map(|number| (number * 31 % 10, number)).collect();
    let mut expected = pairs.clone();
    merge_sort(&mut pairs, &|a, b| a.0 < b.0);
    expected.sort_by_key(|pair| pair.0);
    assert_eq!(pairs, expected, "stable");
}

/// One socket asks for many: the source to each is its own, and not that of the first.
#[test]
fn sources_are_those_of_the_kernel() {
    let to = |text: &str| -> SocketAddr { text.parse().unwrap() };
    let own = |text: &str| -> IpAddr { text.parse().unwrap() };
    let candidates =
        sources::find(&[to("127.0.0.1:80"), to("127.0.0.7:0"), to("255.255.255.255:80"), to("127.0.0.1:1")]);
    let sources: Vec<_> =
        candidates.iter().map(|candidate| candidate.source.map(|source| source.address)).collect();
    assert_eq!(sources, [Some(own("127.0.0.1")), Some(own("127.0.0.1")), None, Some(own("127.0.0.1"))]);
    assert_eq!(candidates[0].source.unwrap().prefix, Some(8));
}

#[test]
fn the_loopback_is_sorted_as_the_policy_says() {
    let mut addresses: Vec<SocketAddr> = vec!["127.0.0.1:80".parse().unwrap(), "[::1]:80".parse().unwrap()];
    let has_v6 = std::net::UdpSocket::bind("[::1]:0").is_ok();
    sort(&mut addresses, &of_the_rfc());
    assert_eq!(addresses[0].is_ipv6(), has_v6);
    // Those beyond the bound stay where they are.
    let mut many: Vec<SocketAddr> = (0..1000).map(|port| ([127, 0, 0, 1], port).into()).collect();
    many[MOST] = "[::1]:80".parse().unwrap();
    let before = many.clone();
    sort(&mut many, &of_the_rfc());
    assert_eq!(many, before);
}

/// What a socket was connected to before does not count. (A machine on no network has the loopback's address alone, and shows nothing.)
#[test]
fn sources_of_one_socket_are_those_of_a_fresh_one_each() {
    let mut own: Vec<SocketAddr> = Interfaces::read().unwrap().addresses().map(|ip| (ip, 9).into()).collect();
    own.truncate(20);
    let together = sources::find(&own);
    for (index, destination) in own.iter().enumerate() {
        let alone = sources::find(&[*destination]);
        let address = |candidate: &Candidate| candidate.source.map(|source| source.address);
        assert_eq!(address(&together[index]), address(&alone[0]), "to {destination} in {own:?}");
    }
}
