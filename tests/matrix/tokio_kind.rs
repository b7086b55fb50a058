//! tokio's sockets, on a runtime with two threads.

use std::fs;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::kinds::{Kind, Library, Stream, Tcp, Unix, free_path};

pub(crate) struct Tokio;

impl Library for Tokio {
    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(future)
    }

    async fn both<A: Send + 'static, B: Send + 'static>(
        a: impl Future<Output = A> + Send + 'static,
        b: impl Future<Output = B> + Send + 'static,
    ) -> (A, B) {
        let (a, b) = (tokio::spawn(a), tokio::spawn(b));
        (a.await.expect("no panic"), b.await.expect("no panic"))
    }

    async fn nap(time: Duration) {
        tokio::time::sleep(time).await;
    }
}

impl Kind for Tcp<Tokio> {
    type Library = Tokio;
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

impl Kind for Unix<Tokio> {
    type Library = Tokio;
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

/// Its reads and writes that are shared are those without a wait, behind a wait for readiness.
macro_rules! streams {
    ($($stream:ty),+) => {
        $(impl Stream for $stream {
            async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
                loop {
                    self.readable().await?;
                    match self.try_read(buf) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        other => return other,
                    }
                }
            }

            async fn send_all(&self, mut bytes: &[u8]) -> io::Result<()> {
                while !bytes.is_empty() {
                    self.writable().await?;
                    match self.try_write(bytes) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        other => bytes = &bytes[other?..],
                    }
                }
                Ok(())
            }

            fn finish(&self) -> io::Result<()> {
                self.socket().shutdown(std::net::Shutdown::Write)
            }

            fn socket(&self) -> SockRef<'_> {
                SockRef::from(self)
            }
        })+
    };
}

streams!(TcpStream, UnixStream);
