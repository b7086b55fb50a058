//! The paused clock and a driver that nobody attends, as it has nothing to do.

use std::net::TcpListener;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::time::Duration;

use fend::net;
use fend::time::{self, sleep};
use futures_lite::future::poll_once;

use crate::rest::Observed;
use crate::shape::Shape;

// It takes two drivers.
on_every_shape!(@each beside [a_wake_up_that_nobody_fetches_does_not_stop_the_clock] epoll_split Epoll 2 2, poll_split Poll 2 2,);

const HOUR: Duration = Duration::from_secs(3600);

/// Worker 1 sleeps in the driver of worker 0, which has a source and a timer, and leaves its own. So worker 0 sleeps without a driver,
/// and wakes all of them to have the clock looked after: the one that was left keeps that wake-up. It was taken for data.
fn a_wake_up_that_nobody_fetches_does_not_stop_the_clock(shape: Shape) {
    static RUNTIMES: AtomicUsize = AtomicUsize::new(0);
    let name = format!("ld{}", RUNTIMES.fetch_add(1, Relaxed));
    let runtime = shape.builder().thread_name(&name).start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let listener = net::TcpListener::try_from(listener).expect("it registers");
        let mut accepting = std::pin::pin!(listener.accept());
        assert!(poll_once(&mut accepting).await.is_none());
        let start = time::now();
        let mut nap = sleep(HOUR);
        assert!(poll_once(&mut nap).await.is_none());
        let (started, starts) = mpsc::channel();
        let task = fend::spawn(async move { started.send(()).expect("the test waits") });
        // Worker 1 runs it while this one is here, and then sleeps.
        starts.recv().expect("it starts");
        Observed::named(&format!("{name}-1")).wait_for_rest();
        nap.await;
        assert_eq!(time::now() - start, HOUR);
        task.await.expect("no panic");
    });
}
