//! Records, and names of addresses.

use super::server::ANY;
use super::*;

#[fend::test(dispatchers = "all")]
async fn records_come_with_the_ttl_that_is_left_and_who_said_so() {
    let server = Server::start().await.a("a.example", "192.0.2.1").a("a.example", "192.0.2.2");
    let resolver = builder(&server).search(["example"]).build().unwrap();
    let records = resolver.records("a.example", RecordType::A).await.unwrap();
    assert_eq!((records.len(), records.ttl(), records[1].ttl), (2, 300, 300));
    assert_eq!((records.server(), records.is_authentic(), records.chain().len()), (server.address, false, 0));
    assert_eq!(records.name().to_string(), "a.example.");
    time::advance(Duration::from_secs(100)).await;
    let records = resolver.records("A.example.", RecordType::A).await.unwrap();
    let left = [200, 199];
    assert!(left.contains(&records.ttl()) && left.contains(&records[0].ttl), "{records:?}");
    assert_eq!((&records).into_iter().count(), 2);
    assert_eq!(records.into_iter().count(), 2);
    assert_eq!(server.count(), 1);
}

#[fend::test(dispatchers = "all")]
async fn the_chain_is_told_apart_from_the_records() {
    let server = Server::start()
        .await
        .name("alias.example", RecordType::Cname, "a.example")
        .a("a.example", "192.0.2.1");
    let resolver = resolver(&server);
    assert_eq!(resolver.cname("alias.example").await.unwrap().to_string(), "a.example.");
    let records = resolver.records("alias.example", RecordType::Cname).await.unwrap();
    assert_eq!((records.len(), records.chain().len()), (1, 0));
}

#[fend::test(dispatchers = "all")]
async fn names_of_records_are_taken_as_they_are() {
    let server = Server::start().await.a("a.example", "192.0.2.1");
    let resolver = builder(&server).search(["example"]).build().unwrap();
    let error = resolver.records("a", RecordType::A).await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("lookup a (A)"), "{error}");
    let error = resolver.mx("a.example").await.unwrap_err();
    assert!(error.is_no_data() && error.to_string().contains("no MX record"), "{error}");
    assert!(resolver.txt("a..example").await.unwrap_err().is_invalid_input());
    assert_eq!(server.names_asked(), ["a", "a.example"]);
}

#[fend::test(dispatchers = "all")]
async fn each_type_has_its_method() {
    let server = Server::start().await.a("n.example", "192.0.2.1").aaaa("n.example", "2001:db8::1");
    let server = server.record("n.example", RecordType::Mx, 300, vec![0, 20, 1, b'b', 0]);
    let server = server.record("n.example", RecordType::Mx, 300, vec![0, 10, 1, b'a', 0]);
    let server = server.record("n.example", RecordType::Txt, 300, vec![2, b'h', b'i']);
    let server = server.record("n.example", RecordType::Srv, 300, vec![0, 2, 0, 0, 0, 80, 1, b'b', 0]);
    let server = server.record("n.example", RecordType::Srv, 300, vec![0, 1, 0, 0, 0, 81, 1, b'a', 0]);
    let server = server.name("n.example", RecordType::Ns, "ns.example").name(
        "n.example",
        RecordType::Ptr,
        "p.example",
    );
    let soa = [&[0, 0][..], &[1_u32, 2, 3, 4, 5].map(u32::to_be_bytes).concat()].concat();
    let server = server.record("n.example", RecordType::Soa, 300, soa);
    let server = server.record("n.example", RecordType::Caa, 300, b"\x80\x05issueca.example".to_vec());
    let server = server.record("n.example", RecordType::Https, 300, vec![0, 1, 0]);
    let server = server.record("n.example", RecordType::Svcb, 300, vec![0, 2, 0]);
    let server = server.record("n.example", RecordType::Svcb, 300, vec![0, 1, 0]);
    let resolver = resolver(&server);
    let name = "n.example";
    assert_eq!(resolver.a(name).await.unwrap(), ["192.0.2.1".parse::<std::net::Ipv4Addr>().unwrap()]);
    assert_eq!(resolver.aaaa(name).await.unwrap(), ["2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap()]);
    let preferences: Vec<_> = resolver.mx(name).await.unwrap().iter().map(|mx| mx.preference).collect();
    assert_eq!(preferences, [10, 20]);
    assert_eq!(*resolver.txt(name).await.unwrap()[0].strings[0], *b"hi");
    let ports: Vec<_> = resolver.srv(name).await.unwrap().iter().map(|srv| srv.port).collect();
    assert_eq!(ports, [81, 80]);
    assert_eq!(resolver.ns(name).await.unwrap()[0].to_string(), "ns.example.");
    assert_eq!(resolver.ptr(name).await.unwrap()[0].to_string(), "p.example.");
    assert_eq!(resolver.soa(name).await.unwrap().serial, 1);
    assert!(resolver.caa(name).await.unwrap()[0].is_critical());
    assert_eq!(resolver.https(name).await.unwrap()[0].priority, 1);
    let priorities: Vec<_> = resolver.svcb(name).await.unwrap().iter().map(|svcb| svcb.priority).collect();
    assert_eq!(priorities, [1, 2]);
}

/// QTYPE * is the type of no record.
#[fend::test(dispatchers = "all")]
async fn all_that_a_name_has_are_records_and_no_chain() {
    let server = Server::start().await.a("a.example", "192.0.2.1").aaaa("a.example", "2001:db8::1");
    let records = resolver(&server).records("a.example", RecordType::Other(ANY)).await.unwrap();
    assert_eq!((records.len(), records.chain().len(), records.ttl()), (2, 0, 300));
    assert_eq!(records.into_iter().count(), 2);
}

/// RFC 7686, section 2: whoever asks for it tells on the user.
#[fend::test(dispatchers = "all")]
async fn records_below_onion_are_not_asked_for() {
    let server = Server::start().await.a("a.onion", "192.0.2.1");
    let error = resolver(&server).records("a.Onion", RecordType::A).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!((error.to_string(), server.count()), ("lookup a.Onion (A): no such name".to_owned(), 0));
}

/// The C library has no way to ask for them.
#[fend::test(dispatchers = "all")]
async fn records_are_asked_for_natively_where_host_names_are_the_c_librarys() {
    let server = Server::start().await.a("a.example", "192.0.2.1");
    let resolver = system_resolver(&server);
    assert!(resolver.shared.setup().is_system);
    assert_eq!(resolver.a("a.example").await.unwrap().len(), 1);
}

#[fend::test(dispatchers = "all")]
async fn an_address_has_the_name_of_the_hosts_file_or_of_its_record() {
    let server = Server::start().await.name("1.2.0.192.in-addr.arpa", RecordType::Ptr, "a.example");
    let server = server.name("2.2.0.192.in-addr.arpa", RecordType::Ptr, "evil\\032name.example");
    let server = server.a("4.2.0.192.in-addr.arpa", "192.0.2.1");
    let folder = Folder::new();
    let hosts = folder.write("hosts", "192.0.2.3 Printer.example printer\n");
    let resolver = builder(&server).hosts(hosts).build().unwrap();
    let name_of = |address: &str| resolver.name_of(address.parse().unwrap());
    assert_eq!(name_of("192.0.2.1").await.unwrap(), "a.example");
    assert_eq!(name_of("::ffff:192.0.2.1").await.unwrap(), "a.example");
    assert_eq!(name_of("192.0.2.3").await.unwrap(), "Printer.example");
    assert_eq!(server.count(), 1);
    let error = name_of("192.0.2.2").await.unwrap_err();
    assert_eq!(std::io::Error::from(error.clone()).kind(), std::io::ErrorKind::InvalidData, "{error}");
    for nameless in ["192.0.2.4", "192.0.2.5", "2001:db8::1"] {
        let error = name_of(nameless).await.unwrap_err();
        assert!(
            error.is_not_found() && error.to_string().contains(&format!("name of {nameless}")),
            "{error}"
        );
    }
}
