//! What lookups cost: many at once, out of the cache, past a dead server, and beside getaddrinfo(3) in the same run.
//!
//! Each measurement has a process and a network to itself, where unbound listens at 127.0.0.1:53 and answers for every name below
//! cost.test at once, so that the C library asks it too.
//! `cargo test --release -p fend --test dns_cost -- --nocapture --test-threads=1` prints the numbers.

#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/alone.rs"]
mod alone;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../dns_peers/agree/network.rs"]
mod network;
#[path = "../tls/place.rs"]
mod place;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/process.rs"]
mod process;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../dns_peers/server/mod.rs"]
mod server;
#[expect(dead_code, unused_macros, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
#[path = "../support/stall.rs"]
mod stall;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../dns_peers/zone.rs"]
mod zone;

mod census;
mod load;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use fend::dns::{Family, Hints, NameServer, Path, RecordType, Resolver, ResolverBuilder};
use fend::runtime::Dispatcher;

use crate::load::{By, failed, sequential};
use crate::network::{Addresses, etc, in_network};
use crate::server::knot::Knot;
use crate::server::unbound::{Own, Unbound};
use crate::shape::Shape;

/// As much in a debug build as is needed to see that it works.
const FULL: bool = !cfg!(debug_assertions);

/// How many names are looked up at once.
const AT_ONCE: usize = if FULL { 10_000 } else { 1_000 };

/// Gives unbound addresses for every name below cost.test.
const EVERY_NAME: &str = "
    local-zone: \"cost.test.\" redirect
    local-data: \"cost.test. 600 IN A 192.0.2.201\"
    local-data: \"cost.test. 600 IN AAAA 2001:db8::201\"
";

/// Runs `body` on a runtime of two workers, in a process and a network of its own with the two servers.
fn measured(test: &'static str, body: impl AsyncFnOnce(&Knot)) {
    // `Shape` wants the crate's name in front.
    let shape = Shape { dispatcher: Dispatcher::Epoll, workers: 2, drivers: 1, test };
    in_network(shape, Addresses::Both, || {
        etc("resolv.conf", "nameserver 127.0.0.1\n");
        etc("nsswitch.conf", "hosts: files dns\nservices: files\n");
        etc("hosts", "127.0.0.1 localhost\n");
        let zones = zone::zones();
        let knot = Knot::start(&zones, None);
        let own = Own { anchor: "", settings: EVERY_NAME };
        let _unbound = Unbound::start(&zones, knot.0.address, Some(53), own);
        shape.block_on(body(&knot));
    });
}

fn native() -> ResolverBuilder {
    Resolver::builder().path(Path::Native)
}

/// DN8: sockets and threads are bounded, and every lookup is answered.
#[test]
fn many_lookups_at_once_take_few_sockets_and_threads() {
    measured("dns_cost::many_lookups_at_once_take_few_sockets_and_threads", async |_| {
        // The first waits open what a runtime opens once.
        native().build().expect("a resolver").lookup("warm.cost.test", "").await.expect("an answer");
        let sockets = |most| By::Native(native().max_sockets(most).build().expect("a resolver"), most);
        for by in [sockets(128), sockets(256), sockets(64), By::FendSystem, By::Std, By::Tokio] {
            let census = census::Census::start();
            let (start, before) = (Instant::now(), census::lost_datagrams());
            let failed = failed(&by, AT_ONCE).await;
            let (elapsed, most) = (start.elapsed(), census.most());
            let lost = census::lost_datagrams() - before;
            eprintln!(
                "{:<44} {AT_ONCE} lookups at once: {:>6.0} ms, {:>4} fds and {:>3} threads at most, {failed} failed, {lost} lost",
                by.name(),
                elapsed.as_secs_f64() * 1e3,
                most.fds,
                most.threads
            );
            // Questions are lost for want of room in the server's buffer, and asked again after the timeout. The others give up.
            if matches!(by, By::Native(..) | By::FendSystem) {
                assert_eq!(failed, 0, "all are answered");
            }
            if let By::Native(_, sockets) = by {
                assert!(most.fds <= sockets + 40, "{} fds", most.fds);
                assert!(most.threads <= 8, "{} threads", most.threads);
            }
            if matches!(by, By::FendSystem) {
                assert!(most.threads <= 8 + 8, "{} threads", most.threads);
            }
        }
    });
}

/// What is taken out of the cache.
#[derive(Debug, Clone, Copy)]
enum Taken {
    /// Two addresses, which are to be put in order: the kernel is asked for a route to each.
    TwoAddresses,
    OneAddress,
    Records,
}

#[test]
fn what_is_in_the_cache_costs_little() {
    measured("dns_cost::what_is_in_the_cache_costs_little", async |_| {
        let resolver = native().build().expect("a resolver");
        let count = if FULL { 200_000 } else { 2_000 };
        for taken in [Taken::TwoAddresses, Taken::OneAddress, Taken::Records] {
            take(&resolver, taken, 1).await;
            for tasks in [1, 2] {
                let before = resolver.cache_stats();
                let start = Instant::now();
                let running: Vec<_> = (0..tasks)
                    .map(|_| {
                        let resolver = resolver.clone();
                        fend::spawn(async move { take(&resolver, taken, count).await })
                    })
                    .collect();
                for task in running {
                    task.await.expect("no panic");
                }
                let rate = (tasks * count) as f64 / start.elapsed().as_secs_f64();
                let what = format!("out of the cache, {taken:?}");
                eprintln!("{what:<44} {rate:>10.0} per second, {tasks} task(s)");
                let after = resolver.cache_stats();
                assert_eq!(after.misses, before.misses, "all came out of the cache");
                assert!(!FULL || rate > 5_000.0, "{rate} per second");
            }
        }
    });
}

async fn take(resolver: &Resolver, taken: Taken, count: usize) {
    for n in 0..count {
        let found = match taken {
            Taken::TwoAddresses => resolver.lookup("cached.cost.test", "443").await.expect("an answer").len(),
            Taken::OneAddress => {
                let hints = Hints::new().family(Family::V4);
                resolver.lookup("cached.cost.test", "443").hints(hints).await.expect("an answer").len()
            }
            Taken::Records => {
                resolver.records("cached.cost.test", RecordType::A).await.expect("an answer").len()
            }
        };
        assert_eq!(found, if matches!(taken, Taken::TwoAddresses) { 2 } else { 1 });
        if n % 64 == 0 {
            fend::yield_now().await;
        }
    }
}

#[test]
fn lookups_of_one_name_are_merged() {
    measured("dns_cost::lookups_of_one_name_are_merged", async |knot| {
        let resolver = native().name_server(knot.0.address).build().expect("a resolver");
        let before = knot.counts().all();
        let start = Instant::now();
        let tasks: Vec<_> =
            (0..1000).map(|_| fend::spawn(resolver.lookup("both.fend.test", "https"))).collect();
        for task in tasks {
            assert_eq!(task.await.expect("no panic").expect("an answer").len(), 2);
        }
        let elapsed = start.elapsed();
        let questions = knot.counts().all() - before;
        eprintln!("{:<44} {elapsed:>10.1?} with {questions} questions", "1000 lookups of one name at once");
        assert_eq!(questions, 2, "one for A and one for AAAA");
    });
}

/// DN7
#[test]
fn a_dead_first_server_costs_one_timeout() {
    measured("dns_cost::a_dead_first_server_costs_one_timeout", async |_| {
        let live = SocketAddr::from((Ipv4Addr::LOCALHOST, 53));
        let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let closed = UdpSocket::bind("127.0.0.1:0").expect("a socket").local_addr().expect("its address");
        let dead = [("silent", silent.local_addr().expect("its address")), ("closed", closed)];
        for (name, first) in dead {
            for timeout in [Duration::from_secs(5), Duration::from_secs(2)] {
                let builder = native().timeout(timeout).name_server(first).name_server(NameServer::new(live));
                let resolver = builder.build().expect("a resolver");
                let mut times = Vec::new();
                for n in 0..3 {
                    let start = Instant::now();
                    resolver.lookup(&*format!("n{n}.cost.test"), "").await.expect("an answer");
                    times.push(start.elapsed());
                }
                let what = format!("the first server is {name}, timeout {timeout:?}");
                eprintln!(
                    "{what:<44} first {:.1?}, second {:.1?}, third {:.1?}",
                    times[0], times[1], times[2]
                );
                assert!(times[0] < timeout + Duration::from_secs(2), "{times:?}");
                assert!(times[1] < timeout && times[2] < timeout, "what is dead is remembered: {times:?}");
            }
        }
    });
}

#[test]
fn a_lookup_beside_getaddrinfo() {
    measured("dns_cost::a_lookup_beside_getaddrinfo", async |_| {
        let count = if FULL { 5_000 } else { 100 };
        let uncached = native().cache_size(0).build().expect("a resolver");
        for by in [By::Native(uncached, 128), By::FendSystem, By::Std, By::Tokio] {
            sequential(&by, 10).await;
            let (before, start) = (process::cpu_time(), Instant::now());
            sequential(&by, count).await;
            let (cpu, elapsed) = (process::cpu_time() - before, start.elapsed());
            eprintln!(
                "{:<44} {:>6.1} us of CPU time, {:>6.1} us until the answer, one after another",
                by.name(),
                cpu.as_secs_f64() * 1e6 / count as f64,
                elapsed.as_secs_f64() * 1e6 / count as f64
            );
        }
    });
}
