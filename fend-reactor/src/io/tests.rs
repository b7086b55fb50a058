//! `AsyncFd` on real sockets and pipes, on each dispatcher, with turns that the test runs.

use std::fs::File;
use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};

use super::*;
use crate::clock::Clock;
use crate::dispatcher::Dispatcher;
use crate::driver::{Driver, Source};
use crate::sys;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A driver, and one task whose wakes are counted.
struct Bench {
    driver: Arc<Driver>,
    count: Arc<Count>,
    waker: Waker,
}

impl Bench {
    fn on(dispatcher: Dispatcher) -> Self {
        let driver = Driver::new(0, dispatcher, Arc::new(Clock::new())).unwrap();
        let count = Arc::new(Count::default());
        Bench { driver, waker: count.clone().into(), count }
    }

    fn fd<T: AsFd>(&self, io: T) -> AsyncFd<T> {
        self.try_fd(io).unwrap()
    }

    /// As `AsyncFd::new`, but with this driver.
    fn try_fd<T: AsFd>(&self, io: T) -> io::Result<AsyncFd<T>> {
        let fd = AsyncFd { source: Source::new(io.as_fd().as_raw_fd(), Readiness::NONE), io };
        fd.source.register_with_driver(fd.io.as_fd(), &self.driver)?;
        sys::set_nonblocking(fd.io.as_fd(), true)?;
        Ok(fd)
    }

    fn poll<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&self.waker))
    }

    /// Turns until the future is done.
    fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            let wakes = self.wakes();
            if let Poll::Ready(output) = self.poll(future.as_mut()) {
                return output;
            }
            while self.wakes() == wakes {
                self.driver.try_attend().unwrap().turn(None).unwrap();
            }
        }
    }

    /// Takes in all events there are now.
    fn settle(&self) {
        for _ in 0..3 {
            self.driver.try_attend().unwrap().turn(Some(Duration::ZERO)).unwrap();
        }
    }

    fn wakes(&self) -> usize {
        self.count.0.load(SeqCst)
    }
}

fn on_each_dispatcher(test: impl Fn(Bench)) {
    for dispatcher in Dispatcher::ALL {
        test(Bench::on(*dispatcher));
    }
}

fn fill(mut socket: &UnixStream) -> usize {
    let mut filled = 0;
    loop {
        match socket.write(&[7; 4096]) {
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return filled,
            Err(error) => panic!("{error}"),
        }
    }
}

/// RE15
#[test]
fn a_read_waits_for_data() {
    on_each_dispatcher(|bench| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = bench.fd(ours);
        let mut buf = [0; 16];
        for round in 0_u8..3 {
            let mut read = Box::pin(ours.read_with(|mut socket| socket.read(&mut buf)));
            assert!(bench.poll(read.as_mut()).is_pending());
            bench.settle();
            assert!(bench.poll(read.as_mut()).is_pending());
            theirs.write_all(&[round; 5]).unwrap();
            assert_eq!(bench.run(read).unwrap(), 5);
            assert_eq!(buf[..5], [round; 5]);
        }
    });
}

/// RE7: data, then the end, whether it comes before or after the short read.
#[test]
fn a_short_read_does_not_hide_the_end_of_the_stream() {
    on_each_dispatcher(|bench| {
        for close_first in [true, false] {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let ours = bench.fd(ours);
            let mut buf = [0; 16];
            theirs.write_all(b"hello").unwrap();
            let mut theirs = Some(theirs).filter(|_| !close_first);
            let read = ours.bytes_with(Direction::Read, 16, |mut socket| socket.read(&mut buf));
            assert_eq!(bench.run(read).unwrap(), 5);
            let mut end = pin!(ours.bytes_with(Direction::Read, 16, |mut socket| socket.read(&mut buf)));
            if !close_first {
                assert!(bench.poll(end.as_mut()).is_pending());
            }
            theirs.take();
            assert_eq!(bench.run(end).unwrap(), 0);
        }
    });
}

#[test]
fn a_short_read_saves_the_next_attempt() {
    on_each_dispatcher(|bench| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = bench.fd(ours);
        theirs.write_all(b"hello").unwrap();
        let mut calls = 0;
        let mut buf = [0; 16];
        let mut recv = |mut socket: &UnixStream| {
            calls += 1;
            socket.read(&mut buf)
        };
        bench.run(ours.bytes_with(Direction::Read, 16, &mut recv)).unwrap();
        assert!(bench.poll(pin!(ours.bytes_with(Direction::Read, 16, &mut recv))).is_pending());
        assert_eq!(calls, 1, "the kernel is not asked for what is known");
    });
}

#[test]
fn datagrams_are_read_though_each_is_short() {
    on_each_dispatcher(|bench| {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let ours = bench.fd(ours);
        for size in 1..4 {
            theirs.send(&[0; 8][..size]).unwrap();
        }
        let mut buf = [0; 64];
        for size in 1..4 {
            assert_eq!(bench.run(ours.read_with(|socket| socket.recv(&mut buf))).unwrap(), size);
        }
    });
}

/// RE8
#[test]
fn a_writer_with_a_full_buffer_sleeps_on_when_the_peer_stops_sending() {
    on_each_dispatcher(|bench| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = bench.fd(ours);
        let filled = fill(ours.get_ref());
        let mut write = pin!(ours.write_with(|mut socket| socket.write(b"more")));
        bench.settle();
        assert!(bench.poll(write.as_mut()).is_pending());
        bench.settle();
        let _ = bench.poll(write.as_mut());
        let wakes = bench.wakes();
        theirs.shutdown(Shutdown::Write).unwrap();
        bench.settle();
        assert_eq!(bench.wakes(), wakes);
        assert!(bench.poll(write.as_mut()).is_pending());
        theirs.read_exact(&mut vec![0; filled]).unwrap();
        assert_eq!(bench.run(write).unwrap(), 4);
    });
}

/// RE9
#[test]
fn a_pipe_writer_learns_that_its_reader_is_gone() {
    on_each_dispatcher(|bench| {
        let (reader, writer) = sys::pipe().unwrap();
        let writer = bench.fd(File::from(writer));
        let full = |mut pipe: &File| pipe.write(&[0; 4096]);
        bench.run(writer.writable()).unwrap();
        while writer.try_write_with(full).is_ok() {}
        let mut write = pin!(writer.write_with(full));
        assert!(bench.poll(write.as_mut()).is_pending());
        drop(reader);
        assert_eq!(bench.run(write).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn the_peers_close_is_seen_without_reading() {
    on_each_dispatcher(|bench| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = bench.fd(ours);
        let mut closed = pin!(ours.peer_closed());
        theirs.write_all(b"unread").unwrap();
        assert!(bench.poll(closed.as_mut()).is_pending());
        bench.settle();
        assert!(bench.poll(closed.as_mut()).is_pending());
        theirs.shutdown(Shutdown::Write).unwrap();
        bench.run(closed).unwrap();
        bench.run(ours.peer_closed()).unwrap();
    });
}

#[test]
fn ready_names_what_is_ready_of_what_was_asked_for() {
    on_each_dispatcher(|bench| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = bench.fd(ours);
        assert_eq!(
            bench.run(ours.ready(Interest::READABLE | Interest::WRITABLE)).unwrap(),
            Readiness::WRITABLE
        );
        theirs.write_all(b"x").unwrap();
        assert_eq!(bench.run(ours.ready(Interest::READABLE)).unwrap(), Readiness::READABLE);
        drop(theirs);
        let closed = bench.run(ours.ready(Interest::PEER_CLOSED)).unwrap();
        assert!(closed.contains(Readiness::READ_CLOSED), "{closed:?}");
        assert!(!bench.driver.has_waiters(), "a wait that is over leaves no waker");
    });
}

#[test]
fn a_try_that_would_block_makes_the_next_wait_last() {
    on_each_dispatcher(|bench| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = bench.fd(ours);
        theirs.write_all(b"x").unwrap();
        bench.run(ours.readable()).unwrap();
        assert_eq!(ours.try_read_with(|mut socket| socket.read(&mut [0; 8])).unwrap(), 1);
        assert!(bench.poll(pin!(ours.readable())).is_ready(), "not known yet");
        let error = ours.try_read_with(|mut socket| socket.read(&mut [0; 8])).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(bench.poll(pin!(ours.readable())).is_pending());
        assert_eq!(ours.try_write_with(|mut socket| socket.write(b"x")).unwrap(), 1);
    });
}

/// RE12
#[test]
fn files_that_cannot_be_polled_are_named_as_such() {
    on_each_dispatcher(|bench| {
        for path in [&*std::env::current_exe().unwrap(), "/".as_ref()] {
            let error = bench.try_fd(File::open(path).unwrap()).map(drop).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{path:?}");
            assert!(error.to_string().contains("blocking pool"), "{error}");
        }
        assert!(!bench.driver.has_work());
    });
}

#[test]
fn borrowed_objects_and_borrowed_fds_work() {
    on_each_dispatcher(|bench| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(b"hello").unwrap();
        let mut buf = [0; 2];
        let by_reference = bench.fd(&ours);
        let read = by_reference.read_with(|&(mut socket)| socket.read(&mut buf));
        assert_eq!(bench.run(read).unwrap(), 2);
        drop(by_reference);
        let by_fd = bench.fd(ours.as_fd());
        bench.run(by_fd.readable()).unwrap();
        assert_eq!(by_fd.as_raw_fd(), ours.as_raw_fd());
    });
}

#[test]
fn into_inner_deregisters_and_blocking_mode_can_be_put_back() {
    on_each_dispatcher(|bench| {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let ours = bench.fd(ours);
        assert!(sys::is_nonblocking(ours.as_fd()).unwrap());
        ours.set_blocking(true).unwrap();
        let inner = ours.into_inner();
        assert!(!sys::is_nonblocking(inner.as_fd()).unwrap());
        assert!(!bench.driver.has_work());
        drop(bench.fd(inner));
    });
}

fn echo<S: AsyncRead + AsyncWrite + Unpin>(bench: &Bench, mut stream: S, theirs: &mut UnixStream) {
    let mut theirs_read = [0; 6];
    let mut buf = [0; 8];
    theirs.write_all(b"ab").unwrap();
    let read = bench.run(std::future::poll_fn(|cx| Pin::new(&mut stream).poll_read(cx, &mut buf))).unwrap();
    assert_eq!(&buf[..read], b"ab");
    theirs.write_all(b"cdef").unwrap();
    let (mut left, mut right) = ([0; 3], [0; 3]);
    let read = std::future::poll_fn(|cx| {
        let bufs = &mut [IoSliceMut::new(&mut left), IoSliceMut::new(&mut right)];
        Pin::new(&mut stream).poll_read_vectored(cx, bufs)
    });
    assert_eq!(bench.run(read).unwrap(), 4);
    assert_eq!((&left, right[0]), (b"cde", b'f'));
    let wrote = bench.run(std::future::poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, b"12"))).unwrap();
    let bufs = [IoSlice::new(b"34"), IoSlice::new(b"56")];
    let vectored =
        bench.run(std::future::poll_fn(|cx| Pin::new(&mut stream).poll_write_vectored(cx, &bufs))).unwrap();
    assert_eq!((wrote, vectored), (2, 4));
    bench.run(std::future::poll_fn(|cx| Pin::new(&mut stream).poll_close(cx))).unwrap();
    theirs.read_exact(&mut theirs_read).unwrap();
    assert_eq!(&theirs_read, b"123456");
}

#[test]
fn the_futures_traits_work_by_value_and_by_reference() {
    on_each_dispatcher(|bench| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = bench.fd(ours);
        echo(&bench, &ours, &mut theirs);
        echo(&bench, ours, &mut theirs);
    });
}

/// Polls on this thread, which sleeps between its wakes. Another thread runs the turns.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Runs `work` while another thread attends the driver.
fn attended(driver: &Driver, work: impl FnOnce()) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(SeqCst) {
                driver.try_attend().unwrap().turn(None).unwrap();
            }
        });
        work();
        over.store(true, SeqCst);
        driver.wake();
    });
}

/// RE4: each byte arrives while the reader is about to clear and to wait.
#[test]
fn no_byte_is_slept_over() {
    on_each_dispatcher(|bench| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (ours, theirs) = (bench.fd(ours), bench.fd(theirs));
        let bounce = |fd: &AsyncFd<UnixStream>, rounds: usize, serve: bool| {
            for round in 0..rounds {
                if serve || round > 0 {
                    let mut buf = [0; 1 + 8 * 2];
                    let asked = if round % 2 == 0 { buf.len() } else { 1 };
                    let recv = |mut socket: &UnixStream| socket.read(&mut buf[..asked]);
                    assert_eq!(block_on(fd.bytes_with(Direction::Read, asked, recv)).unwrap(), 1);
                }
                block_on(fd.write_with(|mut socket| socket.write(b"x"))).unwrap();
            }
        };
        attended(&bench.driver, || {
            thread::scope(|scope| {
                scope.spawn(|| bounce(&ours, 20_000, false));
                bounce(&theirs, 20_000, true);
            });
        });
    });
}

/// RE2
#[test]
fn a_storm_of_registrations_misdelivers_nothing() {
    on_each_dispatcher(|bench| {
        attended(&bench.driver, || {
            thread::scope(|scope| {
                for id in 0_u8..8 {
                    let bench = &bench;
                    scope.spawn(move || {
                        for _ in 0..500 {
                            let (ours, mut theirs) = UnixStream::pair().unwrap();
                            let ours = bench.fd(ours);
                            theirs.write_all(&[id]).unwrap();
                            let mut buf = [0; 2];
                            let count = block_on(ours.read_with(|mut socket| socket.read(&mut buf))).unwrap();
                            assert_eq!((count, buf[0]), (1, id));
                        }
                    });
                }
            });
        });
        assert!(!bench.driver.has_work());
    });
}

#[test]
fn auto_traits() {
    fn check<T: Send + Sync + Unpin + std::fmt::Debug>() {}
    check::<AsyncFd<UnixStream>>();
    fn future_is_send<F: Send>(_: F) {}
    fn uses(fd: &AsyncFd<UnixStream>) {
        future_is_send(fd.readable());
        future_is_send(fd.ready(Interest::READABLE));
        future_is_send(fd.read_with(|mut socket| socket.read(&mut [])));
    }
    let _ = uses;
}

#[test]
fn poll_ready_waits_for_each_interest() {
    fn is_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    is_unwind_safe::<AsyncFd<UnixStream>>();
    on_each_dispatcher(|bench| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = bench.fd(ours);
        assert!(ours.as_ref().peer_addr().is_ok());
        let mut interest = Interest::READABLE;
        interest |= Interest::PEER_CLOSED;
        let poll = || ours.poll_ready(&mut Context::from_waker(&bench.waker), interest).map(Result::unwrap);
        let read = || ours.try_with(Direction::Read, |mut io| io.read(&mut [0; 8]));
        bench.settle();
        assert_eq!(poll(), Poll::Pending);
        theirs.write_all(b"x").unwrap();
        bench.settle();
        assert_eq!(poll(), Poll::Ready(Readiness::READABLE));
        assert_eq!(read().unwrap(), 1);
        assert_eq!(read().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(poll(), Poll::Pending);
        drop(theirs);
        bench.settle();
        let Poll::Ready(ready) = poll() else { panic!("the peer is gone") };
        assert!(ready.contains(Readiness::READ_CLOSED));
    });
}
