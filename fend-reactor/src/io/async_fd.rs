//! [`AsyncFd`]: one pollable fd and its owner.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::attempt::{Attempts, Exhausted, Never, Question, ShortOf, attempt, poll_attempts};
use crate::context::poll_budget;
use crate::dispatcher::{Direction, Interest, Readiness};
use crate::driver::{Seen, Source, WaitReady};
use crate::sys;

/// Any object with a pollable file descriptor, registered with the runtime.
///
/// It is for what has no type of its own in fend: sockets of other families, pipes, terminals, eventfds, descriptors of a
/// C library. One object serves any number of tasks through `&self`; each direction may have several waiters, and all
/// of them are woken.
///
/// # Readiness
///
/// An operation is tried, and when the kernel says `WouldBlock` the task sleeps until the fd is ready again. So operations
/// belong into [`read_with`](AsyncFd::read_with), [`write_with`](AsyncFd::write_with) or their `try_` forms, which learn from
/// that answer. A call made behind its back on [`get_ref`](AsyncFd::get_ref) is not seen: after its `WouldBlock` the waits
/// still end at once. Waits may end early, so be ready to try, and to wait again.
///
/// # Ownership
///
/// The object must lend the same open fd for as long as it is wrapped. A bare number does not say who keeps it open:
///
/// ```compile_fail,E0277
/// # use fend_reactor as fend;
/// let fd = fend::io::AsyncFd::new(0_i32);
/// ```
///
/// There is no mutable access, which could swap it:
///
/// ```compile_fail,E0599
/// # use fend_reactor as fend;
/// # use std::os::unix::net::UnixStream;
/// fn swap(fd: &mut fend::io::AsyncFd<UnixStream>, other: UnixStream) {
///     *fd.get_mut() = other;
/// }
/// ```
///
/// Dropping the `AsyncFd` deregisters the fd, then drops the object.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
/// use fend::io::AsyncFd;
///
/// # fn main() -> std::io::Result<()> {
/// fend::block_on(async {
///     let (ours, mut theirs) = UnixStream::pair()?;
///     let ours = AsyncFd::new(ours)?;
///     theirs.write_all(b"hello")?;
///
///     let mut buf = [0; 16];
///     let n = ours.read_with(|mut socket| socket.read(&mut buf)).await?;
///     assert_eq!(&buf[..n], b"hello");
///     Ok(())
/// })
/// # }
/// ```
pub struct AsyncFd<T: AsFd> {
    // Before `io`: fields are dropped in order, and an fd leaves the dispatcher before it is closed.
    pub(super) source: Source,
    pub(super) io: T,
}

impl<T: AsFd> AsyncFd<T> {
    /// Registers the fd of `io` with the current runtime, and sets `O_NONBLOCK` on it.
    ///
    /// The flag belongs to the open file and not to the fd: every duplicate of it, in other processes too, sees it (see
    /// [fcntl(2)](https://man7.org/linux/man-pages/man2/fcntl.2.html)). It is not put back on drop; see
    /// [`set_blocking`](AsyncFd::set_blocking).
    ///
    /// # Errors
    ///
    /// - `PermissionDenied` for what the kernel cannot poll: regular files, directories, `/dev/null`. Their calls belong into
    ///   the blocking pool, [`spawn_blocking`](crate::spawn_blocking).
    /// - `AlreadyExists` when the same fd is registered already: share one `AsyncFd`, or duplicate the fd. Only the driver
    ///   of the current thread looks: a runtime with several workers has as many drivers, and does not notice an fd that is
    ///   registered with another one of them.
    /// - `StorageFull` or `OutOfMemory` when the kernel takes no more registrations.
    /// - any, when the runtime has shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// # fn main() -> std::io::Result<()> {
    /// let file = std::fs::File::open(std::env::current_exe()?)?;
    /// let error = fend::io::AsyncFd::new(file).unwrap_err();
    /// assert!(error.to_string().contains("spawn_blocking"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(io: T) -> io::Result<Self> {
        let this = Self::with_assumed(io, Readiness::NONE);
        this.source.register(this.io.as_fd())?;
        sys::set_nonblocking(this.io.as_fd(), true)?;
        Ok(this)
    }

    /// Takes an fd that is non-blocking already, and registers it with the runtime of the first task that must wait. Until
    /// the kernel says otherwise it is believed to be ready for `assumed`, so that the first operation is tried at once.
    ///
    /// For types that are built on this one.
    #[doc(hidden)]
    pub fn with_assumed(io: T, assumed: Readiness) -> Self {
        AsyncFd { source: Source::new(io.as_fd().as_raw_fd(), assumed), io }
    }

    /// The wrapped object.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// Deregisters the fd and gives the object back. The fd stays non-blocking.
    pub fn into_inner(self) -> T {
        let AsyncFd { source, io } = self;
        drop(source);
        io
    }

    /// Whether the runtime that it was registered with has shut down: nothing will be reported any more.
    pub(crate) fn is_orphan(&self) -> bool {
        self.source.is_orphan()
    }

    /// Has everybody who waits for the direction try again.
    pub(crate) fn retry(&self, direction: Direction) {
        self.source.report(direction);
    }

    /// Sets or clears the fd's blocking mode, to hand it over to code that expects one or the other.
    ///
    /// Clear it back before further use here: an operation on a blocking fd that is not ready stops the worker thread in the
    /// kernel, and every task on it.
    ///
    /// # Errors
    ///
    /// What [fcntl(2)](https://man7.org/linux/man-pages/man2/fcntl.2.html) says.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use std::os::unix::net::UnixStream;
    /// use fend::io::AsyncFd;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (socket, _peer) = UnixStream::pair()?;
    /// let socket = AsyncFd::new(socket)?;
    /// socket.set_blocking(true)?;
    /// let blocking_again: UnixStream = socket.into_inner();
    /// # drop(blocking_again);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_blocking(&self, blocking: bool) -> io::Result<()> {
        sys::set_nonblocking(self.io.as_fd(), !blocking)
    }
}

/// Waiting.
impl<T: AsFd> AsyncFd<T> {
    /// Waits until the fd is readable, at its end, or has an error to tell.
    ///
    /// Afterwards use [`try_read_with`](AsyncFd::try_read_with) or [`read_with`](AsyncFd::read_with): readiness that is not
    /// cleared stays, and a loop of `readable().await` and reads through [`get_ref`](AsyncFd::get_ref) would spin.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Safe: the readiness is kept.
    pub async fn readable(&self) -> io::Result<()> {
        self.wait(Direction::Read).await.map(|_| ())
    }

    /// Waits until the fd takes data, or has an error to tell.
    ///
    /// A peer that has finished sending does not end this wait: it may still read.
    ///
    /// Afterwards use [`try_write_with`](AsyncFd::try_write_with) or [`write_with`](AsyncFd::write_with): readiness that is
    /// not cleared stays, as with [`readable`](AsyncFd::readable).
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Safe: the readiness is kept.
    pub async fn writable(&self) -> io::Result<()> {
        self.wait(Direction::Write).await.map(|_| ())
    }

    /// Waits for out-of-band data, or what the fd's driver calls exceptional (`EPOLLPRI` in
    /// [epoll_ctl(2)](https://man7.org/linux/man-pages/man2/epoll_ctl.2.html)); for an error or a hang-up too.
    ///
    /// Each report of the kernel ends one wait, whether or not the data is then taken.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Safe: a report is used up only when this returns.
    pub async fn priority(&self) -> io::Result<()> {
        let seen = self.wait(Direction::Priority).await?;
        self.source.take_priority(seen);
        Ok(())
    }

    /// Waits until the peer has closed its side, without reading up to the end; for an error too. Once it has ended it ends at
    /// once each time.
    ///
    /// For the writer of a pipe, this waits until the reader is gone.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Safe: the readiness is kept.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use std::os::unix::net::UnixStream;
    /// use fend::io::AsyncFd;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// fend::block_on(async {
    ///     let (ours, theirs) = UnixStream::pair()?;
    ///     let ours = AsyncFd::new(ours)?;
    ///     drop(theirs);
    ///     ours.peer_closed().await
    /// })
    /// # }
    /// ```
    pub async fn peer_closed(&self) -> io::Result<()> {
        self.wait(Direction::PeerClosed).await.map(|_| ())
    }

    /// Waits for any direction of `interest`; returns what the fd is ready for in those that are ready.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Safe: the readiness is kept.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use std::os::unix::net::UnixStream;
    /// use fend::io::{AsyncFd, Interest, Readiness};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// fend::block_on(async {
    ///     let (ours, _theirs) = UnixStream::pair()?;
    ///     let ours = AsyncFd::new(ours)?;
    ///     let ready = ours.ready(Interest::READABLE | Interest::WRITABLE).await?;
    ///     assert_eq!(ready, Readiness::WRITABLE);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Readiness> {
        let mut waits = Direction::ALL.map(|direction| {
            interest.directions().any(|wanted| wanted == direction).then(|| self.wait_ready(direction))
        });
        poll_fn(|cx| {
            let ready = ready!(poll_any(&mut waits, cx))?;
            ready!(poll_budget(cx));
            Poll::Ready(Ok(ready))
        })
        .await
    }

    /// Like [`ready`](AsyncFd::ready), for poll functions. The waker of `cx` is kept until the fd is ready: of each
    /// direction up to 32 different ones.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use std::future::poll_fn;
    /// use std::os::unix::net::UnixStream;
    /// use fend::io::{AsyncFd, Interest, Readiness};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// fend::block_on(async {
    ///     let (ours, _theirs) = UnixStream::pair()?;
    ///     let ours = AsyncFd::new(ours)?;
    ///     let interest = Interest::READABLE | Interest::WRITABLE;
    ///     let ready = poll_fn(|cx| ours.poll_ready(cx, interest)).await?;
    ///     assert_eq!(ready, Readiness::WRITABLE);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_ready(&self, cx: &mut Context<'_>, interest: Interest) -> Poll<io::Result<Readiness>> {
        let mut ready = Readiness::NONE;
        for direction in interest.directions() {
            if let Poll::Ready(seen) = self.source.poll_ready(cx, &self.io, direction) {
                ready |= seen?.readiness(direction);
            }
        }
        if ready.is_empty() { Poll::Pending } else { poll_budget(cx).map(|()| Ok(ready)) }
    }

    /// Like [`readable`](AsyncFd::readable), for poll functions. The waker of `cx` is kept until the fd is ready: of each
    /// direction up to 32 different ones.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_wait(cx, Direction::Read)
    }

    /// Like [`writable`](AsyncFd::writable), for poll functions. The waker of `cx` is kept until the fd is ready: of each
    /// direction up to 32 different ones.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_wait(cx, Direction::Write)
    }

    pub(super) fn poll_wait(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<()>> {
        ready!(self.source.poll_ready(cx, &self.io, direction))?;
        poll_budget(cx).map(Ok)
    }

    #[inline]
    fn wait_ready(&self, direction: Direction) -> WaitReady<'_> {
        self.source.wait_ready(self.io.as_fd(), direction)
    }

    /// Ready, and a unit of the budget taken for what will be done with that.
    pub(super) async fn wait(&self, direction: Direction) -> io::Result<Seen> {
        let seen = self.wait_ready(direction).await?;
        poll_fn(poll_budget).await;
        Ok(seen)
    }
}

/// Polls each wait, so that each leaves its waker; the readiness of all that are ready.
fn poll_any(waits: &mut [Option<WaitReady<'_>>], cx: &mut Context<'_>) -> Poll<io::Result<Readiness>> {
    let mut ready = Readiness::NONE;
    for wait in waits.iter_mut().flatten() {
        let direction = wait.direction();
        if let Poll::Ready(seen) = Pin::new(wait).poll(cx) {
            ready |= seen?.readiness(direction);
        }
    }
    if ready.is_empty() { Poll::Pending } else { Poll::Ready(Ok(ready)) }
}

/// Operations.
impl<T: AsFd> AsyncFd<T> {
    /// Waits until the fd is readable and tries `op`, until that does not say `WouldBlock`. When a signal interrupts `op`, it
    /// is tried again.
    ///
    /// # Errors
    ///
    /// Those of `op`, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropped before it returns, it has either not called `op`, or `op` said `WouldBlock`.
    pub async fn read_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.with(Direction::Read, op).await
    }

    /// Waits until the fd is writable and tries `op`, until that does not say `WouldBlock`. When a signal interrupts `op`, it
    /// is tried again.
    ///
    /// # Errors
    ///
    /// Those of `op`, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropped before it returns, it has either not called `op`, or `op` said `WouldBlock`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    /// use fend::io::AsyncFd;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// fend::block_on(async {
    ///     let (ours, mut theirs) = UnixStream::pair()?;
    ///     let ours = AsyncFd::new(ours)?;
    ///     let sent = ours.write_with(|mut socket| socket.write(b"hello")).await?;
    ///     assert_eq!(sent, 5);
    ///     theirs.read_exact(&mut [0; 5])
    /// })
    /// # }
    /// ```
    pub async fn write_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.with(Direction::Write, op).await
    }

    /// Calls `op`, which reads, once and without waiting.
    ///
    /// # Errors
    ///
    /// Those of `op`. `WouldBlock` is remembered: the next wait for readability lasts until there is something new.
    pub fn try_read_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.try_with(Direction::Read, op)
    }

    /// Calls `op`, which writes, once and without waiting.
    ///
    /// # Errors
    ///
    /// Those of `op`. `WouldBlock` is remembered: the next wait for writability lasts until there is room again.
    pub fn try_write_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.try_with(Direction::Write, op)
    }

    /// Calls `op`, which works in `direction`, once and without waiting. When a signal interrupts it, it is called again.
    ///
    /// # Errors
    ///
    /// Those of `op`. `WouldBlock` is remembered: the next wait for `direction` lasts until there is something new.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use std::io::{ErrorKind, Read};
    /// use std::os::unix::net::UnixStream;
    /// use fend::io::{AsyncFd, Direction};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let _runtime = fend::runtime::Handle::current().enter();
    /// let (ours, _theirs) = UnixStream::pair()?;
    /// let ours = AsyncFd::new(ours)?;
    /// let error = ours.try_with(Direction::Read, |mut socket| socket.read(&mut [0; 16])).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_with<R>(
        &self,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        attempt(&self.source, self.source.seen(), direction, &Never, || op(&self.io))
    }

    /// Like [`try_with`](AsyncFd::try_with), where a count above 0 and below `asked` means that nothing is left, as in
    /// [`bytes_with`](AsyncFd::bytes_with).
    pub(crate) fn try_bytes_with(
        &self,
        direction: Direction,
        asked: usize,
        mut op: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        attempt(&self.source, self.source.seen(), direction, &ShortOf(asked), || op(&self.io))
    }

    /// Waits for `direction` and tries `op`, until that does not say `WouldBlock`.
    ///
    /// # Errors
    ///
    /// Those of `op`, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropped before it returns, it has either not called `op`, or `op` said `WouldBlock`.
    pub async fn with<R>(&self, direction: Direction, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.attempts(direction, Never, op).await
    }

    /// Like [`with`](AsyncFd::with), for an `op` that takes nothing: one that peeks, or asks the kernel what is there. A report of
    /// out-of-band data is not used up.
    ///
    /// For types that are built on this one.
    #[doc(hidden)]
    pub async fn ask_with<R>(
        &self,
        direction: Direction,
        op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.attempts(direction, Question, op).await
    }

    /// Like [`with`](AsyncFd::with), for the bytes of a stream socket or a pipe: a result above 0 and short of `asked` bytes
    /// means that the kernel's buffer is empty (or full) now, and the next operation waits without asking it again.
    ///
    /// Wrong for datagrams and terminals, whose reads are short while more is there.
    ///
    /// # Errors
    ///
    /// Those of `op`, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropped before it returns, it has either not called `op`, or `op` said `WouldBlock`.
    pub async fn bytes_with(
        &self,
        direction: Direction,
        asked: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.attempts(direction, ShortOf(asked), op).await
    }

    /// [`bytes_with`](Self::bytes_with), as a plain function: for futures around it, which then are one state the fewer.
    #[doc(hidden)]
    #[inline]
    pub fn attempt_bytes(
        &self,
        direction: Direction,
        asked: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> impl Future<Output = io::Result<usize>> {
        self.attempts(direction, ShortOf(asked), op)
    }

    #[inline]
    fn attempts<R, E, F>(&self, direction: Direction, exhausted: E, op: F) -> Attempts<'_, T, E, F>
    where
        E: Exhausted<R>,
        F: FnMut(&T) -> io::Result<R>,
    {
        Attempts::new(self, direction, exhausted, op)
    }

    /// Like [`with`](AsyncFd::with), for poll functions. The waker of `cx` is kept until the fd is ready: of each direction
    /// up to 32 different ones.
    ///
    /// # Errors
    ///
    /// Those of `op`, and when the runtime has shut down.
    pub fn poll_with<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        poll_attempts(&self.source, &mut &self.io, cx, direction, Never, |io| op(io))
    }

    /// [`ask_with`](AsyncFd::ask_with), polled.
    #[doc(hidden)]
    pub fn poll_ask_with<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        poll_attempts(&self.source, &mut &self.io, cx, direction, Question, |io| op(io))
    }

    /// To be called before out-of-band data is received: from now on a short read does not mean that the buffer is empty, since
    /// a read stops at the mark that this data leaves. The driver does so by itself when the kernel announces such data, but a receive
    /// that does not wait may take it before.
    ///
    /// For types that are built on this one.
    #[doc(hidden)]
    pub fn expect_mark(&self) {
        self.source.expect_mark();
    }

    /// Like [`bytes_with`](AsyncFd::bytes_with), for poll functions. The waker of `cx` is kept until the fd is ready: of each
    /// direction up to 32 different ones.
    ///
    /// # Errors
    ///
    /// Those of `op`, and when the runtime has shut down.
    pub fn poll_bytes_with(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        asked: usize,
        mut op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        poll_attempts(&self.source, &mut &self.io, cx, direction, ShortOf(asked), |io| op(io))
    }
}

impl<T: AsFd> AsRef<T> for AsyncFd<T> {
    fn as_ref(&self) -> &T {
        self.get_ref()
    }
}

// Of ours, only wakers are foreign code, and they run when the source is in order again.
impl<T: AsFd + UnwindSafe> UnwindSafe for AsyncFd<T> {}
impl<T: AsFd + RefUnwindSafe> RefUnwindSafe for AsyncFd<T> {}

impl<T: AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl<T: AsFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_fd().as_raw_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd").field("io", &self.io).field("ready", &self.source.seen()).finish()
    }
}
