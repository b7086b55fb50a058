//! [`Accept`]: the sockets that a [`Listener`](super::Listener) can take connections from.

use std::fmt::Debug;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsFd;

use socket2::Socket;

use crate::error::SocketError;
use crate::socket::Registered;
use crate::sys;
use crate::tcp::{TcpListener, TcpStream};

/// A listening socket of this crate, from which a [`Listener`](super::Listener) can take connections.
///
/// It is implemented by this crate's listeners alone, and is here so that code can name it.
pub trait Accept: Source + Send + Sync + 'static {}

/// Out of reach of other crates, so that no type of theirs can be [`Accept`].
pub trait Source {
    /// A connection.
    type Stream: Debug + Send + Sync + Unpin + 'static;
    /// The address of a peer, and that of the listener.
    type Addr: Debug + Send + 'static;

    /// The listening socket.
    #[doc(hidden)]
    fn listening(&self) -> &Registered;

    /// One accept(2). Every error is told, that of a connection that has died in the queue too.
    #[doc(hidden)]
    fn accept_now(socket: &Socket) -> io::Result<(Socket, Self::Addr)>;

    /// A connection that was just accepted.
    #[doc(hidden)]
    fn stream(accepted: Socket) -> Self::Stream;

    /// What a [`Listener`](super::Listener) may still hold after it has given the stream away.
    #[doc(hidden)]
    fn registered(stream: &Self::Stream) -> &Registered;

    /// Ends a connection that others still hold, so that whoever waits for it fails, and the peer can tell that from an
    /// orderly end where the family knows the difference.
    #[doc(hidden)]
    fn abort(socket: &Socket);

    #[doc(hidden)]
    fn local_addr(&self) -> io::Result<Self::Addr>;

    /// Names the operation and the address in an error of [`accept_now`](Self::accept_now).
    #[doc(hidden)]
    fn explain(&self, error: io::Error) -> io::Error;
}

impl Accept for TcpListener {}

impl Source for TcpListener {
    type Stream = TcpStream;
    type Addr = SocketAddr;

    fn listening(&self) -> &Registered {
        self.registered()
    }

    fn accept_now(socket: &Socket) -> io::Result<(Socket, SocketAddr)> {
        TcpListener::accept_now(socket)
    }

    fn stream(accepted: Socket) -> TcpStream {
        TcpStream::accepted(accepted)
    }

    fn registered(stream: &TcpStream) -> &Registered {
        stream.registered()
    }

    fn abort(socket: &Socket) {
        // A FIN after half an answer would look like the whole one: reset. Refused while another thread is blocked in a
        // call on the socket, which only a duplicate in blocking mode can bring about.
        if sys::disconnect(socket.as_fd()).is_err() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }

    fn explain(&self, error: io::Error) -> io::Error {
        SocketError::wrap("accept on", self.local_addr().ok(), error)
    }
}
