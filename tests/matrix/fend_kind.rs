//! fend's sockets, on a runtime of each dispatcher.

use std::fs;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::net::{Shutdown, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use fend::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use fend::runtime::{Builder, Dispatcher};
use socket2::SockRef;

use crate::kinds::{Kind, Library, Stream, Tcp, Unix, free_path};

pub(crate) trait Choice: 'static {
    const DISPATCHER: Dispatcher;
}

pub(crate) struct Epoll;

impl Choice for Epoll {
    const DISPATCHER: Dispatcher = Dispatcher::Epoll;
}

pub(crate) struct Poll;

impl Choice for Poll {
    const DISPATCHER: Dispatcher = Dispatcher::Poll;
}

pub(crate) struct Fend<D>(PhantomData<D>);

impl<D: Choice> Library for Fend<D> {
    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = Builder::new().dispatcher(D::DISPATCHER).worker_threads(2).build().expect("a runtime");
        runtime.block_on(future)
    }

    async fn both<A: Send + 'static, B: Send + 'static>(
        a: impl Future<Output = A> + Send + 'static,
        b: impl Future<Output = B> + Send + 'static,
    ) -> (A, B) {
        let (a, b) = (fend::spawn(a), fend::spawn(b));
        (a.await.expect("no panic"), b.await.expect("no panic"))
    }

    async fn nap(time: Duration) {
        fend::time::sleep(time).await;
    }
}

impl<D: Choice> Kind for Tcp<Fend<D>> {
    type Library = Fend<D>;
    type Listener = TcpListener;
    type Address = SocketAddr;
    type Stream = TcpStream;

    async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        Ok(listener.accept().await?.0)
    }

    async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}

impl<D: Choice> Kind for Unix<Fend<D>> {
    type Library = Fend<D>;
    type Listener = UnixListener;
    type Address = PathBuf;
    type Stream = UnixStream;

    async fn listen() -> io::Result<(UnixListener, PathBuf)> {
        let path = free_path();
        Ok((UnixListener::bind(&path).await?, path))
    }

    async fn accept(listener: &UnixListener) -> io::Result<UnixStream> {
        Ok(listener.accept().await?.0)
    }

    async fn connect(path: PathBuf) -> io::Result<UnixStream> {
        let stream = UnixStream::connect(&path).await;
        fs::remove_file(&path)?;
        stream
    }
}

macro_rules! streams {
    ($($stream:ty),+) => {
        $(impl Stream for $stream {
            async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
                <$stream>::recv(self, buf).await
            }

            async fn send_all(&self, bytes: &[u8]) -> io::Result<()> {
                <$stream>::send_all(self, bytes).await
            }

            fn finish(&self) -> io::Result<()> {
                self.shutdown(Shutdown::Write)
            }

            fn socket(&self) -> SockRef<'_> {
                SockRef::from(self)
            }
        })+
    };
}

streams!(TcpStream, UnixStream);
