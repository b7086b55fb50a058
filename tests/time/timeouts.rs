//! `timeout` on a runtime.

use std::future::{pending, ready};
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use fend::io::AsyncFd;
use fend::time::{sleep, timeout, timeout_at};

use crate::shape::Shape;

on_every_shape!(
    a_value_that_is_ready_wins,
    the_future_is_gone_before_the_error_comes,
    a_busy_task_still_times_out,
    io_beats_its_timeout,
);

/// TM9
fn a_value_that_is_ready_wins(shape: Shape) {
    shape.block_on(async {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
        let past = Instant::now().checked_sub(Duration::from_secs(1)).expect("the machine is up");
        assert_eq!(timeout_at(past, ready(2)).await, Ok(2));
        assert_eq!(timeout(Duration::MAX, ready(3)).await, Ok(3));
        assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
    });
}

/// TM9
fn the_future_is_gone_before_the_error_comes(shape: Shape) {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }
    shape.block_on(async {
        let dropped = Arc::new(AtomicBool::new(false));
        let flag = Flag(dropped.clone());
        let limited = timeout(Duration::from_millis(2), async move {
            let _flag = flag;
            pending::<()>().await;
        });
        let error = limited.await.unwrap_err();
        assert!(dropped.load(SeqCst));
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
    });
}

/// A future that always uses up the task's I/O budget.
fn a_busy_task_still_times_out(shape: Shape) {
    shape.block_on(async {
        let (ours, _theirs) = UnixStream::pair().expect("sockets");
        let ours = AsyncFd::new(ours).expect("registers");
        let busy = async {
            loop {
                ours.writable().await.expect("is writable");
            }
        };
        let limited: Result<(), _> = timeout(Duration::from_millis(20), busy).await;
        assert!(limited.is_err());
    });
}

fn io_beats_its_timeout(shape: Shape) {
    shape.block_on(async {
        let (ours, mut theirs) = UnixStream::pair().expect("sockets");
        let ours = AsyncFd::new(ours).expect("registers");
        let sender = fend::spawn(async move {
            sleep(Duration::from_millis(10)).await;
            theirs.write_all(b"x")
        });
        timeout(Duration::from_secs(30), ours.readable()).await.expect("in time").expect("readable");
        sender.await.expect("no panic").expect("sends");
    });
}
