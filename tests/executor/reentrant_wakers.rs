//! Wakers that run the runtime: one that calls `block_on` needs the driver whose turn woke it.

use std::future::Future;
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use fend::Handle;
use fend::io::AsyncFd;
use fend::time::Sleep;
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};

use crate::shape::Shape;

on_every_shape!(
    a_timers_waker_that_blocks_on,
    a_sources_waker_that_blocks_on,
    a_waker_that_blocks_on_in_the_monitor,
    wakers_that_block_on_beside_each_other,
);

const SOON: Duration = Duration::from_millis(2);

/// When woken, waits for a timer of the runtime before it says so.
struct Blocks {
    handle: Handle,
    woken: UnboundedSender<()>,
}

impl Wake for Blocks {
    fn wake(self: Arc<Self>) {
        self.handle.block_on(fend::time::sleep(SOON));
        self.woken.unbounded_send(()).unwrap();
    }
}

fn blocking_waker(handle: Handle) -> (Waker, UnboundedReceiver<()>) {
    let (woken, wakes) = unbounded();
    (Waker::from(Arc::new(Blocks { handle, woken })), wakes)
}

/// A sleep that has `waker`. It is far from over, so that it is pending however slow the machine is, and to be reset.
fn asleep(waker: &Waker) -> Sleep {
    let mut sleep = fend::time::sleep(Duration::from_secs(3600));
    assert!(Pin::new(&mut sleep).poll(&mut Context::from_waker(waker)).is_pending());
    sleep
}

/// EX9
fn a_timers_waker_that_blocks_on(shape: Shape) {
    shape.block_on(async {
        let (waker, mut wakes) = blocking_waker(Handle::current());
        let mut sleep = asleep(&waker);
        sleep.reset_after(SOON);
        wakes.next().await.unwrap();
        sleep.await;
    });
}

/// EX9
fn a_sources_waker_that_blocks_on(shape: Shape) {
    shape.block_on(async {
        let (waker, mut wakes) = blocking_waker(Handle::current());
        let (ours, theirs) = UnixStream::pair().unwrap();
        let fd = AsyncFd::new(ours).unwrap();
        let mut closed = pin!(fd.peer_closed());
        assert!(closed.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(theirs);
        wakes.next().await.unwrap();
        closed.await.unwrap();
    });
}

/// EX9: nobody is in `block_on`, so the monitor wakes, and becomes worker 0 in the waker.
fn a_waker_that_blocks_on_in_the_monitor(shape: Shape) {
    let runtime = shape.build();
    let _entered = runtime.enter();
    let (waker, mut wakes) = blocking_waker(runtime.handle());
    for _ in 0..3 {
        let mut sleep = asleep(&waker);
        sleep.reset_after(SOON);
        futures::executor::block_on(wakes.next()).unwrap();
        futures::executor::block_on(sleep);
    }
}

/// EX9: of one turn. The first one's `block_on` must not wait for the others to be woken.
fn wakers_that_block_on_beside_each_other(shape: Shape) {
    shape.block_on(async {
        let mut waits: Vec<_> = (0..4)
            .map(|_| {
                let (waker, wakes) = blocking_waker(Handle::current());
                (asleep(&waker), wakes)
            })
            .collect();
        let deadline = fend::time::now() + SOON;
        waits.iter_mut().for_each(|(sleep, _)| sleep.reset(deadline));
        for (sleep, wakes) in &mut waits {
            wakes.next().await.unwrap();
            sleep.await;
        }
    });
}
