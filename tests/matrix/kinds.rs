//! What a socket of each kind can do, for one text of the behaviours to run on all of them.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A library with sockets.
pub(crate) trait Kind: 'static {
    type Listener: Send;
    type Stream: Stream;

    /// Runs `future` on this thread, in a runtime of its own.
    fn run<T>(future: impl Future<Output = T>) -> T;

    /// Listens on a free port of the loopback interface.
    fn listen() -> impl Future<Output = io::Result<(Self::Listener, SocketAddr)>>;

    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>>;

    fn connect(address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>>;

    /// Runs both to their ends, beside each other: as tasks or threads, whatever this kind has.
    fn both<A: Send + 'static, B: Send + 'static>(
        a: impl Future<Output = A> + Send + 'static,
        b: impl Future<Output = B> + Send + 'static,
    ) -> impl Future<Output = (A, B)>;

    fn nap(time: Duration) -> impl Future<Output = ()> + Send;
}

/// One end of a connection.
pub(crate) trait Stream: Send + Sync + 'static {
    fn recv(&self, buf: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;

    fn send_all(&self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Says that nothing more will be sent.
    fn finish(&self) -> io::Result<()>;

    /// For options that not every kind has.
    fn socket(&self) -> socket2::SockRef<'_>;
}

/// A stream that two tasks share.
pub(crate) type Shared<K> = Arc<<K as Kind>::Stream>;
