//! Sends back what comes.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::event_loop::{Connection, Wait};
use crate::sys;

pub(super) struct Shared {
    buffer: Box<[u8]>,
}

impl Shared {
    pub(super) fn new(buffer: usize) -> Shared {
        Shared { buffer: vec![0; buffer].into() }
    }
}

pub(super) struct Echo {
    socket: OwnedFd,
    /// What the socket had no room for: nothing is received before it is sent.
    unsent: Vec<u8>,
}

impl Connection for Echo {
    type Shared = Shared;

    fn new(socket: OwnedFd, _shared: &Shared) -> io::Result<Echo> {
        Ok(Echo { socket, unsent: Vec::new() })
    }

    fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn ready(&mut self, ended: bool, shared: &mut Shared) -> io::Result<Wait> {
        if !self.unsent.is_empty() && !self.send_unsent()? {
            return Ok(Wait::Send);
        }
        loop {
            let received = match sys::recv(self.socket.as_fd(), &mut shared.buffer) {
                Ok(0) => return Ok(Wait::Close),
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Wait::Receive),
                Err(error) => return Err(error),
            };
            let sent = send(self.socket.as_fd(), &shared.buffer[..received])?;
            if sent < received {
                self.unsent.extend_from_slice(&shared.buffer[sent..received]);
                return Ok(Wait::Send);
            }
            if received < shared.buffer.len() && !ended {
                return Ok(Wait::Receive);
            }
        }
    }
}

impl Echo {
    /// Whether all has gone.
    fn send_unsent(&mut self) -> io::Result<bool> {
        let sent = send(self.socket.as_fd(), &self.unsent)?;
        self.unsent.drain(..sent);
        if self.unsent.is_empty() {
            self.unsent = Vec::new();
        }
        Ok(self.unsent.is_empty())
    }
}

/// Sends as many bytes as there is room for: how many.
pub(super) fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match sys::send(socket, &bytes[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
