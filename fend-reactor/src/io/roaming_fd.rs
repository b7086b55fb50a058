//! [`RoamingFd`]: an fd that belongs to no runtime, and waits with the one that it is used on.
//!
//! An [`AsyncFd`] stays with the runtime that it was registered with, and its waits fail when that has shut down. That is right for a
//! connection, which has lost the tasks that served it. Signals, file events, clocks and standard streams are the process's, and whoever listens to
//! them may do so on one runtime after the other: when the runtime of a registration has shut down, the next wait makes a new one.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use super::async_fd::AsyncFd;
use super::attempt::unless_would_block;
use crate::dispatcher::{Direction, Readiness};

/// One open fd, and its registration of now. It must be non-blocking, or used by calls that do not wait.
#[derive(Debug)]
pub(crate) struct RoamingFd<T: AsFd> {
    io: Arc<T>,
    /// Believed of each new registration.
    assumed: Readiness,
    registered: Mutex<Arc<AsyncFd<Arc<T>>>>,
}

impl<T: AsFd> RoamingFd<T> {
    /// As [`AsyncFd::with_assumed`].
    pub(crate) fn with_assumed(io: impl Into<Arc<T>>, assumed: Readiness) -> RoamingFd<T> {
        let io = io.into();
        let first = AsyncFd::with_assumed(Arc::clone(&io), assumed);
        RoamingFd { io, assumed, registered: Mutex::new(Arc::new(first)) }
    }

    pub(crate) fn get_ref(&self) -> &T {
        &self.io
    }

    /// What waits are made with now. To be dropped while no lock is held: if it is the last of an earlier registration, tasks are woken.
    pub(crate) fn registered(&self) -> Arc<AsyncFd<Arc<T>>> {
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        if !registered.is_orphan() {
            return Arc::clone(&registered);
        }
        let new = Arc::new(AsyncFd::with_assumed(Arc::clone(&self.io), self.assumed));
        let orphan = std::mem::replace(&mut *registered, Arc::clone(&new));
        drop(registered);
        drop(orphan);
        new
    }

    /// Waits as [`AsyncFd::readable`] does.
    pub(crate) async fn wait(&self, direction: Direction) -> io::Result<()> {
        loop {
            let fd = self.registered();
            match fd.wait(direction).await {
                // It comes to an end: a runtime that has shut down takes no registration.
                Err(_) if fd.is_orphan() => {}
                waited => return waited.map(drop),
            }
        }
    }

    /// [`wait`](RoamingFd::wait), polled.
    pub(crate) fn poll_wait(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<()>> {
        loop {
            let fd = self.registered();
            match fd.poll_wait(cx, direction) {
                Poll::Ready(Err(_)) if fd.is_orphan() => {}
                waited => return waited,
            }
        }
    }

    /// As [`AsyncFd::with`].
    pub(crate) async fn with<R>(
        &self,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            self.wait(direction).await?;
            if let Some(result) = unless_would_block(self.try_with(direction, &mut op)) {
                return result;
            }
        }
    }

    /// As [`AsyncFd::poll_with`].
    pub(crate) fn poll_with<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            ready!(self.poll_wait(cx, direction))?;
            if let Some(result) = unless_would_block(self.try_with(direction, &mut op)) {
                return Poll::Ready(result);
            }
        }
    }

    /// As [`AsyncFd::poll_bytes_with`].
    pub(crate) fn poll_bytes_with(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        asked: usize,
        mut op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_wait(cx, direction))?;
            let tried = self.registered().try_bytes_with(direction, asked, |io| op(io));
            if let Some(result) = unless_would_block(tried) {
                return Poll::Ready(result);
            }
        }
    }

    /// As [`AsyncFd::try_with`].
    pub(crate) fn try_with<R>(
        &self,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registered().try_with(direction, |io| op(io))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::task::Waker;

    use super::*;
    use crate::runtime::{Builder, Dispatcher, Runtime};

    fn pair() -> (RoamingFd<UnixStream>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (RoamingFd::with_assumed(ours, Readiness::NONE), theirs)
    }

    fn runtime(dispatcher: Dispatcher) -> Runtime {
        Builder::new().dispatcher(dispatcher).worker_threads(1).build().unwrap()
    }

    fn read(mut socket: &UnixStream) -> io::Result<u8> {
        let mut byte = [0];
        socket.read_exact(&mut byte).map(|()| byte[0])
    }

    fn poll(fd: &RoamingFd<UnixStream>) -> Poll<io::Result<u8>> {
        fd.poll_with(&mut Context::from_waker(Waker::noop()), Direction::Read, read)
    }

    #[test]
    fn whoever_waits_goes_on_with_the_next_runtime() {
        for dispatcher in Dispatcher::ALL {
            let (fd, mut theirs) = pair();
            let (first, second) = (runtime(*dispatcher), runtime(*dispatcher));
            first.block_on(async { assert!(poll(&fd).is_pending()) });
            second.block_on(async {
                let mut waits = std::pin::pin!(fd.with(Direction::Read, read));
                let begun = std::future::poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx))).await;
                assert!(begun.is_pending());
                std::thread::spawn(move || drop(first)).join().unwrap();
                theirs.write_all(&[7]).unwrap();
                assert_eq!(waits.await.unwrap(), 7);
            });
        }
    }

    /// What was taken is told, be it an error.
    #[test]
    fn an_answer_counts_though_the_runtime_has_shut_down_meanwhile() {
        for dispatcher in Dispatcher::ALL {
            let (fd, mut theirs) = pair();
            let mut first = Some(runtime(*dispatcher));
            first.as_ref().unwrap().block_on(async { assert!(poll(&fd).is_pending()) });
            theirs.write_all(&[7]).unwrap();
            first.as_ref().unwrap().block_on(fd.wait(Direction::Read)).unwrap();
            let answer = fd.poll_with(&mut Context::from_waker(Waker::noop()), Direction::Read, |_| {
                drop(first.take().expect("it is called once"));
                io::Result::<()>::Err(io::ErrorKind::ConnectionReset.into())
            });
            assert!(
                matches!(answer, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset)
            );
        }
    }

    #[test]
    fn a_runtime_that_has_shut_down_takes_no_wait() {
        for dispatcher in Dispatcher::ALL {
            let (fd, _theirs) = pair();
            let first = runtime(*dispatcher);
            let handle = first.handle();
            first.block_on(async { assert!(poll(&fd).is_pending()) });
            drop(first);
            let _entered = handle.enter();
            let Poll::Ready(Err(error)) = poll(&fd) else { panic!("nobody would wake it") };
            assert!(error.to_string().contains("shut down"), "{error}");
        }
    }
}
