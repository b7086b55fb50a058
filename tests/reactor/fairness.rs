//! Many fds that are ready all the time.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use fend::io::{AsyncFd, Direction};

use crate::alone::alone;
use crate::kernel;
use crate::shape::Shape;

on_every_shape!(many_busy_fds_are_served_alike);

/// Far more than one wait of the dispatcher fetches.
const FDS: usize = if cfg!(debug_assertions) { 2_000 } else { 10_000 };

/// How often all are served, taken together and for each.
const ROUNDS: usize = 20;

/// The fds that were reported, in the order of their events. One task serves them all, so that what is seen is the
/// reactor's order and not that of the workers' queues.
#[derive(Default)]
struct Reported {
    order: Mutex<(VecDeque<usize>, Option<Waker>)>,
}

/// The waker of one fd.
struct Reporter {
    fd: usize,
    reported: Arc<Reported>,
}

impl Wake for Reporter {
    fn wake(self: Arc<Self>) {
        let mut order = self.reported.order.lock().expect("no panic");
        order.0.push_back(self.fd);
        let server = order.1.take();
        drop(order);
        if let Some(server) = server {
            server.wake();
        }
    }
}

impl Reported {
    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<usize> {
        let mut order = self.order.lock().expect("no panic");
        match order.0.pop_front() {
            Some(fd) => Poll::Ready(fd),
            None => {
                order.1 = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// RE13
fn many_busy_fds_are_served_alike(shape: Shape) {
    alone(shape, || {
        kernel::limit_open_files(20_000).expect("a limit");
        let served = shape.block_on(serve()).expect("the eventfds");
        let (least, most) = (served.iter().min().expect("fds"), served.iter().max().expect("fds"));
        assert!(*most <= 2 * ROUNDS && 2 * *least >= ROUNDS, "{least} to {most} times, on average {ROUNDS}");
    });
}

/// Each fd becomes ready again as soon as it was served. How often each was served.
async fn serve() -> io::Result<Vec<usize>> {
    let reported = Arc::new(Reported::default());
    let eventfds = (0..FDS).map(|_| AsyncFd::new(kernel::eventfd()?)).collect::<io::Result<Vec<_>>>()?;
    let wakers: Vec<_> =
        (0..FDS).map(|fd| Waker::from(Arc::new(Reporter { fd, reported: reported.clone() }))).collect();
    let mut served = vec![0; FDS];
    // Finds out that there is nothing, waits, and then makes the event that it waits for.
    let make_ready_again = |fd: usize| {
        let mut count = [0; 8];
        let mut cx = Context::from_waker(&wakers[fd]);
        let read = eventfds[fd].poll_with(&mut cx, Direction::Read, |mut eventfd| eventfd.read(&mut count));
        assert!(read.is_pending());
        eventfds[fd].get_ref().write_all(&1_u64.to_ne_bytes())
    };
    (0..FDS).try_for_each(make_ready_again)?;
    for _ in 0..FDS * ROUNDS {
        let fd = poll_fn(|cx| reported.poll_next(cx)).await;
        let count = eventfds[fd].try_read_with(|mut eventfd| eventfd.read(&mut [0; 8]));
        assert!(count.is_ok(), "an event without cause: {count:?}");
        served[fd] += 1;
        make_ready_again(fd)?;
        fend::yield_now().await;
    }
    Ok(served)
}
