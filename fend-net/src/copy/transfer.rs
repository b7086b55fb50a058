//! One direction of a copy: what comes from a reader goes to a writer.
//!
//! ```text
//!             ┌─────── empty ◀───────┐
//!   wait for the reader      write until nothing is held
//!             └──▶ held: a pipe or a buffer ──▶┘
//! ```
//!
//! The reader is read only when nothing is held. So an empty pipe has room and a filled one has data, and the `WouldBlock` of a
//! splice, which does not say whose it is, is known to be that of the socket. An empty pipe or buffer is used again for the next
//! turn, and given back before the copy waits.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use fend_reactor::io::Direction;
use futures_io::{AsyncRead, AsyncWrite};

use super::buffer::{self, Buffer};
use super::end::{self, End};
use super::pool::Pipe;

/// Bytes of one direction in one poll; then the task lets others run.
const BYTES_PER_POLL: u64 = 1 << 20;

/// The same in turns, for readers that give little at a time and never wait.
const TURNS_PER_POLL: u32 = 64;

/// The most that is asked for at once. More than any pipe holds.
const MOST_AT_ONCE: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Transfer {
    route: Route,
    no_splice: bool,
    /// The reader is one of our own, which writes to no more of a buffer than it says.
    is_own_reader: bool,
    held: Held,
    /// How much may still be read.
    pub(super) limit: u64,
    /// How much has been written.
    copied: u64,
    shared: Option<Arc<AtomicU64>>,
    pub(super) buffer_size: usize,
    /// The writer may hold bytes back.
    unflushed: bool,
    /// Something has moved since this was last asked.
    active: bool,
}

#[derive(Debug)]
enum Route {
    /// The first poll finds out.
    Unknown,
    /// From fd to fd, in the kernel.
    Kernel(End, End),
    /// Through a buffer.
    Memory,
}

#[derive(Debug)]
enum Held {
    Nothing,
    /// Only on the route through the kernel.
    Pipe(Pipe),
    Buffer(Buffer),
}

impl Held {
    fn is_empty(&self) -> bool {
        match self {
            Held::Nothing => true,
            Held::Pipe(pipe) => pipe.len() == 0,
            Held::Buffer(buffer) => buffer.is_empty(),
        }
    }

    fn take_pipe(&mut self) -> Option<Pipe> {
        match mem::replace(self, Held::Nothing) {
            Held::Pipe(pipe) => Some(pipe),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// What an attempt to fill a pipe has come to.
enum Filled {
    Pipe(Pipe),
    /// Not by a pipe this time: the process can have no more of them, or splice(2) says that nothing is left. It does so in front
    /// of an urgent byte too, and before a FIFO's first writer; a receive knows better.
    ByBuffer,
    /// The kernel does not splice from this fd.
    Unsupported,
}

impl Transfer {
    pub(super) fn new() -> Transfer {
        Transfer {
            route: Route::Unknown,
            no_splice: false,
            is_own_reader: false,
            held: Held::Nothing,
            limit: u64::MAX,
            copied: 0,
            shared: None,
            buffer_size: buffer::SIZE,
            unflushed: false,
            active: false,
        }
    }

    pub(super) fn copied(&self) -> u64 {
        self.copied
    }

    /// The count, for others to read.
    pub(super) fn share(&mut self) -> Arc<AtomicU64> {
        self.shared.get_or_insert_with(|| Arc::new(AtomicU64::new(self.copied))).clone()
    }

    /// Whether to fill no pipes. One that is full already is emptied all the same.
    pub(super) fn set_no_splice(&mut self, no_splice: bool) {
        self.no_splice = no_splice;
    }

    /// Whether something has moved since the last call.
    pub(super) fn take_active(&mut self) -> bool {
        mem::take(&mut self.active)
    }

    /// Moves bytes until the reader ends or the limit is reached. All is written then, and perhaps not flushed.
    pub(super) fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        self.choose_route(reader, writer);
        let result = self.poll_turns(cx, reader, writer);
        if self.held.is_empty() {
            self.held = Held::Nothing;
        }
        result
    }

    fn poll_turns<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let until = self.copied.saturating_add(BYTES_PER_POLL);
        for _ in 0..TURNS_PER_POLL {
            if self.copied >= until {
                break;
            }
            if self.held.is_empty() && (self.limit == 0 || !ready!(self.poll_fill(cx, reader, writer))?) {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_drain(cx, writer))?;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn choose_route<R, W>(&mut self, reader: &R, writer: &W) {
        if let Route::Unknown = self.route {
            let source = end::source(reader);
            self.is_own_reader = source.is_some();
            self.route = match (source, end::sink(writer)) {
                (Some(from), Some(to)) => Route::Kernel(from, to),
                _ => Route::Memory,
            };
        }
    }

    /// Takes what the reader has. False: it is at its end.
    fn poll_fill<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<io::Result<bool>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        if let (Route::Kernel(from, _), false) = (&self.route, self.no_splice) {
            let most = usize::try_from(self.limit).map_or(MOST_AT_ONCE, |limit| limit.min(MOST_AT_ONCE));
            match ready!(poll_fill_pipe(cx, from, &mut self.held, most))? {
                Filled::Pipe(pipe) => {
                    self.taken(pipe.len());
                    self.held = Held::Pipe(pipe);
                    return Poll::Ready(Ok(true));
                }
                Filled::ByBuffer => {}
                Filled::Unsupported => self.route = Route::Memory,
            }
        }
        match self.poll_fill_buffer(cx, reader) {
            // Who waits for the answer to what it was sent must get it first.
            Poll::Pending => {
                ready!(self.poll_flush(cx, writer))?;
                Poll::Pending
            }
            ready => ready,
        }
    }

    fn poll_fill_buffer<R>(&mut self, cx: &mut Context<'_>, reader: &mut R) -> Poll<io::Result<bool>>
    where
        R: AsyncRead + Unpin,
    {
        let mut buffer = match mem::replace(&mut self.held, Held::Nothing) {
            Held::Buffer(buffer) if buffer.size() == self.buffer_size => buffer,
            _ => Buffer::new(self.buffer_size),
        };
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let room = if self.is_own_reader { buffer.room_for_a_socket(most) } else { buffer.room(most) };
        let count = loop {
            match ready!(Pin::new(&mut *reader).poll_read(cx, room)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        let size = room.len();
        if count > size {
            let message = format!("the reader says that it has read {count} bytes into a buffer of {size}");
            return Poll::Ready(Err(io::Error::other(message)));
        }
        if count == 0 {
            return Poll::Ready(Ok(false));
        }
        buffer.filled(count);
        self.taken(count);
        self.held = Held::Buffer(buffer);
        Poll::Ready(Ok(true))
    }

    /// Flushes the writer if anything was written since the last flush.
    pub(super) fn poll_flush<W>(&mut self, cx: &mut Context<'_>, writer: &mut W) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        if self.unflushed {
            ready!(Pin::new(writer).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes until nothing is held.
    fn poll_drain<W>(&mut self, cx: &mut Context<'_>, writer: &mut W) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        while !self.held.is_empty() {
            let count = match (&mut self.held, &self.route) {
                (Held::Pipe(pipe), Route::Kernel(_, to)) => {
                    match ready!(to.poll_with(cx, Direction::Write, |fd| pipe.drain(fd))) {
                        Err(error) if is_unsupported(&error) => {
                            self.held = Held::Buffer(Buffer::of(pipe.read_all()?));
                            self.route = Route::Memory;
                            continue;
                        }
                        count => count?,
                    }
                }
                (Held::Buffer(buffer), _) => {
                    let bytes = buffer.bytes();
                    let count = match ready!(Pin::new(&mut *writer).poll_write(cx, bytes)) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        count => count?,
                    };
                    self.unflushed = true;
                    let size = bytes.len();
                    if count > size {
                        let message = format!("the writer says that it has written {count} bytes of {size}");
                        return Poll::Ready(Err(io::Error::other(message)));
                    }
                    buffer.written(count);
                    count
                }
                (Held::Pipe(_) | Held::Nothing, _) => {
                    unreachable!("a pipe is held on the route through the kernel")
                }
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.given(count);
        }
        Poll::Ready(Ok(()))
    }

    fn taken(&mut self, count: usize) {
        self.limit -= count as u64;
        self.active = true;
    }

    fn given(&mut self, count: usize) {
        self.copied += count as u64;
        self.active = true;
        if let Some(shared) = &self.shared {
            shared.store(self.copied, Ordering::Relaxed);
        }
    }
}

/// Moves what is there into a pipe: the one in `held`, which is empty, or another. None is taken while `from` has nothing.
fn poll_fill_pipe(
    cx: &mut Context<'_>,
    from: &End,
    held: &mut Held,
    most: usize,
) -> Poll<io::Result<Filled>> {
    from.poll_with(cx, Direction::Read, |fd| {
        let pipe = held.take_pipe().or_else(Pipe::take);
        let Some(mut pipe) = pipe else { return Ok(Filled::ByBuffer) };
        match pipe.fill(fd, most) {
            Ok(0) => Ok(Filled::ByBuffer),
            Ok(_) => Ok(Filled::Pipe(pipe)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && from.is_at_mark() => {
                Ok(Filled::ByBuffer)
            }
            Err(error) if is_unsupported(&error) => Ok(Filled::Unsupported),
            Err(error) => Err(error),
        }
    })
}

/// Whether the kernel (or a sandbox) refuses to splice as such. When it means something else, the buffer meets it again.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS | libc::EOPNOTSUPP | libc::EPERM))
}
