//! [`CopyBidirectional`]: two directions, each with an end of its own.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};

use super::idle::Idle;
use super::progress::CopyProgress;
use super::transfer::Transfer;

/// Copies from `a` to `b` and from `b` to `a`, until both have ended. The numbers of bytes are the result: from a to b, and from
/// b to a.
///
/// The end of one is passed on: when `a` has no more to say, all that came from it is written to `b` and then `b` is closed
/// (for a TCP stream a half close: its peer reads to the end, and may go on sending). The other direction is not touched by
/// that. An error in one direction ends both.
///
/// Bytes between two streams of our own stay in the kernel, as with [`copy`](super::copy()). A pair that waits holds
/// neither pipes nor buffers.
///
/// The result is a future with settings: put them in front of the `.await`.
///
/// # Peers that do not answer
///
/// A connection can be silent for ever: a peer that vanished without a word, or one that has closed altogether, which
/// looks like a half close until somebody sends to it. By itself a copy then waits for ever too.
/// [`half_close_timeout`](CopyBidirectional::half_close_timeout) limits the silence once one direction has ended, and
/// [`idle_timeout`](CopyBidirectional::idle_timeout) limits it always. A relay should have one of them at least.
///
/// # Errors
///
/// The first error of either side, as it is; [`TimedOut`](io::ErrorKind::TimedOut) after one of the timeouts. How much was
/// copied until then, [`copied`](CopyBidirectional::copied) and [`progress`](CopyBidirectional::progress) tell.
///
/// # Cancel safety
///
/// **Not** cancel safe: what was taken from one side and not yet written to the other is lost when the future is dropped.
/// It can be polled again by `&mut`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use fend::net::{TcpListener, TcpStream};
///
/// # fend::block_on(async {
/// # let listener = TcpListener::bind("127.0.0.1:0").await?;
/// # let address = listener.local_addr()?;
/// # let peer = TcpStream::connect(address).await?;
/// # let (client, _) = listener.accept().await?;
/// # let server = TcpStream::connect(address).await?;
/// # let (other, _) = listener.accept().await?;
/// # peer.send_all(b"question").await?;
/// # peer.shutdown(fend::net::Shutdown::Write)?;
/// # other.send_all(b"answer").await?;
/// # drop(other.shutdown(fend::net::Shutdown::Write));
/// let (up, down) = fend::io::copy_bidirectional(&client, &server)
///     .idle_timeout(Duration::from_secs(300))
///     .half_close_timeout(Duration::from_secs(30))
///     .await?;
/// assert_eq!((up, down), (8, 6));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn copy_bidirectional<A, B>(a: A, b: B) -> CopyBidirectional<A, B>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    CopyBidirectional {
        a,
        b,
        a_to_b: Way::new(),
        b_to_a: Way::new(),
        idle_timeout: None,
        half_close_timeout: None,
        idle: Idle::default(),
        ended: false,
    }
}

/// Future of [`copy_bidirectional`].
#[must_use = "a copy does nothing unless it is awaited"]
pub struct CopyBidirectional<A, B> {
    a: A,
    b: B,
    a_to_b: Way,
    b_to_a: Way,
    idle_timeout: Option<Duration>,
    half_close_timeout: Option<Duration>,
    idle: Idle,
    ended: bool,
}

/// One of the two directions.
struct Way {
    transfer: Transfer,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Copying,
    /// The reader has ended; the writer is being told.
    Closing,
    Ended,
}

impl Way {
    fn new() -> Way {
        Way { transfer: Transfer::new(), state: State::Copying }
    }

    /// Ready once the writer is closed. Says so again when it is asked again.
    fn poll<R, W>(&mut self, cx: &mut Context<'_>, reader: &mut R, writer: &mut W) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        if self.state == State::Copying {
            ready!(self.transfer.poll(cx, reader, writer))?;
            self.state = State::Closing;
        }
        if self.state == State::Closing {
            ready!(Pin::new(writer).poll_close(cx))?;
            self.state = State::Ended;
        }
        Poll::Ready(Ok(()))
    }
}

impl<A, B> CopyBidirectional<A, B> {
    /// Fails with [`TimedOut`](io::ErrorKind::TimedOut) when no byte has moved in either direction for this long.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// Fails with [`TimedOut`](io::ErrorKind::TimedOut) when one direction has ended and no byte has moved in the other
    /// for this long.
    pub fn half_close_timeout(mut self, timeout: Duration) -> Self {
        self.half_close_timeout = Some(timeout);
        self
    }

    /// The size of the buffer of each direction in bytes, 64 KiB if not said. It counts where the bytes do not stay in the
    /// kernel. 0 is taken for 1.
    pub fn buffer_size(mut self, bytes: usize) -> Self {
        for way in [&mut self.a_to_b, &mut self.b_to_a] {
            way.transfer.buffer_size = bytes.max(1);
        }
        self
    }

    /// Copies through a buffer (`true`) even where the kernel could do it alone.
    pub fn no_splice(mut self, no_splice: bool) -> Self {
        for way in [&mut self.a_to_b, &mut self.b_to_a] {
            way.transfer.set_no_splice(no_splice);
        }
        self
    }

    /// Bytes written so far, from a to b and from b to a: also after an error, when the future was polled by `&mut`.
    pub fn copied(&self) -> (u64, u64) {
        (self.a_to_b.transfer.copied(), self.b_to_a.transfer.copied())
    }

    /// The counts for other tasks to watch: from a to b, and from b to a.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend::net::{TcpListener, TcpStream};
    /// # async fn example(client: TcpStream, server: TcpStream) {
    /// let mut copy = fend::io::copy_bidirectional(client, server);
    /// let (up, down) = copy.progress();
    /// let relay = fend::spawn(copy);
    /// // Later, or in another task, and whatever has become of the relay:
    /// println!("{} bytes up, {} bytes down", up.copied(), down.copied());
    /// # }
    /// ```
    pub fn progress(&mut self) -> (CopyProgress, CopyProgress) {
        let [up, down] =
            [&mut self.a_to_b, &mut self.b_to_a].map(|way| CopyProgress { count: way.transfer.share() });
        (up, down)
    }

    /// Both sides. What was taken from one and not yet written to the other is lost.
    pub fn into_inner(self) -> (A, B) {
        (self.a, self.b)
    }

    /// How much silence is allowed now.
    fn silence(&self) -> Option<Duration> {
        let half_closed = self.a_to_b.state == State::Ended || self.b_to_a.state == State::Ended;
        let half_close_timeout = self.half_close_timeout.filter(|_| half_closed);
        self.idle_timeout.into_iter().chain(half_close_timeout).min()
    }
}

impl<A, B> CopyBidirectional<A, B>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_ways(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(u64, u64)>> {
        let up = self.a_to_b.poll(cx, &mut self.a, &mut self.b)?;
        let down = self.b_to_a.poll(cx, &mut self.b, &mut self.a)?;
        ready!(up);
        ready!(down);
        Poll::Ready(Ok(self.copied()))
    }
}

/// # Panics
///
/// When it is polled after it was ready.
impl<A, B> Future for CopyBidirectional<A, B>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    type Output = io::Result<(u64, u64)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        assert!(!this.ended, "a copy was polled after it was ready");
        let states = (this.a_to_b.state, this.b_to_a.state);
        let mut result = this.poll_ways(cx);
        if result.is_pending() {
            let ended = states != (this.a_to_b.state, this.b_to_a.state);
            let active = this.a_to_b.transfer.take_active() | this.b_to_a.transfer.take_active() | ended;
            let silence = this.silence();
            result = this.idle.poll(cx, active, silence).map(Err);
        }
        this.ended = result.is_ready();
        result
    }
}

impl<A, B> fmt::Debug for CopyBidirectional<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyBidirectional").field("copied", &self.copied()).finish_non_exhaustive()
    }
}
