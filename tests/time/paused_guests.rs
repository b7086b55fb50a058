//! The paused clock and several threads: it moves when all of them sleep, whoever fell asleep last, and not before.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fend::time::{self, sleep};
use futures::channel::oneshot;

use crate::rest::Observed;
use crate::shape::Shape;

on_every_shape!(
    time_goes_on_when_block_on_is_left,
    a_woken_future_runs_before_time_goes_on,
    a_woken_local_task_runs_before_time_goes_on,
    time_stands_while_a_guest_computes,
    the_last_to_sleep_moves_the_clock_and_then_all_rest,
);

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// The workers sleep and the thread in `block_on` does not, until it leaves: one thread less to wait for. One worker more than
/// the shape has, so that somebody is left.
fn time_goes_on_when_block_on_is_left(shape: Shape) {
    static RUNTIMES: AtomicUsize = AtomicUsize::new(0);
    let name = format!("pg{}", RUNTIMES.fetch_add(1, Relaxed));
    let builder = shape.builder().worker_threads(shape.workers + 1).thread_name(&name);
    let runtime = builder.start_paused(true).build().expect("a runtime");
    let (started, starts) = mpsc::channel();
    let (ended, ends) = mpsc::channel();
    let start = runtime.block_on(async {
        fend::spawn(async move {
            started.send(()).expect("the test waits");
            sleep(HOUR).await;
            ended.send(time::now()).expect("the test waits");
        });
        starts.recv().expect("another worker runs it");
        for worker in 1..=shape.workers {
            Observed::named(&format!("{name}-{worker}")).wait_for_rest();
        }
        time::now()
    });
    assert_eq!(ends.recv().expect("the task ends") - start, HOUR);
}

/// The future of `block_on` waits for a task on another worker. When that ends, the future has been woken, but its thread may
/// not be up yet; the clock must not jump to the next timer meanwhile.
fn a_woken_future_runs_before_time_goes_on(shape: Shape) {
    let builder = shape.builder().worker_threads(shape.workers + 1).start_paused(true);
    builder.build().expect("a runtime").block_on(async {
        for _ in 0..100 {
            let start = time::now();
            let (started, starts) = mpsc::channel();
            let [far, near] = [HOUR, SECOND].map(|nap| {
                let started = started.clone();
                fend::spawn(async move {
                    started.send(()).expect("the test waits");
                    sleep(nap).await;
                })
            });
            // Other workers run them while this one is here.
            starts.iter().take(2).for_each(drop);
            near.await.expect("no panic");
            assert_eq!(time::now() - start, SECOND);
            far.abort();
        }
    });
}

/// The same of a local task of another worker, which no queue shows when it is woken.
fn a_woken_local_task_runs_before_time_goes_on(shape: Shape) {
    let builder = shape.builder().worker_threads(shape.workers + 1).start_paused(true);
    builder.build().expect("a runtime").block_on(async {
        for _ in 0..100 {
            let (started, starts) = mpsc::channel();
            let (wake, woken) = oneshot::channel();
            let task = fend::spawn(async move {
                let local = fend::spawn_local(async move {
                    started.send(()).expect("the test waits");
                    woken.await.expect("the test wakes");
                    time::now()
                });
                local.await.expect("no panic")
            });
            starts.recv().expect("another worker runs it");
            // Quiet time, so that the worker has fallen asleep as a rule: one that is awake holds the clock in any case.
            thread::sleep(Duration::from_millis(1));
            let start = time::now();
            wake.send(()).expect("the task waits");
            sleep(HOUR).await;
            assert_eq!(task.await.expect("no panic"), start);
        }
    });
}

/// Worker 0 sleeps towards a timer while another thread's future computes.
fn time_stands_while_a_guest_computes(shape: Shape) {
    let runtime = shape.paused();
    let (come, came) = mpsc::channel();
    let (seated, seat) = mpsc::channel();
    let handle = runtime.handle();
    let worker = thread::spawn(move || {
        handle.block_on(async {
            seated.send(Observed::me()).expect("the test waits");
            came.recv().expect("the guest comes");
            let start = time::now();
            sleep(HOUR).await;
            time::now() - start
        })
    });
    let observed = seat.recv().expect("the worker lives");
    runtime.block_on(async {
        let start = time::now();
        come.send(()).expect("the worker waits");
        observed.wait_for_rest();
        assert_eq!(time::now(), start, "the clock went on while this thread ran");
        sleep(SECOND).await;
        assert_eq!(time::now() - start, SECOND);
    });
    assert_eq!(worker.join().expect("no panic"), HOUR);
}

/// A thread beside worker 0 sleeps in the driver, and worker 0 on its own. Only the thread in the driver can move the clock, so it
/// must hear that the other one sleeps. They do not wake each other without end over it: at most three turns for each nap (for the
/// new timer, for the sleep, and for the moved clock), and a few for the start.
fn the_last_to_sleep_moves_the_clock_and_then_all_rest(shape: Shape) {
    const NAPS: u32 = 500;
    let runtime = shape.paused();
    let (seated, seat) = mpsc::channel();
    let (come, came) = mpsc::channel::<Observed>();
    let handle = runtime.handle();
    let worker = thread::spawn(move || {
        handle.block_on(async {
            seated.send(()).expect("the test waits");
            came.recv().expect("the guest comes").wait_for_rest();
            for _ in 0..NAPS {
                sleep(SECOND).await;
            }
        });
    });
    seat.recv().expect("the worker lives");
    runtime.block_on(async {
        let start = time::now();
        come.send(Observed::me()).expect("the worker waits");
        sleep(NAPS * SECOND).await;
        assert_eq!(time::now() - start, NAPS * SECOND);
    });
    worker.join().expect("no panic");
    let turns: u64 = runtime.metrics().drivers.iter().map(|driver| driver.turns).sum();
    assert!(turns < 5 * u64::from(NAPS), "{turns} turns for {NAPS} naps");
}
