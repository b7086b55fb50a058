//! Waits, accepts, and tells connections what has become of their sockets.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use libc::{EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP};

use crate::server::ACCEPT_PAUSE;
use crate::server::connections::Counted;
use crate::sys::{self, Epoll, Event};

/// The listener's data; those of connections are their places.
const LISTENER: u64 = u64::MAX;

const EDGE: u32 = EPOLLET.cast_unsigned();

/// What a connection waits for until it begins to wait for room to send.
const RECEIVES: u32 = (EPOLLIN | EPOLLRDHUP).cast_unsigned() | EDGE;

const SENDS_TOO: u32 = RECEIVES | EPOLLOUT.cast_unsigned();

/// Events of one wait.
const EVENTS: usize = 1_024;

/// What a connection waits for next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Bytes from its peer.
    Receive,
    /// Room for bytes that were not sent.
    Send,
    /// Nothing: it is over.
    Close,
}

/// What is done with one connection.
pub(super) trait Connection: Send + Sized + 'static {
    /// What all connections of a thread have together.
    type Shared: Send + 'static;

    fn new(socket: OwnedFd, shared: &Self::Shared) -> io::Result<Self>;

    fn socket(&self) -> BorrowedFd<'_>;

    /// The socket has changed; `ended` when its peer has sent the end, or the connection is broken: a receive will tell, so that none may be
    /// left out.
    fn ready(&mut self, ended: bool, shared: &mut Self::Shared) -> io::Result<Wait>;

    /// Called once for the events of one wait.
    fn turn(_shared: &mut Self::Shared) {}
}

struct Slot<C> {
    connection: C,
    /// It has once waited for room to send, and is told of that from then on.
    sends_too: bool,
    _counted: Counted,
}

pub(super) struct EventLoop<C: Connection> {
    epoll: Epoll,
    listener: TcpListener,
    slots: Vec<Option<Slot<C>>>,
    free: Vec<usize>,
    shared: C::Shared,
    /// An accept has failed, and there may be connections that no event will tell of.
    accept_again: bool,
}

// A thread has all of it.
impl<C: Connection> EventLoop<C> {
    pub(super) fn new(listener: TcpListener, shared: C::Shared) -> io::Result<Self> {
        let epoll = Epoll::new()?;
        epoll.add(listener.as_fd(), EPOLLIN.cast_unsigned() | EDGE, LISTENER)?;
        Ok(EventLoop { epoll, listener, slots: Vec::new(), free: Vec::new(), shared, accept_again: false })
    }

    pub(super) fn run(&mut self) -> io::Result<Infallible> {
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            self.epoll.wait(&mut events, self.timeout())?;
            C::turn(&mut self.shared);
            for event in &events {
                if event.data() == LISTENER {
                    self.accept_again = true;
                } else {
                    self.connection_ready(*event);
                }
            }
            if self.accept_again {
                self.accept_again = !self.accept_all();
            }
        }
    }

    fn timeout(&self) -> Option<Duration> {
        if self.accept_again { Some(ACCEPT_PAUSE) } else { None }
    }

    /// Whether all were accepted.
    fn accept_all(&mut self) -> bool {
        loop {
            match sys::accept(self.listener.as_fd()) {
                Ok(socket) => {
                    // What fails here is one connection, which is closed.
                    let _ = self.open(socket);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(_) => return false,
            }
        }
    }

    fn open(&mut self, socket: OwnedFd) -> io::Result<()> {
        let counted = Counted::new();
        sys::set_nodelay(socket.as_fd())?;
        let connection = C::new(socket, &self.shared)?;
        let place = self.free.pop().unwrap_or(self.slots.len());
        self.epoll.add(connection.socket(), RECEIVES, place as u64)?;
        let slot = Some(Slot { connection, sends_too: false, _counted: counted });
        if place == self.slots.len() {
            self.slots.push(slot);
        } else {
            self.slots[place] = slot;
        }
        Ok(())
    }

    /// A descriptor has one event in a wait, so that none comes for one that was closed during it.
    fn connection_ready(&mut self, event: Event) {
        const ENDS: u32 = (EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR).cast_unsigned();
        let place = event.data() as usize;
        let Some(slot) = &mut self.slots[place] else { return };
        let wait = slot.connection.ready(event.flags() & ENDS != 0, &mut self.shared).unwrap_or(Wait::Close);
        match wait {
            Wait::Send if !slot.sends_too => {
                slot.sends_too = true;
                let modified = self.epoll.modify(slot.connection.socket(), SENDS_TOO, event.data());
                if modified.is_err() {
                    self.close(place);
                }
            }
            Wait::Receive | Wait::Send => {}
            Wait::Close => self.close(place),
        }
    }

    fn close(&mut self, place: usize) {
        self.slots[place] = None;
        self.free.push(place);
    }
}
