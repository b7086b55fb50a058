//! The listeners of each family.

use std::io;
use std::net::{self, Shutdown};
use std::os::fd::AsFd;

use socket2::{SockAddr, Socket};

use super::{Accept, Source};
use crate::error::{Place, SocketError};
use crate::ready::unless_shut_down;
use crate::socket::{Registered, ip_address};
use crate::sys;
use crate::tcp::{TcpListener, TcpStream};
use crate::unix::{self, UnixListener, UnixSeqpacket, UnixSeqpacketListener, UnixStream};
use crate::vsock::{VsockAddr, VsockListener, VsockStream};

impl Accept for TcpListener {
    type Stream = TcpStream;
    type Addr = net::SocketAddr;
}

impl Source for TcpListener {
    fn listening(&self) -> &Registered {
        self.registered()
    }

    fn stream(accepted: Socket, peer: &SockAddr) -> io::Result<(TcpStream, net::SocketAddr)> {
        Ok((TcpStream::accepted(accepted), ip_address(peer)?))
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

    fn local_addr(&self) -> io::Result<net::SocketAddr> {
        TcpListener::local_addr(self)
    }

    fn explain(&self, error: io::Error) -> io::Error {
        SocketError::wrap("accept on", self.local_addr().ok(), error)
    }
}

impl Accept for UnixListener {
    type Stream = UnixStream;
    type Addr = unix::SocketAddr;
}

impl Source for UnixListener {
    fn listening(&self) -> &Registered {
        self.registered()
    }

    fn accept_now(socket: &Socket) -> io::Result<(Socket, SockAddr)> {
        accept_unless_shut_down(socket)
    }

    fn stream(accepted: Socket, peer: &SockAddr) -> io::Result<(UnixStream, unix::SocketAddr)> {
        Ok((UnixStream::of(accepted), unix::of_peer(peer)))
    }

    fn registered(stream: &UnixStream) -> &Registered {
        stream.registered()
    }

    fn abort(socket: &Socket) {
        let _ = socket.shutdown(Shutdown::Both);
    }

    fn local_addr(&self) -> io::Result<unix::SocketAddr> {
        UnixListener::local_addr(self)
    }

    fn explain(&self, error: io::Error) -> io::Error {
        failed_on_unix(self.local_addr(), error)
    }
}

impl Accept for UnixSeqpacketListener {
    type Stream = UnixSeqpacket;
    type Addr = unix::SocketAddr;
}

impl Source for UnixSeqpacketListener {
    fn listening(&self) -> &Registered {
        self.registered()
    }

    fn accept_now(socket: &Socket) -> io::Result<(Socket, SockAddr)> {
        accept_unless_shut_down(socket)
    }

    fn stream(accepted: Socket, peer: &SockAddr) -> io::Result<(UnixSeqpacket, unix::SocketAddr)> {
        Ok((UnixSeqpacket::of(accepted), unix::of_peer(peer)))
    }

    fn registered(stream: &UnixSeqpacket) -> &Registered {
        stream.registered()
    }

    fn abort(socket: &Socket) {
        let _ = socket.shutdown(Shutdown::Both);
    }

    fn local_addr(&self) -> io::Result<unix::SocketAddr> {
        UnixSeqpacketListener::local_addr(self)
    }

    fn explain(&self, error: io::Error) -> io::Error {
        failed_on_unix(self.local_addr(), error)
    }
}

impl Accept for VsockListener {
    type Stream = VsockStream;
    type Addr = VsockAddr;
}

impl Source for VsockListener {
    fn listening(&self) -> &Registered {
        self.registered()
    }

    fn accept_now(socket: &Socket) -> io::Result<(Socket, SockAddr)> {
        accept_unless_shut_down(socket)
    }

    fn stream(accepted: Socket, peer: &SockAddr) -> io::Result<(VsockStream, VsockAddr)> {
        Ok((VsockStream::of(accepted), VsockAddr::of_kernel(peer)?))
    }

    fn registered(stream: &VsockStream) -> &Registered {
        stream.registered()
    }

    fn abort(socket: &Socket) {
        let _ = socket.shutdown(Shutdown::Both);
    }

    fn local_addr(&self) -> io::Result<VsockAddr> {
        VsockListener::local_addr(self)
    }

    fn explain(&self, error: io::Error) -> io::Error {
        let place = self.local_addr().map_or(Place::Unknown, |address| Place::from(address.to_string()));
        SocketError::wrap("accept on", place, error)
    }
}

/// TCP tells by itself that its listener was shut down; the other families have to be asked.
fn accept_unless_shut_down(socket: &Socket) -> io::Result<(Socket, SockAddr)> {
    let accept = || socket.accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC);
    // What a blocking socket says then.
    unless_shut_down(socket, accept, || Err(io::Error::from_raw_os_error(libc::EINVAL)))
}

fn failed_on_unix(address: io::Result<unix::SocketAddr>, error: io::Error) -> io::Error {
    let place = address.map_or(Place::Unknown, |address| Place::from(unix::shown(&address)));
    SocketError::wrap("accept on", place, error)
}
