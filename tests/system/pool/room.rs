//! Waiting until a pool's queue takes another job.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use fend::runtime::{BlockingPool, Builder};

use super::gate::{Gate, comes_true};

on_each_dispatcher!(
    whoever_waits_gets_room_in_order,
    given_up_while_it_waits_nothing_was_queued,
    a_promised_place_goes_to_the_next,
    given_up_in_the_queue_the_job_is_not_run,
);

fn pool(queued: usize) -> BlockingPool {
    BlockingPool::builder().max_threads(1).max_queued(queued).build().unwrap()
}

fn polled<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn whoever_waits_gets_room_in_order(builder: Builder) {
    let runtime = builder.build().unwrap();
    let (pool, gate) = (pool(1), Gate::default());
    runtime.block_on(async {
        let sleeper = pool.spawn(gate.sleeper());
        gate.has_stopped(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut all = futures::future::join_all((0..100).map(|number| {
            let order = order.clone();
            pool.run(move || order.lock().unwrap().push(number))
        }));
        // From here on each is polled when it is woken, in that order, and not because all are polled.
        assert!(futures::poll!(&mut all).is_pending());
        assert_eq!(pool.metrics().queued, 1);
        assert!(pool.spawn(|| ()).await.unwrap_err().is_refused());
        gate.open();
        for result in all.await {
            result.unwrap();
        }
        sleeper.await.unwrap();
        assert!(order.lock().unwrap().iter().copied().eq(0..100));
    });
}

fn given_up_while_it_waits_nothing_was_queued(_builder: Builder) {
    let (pool, gate) = (pool(1), Gate::default());
    let sleeper = pool.spawn(gate.sleeper());
    gate.has_stopped(1);
    let waiting = pool.spawn(|| 1);
    let ran = Arc::new(AtomicUsize::new(0));
    for polls in 0..3 {
        let ran = ran.clone();
        let mut run = Box::pin(pool.run(move || ran.fetch_add(1, SeqCst)));
        for _ in 0..polls {
            assert!(polled(run.as_mut()).is_pending());
        }
    }
    assert_eq!((pool.metrics().queued, Arc::strong_count(&ran)), (1, 1));
    gate.open();
    futures::executor::block_on(async {
        sleeper.await.unwrap();
        assert_eq!(waiting.await.unwrap(), 1);
        assert_eq!(pool.run(|| 2).await.unwrap(), 2);
    });
    assert_eq!(ran.load(SeqCst), 0);
}

fn a_promised_place_goes_to_the_next(_builder: Builder) {
    let (pool, gate) = (pool(1), Gate::default());
    let sleeper = pool.spawn(gate.sleeper());
    gate.has_stopped(1);
    let waiting = pool.spawn(|| 1);
    let mut first = Box::pin(pool.run(|| 2));
    assert!(polled(first.as_mut()).is_pending());
    let mut second = pin!(pool.run(|| 3));
    assert!(polled(second.as_mut()).is_pending());
    // Its place is promised to `first`, so that nobody else gets it.
    waiting.abort();
    assert!(futures::executor::block_on(pool.spawn(|| 4)).unwrap_err().is_refused());
    assert!(polled(second.as_mut()).is_pending());
    assert_eq!(pool.metrics().queued, 0);
    drop(first);
    assert!(polled(second.as_mut()).is_pending());
    assert_eq!(pool.metrics().queued, 1, "the second has taken the place");
    gate.open();
    assert_eq!(futures::executor::block_on(second).unwrap(), 3);
    futures::executor::block_on(sleeper).unwrap();
}

fn given_up_in_the_queue_the_job_is_not_run(_builder: Builder) {
    let (pool, gate) = (pool(1), Gate::default());
    let sleeper = pool.spawn(gate.sleeper());
    gate.has_stopped(1);
    let ran = Arc::new(AtomicUsize::new(0));
    let mut run = Box::pin(pool.run({
        let ran = ran.clone();
        move || ran.fetch_add(1, SeqCst)
    }));
    assert!(polled(run.as_mut()).is_pending());
    assert_eq!(pool.metrics().queued, 1);
    drop(run);
    assert_eq!((pool.metrics().queued, Arc::strong_count(&ran)), (0, 1));
    gate.open();
    futures::executor::block_on(sleeper).unwrap();
    comes_true("all threads are idle", || pool.metrics().idle_threads == 1);
    assert_eq!(ran.load(SeqCst), 0);
}
