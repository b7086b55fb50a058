//! [`ListenerHandle`]: watching a listener and ending it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fend_reactor::task::CancellationToken;
use fend_reactor::time::timeout;

use super::metrics::ListenerMetrics;
use super::state::Shared;

/// How long a drain waits for connections that it has aborted. Their tasks end at their next poll, if they come to one.
const GRACE: Duration = Duration::from_secs(1);

/// Watches and ends a [`Listener`](super::Listener); made by [`Listener::handle`](super::Listener::handle). Clones are handles of the
/// same listener. It keeps nothing open.
#[derive(Clone)]
pub struct ListenerHandle {
    shared: Arc<Shared>,
}

impl ListenerHandle {
    pub(super) fn of(shared: Arc<Shared>) -> ListenerHandle {
        ListenerHandle { shared }
    }

    /// Stops taking connections; those that are there go on. Does not wait. [`drain`](Self::drain) does this first.
    ///
    /// A connection that accept(2) has already given is still served; nothing is accepted after that. (Unless it comes when a
    /// [`drain`](Self::drain) is over or its deadline has passed: then it is aborted at once.)
    ///
    /// [`serve`](super::Listener::serve) closes the listening socket at once, unless it has clones or other processes hold it. The
    /// kernel then refuses new clients, and resets connections that are still in its queue. Where another process shares the
    /// socket (it was passed on, or inherited), they stay queued for that one, and none is lost.
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Stops taking connections, lets those that are there finish until `deadline` is over, and then aborts what is left: its
    /// tasks are cancelled, and its sockets reset, so that a peer cannot take half an answer for a whole one. Says what
    /// happened.
    ///
    /// An aborted task ends when it next comes to an `await`. This waits one more second for those that do not, and then
    /// counts them as [`stuck`](DrainReport::stuck).
    ///
    /// Connections that wait for a request end at once if they listen to [`token`](Self::token). Called several times, the earliest
    /// deadline counts.
    ///
    /// # Cancel safety
    ///
    /// The listener stays stopped; without a further call there is no deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fend::net::{Listener, TcpStream};
    ///
    /// # fend::block_on(async {
    /// let listener = Listener::bind("127.0.0.1:0").await?;
    /// let (address, handle) = (listener.local_addr()?, listener.handle());
    /// let server = fend::spawn(listener.serve(|stream, _peer| async move {
    ///     let _ = stream.send_all(b"hello").await;
    /// }));
    /// let client = TcpStream::connect(address).await?;
    /// client.recv_exact(&mut [0; 5]).await?;
    ///
    /// let report = handle.drain(Duration::from_secs(10)).await;
    /// assert!(report.is_clean());
    /// server.await??;
    /// assert!(TcpStream::connect(address).await.is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn drain(&self, deadline: Duration) -> DrainReport {
        self.stop();
        if let Ok(report) = timeout(deadline, self.shared.drained()).await {
            return report;
        }
        self.shared.abort_all();
        match timeout(GRACE, self.shared.drained()).await {
            Ok(report) => report,
            Err(_) => self.shared.give_up(),
        }
    }

    /// A token that is cancelled when the listener stops taking connections. A connection that waits for its peer's next request can
    /// so end between two requests. Cancelling it does not stop the listener.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::{Listener, TcpStream};
    /// # use std::time::Duration;
    ///
    /// # fend::block_on(async {
    /// let listener = Listener::bind("127.0.0.1:0").await?;
    /// # let (address, handle) = (listener.local_addr()?, listener.handle());
    /// let token = listener.handle().token();
    /// let server = listener.serve(move |stream: TcpStream, _peer| {
    ///     let token = token.clone();
    ///     async move {
    ///         let mut request = [0; 1024];
    ///         while let Some(Ok(1..)) = token.run_until_cancelled(stream.recv(&mut request)).await {
    ///             let _ = stream.send_all(b"answer").await;
    ///         }
    ///     }
    /// });
    /// # let server = fend::spawn(server);
    /// # let client = TcpStream::connect(address).await?;
    /// # client.send_all(b"request").await?;
    /// # client.recv_exact(&mut [0; 6]).await?;
    /// # assert!(handle.drain(Duration::from_secs(10)).await.is_clean());
    /// # server.await??;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn token(&self) -> CancellationToken {
        self.shared.stop.child_token()
    }

    /// What the listener has seen so far.
    pub fn metrics(&self) -> ListenerMetrics {
        self.shared.metrics()
    }
}

impl fmt::Debug for ListenerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerHandle").field("metrics", &self.metrics()).finish()
    }
}

/// What became of the connections that were there when a listener stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Ended by themselves.
    pub finished: u64,
    /// Their handler panicked.
    pub panicked: u64,
    /// Ended because the deadline had passed, or because their task was cancelled.
    pub aborted: u64,
    /// Aborted and still there a second later: their task has not come to an `await`, their owner has not let them go, or they are still
    /// being [prepared](super::Listener::prepare).
    pub stuck: usize,
}

impl DrainReport {
    /// Whether every connection ended by itself.
    pub fn is_clean(&self) -> bool {
        self.panicked == 0 && self.aborted == 0 && self.stuck == 0
    }
}
