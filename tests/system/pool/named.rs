//! Pools of the user's own.

use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fend::runtime::{BlockingPool, Builder, Handle};

use super::gate::{Gate, comes_true};

on_each_dispatcher!(
    pools_do_not_starve_one_another,
    it_needs_no_runtime,
    a_job_is_a_visitor_of_the_runtime_that_gave_it,
    dropping_the_last_clone_runs_what_is_queued,
    a_shutdown_cancels_what_waits_and_reports_what_runs,
    panics_end_one_job_only,
    idle_threads_end,
    a_paused_clock_waits_for_jobs,
);

fn pool(name: &str, threads: usize) -> BlockingPool {
    BlockingPool::builder().name(name).max_threads(threads).build().unwrap()
}

/// RX3: of two pools and the runtime's own, all but one are full of sleepers.
fn pools_do_not_starve_one_another(builder: Builder) {
    let runtime = builder.max_blocking_threads(2).build().unwrap();
    let (one, other) = (pool("one", 2), pool("other", 2));
    runtime.block_on(async {
        for awake in 0..3 {
            let gate = Gate::default();
            let mut sleepers = Vec::new();
            for _ in 0..4 {
                sleepers.extend((awake != 0).then(|| one.spawn(gate.sleeper())));
                sleepers.extend((awake != 1).then(|| other.spawn(gate.sleeper())));
                sleepers.extend((awake != 2).then(|| fend::spawn_blocking(gate.sleeper())));
            }
            gate.has_stopped(4);
            for number in 0..100 {
                let job = move || number;
                let given = match awake {
                    0 => one.spawn(job),
                    1 => other.spawn(job),
                    _ => fend::spawn_blocking(job),
                };
                assert_eq!(given.await.unwrap(), number);
            }
            gate.open();
            for sleeper in sleepers {
                sleeper.await.unwrap();
            }
        }
    });
}

fn it_needs_no_runtime(_builder: Builder) {
    let pool = pool("free", 2);
    let name = futures::executor::block_on(pool.run(|| thread::current().name().map(str::to_owned)));
    assert_eq!(name.unwrap().as_deref(), Some("free-1"));
    assert_eq!(futures::executor::block_on(pool.spawn(|| 7)).unwrap(), 7);
    assert!(format!("{pool:?}").starts_with("BlockingPool { name: \"free\""), "{pool:?}");
    for builder in [BlockingPool::builder().max_threads(0), BlockingPool::builder().max_queued(0)] {
        assert!(builder.build().unwrap_err().to_string().ends_with("is 0, but must be at least 1"));
    }
    assert!(BlockingPool::builder().name("a\0b").build().unwrap_err().to_string().contains("a\\0b"));
}

fn a_job_is_a_visitor_of_the_runtime_that_gave_it(builder: Builder) {
    let pool = pool("visits", 1);
    for builder in [builder.clone(), builder] {
        let runtime = builder.build().unwrap();
        let id = runtime.block_on(pool.run(|| Handle::current().id())).unwrap();
        assert_eq!(id, runtime.handle().id());
    }
    let outside = futures::executor::block_on(pool.run(|| Handle::try_current().is_none()));
    assert!(outside.unwrap());
}

fn dropping_the_last_clone_runs_what_is_queued(builder: Builder) {
    let kept = Duration::from_secs(3600);
    let pool = BlockingPool::builder().name("dropped").max_threads(2).keep_alive(kept).build().unwrap();
    let runtime = builder.build().unwrap();
    let gate = Gate::default();
    runtime.block_on(async {
        let sleepers = [pool.spawn(gate.sleeper()), pool.spawn(gate.sleeper())];
        gate.has_stopped(2);
        let (alive, ended) = mpsc::channel::<()>();
        let waiting: Vec<_> = (0..10)
            .map(|number| {
                let alive = alive.clone();
                pool.spawn(move || {
                    thread_local!(static ALIVE: std::cell::RefCell<Vec<mpsc::Sender<()>>> = const {
                        std::cell::RefCell::new(Vec::new())
                    });
                    ALIVE.with_borrow_mut(|kept| kept.push(alive));
                    number
                })
            })
            .collect();
        drop((pool.clone(), pool, alive));
        gate.open();
        for sleeper in sleepers {
            sleeper.await.unwrap();
        }
        for (number, job) in waiting.into_iter().enumerate() {
            assert_eq!(job.await.unwrap(), number);
        }
        // The threads end long before their time: nobody can give them jobs.
        ended.recv_timeout(Duration::from_secs(20)).expect_err("nothing is sent");
        assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    });
}

fn a_shutdown_cancels_what_waits_and_reports_what_runs(builder: Builder) {
    let runtime = builder.build().unwrap();
    let pool = BlockingPool::builder().name("ends").max_threads(1).max_queued(1).build().unwrap();
    let gate = Gate::default();
    let running = pool.spawn(gate.sleeper());
    gate.has_stopped(1);
    let waiting = pool.spawn(|| 1);
    let wants_room = runtime.spawn({
        let pool = pool.clone();
        async move { pool.run(|| 2).await }
    });
    let report = pool.shutdown_timeout(Duration::from_millis(10));
    assert_eq!((report.threads_left, report.jobs_cancelled, report.is_clean()), (1, 1, false));
    runtime.block_on(async {
        for job in [waiting, pool.spawn(|| 3)] {
            let error = job.await.unwrap_err();
            assert!(error.is_shutdown(), "{error}");
            assert!(error.to_string().ends_with("was cancelled: pool \"ends\" shut down"), "{error}");
        }
        assert!(wants_room.await.unwrap().unwrap_err().is_shutdown());
        assert!(pool.run(|| 4).await.unwrap_err().is_shutdown());
        gate.open();
        running.await.unwrap();
    });
    assert!(pool.shutdown_timeout(Duration::from_secs(20)).is_clean());
    assert_eq!(pool.metrics().threads, 0);
}

fn panics_end_one_job_only(builder: Builder) {
    let (tell, told) = mpsc::channel();
    let runtime = builder.on_unhandled_panic(move |_, payload| tell.send(payload).unwrap()).build().unwrap();
    let pool = pool("panics", 1);
    runtime.block_on(async {
        let error = pool.run(|| resume_unwind(Box::new(7_u8))).await.unwrap_err();
        assert_eq!(error.into_panic().downcast_ref(), Some(&7_u8));
        pool.spawn(|| resume_unwind(Box::new(8_u8))).detach();
        assert_eq!(pool.run(|| 9).await.unwrap(), 9);
    });
    let payload = told.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(payload.downcast_ref(), Some(&8_u8));
    assert_eq!(pool.metrics().peak_threads, 1);
}

fn idle_threads_end(_builder: Builder) {
    let pool = BlockingPool::builder().max_threads(8).keep_alive(Duration::from_millis(20)).build().unwrap();
    for _ in 0..2 {
        let gate = Gate::default();
        let sleepers: Vec<_> = (0..8).map(|_| pool.spawn(gate.sleeper())).collect();
        gate.has_stopped(8);
        assert_eq!(pool.metrics().threads, 8);
        gate.open();
        for sleeper in sleepers {
            futures::executor::block_on(sleeper).unwrap();
        }
        comes_true("all threads end", || pool.metrics().threads == 0);
    }
    assert_eq!(pool.metrics().completed, 16);
}

/// An hour passes at once when nothing else can happen, and not while a job runs.
fn a_paused_clock_waits_for_jobs(builder: Builder) {
    let runtime = builder.start_paused(true).build().unwrap();
    let pool = pool("counted", 1);
    let gate = Gate::default();
    runtime.block_on(async {
        let job = pool.spawn(gate.sleeper());
        gate.has_stopped(1);
        let start = fend::time::now();
        let sleep = fend::spawn(fend::time::sleep(Duration::from_secs(3600)));
        // On a thread that is no job: nothing but the pool's holds the clock.
        let (tell, told) = futures::channel::oneshot::channel();
        let watches = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            tell.send(())
        });
        told.await.unwrap();
        watches.join().unwrap().unwrap();
        assert_eq!(fend::time::now(), start);
        gate.open();
        job.await.unwrap();
        sleep.await.unwrap();
        assert!(fend::time::now() - start >= Duration::from_secs(3600));
    });
}
