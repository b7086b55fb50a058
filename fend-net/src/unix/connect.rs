//! Making a connection, or sending to a crowded address.
//!
//! connect(2) of a non-blocking Unix socket never goes on in the kernel: it is made, or not. When the listener's queue is full it
//! says `EAGAIN`, and nothing announces that there is room again. What poll(2) says of a socket that is not connected is no
//! answer either: it is always writable and hung up. The same holds for a datagram to a receiver whose queue is full. All that can
//! be done, short of a thread that blocks, is to try again later; the pauses grow, so that a wait of any length costs little.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use fend_reactor::time::sleep;
use socket2::{SockAddr, Socket};

use crate::sys::uninterrupted;

/// Between the first attempts.
const SHORTEST: Duration = Duration::from_millis(1);

/// No longer than this does room stay unnoticed.
const LONGEST: Duration = Duration::from_millis(64);

/// The pauses between attempts.
pub(super) struct Pauses {
    next: Duration,
}

impl Pauses {
    pub(super) fn new() -> Pauses {
        Pauses { next: SHORTEST }
    }

    pub(super) async fn pause(&mut self) {
        let pause = self.next;
        self.next = LONGEST.min(self.next * 2);
        sleep(pause).await;
    }

    /// [`pause`](Self::pause), which `event` ends before its time.
    pub(super) async fn pause_until(
        &mut self,
        event: impl Future<Output = io::Result<()>>,
    ) -> io::Result<()> {
        let (mut event, mut pause) = (pin!(event), pin!(self.pause()));
        poll_fn(|cx| match event.as_mut().poll(cx) {
            Poll::Pending => pause.as_mut().poll(cx).map(Ok),
            happened => happened,
        })
        .await
    }
}

/// What `future` gives without waiting.
pub(super) async fn at_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Connects, and waits while the listener's queue is full. Dropping this future closes nothing: the socket is the caller's.
pub(super) async fn connect(socket: &Socket, address: &SockAddr) -> io::Result<()> {
    let mut pauses = Pauses::new();
    loop {
        match uninterrupted(|| socket.connect(address)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => pauses.pause().await,
            other => return other,
        }
    }
}
