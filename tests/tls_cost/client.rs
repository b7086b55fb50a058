//! The client: blocking OpenSSL, the same for every server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslSession, SslSessionCacheMode, SslStream,
    SslVersion,
};

use crate::server::Command;

pub(crate) type Stream = SslStream<TcpStream>;

/// A client's context, and the last session that a server has given.
pub(crate) struct Client {
    context: SslContext,
    session: Arc<Mutex<Option<SslSession>>>,
}

impl Client {
    pub(crate) fn new(tls12: bool) -> Client {
        let mut builder: SslContextBuilder = SslContext::builder(SslMethod::tls_client()).expect("a context");
        builder.set_max_proto_version(tls12.then_some(SslVersion::TLS1_2)).expect("a version");
        builder.set_mode(SslMode::AUTO_RETRY);
        builder.set_read_ahead(true);
        builder.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        let session: Arc<Mutex<Option<SslSession>>> = Arc::default();
        let newest = session.clone();
        builder.set_new_session_callback(move |_, session| *newest.lock().unwrap() = Some(session));
        Client { context: builder.build(), session }
    }

    #[expect(unsafe_code, reason = "the openssl crate cannot see whose session it is")]
    pub(crate) fn connect(&self, address: SocketAddr, resume: bool) -> io::Result<Stream> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut ssl = Ssl::new(&self.context)?;
        if let Some(session) = self.session.lock().unwrap().take().filter(|_| resume) {
            // SAFETY: the session came from a handshake of this context.
            unsafe { ssl.set_session(&session)? };
        }
        ssl.connect(stream).map_err(|error| io::Error::other(error.to_string()))
    }
}

pub(crate) fn command(stream: &mut Stream, what: u8, piece: usize, count: u64) -> io::Result<()> {
    stream.write_all(&Command { what, piece, count }.to_bytes())
}

/// Waits for the byte that ends a command.
pub(crate) fn done(stream: &mut Stream) -> io::Result<()> {
    stream.read_exact(&mut [0])
}

/// Has the server send, and throws it away.
pub(crate) fn receive(stream: &mut Stream, bytes: u64, piece: usize) -> io::Result<()> {
    command(stream, b's', piece, bytes)?;
    let (mut buf, mut left) = (vec![0; 256 << 10], bytes);
    while left > 0 {
        match stream.read(&mut buf)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => left -= count as u64,
        }
    }
    Ok(())
}

/// Sends to the server, which receives in pieces.
pub(crate) fn send(stream: &mut Stream, bytes: u64, piece: usize) -> io::Result<()> {
    command(stream, b'r', piece, bytes)?;
    let buf = vec![7; 256 << 10];
    for _ in 0..bytes / buf.len() as u64 {
        stream.write_all(&buf)?;
    }
    done(stream)
}

/// Messages that are echoed, one after the other on each of several connections.
pub(crate) fn echo(streams: &mut [Stream], count: u64, size: usize) -> io::Result<()> {
    let each = count / streams.len() as u64;
    for stream in &mut *streams {
        command(stream, b'e', size, each)?;
    }
    let mut buf = vec![7; size];
    for _ in 0..each {
        for stream in &mut *streams {
            stream.write_all(&buf)?;
        }
        for stream in &mut *streams {
            stream.read_exact(&mut buf)?;
        }
    }
    Ok(())
}
