//! Ends of runtimes: in time, complete, and at the oddest moments.

#[expect(dead_code, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
#[path = "../support/noise.rs"]
mod noise;
#[path = "../support/stall.rs"]
mod stall;

mod full_load;
mod many;

use std::future::pending;
use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use fend::net::{TcpListener, TcpStream};
use fend::runtime::{Builder, Runtime, ShutdownReport};

on_every_shape!(
    destructors_that_misbehave,
    objects_after_shutdown_report_errors,
    spawns_after_shutdown_are_cancelled,
    dropped_inside_a_task_or_block_on,
    waiting_blocking_jobs_are_cancelled,
    a_blocked_on_thread_gets_an_error,
    reports_what_is_left,
);

/// Runs a function when dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// SD2: they spawn, wake, panic, and block on a lock that the thread in the shutdown holds.
fn destructors_that_misbehave(builder: Builder) {
    let runtime = builder.build().unwrap();
    let handle = runtime.handle();
    let done = Arc::new(AtomicUsize::new(0));
    let lock = Arc::new(Mutex::new(()));
    let token = fend::task::CancellationToken::new();
    let wakes = token.clone();
    drop(runtime.spawn(async move { wakes.cancelled().await }));
    let actions: Vec<Box<dyn FnMut() + Send>> = vec![
        Box::new(move || {
            drop(fend::spawn(pending::<()>()));
            assert!(futures::executor::block_on(handle.spawn(async {})).unwrap_err().is_cancelled());
        }),
        Box::new(move || token.cancel()),
        Box::new(|| std::panic::resume_unwind(Box::new("in drop"))),
        Box::new({
            let lock = lock.clone();
            move || drop(lock.lock().unwrap())
        }),
    ];
    let all = actions.len();
    for mut action in actions {
        let done = done.clone();
        let on_drop = OnDrop(move || {
            done.fetch_add(1, SeqCst);
            action();
        });
        drop(runtime.spawn(async move {
            let _on_drop = on_drop;
            pending::<()>().await;
        }));
    }
    let held = lock.lock().unwrap();
    let before = Instant::now();
    let report = runtime.shutdown_timeout(Duration::from_millis(100));
    assert!(before.elapsed() < Duration::from_secs(2));
    assert!(!report.is_clean(), "one destructor waits for us");
    drop(held);
    while done.load(SeqCst) < all {
        thread::yield_now();
    }
}

fn ends<T: std::fmt::Debug>(result: io::Result<T>) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains("shut down"), "{error}");
}

/// SD3: under `block_on` of anybody; and a timer does not hang either.
fn objects_after_shutdown_report_errors(builder: Builder) {
    let runtime = builder.build().unwrap();
    let (listener, client, server, sleep) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        // It is pending however slow the machine is.
        let mut sleep = fend::time::sleep(Duration::from_secs(3600));
        assert!(futures::poll!(&mut sleep).is_pending());
        sleep.reset_after(Duration::from_millis(100));
        // A socket belongs to the runtime in which it was first waited for.
        assert!(futures::poll!(Box::pin(listener.accept())).is_pending());
        assert!(futures::poll!(Box::pin(client.recv(&mut [0; 1]))).is_pending());
        assert!(futures::poll!(Box::pin(server.readable())).is_pending());
        (listener, client, server, sleep)
    });
    let handle = runtime.handle();
    drop(runtime);
    for _ in 0..2 {
        futures::executor::block_on(async {
            ends(listener.accept().await);
            ends(client.recv(&mut [0; 1]).await);
            ends(server.readable().await);
        });
        handle.block_on(async {
            ends(listener.accept().await);
            let late = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ends(late.accept().await);
        });
    }
    futures::executor::block_on(sleep);
    let before = Instant::now();
    handle.block_on(fend::time::sleep(Duration::from_millis(5)));
    assert!(before.elapsed() >= Duration::from_millis(5), "never early");
    drop(server);
}

/// SD4.
fn spawns_after_shutdown_are_cancelled(builder: Builder) {
    let runtime = builder.build().unwrap();
    let handle = runtime.handle();
    handle.block_on(async { fend::spawn(async {}).await.unwrap() });
    runtime.shutdown_background();
    let resource = Arc::new(());
    let (task, job) = (resource.clone(), resource.clone());
    let task = handle.spawn(async move { drop(task) });
    let job = handle.spawn_blocking(move || drop(job));
    assert_eq!(Arc::strong_count(&resource), 1, "dropped at once");
    assert!(futures::executor::block_on(task).unwrap_err().is_cancelled());
    assert!(handle.block_on(job).unwrap_err().is_cancelled());
}

/// SD5.
fn dropped_inside_a_task_or_block_on(builder: Builder) {
    // In a task of its own.
    let runtime = Arc::new(builder.clone().build().unwrap());
    let handle = runtime.handle();
    let (sender, receiver) = futures::channel::oneshot::channel::<Arc<Runtime>>();
    let task = runtime.spawn(async move {
        drop(receiver.await.unwrap());
        // The task has just ended its own runtime; it goes on to its next wait.
        7
    });
    let _ = sender.send(runtime);
    assert_eq!(handle.block_on(task).unwrap(), 7);
    assert!(handle.block_on(handle.spawn(async {})).unwrap_err().is_cancelled());
    // In the future of its own `block_on`.
    let runtime = builder.clone().build().unwrap();
    let handle = runtime.handle();
    handle.block_on(async {
        let task = fend::spawn(pending::<()>());
        drop(runtime);
        assert!(task.await.unwrap_err().is_cancelled());
    });
    // In another one's.
    let outer = builder.clone().build().unwrap();
    outer.block_on(async {
        let inner = builder.build().unwrap();
        assert_eq!(inner.block_on(inner.spawn(async { 7 })).unwrap(), 7);
        let report = inner.shutdown_timeout(Duration::from_secs(30));
        let _ = report;
    });
}

fn waiting_blocking_jobs_are_cancelled(builder: Builder) {
    let runtime = builder.max_blocking_threads(1).build().unwrap();
    let (started, starts) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    let running = runtime.spawn_blocking(move || {
        started.send(()).unwrap();
        let _ = goes_on.recv();
        7
    });
    let waiting = runtime.spawn_blocking(|| 8);
    starts.recv().unwrap();
    let report = runtime.shutdown_timeout(Duration::from_millis(10));
    assert_eq!(report.blocking_left, 1);
    assert!(futures::executor::block_on(waiting).unwrap_err().is_cancelled());
    drop(go_on);
    assert_eq!(futures::executor::block_on(running).unwrap(), 7);
}

/// SD8: worker 0 and guests.
fn a_blocked_on_thread_gets_an_error(builder: Builder) {
    let runtime = builder.build().unwrap();
    let (waiting, waits) = mpsc::channel();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (handle, waiting) = (runtime.handle(), waiting.clone());
            thread::spawn(move || {
                handle.block_on(async {
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    let mut accept = Box::pin(listener.accept());
                    assert!(futures::poll!(&mut accept).is_pending());
                    waiting.send(()).unwrap();
                    accept.await
                })
            })
        })
        .collect();
    threads.iter().for_each(|_| waits.recv().unwrap());
    drop(runtime);
    threads.into_iter().for_each(|thread| ends(thread.join().unwrap()));
}

fn reports_what_is_left(builder: Builder) {
    let mut left = (0, 0);
    // On a busy machine the other worker may need longer to end.
    for limit in [20, 200, 2000] {
        let report = left_by_a_task_that_blocks(builder.clone(), Duration::from_millis(limit));
        left = (report.workers_left, report.blocking_left);
        if left == (1, 0) {
            break;
        }
    }
    assert_eq!(left, (1, 0));
}

/// What is left after `limit`, of two workers of which one is blocked.
fn left_by_a_task_that_blocks(builder: Builder, limit: Duration) -> ShutdownReport {
    let runtime = builder.worker_threads(2).build().unwrap();
    let (started, starts) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    let task = runtime.spawn(async move {
        started.send(()).unwrap();
        let _ = goes_on.recv();
        pending::<()>().await;
    });
    starts.recv().unwrap();
    let report = runtime.shutdown_timeout(limit);
    assert!(report.workers_left >= 1, "{report:?}");
    drop(go_on);
    assert!(futures::executor::block_on(task).unwrap_err().is_cancelled());
    report
}
