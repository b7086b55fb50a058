//! The two pools of a runtime beside each other, and what happens at the edges of a pool's life.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use super::run;
use crate::dispatcher::Dispatcher;
use crate::executor::{Builder, Runtime};

/// Sleeps until the sender is dropped.
fn sleeper() -> (Sender<()>, impl FnOnce() -> io::Result<()> + Clone + Send) {
    let (go_on, goes_on) = mpsc::channel();
    let goes_on: Arc<Mutex<Receiver<()>>> = Arc::new(Mutex::new(goes_on));
    (go_on, move || {
        let _ = goes_on.lock().unwrap().recv();
        Ok(())
    })
}

fn on_each_dispatcher(test: impl AsyncFn(&Runtime)) {
    for &dispatcher in Dispatcher::ALL {
        let builder = Builder::new().dispatcher(dispatcher).worker_threads(2).max_blocking_threads(2);
        let runtime = builder.build().unwrap();
        runtime.block_on(test(&runtime));
    }
}

/// RX3.
#[test]
fn sleeping_jobs_hold_up_no_call_on_files() {
    on_each_dispatcher(async |runtime| {
        let (go_on, sleep) = sleeper();
        let sleepers: Vec<_> = (0..10).map(|_| crate::spawn_blocking(sleep.clone())).collect();
        for number in 0..100 {
            assert_eq!(run(move || Ok(number)).await.unwrap(), number);
        }
        assert_eq!(runtime.metrics().blocking.jobs(), 10);
        drop(go_on);
        for sleeper in sleepers {
            sleeper.await.unwrap().unwrap();
        }
    });
}

/// RX3, the other way round.
#[test]
fn calls_on_files_that_hang_hold_up_no_job() {
    on_each_dispatcher(async |runtime| {
        let (go_on, sleep) = sleeper();
        let mut calls: Vec<_> = (0..100).map(|_| Box::pin(run(sleep.clone()))).collect();
        for call in &mut calls {
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        for number in 0..100 {
            assert_eq!(crate::spawn_blocking(move || number).await.unwrap(), number);
        }
        assert_eq!(runtime.metrics().files.jobs(), 100);
        // Nobody waits for those that have not begun.
        calls.truncate(50);
        assert!(runtime.metrics().files.jobs() <= 64);
        drop(go_on);
        for call in calls {
            call.await.unwrap();
        }
    });
}

#[test]
fn a_shutdown_counts_calls_on_files_that_are_left() {
    let runtime = Builder::new().build().unwrap();
    let (go_on, sleep) = sleeper();
    let (begun, begins) = mpsc::channel();
    let mut call = pin!(run(move || {
        begun.send(()).unwrap();
        sleep()
    }));
    let entered = runtime.enter();
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    begins.recv().unwrap();
    let mut waits = pin!(run(|| Ok(())));
    drop(entered);
    let handle = runtime.handle();
    let report = runtime.shutdown_timeout(Duration::from_millis(10));
    assert_eq!((report.blocking_left, report.is_clean()), (1, false));
    let error = handle.block_on(waits.as_mut()).unwrap_err();
    assert!(error.to_string().ends_with("its runtime shut down"), "{error}");
    drop(go_on);
    handle.block_on(call).unwrap();
}

/// The signals that the calling thread blocks.
fn blocked_signals() -> io::Result<String> {
    let status = std::fs::read_to_string("/proc/thread-self/status")?;
    let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
    Ok(blocked.expect("proc_pid_status(5)").trim().to_owned())
}

#[test]
fn only_calls_on_files_are_safe_from_signals() {
    on_each_dispatcher(async |_| {
        let in_file_call = run(blocked_signals).await.unwrap();
        let mask = u64::from_str_radix(&in_file_call, 16).unwrap();
        let bit = |signal: i32| mask & (1 << (signal - 1)) != 0;
        assert!(bit(libc::SIGALRM) && bit(libc::SIGCHLD) && bit(libc::SIGINT) && !bit(libc::SIGSEGV));
        let here = blocked_signals().unwrap();
        assert_eq!(crate::spawn_blocking(blocked_signals).await.unwrap().unwrap(), here);
    });
}
