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
pub trait Sealed {
    /// Whether a receive of fewer bytes than there was room for means that nothing more is there, for sure.
    #[doc(hidden)]
    const SHORT_RECEIVE_EMPTIES: bool = true;

    #[doc(hidden)]
    fn registered(&self) -> &Registered;
}

/// The count below which a receive of up to `asked` bytes tells that the socket is empty: none where that cannot be told.
pub(crate) fn short_of<S: Sealed>(asked: usize) -> usize {
    if S::SHORT_RECEIVE_EMPTIES { asked } else { 0 }
}

/// For `recv_exact`: the peer has stopped before the buffer was full.
pub(crate) fn early_end(received: usize, wanted: usize) -> io::Error {
    let message = format!("the stream ended after {received} of {wanted} bytes");
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}
