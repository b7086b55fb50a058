//! Lookups that are given up.

use std::fs;
use std::io;
use std::pin::pin;
use std::thread;
use std::time::{Duration, Instant};

use fend::dns::{NameServer, Resolver};
use futures_lite::future::poll_once;

use crate::alone::alone;
use crate::ask::{LONG, addresses, ask, builder, failed, hangs_until, soon};
use crate::lying::{Back, LyingServer};
use crate::message::{REAL, honest, lie};
use crate::process::open_fds;
use crate::shape::Shape;

on_every_dispatcher!(
    who_joined_a_question_gets_its_answer_when_the_first_is_gone,
    who_holds_a_lookup_without_polling_it_stops_nobody,
    a_place_for_a_socket_is_passed_on,
    a_dropped_lookup_asks_no_more,
);
alone_on_every_dispatcher!(a_dropped_lookup_closes_its_sockets_at_once);

/// The fds that are sockets.
fn sockets() -> Vec<i32> {
    let link = |fd: i32| fs::read_link(format!("/proc/self/fd/{fd}")).unwrap_or_default();
    let is_socket = |fd: &i32| link(*fd).to_str().is_some_and(|link| link.starts_with("socket:"));
    open_fds().into_iter().filter(is_socket).collect()
}

async fn dropped_while_asked(resolver: &Resolver, server: &LyingServer, questions: usize) {
    let before = sockets();
    {
        let mut lookup = pin!(addresses(resolver, "www.example"));
        hangs_until(lookup.as_mut(), server.was_asked(server.count() + questions)).await;
        assert!(sockets().len() > before.len(), "{before:?}: {:?}", sockets());
    }
    assert_eq!(sockets(), before);
}

/// DN8.
fn a_dropped_lookup_closes_its_sockets_at_once(shape: Shape) {
    alone(shape, || {
        shape.block_on(async {
            let by_udp = LyingServer::silent();
            let resolver = builder().name_server(by_udp.address()).build().expect("good settings");
            for _ in 0..10 {
                dropped_while_asked(&resolver, &by_udp, 2).await;
            }
            // The second half, after a truncated answer.
            let after_udp = LyingServer::start(|asked, back| {
                if !asked.by_tcp {
                    back.send(&lie(&asked.question).truncated());
                }
            });
            let resolver = builder().name_server(after_udp.address()).build().expect("good settings");
            dropped_connection(&resolver, &after_udp, 4).await;
            let by_tcp = LyingServer::silent();
            let name_server = NameServer::tcp(by_tcp.address());
            let resolver = builder().name_server(name_server).build().expect("good settings");
            dropped_connection(&resolver, &by_tcp, 2).await;
        });
    });
}

/// A connection is gone for the server too: it reads the end.
async fn dropped_connection(resolver: &Resolver, server: &LyingServer, questions: usize) {
    let before = server.ended_connections();
    {
        let mut lookup = pin!(addresses(resolver, "www.example"));
        hangs_until(lookup.as_mut(), server.was_asked(questions)).await;
        assert!(server.connections() > 0 && server.ended_connections() == before);
    }
    let start = Instant::now();
    while server.ended_connections() < server.connections() {
        assert!(start.elapsed() < Duration::from_secs(10), "{} are open", server.connections());
        thread::sleep(Duration::from_millis(1));
    }
}

/// DN8.
async fn a_dropped_lookup_asks_no_more() -> io::Result<()> {
    let server = LyingServer::silent();
    let asks = builder().name_server(server.address()).timeout(LONG).attempts(5).build().map_err(failed)?;
    let mut lookup = Box::pin(ask(&asks, "www.example"));
    hangs_until(lookup.as_mut(), server.was_asked(1)).await;
    drop(lookup);
    let times = || server.names().iter().filter(|(name, _)| name == "www.example").count();
    // What was sent until now comes before this: it may have been repeated.
    let mut between = Box::pin(ask(&asks, "between.example"));
    hangs_until(between.as_mut(), server.was_asked(2)).await;
    drop(between);
    let before = times();
    // Far more than all of its attempts, and the datagrams that repeat them, would have taken.
    fend::time::pause();
    fend::time::advance(100 * LONG).await;
    fend::time::resume();
    // What had been sent meanwhile would have come before this.
    let mut last = Box::pin(ask(&asks, "last.example"));
    hangs_until(last.as_mut(), server.was_asked(3)).await;
    assert_eq!((times(), server.count()), (before, 3), "{:?}", server.names());
    Ok(())
}

/// DN8.
async fn who_joined_a_question_gets_its_answer_when_the_first_is_gone() -> io::Result<()> {
    let (give, given) = std::sync::mpsc::channel::<(crate::lying::Asked, Back)>();
    let server = LyingServer::start(move |asked, back| {
        give.send((asked.clone(), back.clone())).expect("the test waits")
    });
    let resolver = builder().name_server(server.address()).build().map_err(failed)?;
    let mut first = Box::pin(ask(&resolver, "www.example"));
    assert!(poll_once(&mut first).await.is_none());
    let second = fend::spawn({
        let resolver = resolver.clone();
        async move { ask(&resolver, "www.example").await }
    });
    let mut third = Box::pin(ask(&resolver, "www.example"));
    assert!(poll_once(&mut third).await.is_none());
    hangs_until(first.as_mut(), server.was_asked(1)).await;
    drop(first);
    let answering = thread::spawn(move || {
        while let Ok((asked, back)) = given.recv() {
            back.send(&honest(&asked.question));
        }
    });
    assert_eq!(third.await.map_err(failed)?, [REAL]);
    assert_eq!(second.await.expect("no panic").map_err(failed)?, [REAL]);
    assert_eq!(server.count(), 1, "{:?}", server.names());
    drop(server);
    answering.join().expect("no panic");
    Ok(())
}

/// As the arm of a `select` that another arm has taken over from.
async fn who_holds_a_lookup_without_polling_it_stops_nobody() -> io::Result<()> {
    let (give, given) = std::sync::mpsc::channel::<(crate::lying::Asked, Back)>();
    let server = LyingServer::start(move |asked, back| {
        give.send((asked.clone(), back.clone())).expect("the test waits")
    });
    let resolver = builder().name_server(server.address()).build().map_err(failed)?;
    let mut first = Box::pin(ask(&resolver, "www.example"));
    hangs_until(first.as_mut(), server.was_asked(1)).await;
    let second = fend::spawn({
        let resolver = resolver.clone();
        async move { ask(&resolver, "www.example").await }
    });
    // The answer comes when the second has joined, and the first has stopped polling.
    while resolver.cache_stats().merged == 0 {
        fend::yield_now().await;
    }
    let (asked, back) = given.recv().expect("it was asked");
    back.send(&honest(&asked.question));
    assert_eq!(soon(second).await.expect("no panic").map_err(failed)?, [REAL]);
    assert_eq!(soon(first).await.map_err(failed)?, [REAL]);
    assert_eq!(server.count(), 1);
    Ok(())
}

/// DN8: those who wait for a socket wait no longer than those before them, and may be dropped in the queue.
async fn a_place_for_a_socket_is_passed_on() -> io::Result<()> {
    let server = LyingServer::start(|asked, back| {
        if !asked.question.is_for("hangs.example") {
            back.send(&honest(&asked.question));
        }
    });
    let resolver = builder().name_server(server.address()).max_sockets(1_usize).build().map_err(failed)?;
    let mut hangs = Box::pin(ask(&resolver, "hangs.example"));
    hangs_until(hangs.as_mut(), server.was_asked(1)).await;
    let names: Vec<_> = (0..20).map(|number| format!("{number}.example")).collect();
    let mut waiting: Vec<_> = names.iter().map(|name| Some(Box::pin(ask(&resolver, name)))).collect();
    for lookup in waiting.iter_mut().flatten() {
        assert!(poll_once(lookup).await.is_none());
    }
    // The first, the last, and some between.
    waiting.iter_mut().step_by(3).for_each(|lookup| *lookup = None);
    waiting[19] = None;
    assert_eq!(server.count(), 1, "there is one socket: {:?}", server.names());
    drop(hangs);
    for lookup in waiting.into_iter().flatten() {
        assert_eq!(soon(lookup).await.map_err(failed)?, [REAL]);
    }
    Ok(())
}
