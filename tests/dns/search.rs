//! Names that are not whole: which ones are asked for, and in which order.

use std::io;
use std::net::IpAddr;

use fend::dns::{Resolver, ResolverBuilder};

use crate::ask::{addresses, builder, failed, soon};
use crate::lying::LyingServer;
use crate::message::{A, NXDOMAIN, REAL, Reply, SERVFAIL, honest};
use crate::place::Place;

on_every_dispatcher!(
    a_short_name_is_completed_first,
    a_name_with_dots_is_asked_for_as_it_is_first,
    more_dots_may_be_wanted,
    a_name_that_ends_with_a_dot_is_whole,
    a_name_that_is_there_ends_the_search,
    a_name_without_addresses_does_not_end_the_search,
    the_search_list_may_be_a_files,
    a_failure_on_the_way_is_no_no,
    a_name_that_is_too_long_to_complete_is_asked_for_as_it_is,
);

/// Knows but one name.
fn knows(known: &'static str) -> LyingServer {
    LyingServer::replying(move |question| {
        if question.is_for(known) {
            honest(question)
        } else {
            Reply::to(question).rcode(NXDOMAIN).soa("example", 60, 60)
        }
    })
}

fn searching(server: &LyingServer) -> ResolverBuilder {
    builder().name_server(server.address()).search(["a.example", "b.example"])
}

/// The names that were asked for, in the order of their questions for A.
fn order(server: &LyingServer) -> Vec<String> {
    server.names().into_iter().filter(|(_, record_type)| *record_type == A).map(|(name, _)| name).collect()
}

async fn finds(resolver: &Resolver, name: &str) -> io::Result<()> {
    let found = soon(addresses(resolver, name)).await.map_err(failed)?;
    assert!(found.contains(&IpAddr::V4(REAL)), "{name}: {found:?}");
    Ok(())
}

async fn a_short_name_is_completed_first() -> io::Result<()> {
    let server = knows("host");
    finds(&searching(&server).build().map_err(failed)?, "host").await?;
    assert_eq!(order(&server), ["host.a.example", "host.b.example", "host"]);
    Ok(())
}

async fn a_name_with_dots_is_asked_for_as_it_is_first() -> io::Result<()> {
    let server = knows("host.x.b.example");
    finds(&searching(&server).build().map_err(failed)?, "host.x").await?;
    assert_eq!(order(&server), ["host.x", "host.x.a.example", "host.x.b.example"]);
    Ok(())
}

async fn more_dots_may_be_wanted() -> io::Result<()> {
    let server = knows("host.x");
    finds(&searching(&server).ndots(2).build().map_err(failed)?, "host.x").await?;
    assert_eq!(order(&server), ["host.x.a.example", "host.x.b.example", "host.x"]);
    Ok(())
}

async fn a_name_that_ends_with_a_dot_is_whole() -> io::Result<()> {
    let server = knows("host.a.example");
    let error = soon(addresses(&searching(&server).build().map_err(failed)?, "host.")).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(order(&server), ["host"]);
    Ok(())
}

async fn a_name_that_is_there_ends_the_search() -> io::Result<()> {
    let server = knows("host.a.example");
    let resolver = searching(&server).build().map_err(failed)?;
    finds(&resolver, "host").await?;
    finds(&resolver, "host").await?;
    assert_eq!(order(&server), ["host.a.example"], "and the second time it is known");
    Ok(())
}

/// As in the C library: it may be that the name is there under another domain.
async fn a_name_without_addresses_does_not_end_the_search() -> io::Result<()> {
    let server = LyingServer::replying(|question| {
        if question.is_for("host.b.example") { honest(question) } else { Reply::to(question) }
    });
    finds(&searching(&server).build().map_err(failed)?, "host").await?;
    assert_eq!(order(&server), ["host.a.example", "host.b.example"]);
    // With nothing at the end either, it is "no data".
    let server = LyingServer::replying(|question| {
        let reply = Reply::to(question);
        if question.is_for("host.a.example") { reply } else { reply.rcode(NXDOMAIN) }
    });
    let error = soon(addresses(&searching(&server).build().map_err(failed)?, "host")).await.unwrap_err();
    assert!(error.is_no_data(), "{error}");
    Ok(())
}

async fn the_search_list_may_be_a_files() -> io::Result<()> {
    let place = Place::new();
    let conf = place.write("resolv.conf", "search c.example d.example\noptions ndots:3\n");
    let server = knows("a.b.d.example");
    let resolver = Resolver::builder()
        .path(fend::dns::Path::Native)
        .resolv_conf(conf)
        .hosts("/nonexistent/hosts")
        .nsswitch("/nonexistent/nsswitch.conf")
        .name_server(server.address())
        .build()
        .map_err(failed)?;
    finds(&resolver, "a.b").await?;
    assert_eq!(order(&server), ["a.b.c.example", "a.b.d.example"]);
    Ok(())
}

/// A name that could not be looked up under one domain is not called missing because it is missing under the others.
async fn a_failure_on_the_way_is_no_no() -> io::Result<()> {
    let server = LyingServer::replying(|question| {
        let failing = question.is_for("host.a.example");
        Reply::to(question).rcode(if failing { SERVFAIL } else { NXDOMAIN })
    });
    let error = soon(addresses(&searching(&server).build().map_err(failed)?, "host")).await.unwrap_err();
    assert!(error.is_try_again(), "{error}");
    Ok(())
}

async fn a_name_that_is_too_long_to_complete_is_asked_for_as_it_is() -> io::Result<()> {
    let long = vec!["x".repeat(49); 5].join(".");
    let server = LyingServer::honest();
    finds(&searching(&server).ndots(15).build().map_err(failed)?, &long).await?;
    assert_eq!(order(&server), [long]);
    Ok(())
}
