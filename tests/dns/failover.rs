//! Servers that are dead, and what they cost.

use std::io;
use std::time::{Duration, Instant};

use crate::ask::{SOON, ask, builder, closed_port, failed, soon};
use crate::lying::LyingServer;
use crate::message::{FORMERR, NOTIMP, Question, REAL, REFUSED, Reply, SERVFAIL};

on_every_dispatcher!(
    a_silent_server_gives_way_to_the_next,
    with_silent_servers_alone_it_ends_in_time,
    a_closed_port_gives_way_at_once,
    a_closed_port_alone_is_an_error_at_once,
    a_server_that_fails_gives_way_to_the_next,
    a_server_that_comes_back_is_asked_again,
    failures_are_asked_for_no_oftener_than_was_set,
    servers_are_asked_in_their_order,
    with_rotate_the_servers_take_turns,
    an_ipv6_server_is_asked,
);

/// DN7.
async fn a_silent_server_gives_way_to_the_next() -> io::Result<()> {
    let limit = Duration::from_millis(700);
    let (dead, good) = (LyingServer::silent(), LyingServer::honest());
    let resolver = builder()
        .name_server(dead.address())
        .name_server(good.address())
        .timeout(limit)
        .attempts(2)
        .build()
        .map_err(failed)?;
    let start = Instant::now();
    assert_eq!(ask(&resolver, "www.example").await.map_err(failed)?, [REAL]);
    let first = start.elapsed();
    assert!(first < limit + SOON, "{first:?}");
    // Its thread may be late to read it.
    dead.was_asked(1).await;
    assert_eq!((dead.count(), good.count()), (1, 1));
    assert!(good.asked()[0].at - dead.asked()[0].at <= limit + SOON);

    // Once is enough: who did not answer is not asked first again.
    for number in 0..10 {
        assert_eq!(ask(&resolver, &format!("{number}.example")).await.map_err(failed)?, [REAL]);
    }
    assert_eq!(dead.count(), 1, "the others did not wait for the dead one: {:?}", dead.names());
    Ok(())
}

/// DN7.
async fn with_silent_servers_alone_it_ends_in_time() -> io::Result<()> {
    let limit = Duration::from_millis(200);
    let dead = [LyingServer::silent(), LyingServer::silent()];
    let resolver = dead
        .iter()
        .fold(builder(), |builder, server| builder.name_server(server.address()))
        .timeout(limit)
        .attempts(2)
        .build()
        .map_err(failed)?;
    let start = Instant::now();
    let error = ask(&resolver, "www.example").await.unwrap_err();
    let took = start.elapsed();
    assert!(error.is_timeout(), "{error}");
    assert!(error.server().is_some_and(|server| dead.iter().any(|dead| dead.address() == server)), "{error}");
    assert!((4 * limit..4 * limit + SOON).contains(&took), "two servers, twice each: {took:?}");
    // Their threads may be late to read the last.
    for server in &dead {
        server.was_asked(2).await;
    }
    assert_eq!(dead.each_ref().map(LyingServer::count), [2, 2]);
    Ok(())
}

/// DN7: the kernel says so, and nothing is waited for.
async fn a_closed_port_gives_way_at_once() -> io::Result<()> {
    let good = LyingServer::honest();
    let resolver =
        builder().name_server(closed_port()).name_server(good.address()).build().map_err(failed)?;
    assert_eq!(soon(ask(&resolver, "www.example")).await.map_err(failed)?, [REAL]);
    Ok(())
}

/// DN7.
async fn a_closed_port_alone_is_an_error_at_once() -> io::Result<()> {
    let address = closed_port();
    let resolver = builder().name_server(address).attempts(2).build().map_err(failed)?;
    let error = soon(ask(&resolver, "www.example")).await.unwrap_err();
    assert!(error.is_refused(), "{error}");
    assert_eq!(error.server(), Some(address));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    Ok(())
}

/// DN7.
async fn a_server_that_fails_gives_way_to_the_next() -> io::Result<()> {
    for code in [SERVFAIL, REFUSED] {
        let bad = LyingServer::replying(move |question| Reply::to(question).rcode(code));
        let good = LyingServer::honest();
        let resolver =
            builder().name_server(bad.address()).name_server(good.address()).build().map_err(failed)?;
        assert_eq!(soon(ask(&resolver, "www.example")).await.map_err(failed)?, [REAL]);
        assert_eq!((bad.count(), good.count()), (1, 1));
    }
    Ok(())
}

/// DN7: a server that failed once is not given up for good, where there is no other that answers.
async fn a_server_that_comes_back_is_asked_again() -> io::Result<()> {
    let server = LyingServer::start({
        // It may come twice.
        let first = std::sync::OnceLock::new();
        move |asked, back| {
            if *first.get_or_init(|| asked.question.clone()) != asked.question {
                back.send(&crate::message::honest(&asked.question));
            }
        }
    });
    let resolver = builder()
        .name_server(server.address())
        .timeout(Duration::from_millis(200))
        .build()
        .map_err(failed)?;
    assert!(ask(&resolver, "www.example").await.unwrap_err().is_timeout());
    // The limit is short: on a busy machine an answer may come too late.
    let again = loop {
        match ask(&resolver, "www.example").await {
            Err(error) if error.is_timeout() => {}
            again => break again,
        }
    };
    assert_eq!(again.map_err(failed)?, [REAL]);
    Ok(())
}

async fn servers_are_asked_in_their_order() -> io::Result<()> {
    let servers = [LyingServer::honest(), LyingServer::honest(), LyingServer::honest()];
    let builder = servers.iter().fold(builder(), |builder, server| builder.name_server(server.address()));
    let resolver = builder.build().map_err(failed)?;
    for number in 0..10 {
        assert_eq!(ask(&resolver, &format!("{number}.example")).await.map_err(failed)?, [REAL]);
    }
    assert_eq!(servers.map(|server| server.count()), [10, 0, 0]);
    Ok(())
}

async fn with_rotate_the_servers_take_turns() -> io::Result<()> {
    let servers = [LyingServer::honest(), LyingServer::honest(), LyingServer::honest()];
    let builder = servers.iter().fold(builder(), |builder, server| builder.name_server(server.address()));
    let resolver = builder.rotate(true).build().map_err(failed)?;
    for number in 0..30 {
        assert_eq!(ask(&resolver, &format!("{number}.example")).await.map_err(failed)?, [REAL]);
    }
    assert_eq!(servers.map(|server| server.count()), [10, 10, 10]);
    Ok(())
}

async fn an_ipv6_server_is_asked() -> io::Result<()> {
    let honest = |asked: &crate::lying::Asked, back: &crate::lying::Back| {
        let reply = crate::message::honest(&asked.question);
        back.send(&if asked.by_tcp { reply } else { reply.truncated() });
    };
    let server = match LyingServer::start_on(std::net::Ipv6Addr::LOCALHOST.into(), honest) {
        Ok(server) => server,
        Err(error) => {
            eprintln!("skipped: no IPv6 on the loopback: {error}");
            return Ok(());
        }
    };
    let resolver = builder().name_server(server.address()).build().map_err(failed)?;
    assert_eq!(soon(ask(&resolver, "www.example")).await.map_err(failed)?, [REAL]);
    assert_eq!(server.questions().iter().map(|asked| asked.by_tcp).collect::<Vec<_>>(), [false, true]);
    Ok(())
}

/// DN7.
async fn failures_are_asked_for_no_oftener_than_was_set() -> io::Result<()> {
    // FORMERR and NOTIMP may be about EDNS, and are asked for once more without.
    for (code, each) in [(SERVFAIL, 1), (REFUSED, 1), (FORMERR, 2), (NOTIMP, 2)] {
        let reply = move |question: &Question| Reply::to(question).rcode(code);
        let servers = [LyingServer::replying(reply), LyingServer::replying(reply)];
        let builder = servers.iter().fold(builder(), |builder, server| builder.name_server(server.address()));
        let resolver = builder.attempts(3).build().map_err(failed)?;
        let error = soon(ask(&resolver, "www.example")).await.unwrap_err();
        let counts = servers.map(|server| server.count());
        assert!(counts.iter().all(|count| (1..=3 * each).contains(count)), "{code}: {counts:?}: {error}");
    }
    Ok(())
}
