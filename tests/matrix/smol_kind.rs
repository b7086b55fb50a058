//! smol's sockets, on an executor of one thread.

use std::fs;
use std::future::Future;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use smol::net::unix::{UnixListener, UnixStream};
use smol::net::{TcpListener, TcpStream};
use socket2::SockRef;

use crate::kinds::{Kind, Library, Stream, Tcp, Unix, free_path};

pub(crate) struct Smol;

impl Library for Smol {
    fn run<T>(future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }

    async fn both<A: Send + 'static, B: Send + 'static>(
        a: impl Future<Output = A> + Send + 'static,
        b: impl Future<Output = B> + Send + 'static,
    ) -> (A, B) {
        smol::future::zip(a, b).await
    }

    async fn nap(time: Duration) {
        smol::Timer::after(time).await;
    }
}

impl Kind for Tcp<Smol> {
    type Library = Smol;
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

impl Kind for Unix<Smol> {
    type Library = Smol;
    type Listener = UnixListener;
    type Address = PathBuf;
    type Stream = UnixStream;

    async fn listen() -> io::Result<(UnixListener, PathBuf)> {
        let path = free_path();
        Ok((UnixListener::bind(&path)?, path))
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
                self.clone().read(buf).await
            }

            async fn send_all(&self, bytes: &[u8]) -> io::Result<()> {
                self.clone().write_all(bytes).await
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
