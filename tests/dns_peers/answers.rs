//! What servers answer is what `dig` says that they answer.

use std::io;
use std::net::SocketAddr;

use fend::dns::{NameServer, Resolver, ResolverBuilder};

use crate::dig::{self, dig, header};
use crate::ours::{addresses, ask, asking, parse, resolver};
use crate::peers::Peers;
use crate::zone::{WITH_RECORDS, WITHOUT_NAME, WITHOUT_RECORDS, whole};

on_every_dispatcher!(
    every_type_of_record_reads_as_dig_prints_it,
    records_of_the_servers_own_read_as_dig_prints_them,
    a_name_that_is_not_there_is_told_from_a_name_without_records,
    names_that_differ_in_case_are_one,
    a_chain_of_cnames_is_followed_into_another_zone,
    the_root_and_a_delegation,
    ttls_are_the_servers_own,
    only_a_server_that_validates_makes_an_answer_authentic,
    a_server_is_asked_by_ipv6,
    addresses_have_names,
);

/// The ways to ask that must make no difference.
fn manners(server: SocketAddr) -> [(&'static str, ResolverBuilder); 5] {
    [
        ("as it comes", asking(server)),
        ("without EDNS", asking(server).edns(None)),
        ("with large datagrams", asking(server).edns(Some(4096))),
        ("with mixed case", asking(server).mix_case(true)),
        ("by TCP", asking(NameServer::tcp(server))),
    ]
}

/// A, AAAA, CNAME, MX, TXT, SRV, PTR, NS, SOA, CAA, HTTPS, SVCB and one that nobody knows; wildcards, odd letters, large answers. DN3
async fn every_type_of_record_reads_as_dig_prints_it() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    for server in peers.servers() {
        for (manner, builder) in manners(server.address) {
            let resolver = builder.build()?;
            for &(name, record_type) in WITH_RECORDS {
                let name = whole(name);
                // A server that has the zone, or that forwards, leaves it to us to go on in another zone.
                let followed =
                    if name.starts_with("c-out") { peers.unbound.0.address } else { server.address };
                let expected = peers.dig(followed, &name, record_type).await;
                let answer = ask(&resolver, &name, record_type).await;
                let answer = answer.unwrap_or_else(|error| {
                    panic!("{} {manner}: {name} {record_type}: {error}", server.name)
                });
                let context = format!("{} {manner}: {name} {record_type}", server.name);
                assert!(!expected.is_empty(), "{context}: dig found nothing");
                // Letters of names come as they were asked for.
                if manner == "with mixed case" {
                    assert_eq!(lower(&answer), lower(&expected), "{context}");
                } else {
                    assert_eq!(answer, expected, "{context}");
                }
            }
        }
    }
    Ok(())
}

fn lower(lines: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = lines.iter().map(|line| line.to_ascii_lowercase()).collect();
    lines.sort_unstable();
    lines
}

async fn records_of_the_servers_own_read_as_dig_prints_them() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let of_unbound = [("here.local.fend", "A"), ("here.local.fend", "AAAA"), ("here.local.fend", "TXT")];
    let of_dnsmasq = [
        ("own.masq.fend", "A"),
        ("own.masq.fend", "AAAA"),
        ("own.masq.fend", "TXT"),
        ("alias.masq.fend", "A"),
        ("masq.fend", "MX"),
        ("masq.fend", "CAA"),
        ("_http._tcp.masq.fend", "SRV"),
        ("210.113.0.203.in-addr.arpa", "PTR"),
    ];
    for (server, questions) in [(&peers.unbound.0, &of_unbound[..]), (&peers.dnsmasq.0, &of_dnsmasq[..])] {
        let resolver = resolver(server.address);
        for &(name, record_type) in questions {
            let expected = peers.dig(server.address, name, record_type).await;
            assert!(!expected.is_empty(), "{}: {name} {record_type}: dig found nothing", server.name);
            assert_eq!(
                ask(&resolver, name, record_type).await?,
                expected,
                "{}: {name} {record_type}",
                server.name
            );
        }
    }
    Ok(())
}

/// DN7: NXDOMAIN and NODATA are kept apart.
async fn a_name_that_is_not_there_is_told_from_a_name_without_records() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    for server in peers.servers() {
        let resolver = resolver(server.address);
        for &(name, record_type) in WITHOUT_RECORDS {
            let error = failure(&resolver, name, record_type).await;
            assert!(error.is_no_data() && !error.is_not_found(), "{}: {error}", server.name);
            assert_eq!(error.server(), Some(server.address), "{error}");
            assert_eq!(
                peers.status(server.address, name, record_type).await,
                "NOERROR",
                "{name} {record_type}"
            );
        }
        for &(name, record_type) in WITHOUT_NAME {
            let error = failure(&resolver, name, record_type).await;
            assert!(error.is_not_found() && !error.is_no_data(), "{}: {error}", server.name);
            assert_eq!(error.server(), Some(server.address), "{error}");
            // There it is the end of the chain that is missing, in another zone.
            let own = if name == "c-nowhere" { peers.unbound.0.address } else { server.address };
            assert_eq!(peers.status(own, name, record_type).await, "NXDOMAIN", "{name} {record_type}");
        }
        // Addresses: of one family, of none, of no name.
        assert_eq!(addresses(&resolver, "a.fend.test").await?, ["192.0.2.1"]);
        let error = addresses(&resolver, "txt.fend.test").await.unwrap_err();
        assert!(error.is_no_data() && error.to_string().contains("txt.fend.test"), "{error}");
        let error = addresses(&resolver, "nowhere.fend.test").await.unwrap_err();
        assert!(error.is_not_found() && error.to_string().contains("nowhere.fend.test"), "{error}");
        assert!(error.to_string().contains(&server.address.to_string()), "{error}");
    }
    Ok(())
}

async fn failure(resolver: &Resolver, name: &str, record_type: &str) -> fend::dns::LookupError {
    match resolver.records(&whole(name), parse(record_type)).await {
        Err(error) => error,
        Ok(records) => panic!("{name} {record_type}: {records:?}"),
    }
}

async fn names_that_differ_in_case_are_one() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let resolver = resolver(peers.authority());
    let before = peers.counts().await.all();
    for name in ["mixed-case.fend.test", "MIXED-CASE.FEND.TEST", "Mixed-Case.Fend.Test."] {
        assert_eq!(ask(&resolver, name, "A").await?, ["192.0.2.3"]);
    }
    assert_eq!(peers.counts().await.all(), before + 1, "the cache knows that they are one");
    Ok(())
}

/// DN5
async fn a_chain_of_cnames_is_followed_into_another_zone() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    for server in peers.servers() {
        let resolver = resolver(server.address);
        let hints = fend::dns::Hints::new().canonical_name(true);
        for (name, canonical) in
            [("c1", "both.fend.test"), ("c-out", "target.other.test"), ("both", "both.fend.test")]
        {
            let list = resolver.lookup(&*whole(name), "").hints(hints).await?;
            assert_eq!(list.canonical_name(), Some(canonical), "{} {name}", server.name);
            assert_eq!(list.len(), 2, "{} {name}: {list:?}", server.name);
        }
        let error = ask(&resolver, "loop1.fend.test", "A").await.unwrap_err();
        assert!(!error.is_not_found() && !error.is_no_data(), "{}: {error}", server.name);
    }
    Ok(())
}

async fn the_root_and_a_delegation() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let resolver = resolver(peers.authority());
    for (name, record_type) in [(".", "NS"), (".", "SOA")] {
        let expected = peers.dig(peers.authority(), name, record_type).await;
        assert!(!expected.is_empty());
        assert_eq!(ask(&resolver, name, record_type).await?, expected, "{name} {record_type}");
    }
    // A referral: no answer, and no word that there is none.
    for (name, record_type) in [("sub.fend.test", "NS"), ("www.sub.fend.test", "A")] {
        let answer = ask(&resolver, name, record_type).await;
        let error = answer.expect_err("a referral is no answer");
        assert!(!error.is_not_found(), "{error}");
        assert_eq!(peers.dig(peers.authority(), name, record_type).await, [""; 0]);
    }
    Ok(())
}

async fn ttls_are_the_servers_own() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let resolver = resolver(peers.authority());
    for (name, record_type, ttls) in [
        ("a", "A", &[77][..]),
        ("both", "A", &[300]),
        ("c1", "A", &[100, 50, 200, 300]),
        ("fend.test.", "SOA", &[60]),
    ] {
        let name = whole(name);
        let records = resolver.records(&name, parse(record_type)).await?;
        let ours: Vec<u32> = records.chain().iter().chain(records.iter()).map(|record| record.ttl).collect();
        assert_eq!(ours, ttls, "{name} {record_type}");
        let server = peers.authority();
        let printed = peers.blocking(move |_| dig(server, &["+noall", "+answer", &name, record_type])).await;
        let theirs: Vec<u32> =
            printed.lines().filter_map(|line| line.split_whitespace().nth(1)?.parse().ok()).collect();
        assert_eq!(theirs, ttls, "{printed}");
    }
    Ok(())
}

/// The zone is signed, unbound has its key and validates.
async fn only_a_server_that_validates_makes_an_answer_authentic() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let (unbound, knot) = (peers.unbound.0.address, peers.authority());
    for (server, name, trust, expected) in [
        (unbound, "a.signed.test", true, true),
        (unbound, "a.signed.test", false, false),
        (unbound, "a.fend.test", true, false),
        (knot, "a.signed.test", true, false),
    ] {
        let resolver = asking(server).trust_ad(trust).build()?;
        let records = resolver.records(name, parse("A")).await?;
        assert_eq!(records.is_authentic(), expected, "{name}, trust: {trust}");
        // And once more, out of the cache.
        assert_eq!(
            resolver.records(name, parse("A")).await?.is_authentic(),
            expected,
            "{name}, trust: {trust}"
        );
        assert_eq!(resolver.cache_stats().hits, 1);
        let (flags, _) = peers.blocking(move |_| header(server, &["+adflag", name, "A"])).await;
        assert_eq!(flags.contains(" ad"), server == unbound && name == "a.signed.test", "{name}: {flags}");
    }
    Ok(())
}

async fn a_server_is_asked_by_ipv6() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let before = peers.counts().await;
    let resolver = resolver(peers.knot.0.address_v6());
    assert_eq!(ask(&resolver, "a.fend.test", "A").await?, ["192.0.2.1"]);
    assert_eq!(ask(&resolver, "more.fend.test", "A").await?.len(), 250);
    let after = peers.counts().await;
    for (protocol, questions) in [("request-protocol[udp6]", 2), ("request-protocol[tcp6]", 1)] {
        assert_eq!(after.of(protocol) - before.of(protocol), questions, "{protocol}");
    }
    Ok(())
}

async fn addresses_have_names() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    for server in peers.servers() {
        let resolver = resolver(server.address);
        for (address, name) in [
            ("192.0.2.1", "a.fend.test"),
            // By way of a CNAME (RFC 2317).
            ("192.0.2.7", "classless.fend.test"),
            ("2001:db8::1", "aaaa.fend.test"),
            ("2001:db8::2", "both.fend.test"),
        ] {
            assert_eq!(resolver.name_of(address.parse().unwrap()).await?, name, "{}", server.name);
            let dug = peers.blocking({
                let server = server.address;
                move |_| dig(server, &["+short", "-x", address])
            });
            assert!(dug.await.ends_with(&format!("{name}.\n")), "{address}");
        }
        let one = resolver.name_of("192.0.2.2".parse().unwrap()).await?;
        assert!(["both.fend.test", "second.fend.test"].contains(&&*one), "{one}");
        let error = resolver.name_of("192.0.2.99".parse().unwrap()).await.unwrap_err();
        assert!(error.is_not_found() && error.to_string().contains("192.0.2.99"), "{error}");
    }
    Ok(())
}

impl Peers {
    async fn dig(&self, server: SocketAddr, name: &str, record_type: &'static str) -> Vec<String> {
        let name = name.to_owned();
        self.blocking(move |peers| peers.short(server, &name, record_type)).await
    }

    async fn status(&self, server: SocketAddr, name: &str, record_type: &'static str) -> String {
        let name = whole(name);
        self.blocking(move |_| dig::header(server, &[&name, record_type]).1).await
    }
}
