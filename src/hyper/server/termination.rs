//! SIGTERM and ^C: the first drains, the second ends the program.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::net::{DrainReport, ListenerHandle};
use crate::signal::{self, Signal, Signals};

const SIGNALS: [Signal; 2] = [Signal::INT, Signal::TERM];

/// Listens for them. When it is dropped they do again what they did before.
struct Termination(Signals);

impl Termination {
    fn new() -> io::Result<Termination> {
        Signals::new(SIGNALS).map(Termination)
    }

    async fn told(mut self) -> io::Result<()> {
        self.0.recv().await.map(drop)
    }
}

impl Drop for Termination {
    fn drop(&mut self) {
        for signal in SIGNALS {
            // What other code has put in its place since is that code's matter.
            let _ = signal::restore(signal);
        }
    }
}

/// Serves to the end, which the first signal brings about.
pub(super) async fn until_told(
    serving: impl Future<Output = io::Result<DrainReport>>,
    handle: ListenerHandle,
    deadline: Duration,
) -> io::Result<DrainReport> {
    let termination = Termination::new()?;
    let draining = async {
        termination.told().await?;
        handle.drain(deadline).await;
        io::Result::Ok(())
    };
    let (mut serving, mut draining) = (pin!(serving), pin!(draining));
    let mut drained = false;
    poll_fn(|cx| {
        if let Poll::Ready(result) = serving.as_mut().poll(cx) {
            return Poll::Ready(result);
        }
        if !drained {
            match draining.as_mut().poll(cx) {
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => drained = true,
                Poll::Pending => return Poll::Pending,
            }
            // The drain's end is that of the server too.
            return serving.as_mut().poll(cx);
        }
        Poll::Pending
    })
    .await
}
