use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::error::LookupError;
use crate::hints::Hints;
use crate::host::Host;
use crate::order;
use crate::service::{IntoService, Service};
use crate::system::{Question, Request, answer_of_the_c_library};

fn address(text: &str) -> SocketAddr {
    format!("{text}:0").parse().unwrap()
}

/// As services(5) of any system has them.
fn port(name: &str, protocol: &str) -> Option<u16> {
    match (name, protocol) {
        ("domain", "tcp" | "udp") => Some(53),
        ("telnet", "tcp") => Some(23),
        ("tftp", "udp") => Some(69),
        _ => None,
    }
}

fn expand(
    subject: &str,
    addresses: &[SocketAddr],
    service: &Service,
    hints: &Hints,
    port: fn(&str, &str) -> Option<u16>,
) -> Result<AddrList, LookupError> {
    Ok(super::expand(addresses, &endpoints(subject, service, hints, port)?))
}

/// What the parts make of literals and of no host, put together as the resolver does it.
fn ours(host: &str, service: &str, hints: &Hints) -> Result<AddrList, LookupError> {
    let service = Service::of(host, &service.into_service(), hints.numeric_service)?;
    let addresses = match Host::parse(Some(host), true)? {
        Host::None => {
            let mut addresses = hostless(hints.family, hints)?;
            order::sort(&mut addresses, &order::tests::of_the_rfc());
            addresses
        }
        Host::Literal(address, scope) => vec![literal(address, scope, hints.family, hints)?],
        Host::Name(name) => unreachable!("{name:?} is no literal"),
    };
    let mut list = expand(host, &addresses, &service, hints, port)?;
    list.canonical_name = hints.canonical_name.then(|| host.to_owned());
    Ok(list)
}

fn in_c(host: &str, service: &str, hints: &Hints) -> Result<AddrList, LookupError> {
    let request = Request { host: Some(host.to_owned()), service: Some(service.to_owned()), hints: *hints };
    answer_of_the_c_library(&Question::Addresses(request)).map(crate::system::Answer::into_addresses)
}

fn same(host: &str, service: &str, hints: &Hints) {
    match (ours(host, service, hints), in_c(host, service, hints)) {
        (Ok(ours), Ok(c)) => assert_eq!(ours, c, "{host:?} {service:?} {hints:?}"),
        (Err(ours), Err(c)) => {
            // Of two mistakes in one call each may tell another.
            assert!(
                ours.is_invalid_input() || c.is_invalid_input() || ours.is_no_data() == c.is_no_data(),
                "{ours}, {c}"
            );
        }
        (ours, c) => panic!("{host:?} {service:?} {hints:?}: {ours:?}, in C {c:?}"),
    }
}

const SOCKET_TYPES: [Option<SocketType>; 6] = [
    None,
    Some(SocketType::Stream),
    Some(SocketType::Datagram),
    Some(SocketType::Raw),
    Some(SocketType::SeqPacket),
    Some(SocketType::Dccp),
];

/// Every combination of hosts without a lookup, services, families, types and protocols.
#[test]
fn lists_of_literals_are_those_of_the_c_library() {
    let hosts = ["127.0.0.1", "127.1", "::1", "::ffff:10.0.0.1", "fe80::1%lo", "2001:db8::1%3", "*"];
    let protocols = [None, Some(0), Some(6), Some(17), Some(132), Some(136), Some(33), Some(47)];
    for host in hosts {
        for service in ["0", "80", "domain", "telnet", "tftp", "no-such-service"] {
            for family in [Family::Any, Family::V4, Family::V6] {
                for socket_type in SOCKET_TYPES {
                    for protocol in protocols {
                        let hints = Hints {
                            socket_type,
                            protocol: protocol.map(Protocol),
                            ..Hints::new().family(family)
                        };
                        same(host, service, &hints);
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn flags_do_with_literals_what_they_do_in_c(
        host in prop::sample::select(vec!["127.0.0.1", "10.1", "::1", "::ffff:10.0.0.1", "fe80::1%lo", "*"]),
        service in prop::sample::select(vec!["", "443", "domain"]),
        family in prop::sample::select(vec![Family::Any, Family::V4, Family::V6]),
        flags in any::<[bool; 6]>(),
    ) {
        let [passive, canonical_name, numeric_host, numeric_service, v4_mapped, all] = flags;
        let hints = Hints { passive, canonical_name, numeric_host, numeric_service, v4_mapped, all, ..Hints::new().family(family) };
        // In C one of the two has to be there, and "" is there.
        same(host, service, &hints);
    }
}

#[test]
fn an_error_of_a_kind_of_socket_says_what_is_wrong() {
    let service = |name: &str| Service::of("h", &name.into_service(), false).unwrap();
    let fails =
        |name: &str, hints: Hints| expand("h", &[], &service(name), &hints, port).unwrap_err().to_string();
    let stream = Hints::new();
    assert!(fails("tftp", stream).contains("no service \"tftp\" for tcp"));
    assert!(fails("nothing", stream.any_socket_type()).contains("no service \"nothing\""));
    assert!(fails("80", stream.socket_type(SocketType::Raw)).contains("no service 80"));
    assert!(fails("80", stream.protocol(Protocol::UDP)).contains("no Stream sockets of protocol 17"));
}

#[test]
fn mapped_addresses_stand_in_for_those_of_ipv6_or_come_beside_them() {
    let both = [address("10.0.0.1"), address("[2001:db8::1]"), address("10.0.0.2")];
    let only_v4 = [both[0], both[2]];
    let of_v6 = Hints::new().family(Family::V6);
    let mapped = [address("[::ffff:10.0.0.1]"), address("[::ffff:10.0.0.2]")];
    assert_eq!(select(both.to_vec(), Family::Any, &Hints::new().v4_mapped(true)), both);
    assert_eq!(select(both.to_vec(), Family::V4, &Hints::new()), only_v4);
    assert_eq!(select(both.to_vec(), Family::V6, &of_v6), [both[1]]);
    assert_eq!(select(both.to_vec(), Family::V6, &of_v6.all(true)), [both[1]]);
    assert_eq!(select(only_v4.to_vec(), Family::V6, &of_v6), []);
    assert_eq!(select(both.to_vec(), Family::V6, &of_v6.v4_mapped(true)), [both[1]]);
    assert_eq!(select(only_v4.to_vec(), Family::V6, &of_v6.v4_mapped(true)), mapped);
    assert_eq!(
        select(both.to_vec(), Family::V6, &of_v6.v4_mapped(true).all(true)),
        [both[1], mapped[0], mapped[1]]
    );
    // AAAA records of such addresses are no IPv6 either.
    let in_records = vec![both[1], mapped[0]];
    assert_eq!(select(in_records.clone(), Family::V6, &of_v6), in_records);
    assert_eq!(select(in_records.clone(), Family::V6, &of_v6.v4_mapped(true)), [both[1]]);
    assert_eq!(select(in_records.clone(), Family::V6, &of_v6.v4_mapped(true).all(true)), in_records);
    assert_eq!(select(mapped.to_vec(), Family::V6, &of_v6.v4_mapped(true)), mapped);
}

#[test]
fn only_families_of_the_machine_are_asked_for() {
    let ask = |family, v4, v6| family_to_ask("h", &Hints::new().family(family), Configured { v4, v6 });
    assert_eq!(ask(Family::Any, true, true).unwrap(), Family::Any);
    assert_eq!(ask(Family::Any, true, false).unwrap(), Family::V4);
    assert_eq!(ask(Family::Any, false, true).unwrap(), Family::V6);
    assert_eq!(ask(Family::Any, false, false).unwrap(), Family::Any);
    assert_eq!(ask(Family::V4, true, false).unwrap(), Family::V4);
    let error = ask(Family::V6, true, false).unwrap_err();
    assert!(error.is_no_data() && error.to_string().contains("no IPv6 address"), "{error}");
}

#[test]
fn a_list_gives_each_address_once_to_those_who_connect() {
    let hints = Hints::new().any_socket_type();
    let addresses = [address("10.0.0.1"), address("[::1]")];
    let list = expand("h", &addresses, &Service::Port(80), &hints, port).unwrap();
    assert_eq!(list.len(), 6);
    let once: Vec<SocketAddr> = vec![([10, 0, 0, 1], 80).into(), "[::1]:80".parse().unwrap()];
    assert_eq!(list.socket_addrs().collect::<Vec<_>>(), once);
    assert_eq!((&list).into_addrs().unwrap().collect::<Vec<_>>(), once);
    assert_eq!(list.clone().into_addrs().unwrap().collect::<Vec<_>>(), once);
    assert_eq!(list.to_string(), "10.0.0.1:80, [::1]:80");
    assert_eq!((&list).into_iter().count(), list.clone().into_iter().count());
    let first = list[0];
    assert_eq!(
        (first.ip(), first.port(), first.family()),
        (Ipv4Addr::new(10, 0, 0, 1).into(), 80, Family::V4)
    );
    assert_eq!(SocketAddr::from(first), first.socket_addr());
    assert_eq!((first.socket_type(), first.protocol()), (SocketType::Stream, Protocol::TCP));
}

#[fend::test(dispatchers = "all")]
async fn a_list_connects() {
    let listener = fend_net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Service::Port(address.port());
    let list = expand("h", &[address], &service, &Hints::new(), port).unwrap();
    let stream = fend_net::TcpStream::connect(&list).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
    let stream = fend_net::TcpStream::connect(list).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
}

/// A server may tell an address twice, and with `AI_ALL` a mapped one may be that of another record.
#[test]
fn each_address_is_tried_once_wherever_it_stands() {
    let addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2"].map(address);
    let hints = Hints::new().any_socket_type();
    let list = expand("host", &addresses, &Service::Port(80), &hints, port).unwrap();
    assert_eq!(list.len(), 12);
    let once: Vec<_> = list.socket_addrs().collect();
    assert_eq!(once, [([10, 0, 0, 1], 80).into(), ([10, 0, 0, 2], 80).into()]);
    assert_eq!(list.to_string(), "10.0.0.1:80, 10.0.0.2:80");
}
