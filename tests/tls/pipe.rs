//! A pipe in memory with a bounded buffer each way: the smallest stream that TLS can run over.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures::{AsyncRead, AsyncWrite};

/// One end. Dropping it ends what the other reads, and breaks what it writes.
#[derive(Debug)]
pub(crate) struct Pipe {
    incoming: Arc<Mutex<Way>>,
    outgoing: Arc<Mutex<Way>>,
}

/// Bytes that go one way.
#[derive(Debug)]
struct Way {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// The writer will add no more.
    ended: bool,
    /// The reader is gone.
    broken: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Two ends. Each way holds `capacity` bytes.
pub(crate) fn pipe(capacity: usize) -> (Pipe, Pipe) {
    let way = || {
        let bytes = VecDeque::with_capacity(capacity);
        Arc::new(Mutex::new(Way { bytes, capacity, ended: false, broken: false, reader: None, writer: None }))
    };
    let (there, back) = (way(), way());
    (Pipe { incoming: back.clone(), outgoing: there.clone() }, Pipe { incoming: there, outgoing: back })
}

impl AsyncRead for Pipe {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut way = self.incoming.lock().unwrap();
        if way.bytes.is_empty() && !way.ended && !buf.is_empty() {
            way.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let n = io::Read::read(&mut way.bytes, buf)?;
        let writer = way.writer.take();
        drop(way);
        writer.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(n))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut way = self.outgoing.lock().unwrap();
        if way.broken || way.ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let n = buf.len().min(way.capacity - way.bytes.len());
        if n == 0 && !buf.is_empty() {
            way.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        way.bytes.extend(&buf[..n]);
        let reader = way.reader.take();
        drop(way);
        reader.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        end(&self.outgoing, false);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        end(&self.outgoing, false);
        end(&self.incoming, true);
    }
}

fn end(way: &Mutex<Way>, by_reader: bool) {
    let mut way = way.lock().unwrap();
    if by_reader {
        way.broken = true;
    } else {
        way.ended = true;
    }
    let wakers = [way.reader.take(), way.writer.take()];
    drop(way);
    wakers.into_iter().flatten().for_each(Waker::wake);
}
