//! TCP: [`TcpListener`] takes connections, [`TcpStream`] is one. See
//! [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).

mod accept_error;
pub(crate) mod connect;
mod convert;
mod futures_io;
mod incoming;
mod into_split;
mod listener;
mod split;
mod stream;
mod stream_poll;
mod unwind;

pub use accept_error::AcceptErrorKind;
pub use incoming::{Incoming, IntoIncoming};
pub use into_split::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use listener::TcpListener;
pub use split::{ReadHalf, WriteHalf};
pub use stream::TcpStream;
