//! Lookups outside fend's runtimes, in threads that block, and across runtimes.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use fend::runtime::{Builder, Dispatcher};

use crate::ask::{LONG, SOON, addresses, failed, hangs_until, resolver, soon};
use crate::lying::{Asked, Back, LyingServer};
use crate::message::{REAL, REAL_V6, honest};
use crate::shape::Shape;

on_every_dispatcher!(
    a_lookup_may_be_waited_for_inside_a_task,
    a_lookup_goes_on_when_waiting_for_it_timed_out,
    the_end_of_a_runtime_ends_nobody_elses_lookup,
    one_resolver_serves_several_runtimes,
    a_lookup_moves_to_another_task,
    a_lookup_outlives_the_runtime_that_it_began_in,
    a_lookup_outlives_its_resolver,
);

const BOTH: [IpAddr; 2] = [IpAddr::V4(REAL), IpAddr::V6(REAL_V6)];

#[test]
fn under_futures_lite() {
    let server = LyingServer::honest();
    assert_eq!(futures_lite::future::block_on(addresses(&resolver(&server), "www.example")).unwrap(), BOTH);
}

#[test]
fn under_smol() {
    let server = LyingServer::honest();
    let resolver = resolver(&server);
    let task = smol::spawn(async move { addresses(&resolver, "www.example").await });
    assert_eq!(smol::block_on(task).unwrap(), BOTH);
}

#[test]
fn under_tokio() {
    let server = LyingServer::honest();
    let resolver = resolver(&server);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(addresses(&resolver, "www.example")).unwrap(), BOTH);
}

/// Answers come when the test lets them.
struct Held {
    server: LyingServer,
    questions: mpsc::Receiver<(Asked, Back)>,
}

impl Held {
    fn new() -> Held {
        let (give, questions) = mpsc::channel();
        let server = LyingServer::start(move |asked, back| {
            // A test that has failed waits no more.
            let _ = give.send((asked.clone(), back.clone()));
        });
        Held { server, questions }
    }

    /// Answers the next `count` questions, as soon as they come.
    fn answer(&self, count: usize) {
        for _ in 0..count {
            let (asked, back) = self.questions.recv_timeout(LONG).expect("a question");
            back.send(&honest(&asked.question));
        }
    }
}

#[test]
fn a_plain_thread_waits() {
    let server = LyingServer::honest();
    let list = resolver(&server).lookup("www.example", 443).wait(LONG).unwrap();
    let mut found: Vec<_> = list.iter().map(|info| info.socket_addr().ip()).collect();
    found.sort_unstable();
    assert_eq!(found, BOTH);
    let error = resolver(&LyingServer::silent()).lookup("www.example", 443).wait(Duration::ZERO).unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn a_blocking_lookup_needs_no_runtime() {
    let list = fend::dns::lookup_blocking("127.0.0.1", "80").unwrap();
    let found: Vec<_> = list.iter().map(|info| info.socket_addr()).collect();
    assert_eq!(found, ["127.0.0.1:80".parse().unwrap()]);
}

async fn a_lookup_may_be_waited_for_inside_a_task() -> io::Result<()> {
    let server = LyingServer::honest();
    let resolver = Arc::new(resolver(&server));
    // Twice as many as there are workers.
    let tasks: Vec<_> = (0..4)
        .map(|number| {
            let resolver = resolver.clone();
            fend::spawn(async move { resolver.lookup(&format!("{number}.example")[..], 443).wait(LONG) })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic").map_err(failed)?.iter().count(), 2);
    }
    Ok(())
}

async fn a_lookup_goes_on_when_waiting_for_it_timed_out() -> io::Result<()> {
    let held = Held::new();
    let resolver = resolver(&held.server);
    let mut lookup = resolver.lookup("www.example", 443);
    let (limit, start) = (Duration::from_millis(50), Instant::now());
    let error = lookup.wait(limit).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!((limit..SOON).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert!(lookup.wait(Duration::ZERO).unwrap_err().is_timeout());
    // The server's thread may be late to read them.
    while held.server.count() < 2 {
        assert!(lookup.wait(Duration::from_millis(1)).unwrap_err().is_timeout());
    }
    assert_eq!(held.server.count(), 2);
    held.answer(2);
    assert_eq!(lookup.wait(LONG).map_err(failed)?.iter().count(), 2);
    assert_eq!(held.server.count(), 2, "asked once, however often it was waited for");
    Ok(())
}

async fn one_resolver_serves_several_runtimes() -> io::Result<()> {
    let server = LyingServer::honest();
    let resolver = resolver(&server);
    let others: Vec<_> = [Dispatcher::Epoll, Dispatcher::Poll]
        .into_iter()
        .map(|dispatcher| {
            let resolver = resolver.clone();
            thread::spawn(move || {
                let runtime =
                    Builder::new().dispatcher(dispatcher).worker_threads(1).build().expect("a runtime");
                for number in 0..20 {
                    let found = runtime.block_on(addresses(&resolver, &format!("{number}.example")));
                    assert_eq!(found.expect("an answer"), BOTH);
                }
            })
        })
        .collect();
    for number in 0..20 {
        let found = soon(addresses(&resolver, &format!("{number}.example"))).await.map_err(failed)?;
        assert_eq!(found, BOTH);
    }
    for other in others {
        other.join().expect("no panic");
    }
    Ok(())
}

/// Two runtimes ask for one name; the one that asked first is shut down before the answer.
async fn the_end_of_a_runtime_ends_nobody_elses_lookup() -> io::Result<()> {
    let held = Held::new();
    let resolver = resolver(&held.server);
    // One of two workers runs while nobody is in `block_on`.
    let first = Builder::new().worker_threads(2).build().expect("a runtime");
    let lookup = first.spawn({
        let resolver = resolver.clone();
        async move { addresses(&resolver, "www.example").await }
    });
    held.server.was_asked(2).await;
    let ours = fend::spawn({
        let resolver = resolver.clone();
        async move { addresses(&resolver, "www.example").await }
    });
    fend::yield_now().await;
    fend::spawn_blocking(move || drop(first)).await.expect("no panic");
    drop(lookup);
    // Ours may have joined theirs or not; what was asked is answered, and what is asked anew.
    let Held { server, questions } = held;
    let answering = thread::spawn(move || {
        for (asked, back) in questions {
            back.send(&honest(&asked.question));
        }
    });
    assert_eq!(soon(ours).await.expect("no panic").map_err(failed)?, BOTH);
    assert_eq!(soon(crate::ask::ask(&resolver, "last.example")).await.map_err(failed)?, [REAL]);
    drop(server);
    answering.join().expect("no panic");
    Ok(())
}

alone_on_every_dispatcher!(lookups_of_a_lone_worker);

/// A worker that blocks on a lookup of its own runtime drives it itself.
fn lookups_of_a_lone_worker(shape: Shape) {
    let server = LyingServer::honest();
    let resolver = resolver(&server);
    let runtime = shape.builder().worker_threads(1).build().expect("a runtime");
    let task = runtime.spawn(async move { resolver.lookup("www.example", 443).wait(LONG) });
    let list = runtime.block_on(task).expect("no panic").expect("an answer");
    assert_eq!(list.iter().count(), 2);
}

/// What it began under one waker, it ends under another.
async fn a_lookup_moves_to_another_task() -> io::Result<()> {
    let held = Held::new();
    let mut lookup = Box::pin(resolver(&held.server).lookup("www.example", 443));
    hangs_until(lookup.as_mut(), held.server.was_asked(2)).await;
    let moved = fend::spawn(lookup);
    fend::yield_now().await;
    held.answer(2);
    assert_eq!(soon(moved).await.expect("no panic").map_err(failed)?.iter().count(), 2);
    Ok(())
}

/// Its sockets are dead, and it must not wait for them for ever.
async fn a_lookup_outlives_the_runtime_that_it_began_in() -> io::Result<()> {
    let held = Held::new();
    let mut lookup = Box::pin(resolver(&held.server).lookup("www.example", 443));
    let first = Builder::new().worker_threads(1).build().expect("a runtime");
    let server = &held.server;
    let begun = thread::scope(|scope| {
        let lookup = lookup.as_mut();
        scope.spawn(move || first.block_on(hangs_until(lookup, server.was_asked(2)))).join()
    });
    begun.expect("no panic");
    let Held { server, questions } = held;
    let answering = thread::spawn(move || {
        // Until the server is gone.
        for (asked, back) in questions {
            back.send(&honest(&asked.question));
        }
    });
    assert_eq!(soon(lookup).await.map_err(failed)?.iter().count(), 2);
    drop(server);
    answering.join().expect("no panic");
    Ok(())
}

async fn a_lookup_outlives_its_resolver() -> io::Result<()> {
    let held = Held::new();
    let resolver = resolver(&held.server);
    let mut lookup = Box::pin(resolver.lookup("www.example", 443));
    hangs_until(lookup.as_mut(), held.server.was_asked(2)).await;
    drop(resolver);
    held.answer(2);
    assert_eq!(soon(lookup).await.map_err(failed)?.iter().count(), 2);
    Ok(())
}
