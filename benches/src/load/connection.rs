//! A TCP connection of the load: connects, speaks, and closes as it is told to.
//!
//! It is in epoll once, edge-triggered, so that a request costs one send, one receive and a share of a wait. A read that did not fill the
//! buffer has emptied the socket, and what comes later is an edge of its own; only the end of the stream may already be behind the
//! bytes, and then the event says so.

use std::io;
use std::net::SocketAddr;

use crate::sys;

use super::client::{Client, Shared};
use super::exchange::{Exchange, wrong};
use super::transport::Transport;

const READABLE: u32 = (libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLET) as u32;
const READABLE_OR_WRITABLE: u32 = READABLE | libc::EPOLLOUT as u32;
/// An event that says nothing else does not concern the answer.
const WRITABLE: u32 = libc::EPOLLOUT as u32;
/// The stream has ended, or broken.
const ENDED: u32 = (libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR) as u32;

/// What becomes of a connection when its request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The next request goes over it.
    Keep,
    /// It is reset.
    Reset,
    /// It is closed in both directions: the server does so first if its answer says that it will.
    Finish,
}

#[derive(Debug)]
pub(super) struct Connection<T: Transport, E> {
    /// None before it is connected.
    transport: Option<T>,
    transports: T::Shared,
    exchange: E,
    ending: Ending,
    /// Bytes of the request that have been sent.
    sent: usize,
    /// The answer is whole, and the server's end of the stream is waited for.
    finishing: bool,
}

impl<T: Transport, E: Exchange> Connection<T, E> {
    pub(super) fn new(transports: T::Shared, exchange: E, ending: Ending) -> Connection<T, E> {
        Connection { transport: None, transports, exchange, ending, sent: 0, finishing: false }
    }

    fn connect(&mut self, shared: &mut Shared) -> io::Result<()> {
        let source = shared.sources.next().map(|ip| SocketAddr::from((ip, 0)));
        let transport = T::new(sys::tcp_connect_from(shared.address, source)?, &self.transports)?;
        if self.ending == Ending::Keep {
            sys::set_nodelay(transport.socket())?;
        }
        self.transport = Some(transport);
        Ok(())
    }

    /// Sends as much of the request as the socket takes; whether all of it has gone.
    fn send(&mut self, shared: &mut Shared) -> io::Result<bool> {
        let Some(transport) = &mut self.transport else { return Ok(false) };
        if self.sent == shared.message.len() {
            return Ok(true);
        }
        if !transport.handshake()? {
            return Ok(false);
        }
        self.exchange.stamp(&mut shared.message);
        while self.sent < shared.message.len() {
            match transport.send(&shared.message[self.sent..])? {
                Some(count) => self.sent += count,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Receives what there is; whether the request is done with it.
    fn receive(&mut self, shared: &mut Shared, flags: u32) -> io::Result<bool> {
        loop {
            let Some(transport) = &mut self.transport else { return Ok(false) };
            let Some(count) = transport.receive(&mut shared.buffer)? else { return Ok(false) };
            if count == 0 {
                return self.ended();
            }
            if self.exchange.answer(&shared.buffer[..count])? {
                if self.sent < shared.message.len() {
                    return Err(wrong("the answer came before the request was sent"));
                }
                if self.answered()? {
                    return Ok(true);
                }
            }
            if T::SHORT_READ_IS_ALL && count < shared.buffer.len() && flags & ENDED == 0 {
                return Ok(false);
            }
        }
    }

    /// The answer is whole; whether the request is done.
    fn answered(&mut self) -> io::Result<bool> {
        let Some(transport) = &self.transport else { return Ok(true) };
        match self.ending {
            Ending::Keep => {
                // A server may have enough of a connection, and says so.
                if self.exchange.server_closes() {
                    self.transport = None;
                }
                Ok(true)
            }
            Ending::Reset => {
                sys::set_linger(transport.socket(), 0)?;
                self.transport = None;
                Ok(true)
            }
            Ending::Finish => {
                if !self.exchange.server_closes() {
                    sys::shutdown_sending(transport.socket())?;
                }
                self.finishing = true;
                Ok(false)
            }
        }
    }

    /// The server has ended the stream.
    fn ended(&mut self) -> io::Result<bool> {
        self.transport = None;
        if self.finishing {
            return Ok(true);
        }
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"))
    }
}

impl<T: Transport, E: Exchange> Client for Connection<T, E> {
    fn start(&mut self, shared: &mut Shared, token: u64) -> io::Result<()> {
        self.exchange.begin();
        self.sent = 0;
        self.finishing = false;
        if self.transport.is_some() {
            return self.send(shared).map(drop);
        }
        self.connect(shared)?;
        // Over loopback the connection is there already. If it is not, nothing goes yet.
        let sent = self.send(shared)?;
        let Some(transport) = &self.transport else { return Ok(()) };
        // One that sends nothing more need not hear that it could.
        let flags = if sent && self.ending != Ending::Keep { READABLE } else { READABLE_OR_WRITABLE };
        shared.epoll.add(transport.socket(), flags, token)
    }

    fn ready(&mut self, shared: &mut Shared, flags: u32) -> io::Result<bool> {
        self.send(shared)?;
        // Nothing has been sent, so that nothing is received, before the handshake is done.
        if self.sent == 0 || flags & !WRITABLE == 0 {
            return Ok(false);
        }
        self.receive(shared, flags)
    }

    fn abandon(&mut self) {
        self.transport = None;
    }
}
