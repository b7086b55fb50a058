//! Answers that say more than was asked: what is not the question's business is neither used nor kept.

use std::io;

use crate::ask::{ask, failed, resolver, soon};
use crate::lying::LyingServer;
use crate::message::{A, AAAA, FALSE, REAL, Reply, honest, name, record};

on_every_dispatcher!(
    records_of_other_names_are_ignored,
    an_answer_of_other_names_alone_is_none,
    records_of_another_class_are_ignored,
    what_an_alias_does_not_lead_to_is_ignored,
    what_an_alias_leads_to_is_not_kept_for_others,
);

/// Answers for the attacker's names with addresses of others' beside, and is honest of the others.
fn poisoner() -> LyingServer {
    LyingServer::replying(|question| {
        if question.is_for("victim.example") {
            return honest(question);
        }
        let mut reply = Reply::to(question).address("victim.example", 3600, FALSE);
        if question.record_type == A {
            reply = reply.address(&question.name, 60, REAL);
        }
        reply.address("victim.example", 3600, FALSE)
    })
}

async fn records_of_other_names_are_ignored() -> io::Result<()> {
    let server = poisoner();
    let resolver = resolver(&server);
    assert_eq!(soon(ask(&resolver, "attacker.example")).await.map_err(failed)?, [REAL]);
    // Asked, and not remembered.
    assert_eq!(soon(ask(&resolver, "victim.example")).await.map_err(failed)?, [REAL]);
    assert_eq!(server.names(), [("attacker.example".to_owned(), A), ("victim.example".to_owned(), A)]);
    Ok(())
}

async fn an_answer_of_other_names_alone_is_none() -> io::Result<()> {
    let server = LyingServer::replying(|question| Reply::to(question).address("victim.example", 60, FALSE));
    let resolver = resolver(&server);
    let error = soon(ask(&resolver, "attacker.example")).await.unwrap_err();
    assert!(!error.is_not_found(), "{error}");
    Ok(())
}

async fn records_of_another_class_are_ignored() -> io::Result<()> {
    let server = LyingServer::replying(|question| {
        let mut chaos = record(&name(&question.name), A, 60, &FALSE.octets());
        let class = chaos.len() - 4 - 2 - 4 - 1;
        chaos[class] = 3;
        let mut reply = honest(question);
        reply.answers.insert(0, chaos);
        // Of another type, too.
        reply.record(&question.name, AAAA, 60, &[0; 16])
    });
    assert_eq!(soon(ask(&resolver(&server), "www.example")).await.map_err(failed)?, [REAL]);
    Ok(())
}

async fn what_an_alias_does_not_lead_to_is_ignored() -> io::Result<()> {
    let server = LyingServer::replying(|question| {
        let reply = Reply::to(question).cname(&question.name, 60, "alias.example");
        let reply = reply.cname("other.example", 60, "victim.example").address("victim.example", 60, FALSE);
        reply.address("example", 60, FALSE).address("alias.example", 60, REAL)
    });
    assert_eq!(soon(ask(&resolver(&server), "www.example")).await.map_err(failed)?, [REAL]);
    Ok(())
}

/// An alias may name anybody: what is said of the name that it leads to holds for this question alone.
async fn what_an_alias_leads_to_is_not_kept_for_others() -> io::Result<()> {
    let server = LyingServer::replying(|question| {
        if question.is_for("victim.example") {
            return honest(question);
        }
        let reply = Reply::to(question).cname(&question.name, 60, "victim.example");
        reply.address("victim.example", 60, FALSE)
    });
    let resolver = resolver(&server);
    soon(ask(&resolver, "attacker.example")).await.map_err(failed)?;
    assert_eq!(soon(ask(&resolver, "victim.example")).await.map_err(failed)?, [REAL]);
    Ok(())
}
