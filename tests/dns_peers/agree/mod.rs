//! The native path gives what getaddrinfo gives: the same addresses in the same order, the same canonical name, the same kind of error.
//!
//! Both read the same files, in a network of the test's own where routes and source addresses decide over the order.
//!
//! What differs, and is left out here: the native path says "no data" of some names of which getaddrinfo says that they are not there
//! ([`outcome`]), tells an address once that stands in the hosts file twice, takes addresses with an interface's name from the hosts file
//! (glibc skips these lines), and calls a loop of CNAMEs a malformed answer. ::1 and mapped addresses in a hosts file stand for IPv4
//! too in glibc ([`names`]).

mod names;
mod network;
mod outcome;

use std::net::IpAddr;

use fend::dns::{Family, Hints, Path, Resolver};

use crate::server::knot::Knot;
use crate::shape::Shape;
use crate::zone::zones;
use names::{Names, names};
use network::{Addresses, etc, in_network};
use outcome::{Outcome, compare, getent};

alone_on_every_dispatcher!(
    in_a_network_of_both_families,
    in_a_network_of_ipv4,
    in_a_network_of_ipv6,
    in_a_network_of_neither,
    with_a_table_of_ones_own,
    the_files_decide_who_is_asked,
);

/// Prefers IPv4, and gives IPv4's private addresses the scope of a site.
const GAI_CONF: &str = "label ::1/128 0
label ::/0 1
label 2002::/16 2
label ::/96 3
label ::ffff:0:0/96 4
label fd00:1::/32 9
precedence ::1/128 50
precedence ::/0 40
precedence 2002::/16 30
precedence ::/96 20
precedence ::ffff:0:0/96 100
precedence 2001:db8:2::/48 200
scopev4 ::ffff:169.254.0.0/112 2
scopev4 ::ffff:127.0.0.0/104 2
scopev4 ::ffff:10.0.0.0/104 5
scopev4 ::ffff:0.0.0.0/96 14
";

fn in_a_network_of_both_families(shape: Shape) {
    in_network(shape, Addresses::Both, || all_agree(shape, ""));
}

fn in_a_network_of_ipv4(shape: Shape) {
    in_network(shape, Addresses::V4, || all_agree(shape, ""));
}

fn in_a_network_of_ipv6(shape: Shape) {
    in_network(shape, Addresses::V6, || all_agree(shape, ""));
}

fn in_a_network_of_neither(shape: Shape) {
    in_network(shape, Addresses::Neither, || all_agree(shape, ""));
}

fn with_a_table_of_ones_own(shape: Shape) {
    in_network(shape, Addresses::Both, || all_agree(shape, GAI_CONF));
}

fn all_agree(shape: Shape, gai_conf: &str) {
    let (names, _server) = set_up(gai_conf);
    let differences = shape.block_on(async {
        let (native, system) = (resolver(Path::Native), resolver(Path::System));
        plain_errors(&native).await;
        plain_errors(&system).await;
        let mut differences = Vec::new();
        for (name, service) in questions(&names) {
            for hints in hints() {
                differences.extend(compare(&native, &system, &name, service, hints).await);
            }
            // C has AI_ADDRCONFIG turn literal addresses down, or map them; in fend they are not looked up, and so as they are.
            if is_literal(&name) {
                continue;
            }
            // What getent(1) asks for.
            let hints = Hints::new().v4_mapped(true).addr_config(true).canonical_name(true);
            let ours = Outcome::of(native.lookup(&*name, "").hints(hints).await);
            let theirs = getent(&name).await;
            if ours.addresses() != theirs {
                differences.push(format!("{name}: native {:?}\n  getent {theirs:?}", ours.addresses()));
            }
        }
        differences
    });
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

/// What [`compare`] takes for one is told apart where getaddrinfo tells it.
async fn plain_errors(resolver: &Resolver) {
    let error = async |name: &str, service: &str| resolver.lookup(name, service).await.unwrap_err();
    let missing = error("nowhere.fend.test.", "").await;
    assert!(missing.is_not_found() && missing.to_string().contains("nowhere.fend.test"), "{missing}");
    let empty = error("txt.fend.test.", "").await;
    assert!(empty.is_no_data() && empty.to_string().contains("txt.fend.test"), "{empty}");
    let unknown = error("a.fend.test.", "no-such-service").await;
    assert!(unknown.is_invalid_input() && unknown.to_string().contains("no-such-service"), "{unknown}");
}

fn is_literal(name: &str) -> bool {
    name.contains(':') || name.starts_with(|first: char| first.is_ascii_digit())
}

/// Writes the files, and starts the server that they name.
fn set_up(gai_conf: &str) -> (Names, Knot) {
    let names = names();
    etc("resolv.conf", "nameserver 127.0.0.1\nsearch fend.test agree.test\noptions timeout:5 attempts:2\n");
    etc("nsswitch.conf", "hosts: files dns\nservices: files\n");
    etc("host.conf", "multi on\n");
    etc("hosts", &names.hosts);
    etc("gai.conf", gai_conf);
    etc("services", "domain 53/tcp\ndomain 53/udp\nhttps 443/tcp\nonly-udp 999/udp another-name\n");
    let zones: Vec<_> = zones().into_iter().chain([names.zone.clone()]).collect();
    let server = Knot::start(&zones, Some(53));
    (names, server)
}

fn resolver(path: Path) -> Resolver {
    Resolver::builder().path(path).build().expect("a resolver")
}

/// The two hundred names, and those that have no addresses, or not of each family.
fn questions(names: &Names) -> Vec<(String, &'static str)> {
    let others = [
        ("localhost", "https"),
        ("a", "https"),
        ("a.fend.test", "https"),
        ("aaaa", "443"),
        ("c1", ""),
        ("c-nodata.fend.test.", ""),
        ("txt", ""),
        ("txt.fend.test", ""),
        ("nowhere", ""),
        ("nowhere.fend.test.", ""),
        ("anything.wild", ""),
        ("many", ""),
        ("more", ""),
        ("a", "no-such-service"),
        ("a", "only-udp"),
        ("a", "domain"),
        ("192.0.2.1", "https"),
        ("2001:db8::1", "https"),
        ("fe80::1%v0", "https"),
        ("127.1", ""),
        ("0x7f000001", ""),
        ("::ffff:1.2.3.4", ""),
    ];
    let others = others.map(|(name, service)| (name.to_owned(), service));
    names.all.iter().map(|name| (name.clone(), "https")).chain(others).collect()
}

fn hints() -> Vec<Hints> {
    let mut all = Vec::new();
    for family in [Family::Any, Family::V4, Family::V6] {
        let hints = Hints::new().family(family);
        all.push(hints.canonical_name(true));
        all.push(hints.any_socket_type());
        all.push(hints.addr_config(true));
    }
    let v6 = Hints::new().family(Family::V6);
    all.push(v6.v4_mapped(true));
    all.push(v6.v4_mapped(true).all(true));
    all.push(v6.v4_mapped(true).addr_config(true));
    all.push(Hints::new().numeric_host(true));
    all.push(Hints::new().numeric_service(true));
    all
}

/// [`Path::Auto`] goes where nsswitch.conf says, and to the C library for what only it knows.
fn the_files_decide_who_is_asked(shape: Shape) {
    in_network(shape, Addresses::Both, || {
        let (_, server) = set_up("");
        shape.block_on(async {
            let auto = || resolver(Path::Auto);
            // What stands in both, with different addresses.
            etc("hosts", "127.0.0.1 localhost\n192.0.2.99 a.fend.test\n");
            let one = |address: &str| vec![address.parse::<IpAddr>().expect("an address")];
            for (line, expected) in [
                ("files dns", one("192.0.2.99")),
                ("dns files", one("192.0.2.1")),
                ("files", one("192.0.2.99")),
                ("dns", one("192.0.2.1")),
                ("files [NOTFOUND=return] dns", one("192.0.2.99")),
                ("files myhostname dns", one("192.0.2.99")),
                ("mdns4_minimal [NOTFOUND=return] dns", one("192.0.2.1")),
            ] {
                etc("nsswitch.conf", &format!("hosts: {line}\n"));
                let addresses = Outcome::of(auto().lookup("a.fend.test", "").await).addresses();
                assert_eq!(addresses, expected, "hosts: {line}");
            }
            etc("nsswitch.conf", "hosts: files\n");
            let error = auto().lookup("both.fend.test", "").await.unwrap_err();
            assert!(error.is_not_found(), "{error}");
            etc("nsswitch.conf", "hosts: dns\n");
            assert!(auto().lookup("both.fend.test", "").await.is_ok());

            // Only the C library sorts by a list: it is asked, and what fend keeps stays empty.
            etc("resolv.conf", "nameserver 127.0.0.1\nsortlist 198.51.100.0/255.255.255.0\n");
            let resolver = auto();
            let before = server.counts().all();
            assert!(resolver.lookup("both.fend.test", "").await.is_ok());
            assert!(server.counts().all() > before);
            assert_eq!(resolver.cache_stats().entries, 0, "the C library was asked");
            etc("resolv.conf", "nameserver 127.0.0.1\n");
            let resolver = auto();
            assert!(resolver.lookup("both.fend.test", "").await.is_ok());
            assert!(resolver.cache_stats().entries > 0, "fend asked by itself");
        });
    });
}
