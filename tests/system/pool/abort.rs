//! Jobs that are not wanted any more before they begin.

use std::sync::Arc;

use fend::runtime::{BlockingPool, Builder};

use super::gate::Gate;

on_each_dispatcher!(an_aborted_job_is_gone_at_once, aborted_jobs_leave_nothing_behind);

/// The thread that it waits for need not come.
fn an_aborted_job_is_gone_at_once(builder: Builder) {
    let runtime = builder.max_blocking_threads(1).max_blocking_queue(1).build().unwrap();
    let gate = Gate::default();
    runtime.block_on(async {
        let sleeper = fend::spawn_blocking(gate.sleeper());
        gate.has_stopped(1);
        let held = Arc::new(());
        for _ in 0..100 {
            let waiting = fend::spawn_blocking({
                let held = held.clone();
                move || drop(held)
            });
            assert_eq!(runtime.metrics().blocking.queued, 1);
            assert!(fend::spawn_blocking(|| ()).await.unwrap_err().is_refused());
            assert_eq!(waiting.cancel().await, None);
            assert_eq!(Arc::strong_count(&held), 1);
            assert_eq!(runtime.metrics().blocking.queued, 0);
        }
        sleeper.abort();
        gate.open();
        sleeper.await.expect("it had begun");
        assert_eq!(fend::spawn_blocking(|| 7).await.unwrap(), 7);
    });
    assert_eq!(runtime.metrics().blocking.cancelled, 100);
}

fn aborted_jobs_leave_nothing_behind(_builder: Builder) {
    let pool = BlockingPool::builder().max_threads(1).build().unwrap();
    let gate = Gate::default();
    let sleeper = pool.spawn(gate.sleeper());
    gate.has_stopped(1);
    let held = Arc::new(());
    let jobs: Vec<_> = (0..9_000)
        .map(|number| {
            let held = held.clone();
            pool.spawn(move || {
                drop(held);
                number
            })
        })
        .collect();
    let (wanted, unwanted): (Vec<_>, Vec<_>) =
        jobs.into_iter().enumerate().partition(|(index, _)| index % 3 == 0);
    unwanted.iter().for_each(|(_, job)| job.abort());
    assert_eq!((pool.metrics().queued, Arc::strong_count(&held)), (3_000, 3_001));
    gate.open();
    futures::executor::block_on(async {
        sleeper.await.unwrap();
        for (index, job) in wanted {
            assert_eq!(job.await.unwrap(), index);
        }
        for (_, job) in unwanted {
            assert!(job.await.unwrap_err().is_cancelled());
        }
    });
    assert_eq!(Arc::strong_count(&held), 1);
    let metrics = pool.metrics();
    assert_eq!((metrics.queued, metrics.cancelled), (0, 6_000));
}
