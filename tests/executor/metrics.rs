//! The counters say what happened.

use std::future::pending;
use std::time::Duration;

use fend::net::{TcpListener, TcpStream};
use fend::runtime::{Builder, Metrics};

on_every_shape!(counters_are_plausible, counters_only_grow, tasks_alive_is_exact);

fn counters_are_plausible(builder: Builder) {
    let runtime = builder.build().unwrap();
    assert_eq!(runtime.metrics().polls(), 0);
    assert_eq!(runtime.metrics().driver_turns(), 0);
    runtime.block_on(async {
        let task = fend::spawn(async {
            for _ in 0..100 {
                fend::yield_now().await;
            }
        });
        task.await.unwrap();
    });
    let after = runtime.metrics();
    // 101 polls of the task; the future of `block_on` adds a few.
    assert!((102..120).contains(&after.polls()), "{} polls", after.polls());
    // A sleep parks and turns the driver, unless the machine is so slow that it is over before. If it never does, this stalls.
    runtime.block_on(async {
        let mut slept = after.clone();
        while slept.parks() < after.parks() + 10 || slept.driver_turns() < after.driver_turns() + 10 {
            fend::time::sleep(Duration::from_millis(1)).await;
            slept = runtime.metrics();
        }
    });
    assert_eq!(runtime.metrics().driver_events(), 0, "no source so far");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = fend::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            while stream.recv(&mut [0; 8]).await.unwrap() > 0 {}
        });
        let client = TcpStream::connect(address).await.unwrap();
        client.send_all(b"hello").await.unwrap();
        drop(client);
        server.await.unwrap();
    });
    let served = runtime.metrics();
    assert!(served.driver_events() > 0);
    assert!(served.workers.iter().map(|worker| worker.busy).sum::<Duration>() > Duration::ZERO);
}

fn no_less(before: &Metrics, after: &Metrics) {
    for (before, after) in before.workers.iter().zip(&after.workers) {
        assert!(before.polls <= after.polls && before.steals <= after.steals);
        assert!(before.parks <= after.parks && before.busy <= after.busy);
    }
    for (before, after) in before.drivers.iter().zip(&after.drivers) {
        assert!(before.turns <= after.turns && before.events <= after.events);
    }
}

fn counters_only_grow(builder: Builder) {
    let runtime = builder.build().unwrap();
    let mut last = runtime.metrics();
    for _ in 0..50 {
        runtime.block_on(async {
            let tasks: Vec<_> = (0..40).map(|_| fend::spawn(fend::yield_now())).collect();
            fend::time::sleep(Duration::from_micros(100)).await;
            for task in tasks {
                task.await.unwrap();
            }
        });
        let now = runtime.metrics();
        no_less(&last, &now);
        assert!(now.polls() >= last.polls() + 80);
        last = now;
    }
}

fn tasks_alive_is_exact(builder: Builder) {
    let runtime = builder.build().unwrap();
    let tasks: Vec<_> = (0..100).map(|_| runtime.spawn(pending::<()>())).collect();
    assert_eq!(runtime.metrics().tasks_alive, 100);
    runtime.block_on(async {
        for (ended, task) in tasks.into_iter().enumerate() {
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            assert_eq!(fend::Handle::current().metrics().tasks_alive, 99 - ended);
        }
    });
}
