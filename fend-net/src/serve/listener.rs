//! [`Listener`]: the accept loop.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use fend_reactor::io::Direction;
use fend_reactor::spawn;
use socket2::{SockAddr, Socket};

use super::connection::{Connection, ConnectionSlot};
use super::drain::{DrainReport, ListenerHandle};
use super::state::{Shared, Step};
use crate::accept::Accept;
use crate::addrs::IntoAddrs;
use crate::error::{Place, SocketError};
use crate::tcp::{AcceptErrorKind, PREPARE, TcpListener};

/// Takes connections from a listening socket for as long as that can work, with a limit and an orderly end.
///
/// - When descriptors or memory have run out (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`), it pauses for 5 ms, then twice as long each
///   time up to 1 s, and goes on earlier when one of its own connections ends. The connections wait in the kernel's queue.
/// - What concerns one connection (it died in the queue: `ECONNABORTED`; the firewall forbade it: `EPERM`; `EPROTO`; its options
///   could not be set) is passed over at once. 64 such errors of accept(2) in a row lead to a pause too, since what causes them may leave
///   the connection in the queue. A connection whose options could not be set is out of it, and never leads to one.
/// - At the limit of [connections](Listener::max_connections) it stops accepting until one ends. The kernel's queue (the backlog)
///   fills, and when that is full new clients wait longer.
/// - A [handle](Listener::handle) shows [metrics](ListenerHandle::metrics) and [drains](ListenerHandle::drain) it.
///
/// [`serve`](Listener::serve) runs a task for each connection; [`accept`](Listener::accept) gives them to a loop of your own.
///
/// # Examples
///
/// ```
/// use fend::net::{Listener, TcpStream};
///
/// # fend::block_on(async {
/// let listener = Listener::bind("127.0.0.1:0").await?.max_connections(1000);
/// let address = listener.local_addr()?;
/// let handle = listener.handle();
/// let server = fend::spawn(listener.serve(|stream: TcpStream, peer| async move {
///     if let Err(error) = futures_lite::io::copy(&stream, &stream).await {
///         eprintln!("{peer}: {error}");
///     }
/// }));
///
/// let client = TcpStream::connect(address).await?;
/// client.send_all(b"echo").await?;
/// let mut buf = [0; 4];
/// client.recv_exact(&mut buf).await?;
/// assert_eq!(handle.metrics().active, 1);
/// # drop(client);
/// # handle.drain(std::time::Duration::from_secs(10)).await;
/// # server.await??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Listener<L = TcpListener>
where
    L: Accept,
{
    inner: L,
    shared: Arc<Shared>,
    prepare: Option<Arc<Prepare<L::Stream>>>,
    report: Option<Arc<Report>>,
}

type Prepare<S> = dyn Fn(&S) -> io::Result<()> + Send + Sync;
type Report = dyn Fn(&AcceptFailure<'_>) + Send + Sync;

impl Listener {
    /// Listens on a TCP address: [`TcpListener::bind`]. For a socket with options, or of another family, see
    /// [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// As [`TcpListener::bind`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    pub async fn bind(addrs: impl IntoAddrs) -> io::Result<Listener> {
        TcpListener::bind(addrs).await.map(Listener::new)
    }
}

impl<L: Accept> Listener<L> {
    /// Takes connections from `listener`. There is no limit at first.
    pub fn new(listener: L) -> Listener<L> {
        Listener { inner: listener, shared: Arc::new(Shared::new(L::abort)), prepare: None, report: None }
    }

    /// How many connections there may be at once. Further ones wait in the kernel's queue.
    ///
    /// An accept that waits for a connection holds a slot for it: with a limit of 1 only one of several tasks waits in accept(2) at a
    /// time, and the others for its slot.
    ///
    /// # Panics
    ///
    /// When `max` is 0.
    #[must_use]
    #[track_caller]
    pub fn max_connections(self, max: usize) -> Self {
        assert!(max > 0, "max_connections is 0: no connection could ever be taken");
        self.shared.state.change(|state| state.max = max);
        self
    }

    /// Sets options of each connection before it is given out, as [`TcpListener::accept_with`] does. A connection for which `prepare`
    /// gives an error is closed, counted and [reported](Self::on_error), and the next one is taken.
    ///
    /// # Errors
    ///
    /// None here. That of `prepare` comes to [`on_error`](Self::on_error) with the peer's address in front: "prepare the connection of
    /// 127.0.0.1:5000: ...". It ends its connection and not the listener, whatever its kind. It is counted in
    /// [`transient_errors`](super::ListenerMetrics::transient_errors); but when it says that something has run out (`EMFILE`,
    /// `ENFILE`, `ENOBUFS`, `ENOMEM`), in [`back_offs`](super::ListenerMetrics::back_offs), and the listener pauses as it does for
    /// accept(2).
    ///
    /// # Panics
    ///
    /// Not here. A panic of `prepare` goes through [`accept`](Self::accept) or [`serve`](Self::serve).
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::{Listener, TcpStream};
    ///
    /// # fend::block_on(async {
    /// let listener = Listener::bind("127.0.0.1:0").await?.prepare(|stream| stream.set_nodelay(true));
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (connection, _peer) = listener.accept().await?.expect("nobody drains it");
    /// assert!(connection.nodelay()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn prepare(mut self, prepare: impl Fn(&L::Stream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        self.prepare = Some(Arc::new(prepare));
        self
    }

    /// Has `report` told of every error that the listener survives, as it happens: for logs. It must not block.
    #[must_use]
    pub fn on_error(mut self, report: impl Fn(&AcceptFailure<'_>) + Send + Sync + 'static) -> Self {
        self.report = Some(Arc::new(report));
        self
    }

    /// A handle that watches this listener and can end it from elsewhere.
    pub fn handle(&self) -> ListenerHandle {
        ListenerHandle::of(self.shared.clone())
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<L::Addr> {
        self.inner.local_addr()
    }

    /// The socket. An accept on it goes past the limit and the numbers.
    pub fn get_ref(&self) -> &L {
        &self.inner
    }

    /// The socket. Connections that were taken go on to count for [handles](Self::handle) that are left.
    pub fn into_inner(self) -> L {
        self.inner
    }

    /// Takes the next connection: a stream with its slot, and the peer's address. `None` once the listener was
    /// [stopped](ListenerHandle::stop).
    ///
    /// Waits while the limit is reached. Several tasks may accept at once, through a reference or clones.
    ///
    /// # Errors
    ///
    /// Only what no further accept can survive ([`AcceptErrorKind::Fatal`]): the fd is no listening socket any more, or the runtime has
    /// shut down. On an executor that is not fend's, also when something has run out and there is neither a runtime nor a thread to wait
    /// with.
    ///
    /// # Panics
    ///
    /// When the closure given to [`prepare`](Self::prepare) or [`on_error`](Self::on_error) does.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a connection is either returned or still queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::Listener;
    /// # use fend::net::TcpStream;
    ///
    /// async fn greet(listener: Listener) -> std::io::Result<()> {
    ///     while let Some((connection, _peer)) = listener.accept().await? {
    ///         fend::spawn(async move { connection.send_all(b"hello").await });
    ///     }
    ///     Ok(())
    /// }
    /// # fend::block_on(async {
    /// # let listener = Listener::bind("127.0.0.1:0").await?;
    /// # let (address, handle) = (listener.local_addr()?, listener.handle());
    /// # let server = fend::spawn(greet(listener));
    /// # let client = TcpStream::connect(address).await?;
    /// # client.recv_exact(&mut [0; 5]).await?;
    /// # handle.drain(std::time::Duration::from_secs(10)).await;
    /// # server.await??;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn accept(&self) -> io::Result<Option<(Connection<L::Stream>, L::Addr)>> {
        loop {
            self.shared.pause().await?;
            let Some(mut reservation) = self.shared.reserve().await else { return Ok(None) };
            let accept = |socket: &Socket| self.shared.accept(|| L::accept_now(socket));
            let accept = self.inner.listening().with(Direction::Read, accept);
            let failed = match self.shared.stop.run_until_cancelled(accept).await {
                None => return Ok(None),
                Some(Err(_)) if self.shared.is_stopped() => return Ok(None),
                Some(Err(error)) => self.survive(self.inner.explain(error), true),
                Some(Ok((accepted, peer))) => {
                    let in_time = reservation.take();
                    match self.prepared(accepted, &peer, in_time) {
                        Ok((stream, peer)) => {
                            let Some(id) = reservation.admit(L::registered(&stream)) else {
                                L::abort(L::registered(&stream).get_ref());
                                return Ok(None);
                            };
                            let slot = ConnectionSlot::held(self.shared.clone(), id);
                            return Ok(Some((Connection::new(stream, slot), peer)));
                        }
                        Err(error) => self.survive(error, false),
                    }
                }
            };
            failed?;
        }
    }

    /// A connection and its peer, prepared unless it comes so late that it will be ended at once.
    fn prepared(&self, accepted: Socket, peer: &SockAddr, in_time: bool) -> io::Result<(L::Stream, L::Addr)> {
        let (stream, peer) = L::stream(accepted, peer)?;
        match &self.prepare {
            Some(prepare) if in_time => {
                prepare(&stream).map_err(|error| SocketError::wrap(PREPARE, place(&peer), error))?;
            }
            _ => {}
        }
        Ok((stream, peer))
    }

    /// Counts an error and says it to whoever listens. Gives a fatal one back. `accepting`: it is accept(2)'s own, so that the
    /// connection may still be there.
    fn survive(&self, error: io::Error, accepting: bool) -> io::Result<()> {
        let step = match AcceptErrorKind::of(&error) {
            AcceptErrorKind::BackOff => self.shared.back_off(error.kind()),
            AcceptErrorKind::Fatal if accepting => return Err(error),
            AcceptErrorKind::Fatal | AcceptErrorKind::Retry => self.shared.retry(error.kind(), accepting),
        };
        if let (Some(report), Some(failure)) = (&self.report, AcceptFailure::of(&error, step)) {
            report(&failure);
        }
        Ok(())
    }

    /// Runs `handler` for each connection, in a task of its own, until the listener is [stopped](ListenerHandle::stop) and the last
    /// connection has ended. Says what became of the connections since then.
    ///
    /// The handler is told nothing of the limit: its connection counts until its future ends. A panic in it ends that one connection;
    /// it is counted, printed by std's panic hook, and told to the runtime's hook for unhandled panics.
    ///
    /// # Errors
    ///
    /// What no further accept can survive: see [`accept`](Self::accept). The connections go on.
    ///
    /// # Panics
    ///
    /// When the closure given to [`prepare`](Self::prepare) or [`on_error`](Self::on_error) does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listening socket: connections that are queued are reset. Those that are being served go
    /// on, and can be ended by a handle.
    pub async fn serve<F, Fut>(self, handler: F) -> io::Result<DrainReport>
    where
        F: Fn(L::Stream, L::Addr) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let shared = self.shared.clone();
        // A drain is not over before the listening socket is closed, which the accept loop takes along.
        let serving = shared.clone().begin_serving();
        self.accept_all(Arc::new(handler)).await?;
        drop(serving);
        Ok(shared.drained().await)
    }

    /// Takes the listener along, so that its socket closes when no more is to be accepted and not when all is over.
    async fn accept_all<F, Fut>(self, handler: Arc<F>) -> io::Result<()>
    where
        F: Fn(L::Stream, L::Addr) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send,
    {
        while let Some((connection, peer)) = self.accept().await? {
            let (stream, slot) = connection.into_parts();
            let (id, slot, handler) = (slot.id(), slot.of_task(), handler.clone());
            let task = spawn(async move {
                // The slot is dropped after the stream, whichever way this ends. If it ends before it begins, what it has captured is
                // dropped in the order of these lines.
                let stream = stream;
                let slot = slot;
                handler(stream, peer).await;
                slot.finish();
            });
            self.shared.attach(id, task.abort_handle());
            task.detach();
        }
        Ok(())
    }
}

impl<L: Accept> From<L> for Listener<L> {
    fn from(listener: L) -> Listener<L> {
        Listener::new(listener)
    }
}

/// The same listener, with the same limit and numbers, for another task to accept from.
impl<L: Accept + Clone> Clone for Listener<L> {
    fn clone(&self) -> Listener<L> {
        Listener {
            inner: self.inner.clone(),
            shared: self.shared.clone(),
            prepare: self.prepare.clone(),
            report: self.report.clone(),
        }
    }
}

impl<L: Accept> fmt::Debug for Listener<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = self.shared.metrics();
        f.debug_struct("Listener")
            .field("inner", &self.inner)
            .field("metrics", &metrics)
            .finish_non_exhaustive()
    }
}

/// The listening socket's.
impl<L: Accept + AsFd> AsFd for Listener<L> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

/// The listening socket's.
impl<L: Accept + AsRawFd> AsRawFd for Listener<L> {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

fn place<A: fmt::Debug + 'static>(peer: &A) -> Place {
    let ip = (peer as &dyn Any).downcast_ref::<SocketAddr>();
    ip.map_or_else(|| format!("{peer:?}").into(), |ip| Place::Ip(*ip))
}

/// An error that a [`Listener`] has survived.
#[derive(Debug)]
pub struct AcceptFailure<'a> {
    error: &'a io::Error,
    pause: Option<Duration>,
    first: bool,
}

impl<'a> AcceptFailure<'a> {
    fn of(error: &'a io::Error, step: Step) -> Option<AcceptFailure<'a>> {
        match step {
            Step::Retry => Some(AcceptFailure { error, pause: None, first: false }),
            Step::Pause { length, first } => Some(AcceptFailure { error, pause: Some(length), first }),
            Step::Join => None,
        }
    }

    /// What happened, with the listener's address; where [`prepare`](Listener::prepare) has failed, with that of the peer.
    pub fn error(&self) -> &'a io::Error {
        self.error
    }

    /// How long the listener pauses now. `None` when it goes on at once.
    pub fn pause(&self) -> Option<Duration> {
        self.pause
    }

    /// Whether this is the first pause since a connection was taken. The further ones of a row, twice as long each, come from the
    /// same lack, which is worth one line in a log.
    pub fn begins_back_off(&self) -> bool {
        self.first
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Mutex;

    use fend_reactor::io::{AsyncFd, Readiness};
    use futures_lite::future::{block_on, poll_once};
    use socket2::{Domain, SockAddr, Socket, Type};

    use super::*;
    use crate::accept::Source;
    use crate::socket::Registered;

    /// What was found when something was dropped.
    type Found = Arc<Mutex<Vec<bool>>>;

    thread_local! {
        /// For the streams of this thread's test: whom to ask, and where to note it.
        static OBSERVER: RefCell<Option<(ListenerHandle, Found)>> = const { RefCell::new(None) };
    }

    /// A listening socket that looks whether a drain is over when it is closed.
    #[derive(Debug)]
    struct Fake {
        fd: Registered,
        shared: Mutex<Option<Arc<Shared>>>,
        drained: Found,
    }

    #[derive(Debug)]
    struct FakeStream(Registered);

    impl Accept for Fake {
        type Stream = FakeStream;
        type Addr = SocketAddr;
    }

    impl Source for Fake {
        fn listening(&self) -> &Registered {
            &self.fd
        }

        fn stream(accepted: Socket, _: &SockAddr) -> io::Result<(FakeStream, SocketAddr)> {
            let fd = Arc::new(AsyncFd::with_assumed(accepted, Readiness::NONE));
            Ok((FakeStream(fd), ([127, 0, 0, 1], 1).into()))
        }

        fn registered(stream: &FakeStream) -> &Registered {
            &stream.0
        }

        fn abort(_: &Socket) {}

        fn local_addr(&self) -> io::Result<SocketAddr> {
            Ok(([127, 0, 0, 1], 2).into())
        }

        fn explain(&self, error: io::Error) -> io::Error {
            error
        }
    }

    impl Drop for Fake {
        fn drop(&mut self) {
            let shared = self.shared.lock().unwrap().take().expect("set");
            self.drained.lock().unwrap().push(block_on(poll_once(shared.drained())).is_some());
        }
    }

    impl Drop for FakeStream {
        fn drop(&mut self) {
            OBSERVER.with_borrow(|observer| {
                let (handle, counted) = observer.as_ref().expect("set");
                counted.lock().unwrap().push(handle.metrics().active == 1);
            });
        }
    }

    fn fake() -> (Listener<Fake>, SockAddr, Found) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(1).unwrap();
        let address = socket.local_addr().unwrap();
        let drained = Found::default();
        // Believed to have a connection, so that the first poll looks.
        let fd = Arc::new(AsyncFd::with_assumed(socket, Readiness::READABLE));
        let listener = Listener::new(Fake { fd, shared: Mutex::default(), drained: drained.clone() });
        *listener.inner.shared.lock().unwrap() = Some(listener.shared.clone());
        (listener, address, drained)
    }

    #[test]
    fn a_drain_is_over_after_the_listening_socket_is_closed() {
        let (listener, _, drained) = fake();
        let handle = listener.handle();
        let mut serve = Box::pin(listener.serve(|_, _| async {}));
        assert!(block_on(poll_once(serve.as_mut())).is_none());
        handle.stop();
        block_on(serve).unwrap();
        assert_eq!(*drained.lock().unwrap(), [false]);
    }

    #[test]
    fn a_server_that_is_dropped_closes_its_socket_first() {
        let (listener, _, drained) = fake();
        let handle = listener.handle();
        let mut serve = Box::pin(listener.serve(|_, _| async {}));
        assert!(block_on(poll_once(serve.as_mut())).is_none());
        handle.stop();
        drop(serve);
        assert_eq!(*drained.lock().unwrap(), [false]);
    }

    /// The task of a connection is ended before it has begun.
    #[test]
    fn a_connection_counts_until_its_stream_is_closed() {
        let runtime = fend_reactor::runtime::Builder::new().worker_threads(1).build().unwrap();
        let (listener, address, _) = fake();
        let counted = Found::default();
        OBSERVER.set(Some((listener.handle(), counted.clone())));
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        client.connect(&address).unwrap();
        // The only worker of this runtime is the thread in its `block_on`.
        let entered = runtime.handle().enter();
        let shared = listener.shared.clone();
        let mut serve = Box::pin(listener.serve(|stream, _| async move { drop(stream) }));
        assert!(block_on(poll_once(serve.as_mut())).is_none());
        assert_eq!(shared.metrics().active, 1);
        shared.abort_all();
        runtime.block_on(async {
            while shared.metrics().active > 0 {
                fend_reactor::task::yield_now().await;
            }
        });
        assert_eq!(*counted.lock().unwrap(), [true]);
        assert_eq!(shared.metrics().aborted, 1);
        drop((serve, entered, client));
    }
}
