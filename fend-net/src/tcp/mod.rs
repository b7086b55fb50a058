//! TCP: [`TcpListener`] takes connections, [`TcpStream`] is one. See
//! [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).

mod accept_error;
mod connect;
mod convert;
mod futures_io;
mod incoming;
mod listener;
mod stream;
mod unwind;

pub use accept_error::AcceptErrorKind;
pub(crate) use accept_error::is_of_one_connection;
pub use incoming::{Incoming, IntoIncoming};
pub use listener::TcpListener;
pub use stream::TcpStream;
