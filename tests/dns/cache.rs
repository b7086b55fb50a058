//! What is kept, and for how long.

use std::io;
use std::time::Duration;

use fend::time::advance;

use crate::ask::{ask, builder, failed, resolver};
use crate::lying::LyingServer;
use crate::message::{NXDOMAIN, REAL, Reply, SERVFAIL, honest};

on_every_dispatcher!(
    an_answer_is_kept_for_its_ttl,
    what_is_left_of_the_ttl_is_told,
    an_answer_with_ttl_0_is_not_kept,
    a_no_is_kept_as_long_as_the_zone_says,
    a_no_without_a_zone_is_not_kept,
    a_failure_is_not_kept,
    a_ttl_is_cut_to_the_limit,
    no_ttl_is_longer_than_a_day,
    a_full_cache_stays_within_its_size,
    a_cache_of_no_size_keeps_nothing,
    a_cleared_cache_asks_again,
    names_are_the_same_whatever_their_case,
);

/// Asks again after each pause, in seconds, and compares how often the server was asked by then.
async fn asked_after(server: &LyingServer, steps: &[(u64, usize)]) {
    let resolver = resolver(server);
    let first = ask(&resolver, "www.example").await;
    for &(pause, count) in steps {
        advance(Duration::from_secs(pause)).await;
        let again = ask(&resolver, "www.example").await;
        assert_eq!(server.count(), count, "{pause} s later");
        assert_eq!(again.is_ok(), first.is_ok());
        if let (Err(first), Err(again)) = (&first, again) {
            assert_eq!(first.is_not_found(), again.is_not_found());
            assert_eq!(first.is_no_data(), again.is_no_data());
        }
    }
}

async fn an_answer_is_kept_for_its_ttl() -> io::Result<()> {
    asked_after(&LyingServer::honest(), &[(0, 1), (58, 1), (2, 2), (0, 2), (3600, 3)]).await;
    Ok(())
}

async fn what_is_left_of_the_ttl_is_told() -> io::Result<()> {
    let server = LyingServer::honest();
    let resolver = resolver(&server);
    for (pause, ttl) in [(0, 59..=60), (20, 38..=40), (30, 8..=10)] {
        advance(Duration::from_secs(pause)).await;
        let records = resolver.records("www.example", fend::dns::RecordType::A).await.map_err(failed)?;
        let left: Vec<u32> = records.iter().map(|record| record.ttl).collect();
        assert!(left.iter().all(|left| ttl.contains(left)), "{left:?}, not {ttl:?}");
    }
    assert_eq!(server.count(), 1);
    Ok(())
}

async fn an_answer_with_ttl_0_is_not_kept() -> io::Result<()> {
    let server = LyingServer::replying(|question| Reply::to(question).address(&question.name, 0, REAL));
    asked_after(&server, &[(0, 2), (0, 3)]).await;
    Ok(())
}

/// RFC 2308: the lesser of the SOA record's own TTL and its last field.
async fn a_no_is_kept_as_long_as_the_zone_says() -> io::Result<()> {
    for code in [0, NXDOMAIN] {
        for (ttl, minimum) in [(30, 3600), (3600, 30)] {
            let server = LyingServer::replying(move |question| {
                Reply::to(question).rcode(code).soa("example", ttl, minimum)
            });
            asked_after(&server, &[(0, 1), (28, 1), (3, 2), (0, 2)]).await;
        }
    }
    Ok(())
}

async fn a_no_without_a_zone_is_not_kept() -> io::Result<()> {
    for code in [0, NXDOMAIN] {
        let server = LyingServer::replying(move |question| Reply::to(question).rcode(code));
        asked_after(&server, &[(0, 2), (0, 3)]).await;
    }
    Ok(())
}

async fn a_failure_is_not_kept() -> io::Result<()> {
    let server = LyingServer::replying(|question| Reply::to(question).rcode(SERVFAIL).soa("example", 60, 60));
    asked_after(&server, &[(0, 2), (0, 3)]).await;
    Ok(())
}

async fn a_ttl_is_cut_to_the_limit() -> io::Result<()> {
    for (limit, ttl) in [(Duration::from_secs(10), 3600), (Duration::from_secs(3600), 10)] {
        let server =
            LyingServer::replying(move |question| Reply::to(question).address(&question.name, ttl, REAL));
        let resolver = builder().name_server(server.address()).max_ttl(limit).build().map_err(failed)?;
        for (pause, count) in [(0, 1), (8, 1), (3, 2)] {
            advance(Duration::from_secs(pause)).await;
            assert_eq!(ask(&resolver, "www.example").await.map_err(failed)?, [REAL]);
            assert_eq!(server.count(), count);
        }
    }
    Ok(())
}

async fn a_full_cache_stays_within_its_size() -> io::Result<()> {
    const SIZE: usize = 32 << 10;
    let server = LyingServer::honest();
    let resolver = builder().name_server(server.address()).cache_size(SIZE).build().map_err(failed)?;
    for number in 0..500 {
        ask(&resolver, &format!("a-name-of-some-length-{number}.example")).await.map_err(failed)?;
        let stats = resolver.cache_stats();
        assert!(stats.bytes <= SIZE, "{stats:?}");
    }
    let stats = resolver.cache_stats();
    assert!(stats.evicted > 0 && stats.entries > 10, "{stats:?}");
    assert_eq!((stats.misses, stats.hits), (500, 0), "{stats:?}");
    // The latest is still there.
    ask(&resolver, "a-name-of-some-length-499.example").await.map_err(failed)?;
    assert_eq!((server.count(), resolver.cache_stats().hits), (500, 1));
    Ok(())
}

async fn a_cache_of_no_size_keeps_nothing() -> io::Result<()> {
    let server = LyingServer::honest();
    let resolver = builder().name_server(server.address()).cache_size(0_usize).build().map_err(failed)?;
    for count in 1..4 {
        ask(&resolver, "www.example").await.map_err(failed)?;
        assert_eq!((server.count(), resolver.cache_stats().entries), (count, 0));
    }
    Ok(())
}

async fn a_cleared_cache_asks_again() -> io::Result<()> {
    let server = LyingServer::honest();
    let resolver = resolver(&server);
    ask(&resolver, "www.example").await.map_err(failed)?;
    resolver.clone().clear_cache();
    assert_eq!(resolver.cache_stats().entries, 0);
    ask(&resolver, "www.example").await.map_err(failed)?;
    assert_eq!(server.count(), 2);
    Ok(())
}

async fn names_are_the_same_whatever_their_case() -> io::Result<()> {
    let server = LyingServer::replying(honest);
    let resolver = resolver(&server);
    for name in ["www.example", "WWW.Example", "www.EXAMPLE."] {
        assert_eq!(ask(&resolver, name).await.map_err(failed)?, [REAL]);
    }
    assert_eq!(server.count(), 1, "{:?}", server.names());
    Ok(())
}

/// RFC 2181, section 8: with the first bit set it is nonsense, and may count as 0.
async fn no_ttl_is_longer_than_a_day() -> io::Result<()> {
    for ttl in [86_400 * 7, i32::MAX as u32, 1 << 31, u32::MAX] {
        let server =
            LyingServer::replying(move |question| Reply::to(question).address(&question.name, ttl, REAL));
        let resolver = resolver(&server);
        assert_eq!(ask(&resolver, "www.example").await.map_err(failed)?, [REAL]);
        advance(Duration::from_secs(86_401)).await;
        assert_eq!(ask(&resolver, "www.example").await.map_err(failed)?, [REAL]);
        assert_eq!(server.count(), 2, "a TTL of {ttl}");
    }
    Ok(())
}
