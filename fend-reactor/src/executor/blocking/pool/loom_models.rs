//! Models of a pool: whenever its threads become idle, are called, or end, no job is left without a thread. (loom reports a deadlock.)
//!
//! loom's clock stands still, so that an idle thread sleeps until it is called, or, where threads are not kept, ends at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use loom::thread;

use super::{Pool, Settings};
use crate::sync::{Condvar, Mutex, model};
use crate::task::Meta;

const FOR_EVER: Duration = Duration::from_secs(3600);

/// How many jobs have come so far.
#[derive(Default)]
struct Count(Mutex<usize>, Condvar);

impl Count {
    fn add(&self) {
        *self.0.lock() += 1;
        self.1.notify_all();
    }

    fn wait_for(&self, count: usize) {
        let mut came = self.0.lock();
        while *came < count {
            came = self.1.wait(came);
        }
    }
}

fn pool(max_threads: usize, keep_alive: Duration) -> Arc<Pool> {
    Pool::new(Settings {
        thread_name: "model".to_owned(),
        max_threads,
        max_queued: usize::MAX,
        keep_alive,
        stack_size: None,
        block_signals: false,
        name: None,
    })
}

/// Gives a job that counts, and whose output nobody takes.
fn give(pool: &Arc<Pool>, ran: &Arc<Count>) {
    let ran = ran.clone();
    pool.spawn(None, move || ran.add(), Meta::here()).detach();
}

/// Waits for the jobs first, without the end of the pool: that calls every thread. All were run, and no thread is left.
fn all_ran(pool: &Arc<Pool>, ran: &Count, count: usize) {
    ran.wait_for(count);
    pool.finish();
    assert_eq!(pool.wait(Instant::now() + FOR_EVER), 0);
    let metrics = pool.metrics();
    assert_eq!((metrics.threads, metrics.queued, metrics.running), (0, 0, 0));
    assert_eq!(metrics.completed, count as u64);
}

#[test]
fn loom_pool_a_job_meets_a_thread_that_goes_idle() {
    model(2, || {
        let (pool, ran) = (pool(1, FOR_EVER), Arc::<Count>::default());
        for given in 0..3 {
            ran.wait_for(given);
            give(&pool, &ran);
        }
        all_ran(&pool, &ran, 3);
    });
}

#[test]
fn loom_pool_a_job_meets_a_thread_that_ends() {
    model(2, || {
        let (pool, ran) = (pool(1, Duration::ZERO), Arc::default());
        give(&pool, &ran);
        give(&pool, &ran);
        all_ran(&pool, &ran, 2);
    });
}

/// Jobs that wait for one another: the thread that takes the first sends for a second.
#[test]
fn loom_pool_a_job_that_waits_for_the_next_gets_a_second_thread() {
    model(2, || {
        let (pool, came) = (pool(2, FOR_EVER), Arc::<Count>::default());
        for _ in 0..2 {
            let came = came.clone();
            let meet = move || {
                came.add();
                came.wait_for(2);
            };
            pool.spawn(None, meet, Meta::here()).detach();
        }
        all_ran(&pool, &came, 2);
    });
}

#[test]
fn loom_pool_two_threads_give_jobs() {
    model(1, || {
        let (pool, ran) = (pool(1, FOR_EVER), Arc::default());
        let giver = thread::spawn({
            let (pool, ran) = (pool.clone(), Arc::clone(&ran));
            move || give(&pool, &ran)
        });
        give(&pool, &ran);
        giver.join().unwrap();
        all_ran(&pool, &ran, 2);
    });
}
