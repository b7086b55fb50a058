//! Lookups against a server of the test's own, and files of its own.

mod records;
mod search_list;
mod server;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fend_reactor::time;
use futures_lite::future::{poll_once, zip};

use super::*;
use crate::hints::{Family, Hints};
use server::{NEGATIVE_TTL, Server};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("fend-dns-resolver-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        // By rename: a reader sees the old file or the new one.
        fs::write(self.0.join("new"), text).unwrap();
        fs::rename(self.0.join("new"), &path).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Asks this server, with the search list given and an empty hosts file.
fn builder(server: &Server) -> ResolverBuilder {
    let none = "/nonexistent/file";
    Resolver::builder()
        .name_server(server.address)
        .hosts(none)
        .resolv_conf(none)
        .nsswitch(none)
        .gai_conf(none)
}

fn resolver(server: &Server) -> Resolver {
    builder(server).search(Vec::<String>::new()).build().unwrap()
}

/// One whose host names are the C library's, with servers that it cannot be told of: what the builder refuses.
fn system_resolver(server: &Server) -> Resolver {
    let overlay = setup::Overlay { builder: builder(server).path(Path::System), search: None };
    let files = crate::config::Files::new(Default::default(), crate::config::Environment::of_process());
    Resolver { shared: Arc::new(Shared::new(overlay, files)) }
}

async fn addresses(resolver: &Resolver, host: &str) -> Result<Vec<String>, LookupError> {
    with_hints(resolver, host, Hints::default()).await
}

async fn of_family(resolver: &Resolver, host: &str, family: Family) -> Result<Vec<String>, LookupError> {
    with_hints(resolver, host, Hints::default().family(family)).await
}

/// In the order of their text, since the order in which to try them is the machine's.
async fn with_hints(resolver: &Resolver, host: &str, hints: Hints) -> Result<Vec<String>, LookupError> {
    let list = resolver.lookup(host, 80).hints(hints).await?;
    let mut list: Vec<_> = list.iter().map(|info| info.ip().to_string()).collect();
    list.sort();
    Ok(list)
}

#[fend::test(dispatchers = "all")]
async fn both_families_are_asked_for_once_and_then_come_from_the_cache() {
    let server = Server::start().await.a("a.example", "192.0.2.1").aaaa("a.example", "2001:db8::1");
    let resolver = resolver(&server);
    assert_eq!(addresses(&resolver, "a.example").await.unwrap(), ["192.0.2.1", "2001:db8::1"]);
    assert_eq!(server.count(), 2);
    assert_eq!(addresses(&resolver, "A.Example.").await.unwrap(), ["192.0.2.1", "2001:db8::1"]);
    // It is there at the first poll.
    assert!(poll_once(resolver.lookup("a.example", 80)).await.is_some());
    assert_eq!(server.count(), 2);
    let stats = resolver.cache_stats();
    assert_eq!((stats.hits, stats.misses, stats.entries), (4, 2, 2));
    resolver.clear_cache();
    assert_eq!(addresses(&resolver, "a.example").await.unwrap().len(), 2);
    assert_eq!(server.count(), 4);
}

#[fend::test(dispatchers = "all")]
async fn an_answer_is_asked_for_again_when_its_ttl_is_over() {
    let server = Server::start().await.a("a.example", "192.0.2.1");
    let resolver = resolver(&server);
    let ask = || of_family(&resolver, "a.example", Family::V4);
    ask().await.unwrap();
    // The clock goes on by itself, too: not too near to the end.
    time::advance(Duration::from_secs(290)).await;
    ask().await.unwrap();
    assert_eq!(server.count(), 1);
    time::advance(Duration::from_secs(10)).await;
    ask().await.unwrap();
    assert_eq!(server.count(), 2);
}

#[fend::test(dispatchers = "all")]
async fn a_no_is_kept_as_long_as_it_says() {
    let server = Server::start().await.a("v4.example", "192.0.2.1");
    let resolver = resolver(&server);
    let ask = async || {
        assert!(of_family(&resolver, "none.example", Family::V4).await.unwrap_err().is_not_found());
        assert!(of_family(&resolver, "v4.example", Family::V6).await.unwrap_err().is_no_data());
    };
    ask().await;
    ask().await;
    assert_eq!(server.count(), 2);
    // NXDOMAIN is kept for the type that it came for.
    of_family(&resolver, "none.example", Family::V6).await.unwrap_err();
    assert_eq!(server.count(), 3);
    time::advance(Duration::from_secs(NEGATIVE_TTL.into())).await;
    ask().await;
    assert_eq!(server.count(), 5);
}

#[fend::test(dispatchers = "all")]
async fn a_ttl_of_zero_is_used_once() {
    let server = Server::start().await.record("a.example", RecordType::A, 0, vec![192, 0, 2, 1]);
    let resolver = resolver(&server);
    for count in 1..4 {
        assert_eq!(of_family(&resolver, "a.example", Family::V4).await.unwrap(), ["192.0.2.1"]);
        assert_eq!(server.count(), count);
    }
    assert_eq!(resolver.cache_stats().entries, 0);
}

/// 3 of what issue 5 must show: a thousand lookups at once ask once.
#[fend::test(dispatchers = "all")]
async fn lookups_of_one_name_at_the_same_time_ask_one_question_per_type() {
    let server = Server::start().await.a("a.example", "192.0.2.1").aaaa("a.example", "2001:db8::1");
    let resolver = resolver(&server);
    let tasks: Vec<_> = (0..1000).map(|_| fend_reactor::spawn(resolver.lookup("a.example", 80))).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().len(), 2);
    }
    assert_eq!(server.count(), 2);
    let stats = resolver.cache_stats();
    assert_eq!(stats.misses - stats.merged, 2);
}

/// DN8: a lookup that is dropped leaves nothing behind, and others that wait for the same go on.
#[fend::test(dispatchers = "all")]
async fn a_lookup_that_is_dropped_closes_its_sockets_unless_others_wait() {
    let server =
        Server::start().await.silent("a.example", RecordType::A).silent("a.example", RecordType::Aaaa);
    let resolver = builder(&server).max_sockets(2_usize).build().unwrap();
    let mut first = resolver.lookup("a.example", 80);
    let mut second = resolver.lookup("a.example", 80);
    assert!(poll_once(&mut first).await.is_none() && poll_once(&mut second).await.is_none());
    while server.count() < 2 {
        fend_reactor::yield_now().await;
        assert!(poll_once(&mut second).await.is_none());
    }
    assert_eq!(resolver.shared.under_way.len(), 2);
    drop(first);
    assert_eq!(resolver.shared.under_way.len(), 2);
    drop(second);
    assert_eq!(resolver.shared.under_way.len(), 0);
    // Both places are free again: else this would wait for the timeout.
    let _server = server.a("b.example", "192.0.2.2");
    assert_eq!(addresses(&resolver, "b.example").await.unwrap(), ["192.0.2.2"]);
}

/// DN7: what one family fails with does not hide the addresses of the other.
#[fend::test(dispatchers = "all")]
async fn a_failure_of_one_family_leaves_the_addresses_of_the_other() {
    let server = Server::start().await.a("a.example", "192.0.2.1").failing("a.example", RecordType::Aaaa, 2);
    let server = server.aaaa("b.example", "2001:db8::2").failing("b.example", RecordType::A, 2);
    let resolver = resolver(&server);
    assert_eq!(addresses(&resolver, "a.example").await.unwrap(), ["192.0.2.1"]);
    assert_eq!(addresses(&resolver, "b.example").await.unwrap(), ["2001:db8::2"]);
    let error = of_family(&resolver, "b.example", Family::V4).await.unwrap_err();
    assert!(error.is_try_again(), "{error}");
}

/// DN7: errors are told apart, and name host and server.
#[fend::test(dispatchers = "all")]
async fn errors_are_told_apart_and_name_the_host_and_the_server() {
    let server =
        Server::start().await.a("v4.example", "192.0.2.1").failing("failing.example", RecordType::A, 2);
    let server = server.failing("refused.example", RecordType::A, 5).silent("silent.example", RecordType::A);
    // One that waits for answers that come, and one for that which does not.
    let patient = builder(&server).attempts(1).build().unwrap();
    let hurried = builder(&server).timeout(Duration::from_millis(50)).attempts(1).build().unwrap();
    let asked = [
        ("none.example", Family::V4, "no such name"),
        ("v4.example", Family::V6, "no IPv6 address"),
        ("failing.example", Family::V4, "try again"),
        ("refused.example", Family::V4, "refused"),
        ("silent.example", Family::V4, "no answer within"),
    ];
    for (index, (host, family, text)) in asked.into_iter().enumerate() {
        let resolver = if host == "silent.example" { &hurried } else { &patient };
        let error = of_family(resolver, host, family).await.unwrap_err();
        let kinds = [
            error.is_not_found(),
            error.is_no_data(),
            error.is_try_again(),
            error.is_refused(),
            error.is_timeout(),
        ];
        assert!(kinds[index] && kinds.iter().filter(|is| **is).count() == 1, "{error:?}");
        assert_eq!((error.subject(), error.server()), (host, Some(server.address)));
        let message = error.to_string();
        assert!(message.contains(text) && message.contains(host), "{message}");
        assert!(message.contains(&server.address.to_string()), "{message}");
    }
}

/// Whoever waits for A and AAAA waits for both, unless told otherwise.
#[fend::test(dispatchers = "all", start_paused = true)]
async fn a_resolution_delay_goes_on_without_the_other_family() {
    let server = Server::start().await.a("a.example", "192.0.2.1").silent("a.example", RecordType::Aaaa);
    let resolver = resolver(&server);
    let start = time::now();
    let list = resolver.lookup("a.example", 80).resolution_delay(Duration::from_millis(50)).await.unwrap();
    assert_eq!(list.len(), 1);
    let took = time::now() - start;
    assert!(took >= Duration::from_millis(50) && took < Duration::from_secs(1), "{took:?}");
    assert_eq!(resolver.shared.under_way.len(), 0);
    let start = time::now();
    assert_eq!(resolver.lookup("a.example", 80).await.unwrap().len(), 1);
    assert!(time::now() - start >= Duration::from_secs(5));
}

#[fend::test(dispatchers = "all")]
async fn mapped_addresses_are_told_where_there_are_none_or_all_are_wanted() {
    let server = Server::start().await.a("v4.example", "192.0.2.1").a("both.example", "192.0.2.2");
    let server = server.aaaa("both.example", "2001:db8::2");
    let resolver = resolver(&server);
    let mapped = Hints::default().family(Family::V6).v4_mapped(true);
    assert_eq!(with_hints(&resolver, "v4.example", mapped).await.unwrap(), ["::ffff:192.0.2.1"]);
    assert_eq!(with_hints(&resolver, "both.example", mapped).await.unwrap(), ["2001:db8::2"]);
    let all = with_hints(&resolver, "both.example", mapped.all(true)).await.unwrap();
    assert_eq!(all, ["2001:db8::2", "::ffff:192.0.2.2"]);
}

#[fend::test(dispatchers = "all")]
async fn the_hosts_file_is_asked_in_its_turn() {
    let server = Server::start().await.a("a.example", "192.0.2.1").a("b.example", "192.0.2.2");
    let folder = Folder::new();
    let hosts = folder.write("hosts", "10.0.0.1 A.example alias\n10.0.0.3 c.example\n");
    let with = |order: &str| {
        // A file for each: they are looked at again when a second has passed.
        let nsswitch = folder.write(order, &format!("hosts: {order}\n"));
        builder(&server).hosts(&hosts).nsswitch(nsswitch).build().unwrap()
    };
    let files_dns = with("files dns");
    assert_eq!(addresses(&files_dns, "a.example").await.unwrap(), ["10.0.0.1"]);
    assert_eq!(addresses(&files_dns, "ALIAS").await.unwrap(), ["10.0.0.1"]);
    assert_eq!(server.count(), 0);
    assert_eq!(addresses(&files_dns, "b.example").await.unwrap(), ["192.0.2.2"]);
    // An address of the other family does not count.
    assert!(of_family(&files_dns, "c.example", Family::V6).await.unwrap_err().is_not_found());

    let dns_files = with("dns files");
    assert_eq!(addresses(&dns_files, "a.example").await.unwrap(), ["192.0.2.1"]);
    assert_eq!(addresses(&dns_files, "c.example").await.unwrap(), ["10.0.0.3"]);

    let (files, dns) = (with("files"), with("dns"));
    server.asked();
    assert_eq!(addresses(&files, "a.example").await.unwrap(), ["10.0.0.1"]);
    assert!(addresses(&files, "b.example").await.unwrap_err().is_not_found());
    assert!(of_family(&files, "a.example", Family::V6).await.unwrap_err().is_no_data());
    assert_eq!(server.count(), 0);
    assert!(addresses(&dns, "c.example").await.unwrap_err().is_not_found());
}

#[fend::test(dispatchers = "all")]
async fn canonical_names_are_told_when_they_are_asked_for() {
    let server = Server::start().await.a("a.example", "192.0.2.1").name(
        "alias.example",
        RecordType::Cname,
        "a.example",
    );
    let folder = Folder::new();
    let hosts = folder.write("hosts", "10.0.0.1 Printer.example printer\n");
    let resolver = builder(&server).hosts(hosts).build().unwrap();
    let canonical = async |host: &str| {
        let hints = Hints::default().family(Family::V4).canonical_name(true);
        let list = resolver.lookup(host, 80).hints(hints).await.unwrap();
        list.canonical_name().map(str::to_owned)
    };
    assert_eq!(canonical("a.example.").await.as_deref(), Some("a.example"));
    assert_eq!(canonical("printer").await.as_deref(), Some("Printer.example"));
    assert_eq!(canonical("192.0.2.9").await.as_deref(), Some("192.0.2.9"));
    assert_eq!(resolver.lookup("a.example", 80).await.unwrap().canonical_name(), None);
}

/// DN9.
#[fend::test(dispatchers = "all")]
async fn another_configuration_asks_anew_and_another_hosts_file_counts_at_once() {
    let (old, new) = (Server::start().await, Server::start().await);
    let (old, new) = (old.a("a.example", "192.0.2.1"), new.a("a.example", "192.0.2.2"));
    let folder = Folder::new();
    let none = "/nonexistent/file";
    let (resolv_conf, hosts) = (folder.write("resolv.conf", "options ndots:1\n"), folder.write("hosts", ""));
    // resolv.conf has no ports, so that the servers are the builder's.
    let with = |server: &Server| {
        let files = Resolver::builder().hosts(&hosts).resolv_conf(&resolv_conf).nsswitch(none);
        files.name_server(server.address).build().unwrap()
    };
    let (first, second) = (with(&old), with(&new));
    assert_eq!(addresses(&first, "a.example").await.unwrap(), ["192.0.2.1"]);
    assert_eq!(addresses(&second, "a.example").await.unwrap(), ["192.0.2.2"]);
    assert_eq!((first.cache_stats().entries, old.count()), (2, 2));

    folder.write("resolv.conf", "options ndots:2\nsearch example\n");
    time::advance(Duration::from_secs(1)).await;
    assert_eq!(addresses(&first, "a").await.unwrap(), ["192.0.2.1"]);
    assert_eq!((first.cache_stats().entries, old.count()), (2, 4));

    folder.write("hosts", "10.0.0.1 a.example\n");
    time::advance(Duration::from_secs(1)).await;
    assert_eq!(addresses(&first, "a.example").await.unwrap(), ["10.0.0.1"]);
    assert_eq!((first.cache_stats().entries, old.count()), (2, 4));
}

#[fend::test(dispatchers = "all")]
async fn some_names_are_nobodys_to_ask_for() {
    let server = Server::start().await;
    let resolver = resolver(&server);
    assert_eq!(addresses(&resolver, "localhost").await.unwrap(), ["127.0.0.1", "::1"]);
    assert_eq!(addresses(&resolver, "a.LOCALHOST.").await.unwrap(), ["127.0.0.1", "::1"]);
    assert_eq!(of_family(&resolver, "localhost", Family::V6).await.unwrap(), ["::1"]);
    assert!(addresses(&resolver, "service.onion").await.unwrap_err().is_not_found());
    assert!(addresses(&resolver, "host.INVALID.").await.unwrap_err().is_not_found());
    assert!(addresses(&resolver, "192.0.2.1").await.is_ok());
    // Nor what a search list makes of others.
    let resolver = builder(&server).search(["onion", "invalid", "localhost"]).build().unwrap();
    assert_eq!(addresses(&resolver, "service").await.unwrap(), ["127.0.0.1", "::1"]);
    assert_eq!(server.count(), 0);
}

/// RFC 6761, section 6.3.
#[fend::test(dispatchers = "all")]
async fn localhost_is_the_loopback_where_the_hosts_file_is_all_that_is_asked() {
    let server = Server::start().await;
    let folder = Folder::new();
    let nsswitch = folder.write("nsswitch", "hosts: files\n");
    let resolver = builder(&server).nsswitch(nsswitch).build().unwrap();
    assert_eq!(addresses(&resolver, "localhost").await.unwrap(), ["127.0.0.1", "::1"]);
    assert!(addresses(&resolver, "a.example").await.unwrap_err().is_not_found());
    assert!(addresses(&resolver, "a..localhost").await.unwrap_err().is_not_found());
}

#[fend::test(dispatchers = "all")]
async fn an_unknown_service_is_told_before_anybody_is_asked() {
    let server = Server::start().await.a("a.example", "192.0.2.1");
    let resolver = resolver(&server);
    let error = resolver.lookup("a.example", "no-such-service").await.unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("no-such-service"), "{error}");
    let raw = Hints::default().socket_type(crate::hints::SocketType::Raw);
    assert!(resolver.lookup("a.example", 80).hints(raw).await.unwrap_err().is_invalid_input());
    assert_eq!(server.count(), 0);
}

/// One family after the other, in this order, and AAAA not at all where the file says so.
#[fend::test(dispatchers = "all")]
async fn resolv_conf_says_how_families_are_asked_for() {
    let server = Server::start().await.a("a.example", "192.0.2.1").aaaa("a.example", "2001:db8::1");
    let folder = Folder::new();
    let with = |options: &str| {
        let conf = folder.write("resolv.conf", &format!("options {options}\n"));
        builder(&server).resolv_conf(conf).build().unwrap()
    };
    assert_eq!(addresses(&with("single-request"), "a.example").await.unwrap().len(), 2);
    let name = || "a.example".to_owned();
    assert_eq!(server.asked(), [(name(), RecordType::A), (name(), RecordType::Aaaa)]);
    let no_aaaa = with("no-aaaa");
    assert_eq!(addresses(&no_aaaa, "a.example").await.unwrap(), ["192.0.2.1"]);
    assert!(of_family(&no_aaaa, "a.example", Family::V6).await.unwrap_err().is_no_data());
    assert_eq!(server.asked(), [(name(), RecordType::A)]);
    // Whoever asks for records gets them.
    assert_eq!(no_aaaa.aaaa("a.example").await.unwrap().len(), 1);
}

/// Auto leaves names to the C library only where nothing is asked of it that it cannot be told.
#[test]
fn who_looks_up_is_as_the_files_and_the_builder_say() {
    let folder = Folder::new();
    let mymachines = folder.write("nsswitch", "hosts: files mymachines dns\n");
    let server: SocketAddr = "192.0.2.53:53".parse().unwrap();
    let is_system = |builder: ResolverBuilder| builder.build().unwrap().shared.setup().is_system;
    let auto = || Resolver::builder().nsswitch(&mymachines);
    assert!(is_system(auto()));
    assert!(!is_system(auto().path(Path::Native)));
    assert!(!is_system(auto().name_server(server)));
    assert!(!is_system(auto().hosts("/nonexistent/file")));
    assert!(!is_system(auto().search(["example"])));
    assert!(!is_system(auto().services("/nonexistent/file")));
    assert!(!is_system(auto().gai_conf("/nonexistent/file")));
    assert!(is_system(auto().timeout(Duration::from_secs(1))));
    assert!(is_system(Resolver::builder().path(Path::System)));
}

#[fend::test(dispatchers = "all")]
async fn the_c_library_looks_up_when_it_is_told_to() {
    let resolver = Resolver::builder().path(Path::System).system_threads(1_usize).build().unwrap();
    let list = resolver.lookup("localhost", 80).await.unwrap();
    assert!(list.iter().all(|info| info.ip().is_loopback()) && !list.is_empty());
    assert_eq!(resolver.cache_stats().misses, 0);
    for none in ["*", ""] {
        assert_eq!(resolver.lookup("localhost", none).await.unwrap()[0].port(), 0, "{none:?}");
    }
}

/// A runtime that asks and is not run any more stalls nobody else's lookups.
#[test]
fn each_runtime_asks_for_itself() {
    let runtime = || fend_reactor::runtime::Builder::new().worker_threads(1).build().unwrap();
    let (stopped, running) = (runtime(), runtime());
    let server = running.block_on(Server::start()).a("a.example", "192.0.2.1");
    let resolver = resolver(&server);
    let mut stalled = resolver.lookup("a.example", 80);
    assert!(stopped.block_on(poll_once(&mut stalled)).is_none());
    assert_eq!(running.block_on(addresses(&resolver, "a.example")).unwrap(), ["192.0.2.1"]);
    assert_eq!(resolver.cache_stats().merged, 0);
}

#[fend::test(dispatchers = "all")]
async fn different_names_are_looked_up_side_by_side() {
    let server = Server::start().await.a("a.example", "192.0.2.1").a("b.example", "192.0.2.2");
    let resolver = resolver(&server);
    let (a, b) = zip(addresses(&resolver, "a.example"), addresses(&resolver, "b.example")).await;
    assert_eq!((a.unwrap(), b.unwrap()), (vec!["192.0.2.1".to_owned()], vec!["192.0.2.2".to_owned()]));
}
