//! smol's sockets, on an executor of one thread.

use std::future::Future;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use socket2::SockRef;

use crate::kinds::{Kind, Stream};

pub(crate) struct Smol;

impl Kind for Smol {
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn run<T>(future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }

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

impl Stream for TcpStream {
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
}
