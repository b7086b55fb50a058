//! Two questions for one lookup: A and AAAA.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use std::time::{Duration, Instant};

use fend::dns::{Family, Hints};

use crate::ask::{SOON, addresses, builder, failed, resolver, soon};
use crate::lying::{Asked, Back, LyingServer};
use crate::message::{A, AAAA, NXDOMAIN, REAL, REAL_V6, Reply, SERVFAIL, honest};
use crate::place::Place;

on_every_dispatcher!(
    both_are_asked_side_by_side,
    either_may_come_first,
    one_that_fails_leaves_the_other,
    one_that_has_nothing_leaves_the_other,
    one_that_never_comes_leaves_the_other_in_the_end,
    who_is_in_a_hurry_waits_for_ipv6_no_longer_than_it_says,
    one_family_is_one_question,
    a_single_request_asks_for_one_after_the_other,
);

const BOTH: [IpAddr; 2] = [IpAddr::V4(REAL), IpAddr::V6(REAL_V6)];

/// Answers when both questions are there, in the order of these types.
fn together(order: [u16; 2]) -> LyingServer {
    let held: Mutex<Vec<(Asked, Back)>> = Mutex::default();
    LyingServer::start(move |asked, back| {
        let mut held = held.lock().expect("no panic");
        held.push((asked.clone(), back.clone()));
        if held.len() == 2 {
            for record_type in order {
                let (asked, back) = held
                    .iter()
                    .find(|(asked, _)| asked.question.record_type == record_type)
                    .expect("both types");
                back.send(&honest(&asked.question));
            }
        }
    })
}

async fn both_are_asked_side_by_side() -> io::Result<()> {
    let server = together([A, AAAA]);
    assert_eq!(soon(addresses(&resolver(&server), "www.example")).await.map_err(failed)?, BOTH);
    assert_eq!(server.count(), 2);
    Ok(())
}

async fn either_may_come_first() -> io::Result<()> {
    let server = together([AAAA, A]);
    assert_eq!(soon(addresses(&resolver(&server), "www.example")).await.map_err(failed)?, BOTH);
    Ok(())
}

async fn one_that_fails_leaves_the_other() -> io::Result<()> {
    for (failing, left) in [(AAAA, BOTH[0]), (A, BOTH[1])] {
        let server = LyingServer::replying(move |question| {
            if question.record_type == failing {
                Reply::to(question).rcode(SERVFAIL)
            } else {
                honest(question)
            }
        });
        assert_eq!(soon(addresses(&resolver(&server), "www.example")).await.map_err(failed)?, [left]);
    }
    Ok(())
}

async fn one_that_has_nothing_leaves_the_other() -> io::Result<()> {
    for code in [0, NXDOMAIN] {
        for (empty, left) in [(AAAA, BOTH[0]), (A, BOTH[1])] {
            let server = LyingServer::replying(move |question| {
                if question.record_type == empty { Reply::to(question).rcode(code) } else { honest(question) }
            });
            assert_eq!(soon(addresses(&resolver(&server), "www.example")).await.map_err(failed)?, [left]);
        }
    }
    Ok(())
}

/// As behind a router that drops what it does not know.
async fn one_that_never_comes_leaves_the_other_in_the_end() -> io::Result<()> {
    let limit = Duration::from_millis(300);
    for (missing, left) in [(AAAA, BOTH[0]), (A, BOTH[1])] {
        let server = mute_of(missing);
        let resolver = builder().name_server(server.address()).timeout(limit).build().map_err(failed)?;
        // On a busy machine the answer may come too late, and then there is none at all.
        let (found, took) = loop {
            let start = Instant::now();
            match addresses(&resolver, "www.example").await {
                Err(error) if error.is_timeout() => {}
                found => break (found, start.elapsed()),
            }
        };
        assert_eq!(found.map_err(failed)?, [left]);
        assert!((limit..SOON).contains(&took), "{took:?}");
    }
    Ok(())
}

fn mute_of(record_type: u16) -> LyingServer {
    LyingServer::start(move |asked, back| {
        if asked.question.record_type != record_type {
            back.send(&honest(&asked.question));
        }
    })
}

async fn who_is_in_a_hurry_waits_for_ipv6_no_longer_than_it_says() -> io::Result<()> {
    let server = mute_of(AAAA);
    let resolver = resolver(&server);
    let lookup = resolver.lookup("www.example", 443).resolution_delay(Duration::from_millis(50));
    let list = soon(lookup).await.map_err(failed)?;
    assert_eq!(list.iter().map(|info| info.ip()).collect::<Vec<_>>(), [BOTH[0]]);
    Ok(())
}

async fn one_family_is_one_question() -> io::Result<()> {
    for (family, record_type, address) in [(Family::V4, A, BOTH[0]), (Family::V6, AAAA, BOTH[1])] {
        let server = LyingServer::honest();
        let hints = Hints::new().family(family);
        let list = resolver(&server).lookup("www.example", "https").hints(hints).await.map_err(failed)?;
        let found: Vec<_> = list.iter().map(|info| info.socket_addr()).collect();
        assert_eq!(found, [(address, 443).into()]);
        assert_eq!(server.names(), [("www.example".to_owned(), record_type)]);
    }
    Ok(())
}

async fn a_single_request_asks_for_one_after_the_other() -> io::Result<()> {
    let place = Place::new();
    let answered = AtomicBool::new(false);
    let in_turn = Arc::new(AtomicBool::new(false));
    let server = LyingServer::start({
        let in_turn = in_turn.clone();
        move |asked, back| {
            if asked.question.record_type == A {
                // As a router that forgets the first question when a second comes from the same port.
                answered.store(true, SeqCst);
            } else {
                in_turn.store(answered.load(SeqCst), SeqCst);
            }
            back.send(&honest(&asked.question));
        }
    });
    for option in ["single-request", "single-request-reopen"] {
        let conf = place.write("resolv.conf", format!("options {option}\n"));
        let resolver = builder().resolv_conf(conf).name_server(server.address()).build().map_err(failed)?;
        assert_eq!(soon(addresses(&resolver, "www.example")).await.map_err(failed)?, BOTH);
        assert!(in_turn.load(SeqCst), "{option}: {:?}", server.names());
    }
    Ok(())
}
