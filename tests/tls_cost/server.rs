//! The servers: one protocol, several implementations.
//!
//! A client sends commands of 16 bytes: a letter, zeros, the size of a piece and a count. `s`: send that many bytes in pieces. `r`: receive
//! that many, and answer with one. `e`: echo as many messages of that size. `i`: answer with a byte. `q`: the end. Connections are served side by side.

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;

use fend::runtime::{Builder, Dispatcher};
use fend::tls::{Context, Identity, Mode, TlsAcceptor};
use openssl::pkey::PKey;
use openssl::ssl::{SslContext, SslMethod, SslMode, SslOptions, SslVersion};
use openssl::x509::X509;

/// Names the server that a process is for, and the files that it has its certificate from.
pub(crate) const SERVER: &str = "FEND_TEST_TLS_SERVER";
/// Where in its allocation a server's buffer begins. How it lies to the lines of the cache, and to OpenSSL's buffers, is worth some hundredths
/// of what is measured, and an accident: in several rounds each server has it well once.
pub(crate) const SHIFT: &str = "FEND_TEST_TLS_SHIFT";
pub(crate) const IDENTITY: &str = "FEND_TEST_TLS_IDENTITY";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Fend,
    FendPoll,
    /// A thread that blocks, with OpenSSL's defaults.
    OpenSsl,
    /// The same, reading ahead as fend does.
    OpenSslReadAhead,
    Tokio,
}

pub(crate) const KINDS: [Kind; 5] =
    [Kind::Fend, Kind::FendPoll, Kind::OpenSsl, Kind::OpenSslReadAhead, Kind::Tokio];

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Fend => "fend, epoll",
            Kind::FendPoll => "fend, poll",
            Kind::OpenSsl => "OpenSSL, blocking",
            Kind::OpenSslReadAhead => "OpenSSL, blocking, ahead",
            Kind::Tokio => "tokio-openssl",
        }
    }

    pub(crate) fn of_this_process() -> Option<Kind> {
        let name = env::var(SERVER).ok()?;
        KINDS.into_iter().find(|kind| kind.name() == name)
    }

    /// Goes on until it is ended.
    pub(crate) fn serve(self) -> io::Result<()> {
        let listener = TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?);
        let pem = std::fs::read(env::var(IDENTITY).expect("a file"))?;
        match self {
            Kind::Fend => fend_runtime(Dispatcher::Epoll)?.block_on(serve_fend(listener, &pem)),
            Kind::FendPoll => fend_runtime(Dispatcher::Poll)?.block_on(serve_fend(listener, &pem)),
            Kind::OpenSsl => serve_blocking(listener, &context(&pem, false)),
            Kind::OpenSslReadAhead => serve_blocking(listener, &context(&pem, true)),
            Kind::Tokio => {
                let mut builder = tokio::runtime::Builder::new_current_thread();
                builder.enable_all().build()?.block_on(serve_tokio(listener, &context(&pem, false)))
            }
        }
    }
}

fn fend_runtime(dispatcher: Dispatcher) -> io::Result<fend::Runtime> {
    Builder::new().dispatcher(dispatcher).worker_threads(1).build()
}

/// What is not fend's own: the same protocols and ciphers.
fn context(pem: &[u8], read_ahead: bool) -> SslContext {
    let mut builder = SslContext::builder(SslMethod::tls_server()).expect("a context");
    builder.set_certificate(&X509::from_pem(pem).expect("PEM")).expect("a certificate");
    builder.set_private_key(&PKey::private_key_from_pem(pem).expect("PEM")).expect("a key");
    builder.set_min_proto_version(Some(SslVersion::TLS1_2)).expect("a version");
    builder.set_options(SslOptions::NO_RENEGOTIATION | SslOptions::NO_COMPRESSION);
    builder.set_session_id_context(b"cost").expect("a context");
    if read_ahead {
        builder.set_read_ahead(true);
        builder.set_mode(SslMode::RELEASE_BUFFERS);
    }
    builder.build()
}

fn shift() -> usize {
    env::var(SHIFT).ok().and_then(|bytes| bytes.parse().ok()).expect("a number")
}

/// What a client wants.
pub(crate) struct Command {
    pub(crate) what: u8,
    pub(crate) piece: usize,
    pub(crate) count: u64,
}

impl Command {
    pub(crate) fn to_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[0] = self.what;
        bytes[4..8].copy_from_slice(&u32::try_from(self.piece).expect("a small piece").to_be_bytes());
        bytes[8..].copy_from_slice(&self.count.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; 16]) -> Command {
        let piece = u32::from_be_bytes(bytes[4..8].try_into().expect("four")) as usize;
        Command { what: bytes[0], piece, count: u64::from_be_bytes(bytes[8..].try_into().expect("eight")) }
    }
}

/// The commands, in the words of one implementation: `$read` and `$write` are its calls, with `$wait` behind them.
macro_rules! obey {
    ($stream:ident, $($wait:tt)*) => {
        loop {
            let mut bytes = [0; 16];
            $stream.read_exact(&mut bytes)$($wait)*?;
            let Command { what, piece, count } = Command::from_bytes(bytes);
            let shift = shift();
            let mut buf = vec![7; shift + piece];
            let buf = &mut buf[shift..];
            match what {
                b's' => {
                    for _ in 0..count / piece as u64 {
                        $stream.write_all(buf)$($wait)*?;
                    }
                    $stream.flush()$($wait)*?;
                }
                b'r' => {
                    let mut left = count;
                    while left > 0 {
                        let received = $stream.read(buf)$($wait)*?;
                        if received == 0 {
                            return Err(io::ErrorKind::UnexpectedEof.into());
                        }
                        left -= received as u64;
                    }
                    $stream.write_all(b".")$($wait)*?;
                    $stream.flush()$($wait)*?;
                }
                b'e' => {
                    for _ in 0..count {
                        $stream.read_exact(buf)$($wait)*?;
                        $stream.write_all(buf)$($wait)*?;
                        $stream.flush()$($wait)*?;
                    }
                }
                b'i' => {
                    $stream.write_all(b".")$($wait)*?;
                    $stream.flush()$($wait)*?;
                }
                _ => return Ok(()),
            }
        }
    };
}

fn serve_blocking(listener: TcpListener, context: &SslContext) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let ssl = openssl::ssl::Ssl::new(context).expect("a session");
        thread::spawn(move || {
            if let Ok(mut stream) = ssl.accept(stream) {
                let _ = obey_blocking(&mut stream);
                let _ = stream.shutdown();
            }
        });
    }
}

fn obey_blocking(stream: &mut openssl::ssl::SslStream<TcpStream>) -> io::Result<()> {
    obey!(stream,)
}

async fn serve_fend(listener: TcpListener, pem: &[u8]) -> io::Result<()> {
    let identity = Identity::from_pem(pem, pem)?;
    let acceptor = TlsAcceptor::with_context(Context::builder(Mode::Server).identity(identity).build()?)?;
    let listener = fend::net::TcpListener::try_from(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        fend::spawn(async move {
            let mut stream = acceptor.handshake(stream).await?;
            obey_fend(&mut stream).await?;
            stream.shutdown().await
        });
    }
}

async fn obey_fend(stream: &mut fend::tls::TlsStream<fend::net::TcpStream>) -> io::Result<()> {
    use futures_lite::{AsyncReadExt, AsyncWriteExt};
    obey!(stream, .await)
}

async fn serve_tokio(listener: TcpListener, context: &SslContext) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let ssl = openssl::ssl::Ssl::new(context).expect("a session");
        tokio::spawn(async move {
            let mut stream = tokio_openssl::SslStream::new(ssl, stream)?;
            std::pin::Pin::new(&mut stream).accept().await.map_err(io::Error::other)?;
            obey_tokio(&mut stream).await?;
            tokio::io::AsyncWriteExt::shutdown(&mut stream).await
        });
    }
}

async fn obey_tokio(stream: &mut tokio_openssl::SslStream<tokio::net::TcpStream>) -> io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    obey!(stream, .await)
}
