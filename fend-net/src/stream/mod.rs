//! What the byte streams have in common, whatever they run over: their methods, their halves, the futures-io traits.

mod futures_io;
mod into_split;
pub(crate) mod methods;
mod split;

use std::fmt::Debug;
use std::io;

pub(crate) use futures_io::{async_read, async_write};
pub use into_split::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use split::{ReadHalf, WriteHalf};

use crate::socket::Registered;

/// A connected stream socket of this crate, which can be [split](ReadHalf) into its two directions.
///
/// It is implemented by this crate's streams alone, and is here so that code can name it: `ReadHalf<'_, S>` is the read
/// direction of any of them.
///
/// # Examples
///
/// ```
/// use fend::net::{ByteStream, OwnedWriteHalf, TcpStream};
///
/// async fn greet<S: ByteStream>(half: &OwnedWriteHalf<S>) -> std::io::Result<()> {
///     half.send_all(b"hello").await
/// }
/// # let _ = greet::<TcpStream>;
/// ```
pub trait ByteStream: Sealed + Clone + Debug + Send + Sync + Unpin + 'static {
    /// What an address of this family is.
    type Addr;

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// What getpeername(2) says.
    fn peer_addr(&self) -> io::Result<Self::Addr>;

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    fn local_addr(&self) -> io::Result<Self::Addr>;
}

/// Out of reach of other crates, so that no type of theirs can be a [`ByteStream`].
///
/// Generic code of theirs does see the functions, those of a bound's supertraits too. So each wants an [`Inside`], which
/// nobody else can name or make:
///
/// ```compile_fail,E0061
/// fn registered<S: fend::net::ByteStream>(stream: &S) {
///     let _ = stream.registered();
/// }
/// ```
///
/// ```compile_fail,E0308
/// fn registered<S: fend::net::ByteStream>(stream: &S) {
///     let _ = stream.registered(());
/// }
/// ```
///
/// ```compile_fail,E0061
/// fn short_receive_empties<S: fend::net::ByteStream>() -> bool {
///     S::short_receive_empties()
/// }
/// ```
///
/// ```compile_fail,E0603
/// use fend::net::stream::Inside;
/// ```
pub trait Sealed {
    /// Whether a receive of fewer bytes than there was room for means that nothing more is there, for sure. Where it does not and this
    /// says so, a task sleeps on though there is data.
    #[doc(hidden)]
    fn short_receive_empties(_: Inside) -> bool;

    #[doc(hidden)]
    fn registered(&self, _: Inside) -> &Registered;
}

/// Shows that a call comes from this crate.
#[derive(Debug, Clone, Copy)]
pub struct Inside(());

/// What a stream is made around.
pub(crate) fn registered_of<S: Sealed>(stream: &S) -> &Registered {
    stream.registered(Inside(()))
}

/// The count below which a receive of up to `asked` bytes tells that the socket is empty: none where that cannot be told.
pub(crate) fn short_of<S: Sealed>(asked: usize) -> usize {
    if S::short_receive_empties(Inside(())) { asked } else { 0 }
}

/// For `recv_exact`: the peer has stopped before the buffer was full.
pub(crate) fn early_end(received: usize, wanted: usize) -> io::Error {
    let message = format!("the stream ended after {received} of {wanted} bytes");
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}
