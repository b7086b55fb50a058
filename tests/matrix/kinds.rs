//! What a socket of each kind can do, for one text of the behaviours to run on all of them.

use std::env;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A library with sockets, and a way to run code that uses them.
pub(crate) trait Library: 'static {
    /// Runs `future` on this thread, in a runtime of its own.
    fn run<T>(future: impl Future<Output = T>) -> T;

    /// Runs both to their ends, beside each other: as tasks or threads, whatever this library has.
    fn both<A: Send + 'static, B: Send + 'static>(
        a: impl Future<Output = A> + Send + 'static,
        b: impl Future<Output = B> + Send + 'static,
    ) -> impl Future<Output = (A, B)>;

    fn nap(time: Duration) -> impl Future<Output = ()> + Send;
}

/// A library's sockets of one family.
pub(crate) trait Kind: 'static {
    type Library: Library;
    type Listener: Send;
    type Address: Send + 'static;
    type Stream: Stream;

    /// Listens at an address that is free.
    fn listen() -> impl Future<Output = io::Result<(Self::Listener, Self::Address)>>;

    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>>;

    fn connect(address: Self::Address) -> impl Future<Output = io::Result<Self::Stream>>;
}

/// TCP sockets of a library, on the loopback interface.
pub(crate) struct Tcp<L>(PhantomData<L>);

/// Unix sockets of a library, at a path that is gone when the client is connected.
pub(crate) struct Unix<L>(PhantomData<L>);

/// A path that is nobody's.
pub(crate) fn free_path() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    env::temp_dir().join(format!("fend-matrix-{}-{number}", process::id()))
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
