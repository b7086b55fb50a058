//! Names that stand for other names, and those for others again.

use std::io;

use fend::dns::NameServer;

use crate::ask::{ask, builder, failed, resolver, soon};
use crate::lying::LyingServer;
use crate::message::{NXDOMAIN, REAL, Reply};

on_every_dispatcher!(
    an_alias_of_itself,
    two_aliases_of_each_other,
    two_aliases_of_each_other_in_one_answer,
    a_chain_over_many_answers_ends,
    a_chain_in_one_answer_ends,
    a_short_chain_leads_to_the_address,
    an_alias_of_a_name_that_is_not_there_is_not_found,
    a_chain_is_kept_as_long_as_its_shortest_link,
);

/// The first question, and one for each of 16 hops.
const MOST: usize = 17;

async fn leads_nowhere(server: &LyingServer, by_tcp: bool) -> io::Result<()> {
    let address = server.address();
    let name_server = if by_tcp { NameServer::tcp(address) } else { NameServer::new(address) };
    let resolver = builder().name_server(name_server).build().map_err(failed)?;
    let error = soon(ask(&resolver, "n0.example")).await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_not_found() && !error.is_invalid_input(), "{error}");
    assert!((1..=MOST).contains(&server.count()), "{}: {error}", server.count());
    assert!(error.to_string().contains("n0.example"), "{error}");
    Ok(())
}

/// The number of a name such as "n7.example".
fn number(name: &str) -> usize {
    let digits = name.trim_start_matches(['n', 'N']).split('.').next();
    digits.and_then(|digits| digits.parse().ok()).expect("a number")
}

fn link(reply: Reply, from: usize, to: usize) -> Reply {
    reply.cname(&format!("n{from}.example"), 60, &format!("n{to}.example"))
}

/// DN5.
async fn an_alias_of_itself() -> io::Result<()> {
    let server = LyingServer::replying(|question| link(Reply::to(question), 0, 0));
    leads_nowhere(&server, false).await
}

/// DN5.
async fn two_aliases_of_each_other() -> io::Result<()> {
    let server = LyingServer::replying(|question| {
        let number = number(&question.name);
        link(Reply::to(question), number, 1 - number)
    });
    leads_nowhere(&server, false).await
}

/// DN5.
async fn two_aliases_of_each_other_in_one_answer() -> io::Result<()> {
    let server = LyingServer::replying(|question| link(link(Reply::to(question), 0, 1), 1, 0));
    leads_nowhere(&server, false).await
}

/// DN5.
async fn a_chain_over_many_answers_ends() -> io::Result<()> {
    let server = LyingServer::replying(|question| match number(&question.name) {
        1000 => Reply::to(question).address(&question.name, 60, REAL),
        number => link(Reply::to(question), number, number + 1),
    });
    leads_nowhere(&server, false).await
}

/// DN5.
async fn a_chain_in_one_answer_ends() -> io::Result<()> {
    let server = LyingServer::replying(|question| {
        let links = (0..1000).fold(Reply::to(question), |reply, from| link(reply, from, from + 1));
        links.address("n1000.example", 60, REAL)
    });
    leads_nowhere(&server, true).await
}

/// DN5: as real zones have them, in answers of their own and together.
async fn a_short_chain_leads_to_the_address() -> io::Result<()> {
    const HOPS: usize = 8;
    for together in [1, 2, HOPS] {
        let server = LyingServer::replying(move |question| {
            let first = number(&question.name);
            let last = (first + together).min(HOPS);
            let links = (first..last).fold(Reply::to(question), |reply, from| link(reply, from, from + 1));
            if last == HOPS { links.address("n8.example", 60, REAL) } else { links }
        });
        let resolver = resolver(&server);
        assert_eq!(soon(ask(&resolver, "n0.example")).await.map_err(failed)?, [REAL], "{together}");
        assert_eq!(server.count(), HOPS / together, "{together}: {:?}", server.names());
    }
    Ok(())
}

async fn a_chain_is_kept_as_long_as_its_shortest_link() -> io::Result<()> {
    let server = LyingServer::replying(|question| {
        let alias = Reply::to(question).cname("n0.example", 3600, "n1.example");
        alias.cname("n1.example", 10, "n2.example").address("n2.example", 3600, REAL)
    });
    let resolver = resolver(&server);
    for (later, count) in [(0, 1), (8, 1), (3, 2)] {
        fend::time::advance(std::time::Duration::from_secs(later)).await;
        assert_eq!(ask(&resolver, "n0.example").await.map_err(failed)?, [REAL]);
        assert_eq!(server.count(), count, "{later} s later");
    }
    Ok(())
}

/// In one answer, and in two.
async fn an_alias_of_a_name_that_is_not_there_is_not_found() -> io::Result<()> {
    for together in [true, false] {
        let server = LyingServer::replying(move |question| match (question.is_for("n0.example"), together) {
            (true, true) => link(Reply::to(question).rcode(NXDOMAIN).soa("example", 60, 60), 0, 1),
            (true, false) => link(Reply::to(question), 0, 1),
            (false, _) => Reply::to(question).rcode(NXDOMAIN).soa("example", 60, 60),
        });
        let resolver = resolver(&server);
        for _ in 0..2 {
            let error = soon(ask(&resolver, "n0.example")).await.unwrap_err();
            assert!(error.is_not_found(), "{error}");
            assert!(error.to_string().contains("n0.example"), "{error}");
        }
        assert_eq!(server.count(), if together { 1 } else { 2 }, "it is kept: {:?}", server.names());
    }
    Ok(())
}
