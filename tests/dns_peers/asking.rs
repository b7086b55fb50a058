//! How servers are asked: by what they have counted and written down.

use std::io;

use fend::dns::NameServer;

use crate::dig::header;
use crate::ours::{addresses, ask, asking, resolver};
use crate::peers::Peers;
use crate::place::Place;

on_every_dispatcher!(
    what_does_not_fit_into_a_datagram_comes_by_tcp,
    edns_is_asked_for_unless_it_is_turned_off,
    a_server_of_tcp_is_asked_by_tcp_alone,
    the_search_list_is_tried_in_its_order,
    the_hosts_file_comes_before_the_servers,
    a_no_is_kept_as_long_as_the_zone_says,
    lookups_of_one_name_at_once_ask_once,
);

/// DN3
async fn what_does_not_fit_into_a_datagram_comes_by_tcp() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let server = peers.authority();
    // Without EDNS and with it: the name, how many records, whether it fits.
    for (edns, name, count, by_tcp) in [
        (None, "a3.fend.test", 3, false),
        (None, "many.fend.test", 60, true),
        (Some(1232), "many.fend.test", 60, false),
        (Some(1232), "more.fend.test", 250, true),
        (Some(4096), "more.fend.test", 250, true),
        (None, "more.fend.test", 250, true),
    ] {
        let size = edns.map_or("+noedns".to_owned(), |size| format!("+bufsize={size}"));
        let (flags, _) =
            peers.blocking(move |_| header(server, &["+ignore", "+notcp", &size, name, "A"])).await;
        assert_eq!(flags.contains(" tc"), by_tcp, "{name} by dig with EDNS {edns:?}: {flags}");

        let before = peers.counts().await;
        let resolver = asking(server).edns(edns).build()?;
        assert_eq!(ask(&resolver, name, "A").await?.len(), count, "{name}, EDNS {edns:?}");
        let after = peers.counts().await;
        assert_eq!(after.udp() - before.udp(), 1, "{name}, EDNS {edns:?}");
        assert_eq!(after.tcp() - before.tcp(), u64::from(by_tcp), "{name}, EDNS {edns:?}");
    }
    // Near the most that a message can have.
    let before = peers.counts().await.tcp();
    assert_eq!(ask(&resolver(server), "huge.fend.test", "TXT").await?.len(), 120);
    assert_eq!(peers.counts().await.tcp() - before, 1);
    Ok(())
}

async fn edns_is_asked_for_unless_it_is_turned_off() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    for (edns, questions) in [(None, 0), (Some(1232), 1)] {
        let before = peers.counts().await.of("edns-presence[request]");
        ask(&asking(peers.authority()).edns(edns).build()?, "a.fend.test", "A").await?;
        assert_eq!(peers.counts().await.of("edns-presence[request]") - before, questions, "EDNS {edns:?}");
    }
    let before = peers.counts().await.of("edns-presence[request]");
    ask(&resolver(peers.authority()), "a.fend.test", "A").await?;
    assert_eq!(peers.counts().await.of("edns-presence[request]") - before, 1, "as it comes");
    Ok(())
}

async fn a_server_of_tcp_is_asked_by_tcp_alone() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let before = peers.counts().await;
    let resolver = asking(NameServer::tcp(peers.authority())).build()?;
    assert_eq!(addresses(&resolver, "both.fend.test").await?.len(), 2);
    let after = peers.counts().await;
    assert_eq!((after.udp() - before.udp(), after.tcp() - before.tcp()), (0, 2));
    Ok(())
}

async fn the_search_list_is_tried_in_its_order() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let server = &peers.unbound.0;
    let searching = |ndots| asking(server.address).search(["fend.test", "other.test"]).ndots(ndots).build();
    let mut seen = server.output().len();
    // The name, how many dots make it be asked for as it is first, what is asked for, and what comes of it.
    for (name, ndots, asked, found) in [
        ("a", 1, &["a.fend.test."][..], Some("192.0.2.1")),
        ("target", 1, &["target.fend.test.", "target.other.test."], Some("192.0.2.90")),
        (
            "only.here",
            1,
            &["only.here.", "only.here.fend.test.", "only.here.other.test."],
            Some("192.0.2.92"),
        ),
        ("only.here", 2, &["only.here.fend.test.", "only.here.other.test."], Some("192.0.2.92")),
        ("a.fend.test", 1, &["a.fend.test."], Some("192.0.2.1")),
        (
            "a.fend.test",
            5,
            &["a.fend.test.fend.test.", "a.fend.test.other.test.", "a.fend.test."],
            Some("192.0.2.1"),
        ),
        // A dot at its end: no search.
        ("only.here.", 1, &["only.here."], None),
        ("missing", 1, &["missing.fend.test.", "missing.other.test.", "missing."], None),
    ] {
        let result = addresses(&searching(ndots)?, name).await;
        match (&result, found) {
            (Ok(addresses), Some(found)) => {
                assert!(addresses.contains(&found.to_owned()), "{name}: {addresses:?}")
            }
            (Err(error), None) => assert!(error.is_not_found(), "{error}"),
            _ => panic!("{name} with ndots {ndots}: {result:?}"),
        }
        // It writes a question down before it answers.
        let output = server.output();
        let mut names: Vec<&str> = Vec::new();
        for line in output[seen..].lines().filter(|line| line.ends_with(" A IN")) {
            names.push(line.rsplit(' ').nth(2).expect("a name"));
        }
        seen = output.len();
        assert_eq!(names, asked, "{name} with ndots {ndots}");
    }
    Ok(())
}

async fn the_hosts_file_comes_before_the_servers() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let place = Place::new();
    let hosts = place.write(
        "hosts",
        "192.0.2.99 a.fend.test short\n2001:db8::99 a.fend.test\n192.0.2.98 here.alone other # comment\n",
    );
    let nsswitch = place.write("nsswitch", "hosts: files dns\n");
    let resolver = asking(peers.authority()).hosts(&hosts).nsswitch(&nsswitch).build()?;
    let before = peers.counts().await.all();
    for (name, expected) in [
        ("a.fend.test", &["192.0.2.99", "2001:db8::99"][..]),
        ("A.Fend.Test", &["192.0.2.99", "2001:db8::99"]),
        ("short", &["192.0.2.99"]),
        ("other", &["192.0.2.98"]),
    ] {
        let mut found = addresses(&resolver, name).await?;
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!(resolver.name_of("192.0.2.98".parse().unwrap()).await?, "here.alone");
    assert_eq!(peers.counts().await.all(), before, "no server was asked");
    // Records are the servers' alone, and other names are looked up.
    assert_eq!(ask(&resolver, "a.fend.test", "A").await?, ["192.0.2.1"]);
    assert_eq!(addresses(&resolver, "both.fend.test").await?.len(), 2);
    assert_eq!(resolver.name_of("192.0.2.1".parse().unwrap()).await?, "a.fend.test");
    Ok(())
}

/// The zone says one second.
async fn a_no_is_kept_as_long_as_the_zone_says() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    for name in ["nowhere.fend.test", "a.fend.test"] {
        let resolver = resolver(peers.authority());
        let start = fend::time::now();
        let ask = async || ask(&resolver, name, "MX").await.unwrap_err();
        ask().await;
        ask().await;
        let stats = resolver.cache_stats();
        // On a machine that took a second for this it may have been asked again.
        assert!(stats.hits == 1 || start.elapsed().as_secs() >= 1, "{name}: {stats:?}");
        while resolver.cache_stats().misses < 2 {
            ask().await;
            fend::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let kept = start.elapsed();
        assert!(kept.as_millis() >= 1000, "{name}: {kept:?}");
    }
    Ok(())
}

async fn lookups_of_one_name_at_once_ask_once() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    let resolver = resolver(peers.authority());
    let before = peers.counts().await.all();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let resolver = resolver.clone();
            fend::spawn(async move { ask(&resolver, "both.fend.test", "A").await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic")?, ["192.0.2.2"]);
    }
    assert_eq!(peers.counts().await.all() - before, 1);
    let stats = resolver.cache_stats();
    assert_eq!(stats.hits + stats.merged, 999, "{stats:?}");
    Ok(())
}
