//! What servers say in place of an answer, kept apart.

use std::io;

use fend::dns::{LookupError, RecordType};

use crate::ask::{addresses, ask, builder, failed, resolver, soon};
use crate::lying::LyingServer;
use crate::message::{FORMERR, NOTIMP, NXDOMAIN, REFUSED, Reply, SERVFAIL};

on_every_dispatcher!(
    each_code_has_its_own_predicate,
    lookups_of_both_families_keep_them_apart_too,
    a_no_is_the_last_word,
    the_type_stands_in_the_text,
    what_is_no_name_is_not_asked_for,
);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    NotFound,
    NoData,
    TryAgain,
    Refused,
    Timeout,
    Input,
}

/// All that the error says of itself.
fn kinds(error: &LookupError) -> Vec<Kind> {
    let all = [
        (error.is_not_found(), Kind::NotFound),
        (error.is_no_data(), Kind::NoData),
        (error.is_try_again(), Kind::TryAgain),
        (error.is_refused(), Kind::Refused),
        (error.is_timeout(), Kind::Timeout),
        (error.is_invalid_input(), Kind::Input),
    ];
    all.into_iter().filter_map(|(is, kind)| is.then_some(kind)).collect()
}

const CODES: [(u8, &[Kind]); 6] = [
    (0, &[Kind::NoData]),
    (SERVFAIL, &[Kind::TryAgain]),
    (NXDOMAIN, &[Kind::NotFound]),
    (NOTIMP, &[Kind::Refused]),
    (REFUSED, &[Kind::Refused]),
    // Nobody knows what it means.
    (12, &[]),
];

fn server(code: u8) -> LyingServer {
    LyingServer::replying(move |question| Reply::to(question).rcode(code).soa("example", 60, 60))
}

#[track_caller]
fn check(error: &LookupError, code: u8, expected: &[Kind], server: &LyingServer) {
    // A code that nobody knows is any failure, but no "no".
    if !expected.is_empty() {
        assert_eq!(kinds(error), expected, "{code}: {error}");
    }
    let no = error.is_not_found() || error.is_no_data();
    assert_eq!(no, matches!(code, 0 | NXDOMAIN), "{code}: {error}");
    assert_eq!(error.server(), Some(server.address()), "{error}");
    let text = error.to_string();
    assert!(text.contains("www.example"), "{text}");
    assert!(text.contains(&server.address().to_string()), "{text}");
}

/// DN7.
async fn each_code_has_its_own_predicate() -> io::Result<()> {
    for (code, expected) in CODES {
        let server = server(code);
        let error = soon(ask(&resolver(&server), "www.example")).await.unwrap_err();
        check(&error, code, expected, &server);
        let kind = io::Error::from(error).kind();
        assert_eq!(kind == io::ErrorKind::NotFound, matches!(code, 0 | NXDOMAIN), "{code}: {kind:?}");
    }
    Ok(())
}

/// DN7.
async fn lookups_of_both_families_keep_them_apart_too() -> io::Result<()> {
    for (code, expected) in CODES {
        let server = server(code);
        let error = soon(addresses(&resolver(&server), "www.example")).await.unwrap_err();
        check(&error, code, expected, &server);
    }
    Ok(())
}

/// DN7: NXDOMAIN and NODATA are answers, and no second server is asked for another.
async fn a_no_is_the_last_word() -> io::Result<()> {
    for code in [0, NXDOMAIN] {
        let (first, second) = (server(code), LyingServer::honest());
        let resolver =
            builder().name_server(first.address()).name_server(second.address()).build().map_err(failed)?;
        let error = soon(ask(&resolver, "www.example")).await.unwrap_err();
        assert_eq!(error.server(), Some(first.address()));
        assert_eq!((first.count(), second.count()), (1, 0));
    }
    Ok(())
}

async fn the_type_stands_in_the_text() -> io::Result<()> {
    let server = server(0);
    let error = resolver(&server).records("www.example", RecordType::Mx).await.unwrap_err();
    assert!(error.is_no_data() && error.to_string().contains("MX"), "{error}");
    // It has no EDNS to be left out, and so is a failure like others.
    let server = self::server(FORMERR);
    let without = builder().name_server(server.address()).edns(None).build().map_err(failed)?;
    let error = soon(ask(&without, "www.example")).await.unwrap_err();
    assert!(!error.is_no_data() && !error.is_not_found() && !error.is_timeout(), "{error}");
    Ok(())
}

async fn what_is_no_name_is_not_asked_for() -> io::Result<()> {
    let server = LyingServer::honest();
    let resolver = resolver(&server);
    let long_label = format!("{}.example", "x".repeat(64));
    let long_name = vec!["x".repeat(49); 6].join(".");
    for name in ["a..example", ".example", "..", "a\0b.example", &long_label, &long_name] {
        let error = soon(addresses(&resolver, name)).await.unwrap_err();
        assert!(error.is_invalid_input() || error.is_not_found(), "{name}: {error:?}");
        let error = soon(ask(&resolver, name)).await.unwrap_err();
        assert!(error.is_invalid_input() || error.is_not_found(), "{name}: {error:?}");
    }
    assert_eq!(server.count(), 0, "{:?}", server.names());
    Ok(())
}
