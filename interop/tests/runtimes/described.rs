//! What libraries ask of a runtime that they have described to them, asked as they do: by traits that know nothing of fend, through `dyn` and in
//! generic code. Everything is done with fend's public API, in as many lines as it takes here.

use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use fend::io::{AsyncFd, Direction};
use fend::runtime::Handle;
use fend::time::{self, Sleep};
use futures::channel::oneshot;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};

const MINUTE: Duration = Duration::from_secs(60);

on_every_dispatcher!(
    any_fd_is_waited_for,
    sockets_are_waited_for_through_a_shared_reference,
    a_timer_is_reset_while_it_is_waited_for,
    ticks_are_a_stream,
    spawning_is_a_value,
    spawning_is_a_function,
    blocking_code_is_given_away,
    all_of_it_from_a_thread_without_a_runtime,
);

/// The traits of such a library.
trait Runtime: Debug + Send + Sync + 'static {
    fn register(&self, fd: OwnedFd) -> io::Result<Box<dyn Pollable>>;
    fn udp_socket(&self, socket: net::UdpSocket) -> io::Result<Arc<dyn Datagrams>>;
    fn timer(&self, deadline: Instant) -> Pin<Box<dyn Timer>>;
    fn ticks(&self, period: Duration) -> BoxStream<'static, Instant>;
    fn spawn(&self, task: BoxFuture<'static, ()>);
    fn spawn_blocking(&self, call: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()>;
    fn now(&self) -> Instant;
}

trait Pollable: Debug + Send + Sync + Unpin {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// `WouldBlock` is the answer of the kernel, and taken note of.
    fn try_io(
        &self,
        direction: Direction,
        call: &mut dyn FnMut(&OwnedFd) -> io::Result<usize>,
    ) -> io::Result<usize>;
}

trait Datagrams: Debug + Send + Sync {
    fn poll_receive(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>>;
    fn try_send(&self, datagram: &[u8], to: SocketAddr) -> io::Result<usize>;
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

trait Timer: Debug + Send + Sync {
    fn reset(self: Pin<&mut Self>, deadline: Instant);
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
}

/// fend, as this library wants it.
#[derive(Debug)]
struct Described(Handle);

impl Runtime for Described {
    fn register(&self, fd: OwnedFd) -> io::Result<Box<dyn Pollable>> {
        Ok(Box::new(AsyncFd::new(fd)?))
    }

    fn udp_socket(&self, socket: net::UdpSocket) -> io::Result<Arc<dyn Datagrams>> {
        Ok(Arc::new(fend::net::UdpSocket::try_from(socket)?))
    }

    fn timer(&self, deadline: Instant) -> Pin<Box<dyn Timer>> {
        Box::pin(time::sleep_until(deadline))
    }

    fn ticks(&self, period: Duration) -> BoxStream<'static, Instant> {
        time::interval(period).boxed()
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.spawn(task);
    }

    fn spawn_blocking(&self, call: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        self.0.spawn_blocking(call).map(|done| done.expect("it does not panic")).boxed()
    }

    fn now(&self) -> Instant {
        time::now()
    }
}

impl Pollable for AsyncFd<OwnedFd> {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_readable(cx)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_writable(cx)
    }

    fn try_io(
        &self,
        direction: Direction,
        call: &mut dyn FnMut(&OwnedFd) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.try_with(direction, call)
    }
}

impl Datagrams for fend::net::UdpSocket {
    fn poll_receive(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.poll_recv_from(cx, buf)
    }

    fn try_send(&self, datagram: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.try_send_to(datagram, to)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_writable(cx)
    }
}

impl Timer for Sleep {
    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        Sleep::reset(self.get_mut(), deadline);
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Future::poll(self, cx)
    }
}

fn described() -> Arc<dyn Runtime> {
    Arc::new(Described(Handle::current()))
}

/// What the library does with one: it tries, and waits when there is nothing.
fn poll_read(fd: &dyn Pollable, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
    loop {
        ready!(fd.poll_readable(cx))?;
        match fd.try_io(Direction::Read, &mut |fd| duplicate(fd)?.read(buf)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result),
        }
    }
}

fn duplicate(fd: &OwnedFd) -> io::Result<UnixStream> {
    Ok(fd.as_fd().try_clone_to_owned()?.into())
}

async fn any_fd_is_waited_for() -> io::Result<()> {
    let (ours, mut theirs) = UnixStream::pair()?;
    let fd = described().register(ours.into())?;
    let mut buf = [0; 16];
    let mut read = Box::pin(poll_fn(|cx| poll_read(&*fd, cx, &mut buf)));
    assert!((&mut read).now_or_never().is_none());
    theirs.write_all(b"hello")?;
    assert_eq!(read.await?, 5);
    assert_eq!(&buf[..5], b"hello");

    // Until there is no room.
    let mut write = |fd: &OwnedFd| duplicate(fd)?.write(&[0; 65_536]);
    while fd.try_io(Direction::Write, &mut write).is_ok() {}
    let mut writable = Box::pin(poll_fn(|cx| fd.poll_writable(cx)));
    assert!((&mut writable).now_or_never().is_none());
    theirs.set_nonblocking(true)?;
    let mut drain = vec![0; 1 << 20];
    while theirs.read(&mut drain).is_ok() {}
    writable.await?;
    assert!(fd.try_io(Direction::Write, &mut write)? > 0);
    Ok(())
}

async fn sockets_are_waited_for_through_a_shared_reference() -> io::Result<()> {
    let runtime = described();
    let (receiver, sender) = (net::UdpSocket::bind("127.0.0.1:0")?, net::UdpSocket::bind("127.0.0.1:0")?);
    let (to, from) = (receiver.local_addr()?, sender.local_addr()?);
    let (receiver, sender) = (runtime.udp_socket(receiver)?, runtime.udp_socket(sender)?);

    let receiving = fend::spawn(async move {
        let mut buf = [0; 16];
        let (length, from) = poll_fn(|cx| receiver.poll_receive(cx, &mut buf)).await?;
        io::Result::Ok((buf[..length].to_vec(), from))
    });
    poll_fn(|cx| sender.poll_writable(cx)).await?;
    assert_eq!(sender.try_send(b"hello", to)?, 5);
    assert_eq!(receiving.await??, (b"hello".to_vec(), from));
    Ok(())
}

async fn a_timer_is_reset_while_it_is_waited_for() -> io::Result<()> {
    let runtime = described();
    time::pause();
    let start = runtime.now();
    let mut timer = runtime.timer(start + 60 * MINUTE);
    assert!(poll_fn(|cx| timer.as_mut().poll(cx)).now_or_never().is_none());
    timer.as_mut().reset(start + MINUTE);
    poll_fn(|cx| timer.as_mut().poll(cx)).await;
    assert!((MINUTE..2 * MINUTE).contains(&(runtime.now() - start)));
    // After its end, for another time.
    timer.as_mut().reset(start + 10 * MINUTE);
    poll_fn(|cx| timer.as_mut().poll(cx)).await;
    assert!((10 * MINUTE..11 * MINUTE).contains(&(runtime.now() - start)));
    Ok(())
}

async fn ticks_are_a_stream() -> io::Result<()> {
    let runtime = described();
    time::pause();
    let ticks: Vec<_> = runtime.ticks(MINUTE).take(5).collect().await;
    assert!(ticks.windows(2).all(|two| two[1] - two[0] == MINUTE), "{ticks:?}");
    Ok(())
}

async fn spawning_is_a_value() -> io::Result<()> {
    let (done, is_done) = oneshot::channel();
    described().spawn(Box::pin(async { done.send(Handle::current().id()).expect("it is waited for") }));
    assert_eq!(is_done.await.map_err(io::Error::other)?, Handle::current().id());
    Ok(())
}

/// As a library takes it that wants no trait.
async fn spawning_is_a_function() -> io::Result<()> {
    fn start<R>(spawn: impl Fn(BoxFuture<'static, u32>) -> R) -> R {
        spawn(Box::pin(async { 6 * 7 }))
    }
    assert_eq!(start(fend::spawn).await?, 42);
    let handle = Handle::current();
    assert_eq!(start(move |task| handle.spawn(task)).await?, 42);
    Ok(())
}

async fn blocking_code_is_given_away() -> io::Result<()> {
    let (done, is_done) = oneshot::channel();
    let here = std::thread::current().id();
    let call = Box::new(move || done.send(std::thread::current().id()).expect("it is waited for"));
    described().spawn_blocking(call).await;
    assert_ne!(is_done.await.map_err(io::Error::other)?, here);
    Ok(())
}

/// Made where no runtime is, and driven by an executor that knows of none.
async fn all_of_it_from_a_thread_without_a_runtime() -> io::Result<()> {
    let foreign = std::thread::spawn(|| {
        let runtime = described();
        let (ours, mut theirs) = UnixStream::pair()?;
        let fd = runtime.register(ours.into())?;
        runtime.spawn(Box::pin(async move { theirs.write_all(b"hello").expect("there is room") }));
        let mut buf = [0; 16];
        let mut timer = runtime.timer(runtime.now() + Duration::from_millis(1));
        futures::executor::block_on(async {
            assert_eq!(poll_fn(|cx| poll_read(&*fd, cx, &mut buf)).await?, 5);
            poll_fn(|cx| timer.as_mut().poll(cx)).await;
            assert_eq!(runtime.ticks(Duration::from_millis(1)).take(3).count().await, 3);
            Ok(())
        })
    });
    fend::spawn_blocking(|| foreign.join().expect("it does not panic")).await?
}
