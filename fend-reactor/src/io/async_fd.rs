//! [`AsyncFd`]: one pollable fd and its owner.

use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll};

use crate::dispatcher::{Direction, Readiness};

/// An fd registered with the runtime.
#[derive(Debug)]
pub struct AsyncFd<T: AsFd> {
    io: T,
}

impl<T: AsFd> AsyncFd<T> {
    /// Takes an fd that is non-blocking already, registered on first need; for socket types.
    pub fn with_assumed(_io: T, _assumed: Readiness) -> Self {
        todo!()
    }
    /// The wrapped object.
    pub fn get_ref(&self) -> &T {
        &self.io
    }
    /// Tries `op` until it does not say `WouldBlock`.
    pub fn poll_with<R>(
        &self,
        _cx: &mut Context<'_>,
        _direction: Direction,
        _op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        todo!()
    }
    /// Like `poll_with` for a stream's bytes: a result short of `asked` has emptied (or filled) the kernel's buffer.
    pub fn poll_bytes_with(
        &self,
        _cx: &mut Context<'_>,
        _direction: Direction,
        _asked: usize,
        _op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        todo!()
    }
    /// Awaitable `poll_with`.
    pub async fn with<R>(
        &self,
        _direction: Direction,
        _op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        todo!()
    }
    /// Awaitable `poll_bytes_with`.
    pub async fn bytes_with(
        &self,
        _direction: Direction,
        _asked: usize,
        _op: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        todo!()
    }
    /// Waits for the peer to close its side.
    pub async fn peer_closed(&self) -> io::Result<()> {
        todo!()
    }
    /// Out-of-band data.
    pub async fn priority(&self) -> io::Result<()> {
        todo!()
    }
    /// Readable.
    pub async fn readable(&self) -> io::Result<()> {
        todo!()
    }
    /// Writable.
    pub async fn writable(&self) -> io::Result<()> {
        todo!()
    }
    /// Deregisters and gives the object back.
    pub fn into_inner(self) -> T {
        self.io
    }
}
