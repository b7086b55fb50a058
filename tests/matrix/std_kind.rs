//! Blocking sockets of std, and threads.

use std::fs;
use std::future::Future;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use futures_lite::future::block_on;
use socket2::SockRef;

use crate::kinds::{Kind, Library, Stream, Tcp, Unix, free_path};

/// Its futures never wait: they block.
pub(crate) struct Std;

impl Library for Std {
    fn run<T>(future: impl Future<Output = T>) -> T {
        block_on(future)
    }

    async fn both<A: Send + 'static, B: Send + 'static>(
        a: impl Future<Output = A> + Send + 'static,
        b: impl Future<Output = B> + Send + 'static,
    ) -> (A, B) {
        let a = thread::spawn(|| block_on(a));
        let b = b.await;
        (a.join().expect("no panic"), b)
    }

    async fn nap(time: Duration) {
        thread::sleep(time);
    }
}

impl Kind for Tcp<Std> {
    type Library = Std;
    type Listener = TcpListener;
    type Address = SocketAddr;
    type Stream = TcpStream;

    async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        Ok(listener.accept()?.0)
    }

    async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address)
    }
}

impl Kind for Unix<Std> {
    type Library = Std;
    type Listener = UnixListener;
    type Address = PathBuf;
    type Stream = UnixStream;

    async fn listen() -> io::Result<(UnixListener, PathBuf)> {
        let path = free_path();
        Ok((UnixListener::bind(&path)?, path))
    }

    async fn accept(listener: &UnixListener) -> io::Result<UnixStream> {
        Ok(listener.accept()?.0)
    }

    async fn connect(path: PathBuf) -> io::Result<UnixStream> {
        let stream = UnixStream::connect(&path);
        fs::remove_file(&path)?;
        stream
    }
}

macro_rules! streams {
    ($($stream:ty),+) => {
        $(impl Stream for $stream {
            async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
                (&mut &*self).read(buf)
            }

            async fn send_all(&self, bytes: &[u8]) -> io::Result<()> {
                (&mut &*self).write_all(bytes)
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
