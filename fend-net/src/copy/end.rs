//! One end of a copy inside the kernel: a socket or a pipe of ours.
//!
//! [`source`] and [`sink`] say which types can be one. A further type is a further line in them, and a further
//! variant where its fd is of another kind.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll};

use fend_reactor::io::Direction;

use super::identify::{find, find_read_half, find_write_half};
use crate::pipe::{PipeReader, PipeWriter, RegisteredPipe};
use crate::socket::Registered;
use crate::stream::{ByteStream, OwnedReadHalf, OwnedWriteHalf, registered_of};
use crate::sys::urgent::is_at_mark;
use crate::tcp::TcpStream;
use crate::unix::UnixStream;

/// Shares the fd with whoever is copied from or to.
#[derive(Debug, Clone)]
pub(super) enum End {
    Socket(Registered),
    Pipe(RegisteredPipe),
}

/// What `reader` reads from, when that is one of our own and nothing in between changes or holds bytes.
pub(super) fn source<R>(reader: &R) -> Option<End> {
    None.or_else(|| source_stream::<R, TcpStream>(reader))
        .or_else(|| source_stream::<R, UnixStream>(reader))
        .or_else(|| find::<_, PipeReader>(reader).map(|pipe| End::Pipe(pipe.registered().clone())))
}

/// What `writer` writes into, as [`source`] says it of a reader.
pub(super) fn sink<W>(writer: &W) -> Option<End> {
    None.or_else(|| sink_stream::<W, TcpStream>(writer))
        .or_else(|| sink_stream::<W, UnixStream>(writer))
        .or_else(|| find::<_, PipeWriter>(writer).map(|pipe| End::Pipe(pipe.registered().clone())))
}

/// A stream of the type `S`, or what may read from one.
fn source_stream<R, S: ByteStream>(reader: &R) -> Option<End> {
    let fd = None
        .or_else(|| find::<_, S>(reader).map(registered_of))
        .or_else(|| find::<_, OwnedReadHalf<S>>(reader).map(|half| half.registered()))
        .or_else(|| find_read_half::<_, S>(reader).map(|half| half.registered()));
    fd.cloned().map(End::Socket)
}

/// A stream of the type `S`, or what may write into one.
fn sink_stream<W, S: ByteStream>(writer: &W) -> Option<End> {
    let fd = None
        .or_else(|| find::<_, S>(writer).map(registered_of))
        .or_else(|| find::<_, OwnedWriteHalf<S>>(writer).map(|half| half.registered()))
        .or_else(|| find_write_half::<_, S>(writer).map(|half| half.registered()));
    fd.cloned().map(End::Socket)
}

impl End {
    /// Tries `op` when this end is ready, until it does not say `WouldBlock`. Only that clears the readiness: a splice that
    /// moved less than asked for may have met the end of a pipe's slots and not of the data.
    pub(super) fn poll_with<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(BorrowedFd<'_>) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        match self {
            End::Socket(fd) => fd.poll_with(cx, direction, |socket| op(socket.as_fd())),
            End::Pipe(fd) => fd.poll_with(cx, direction, |pipe| op(pipe.as_fd())),
        }
    }

    /// Whether the next byte is an urgent one.
    pub(super) fn is_at_mark(&self) -> bool {
        match self {
            End::Socket(fd) => is_at_mark(fd.get_ref().as_fd()),
            End::Pipe(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipe::pipe;
    use futures_io::{AsyncRead, AsyncWrite};
    use futures_lite::io::{AsyncReadExt, BufReader, BufWriter};
    use std::net;

    fn is_source<R: AsyncRead>(reader: R) -> bool {
        source(&reader).is_some()
    }

    fn is_sink<W: AsyncWrite>(writer: W) -> bool {
        sink(&writer).is_some()
    }

    fn stream() -> TcpStream {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        net::TcpStream::connect(listener.local_addr().unwrap()).unwrap().try_into().unwrap()
    }

    #[test]
    #[expect(clippy::needless_borrows_for_generic_args, reason = "the borrows are what is tested")]
    fn streams_and_what_lends_them() {
        let mut one = stream();
        assert!(is_source(one.clone()) && is_sink(one.clone()));
        assert!(is_source(&one) && is_sink(&one));
        assert!(is_source(&mut one) && is_sink(&mut one));
        let mut lent = &one;
        assert!(is_source(&mut lent) && is_sink(&mut lent));
        assert!(is_source(&mut &mut one) && is_sink(&mut &mut one));
        assert!(is_source(Box::new(one.clone())) && is_sink(Box::new(one.clone())));
        let (mut reader, mut writer) = one.split();
        assert!(is_source(&mut reader) && is_sink(&mut writer));
        assert!(is_source(reader) && is_sink(writer));
        let (mut reader, mut writer) = one.into_split();
        assert!(is_source(&mut reader) && is_sink(&mut writer));
        assert!(is_source(reader) && is_sink(writer));
    }

    #[test]
    fn unix_streams_and_their_halves() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut one = UnixStream::try_from(one).unwrap();
        assert!(is_source(&one) && is_sink(&one));
        assert!(is_source(&mut one) && is_sink(&mut one));
        let (reader, writer) = one.split();
        assert!(is_source(reader) && is_sink(writer));
        let (reader, writer) = one.into_split();
        assert!(is_source(reader) && is_sink(writer));
    }

    #[test]
    fn pipes_and_what_lends_them() {
        let (mut reader, mut writer) = pipe().unwrap();
        assert!(is_source(&reader) && is_sink(&writer));
        assert!(is_source(&mut reader) && is_sink(&mut writer));
        assert!(is_source(reader) && is_sink(writer));
    }

    #[test]
    fn what_wraps_them_is_something_else() {
        let one = stream();
        assert!(!is_source(BufReader::new(one.clone())) && !is_sink(BufWriter::new(one.clone())));
        assert!(!is_source((&one).take(5)) && !is_source((&one).chain(&one)));
        let unknown: &mut (dyn AsyncRead + Unpin) = &mut one.clone();
        assert!(!is_source(unknown), "it may be anything");
        assert!(!is_source(&b""[..]) && !is_sink(Vec::new()));
    }

    #[test]
    fn an_end_shares_the_socket() {
        let one = stream();
        let Some(End::Socket(fd)) = source(&&one) else { panic!("a socket") };
        assert!(std::sync::Arc::ptr_eq(&fd, one.registered()));
    }
}
