//! TCP: [`TcpListener`] takes connections, [`TcpStream`] is one, [`TcpSocket`] becomes either. See
//! [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).

mod accept_error;
pub(crate) mod connect;
mod connect_error;
mod connector;
mod convert;
mod futures_io;
mod info;
mod listener;
mod options;
mod race;
mod socket;
mod stream;
mod stream_flags;
mod unwind;
mod urgent;

pub use accept_error::AcceptErrorKind;
pub(crate) use accept_error::{PREPARE, is_of_one_connection};
pub use connect_error::{ConnectAttempt, ConnectError};
pub use connector::TcpConnector;
pub use info::{TcpInfo, TcpState};
pub use listener::TcpListener;
pub use socket::TcpSocket;
pub use stream::TcpStream;
