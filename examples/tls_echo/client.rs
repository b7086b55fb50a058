//! The client: connections with TLS over them, and the load on them.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use fend::net::TcpStream;
use fend::tls::{Context, Identity, Mode, TlsConnector, TlsStream};

use crate::PORT;
use crate::arguments::{Arguments, Stop};
use crate::handshakes;
use crate::load::{Load, Stream, exchange, measure};
use crate::runtime::RuntimeOptions;
use crate::server;

pub(crate) struct Options {
    addr: SocketAddr,
    name: Option<String>,
    ca: Option<PathBuf>,
    insecure: bool,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    resume: bool,
    handshakes: bool,
    load: Load,
    runtime: RuntimeOptions,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options {
            addr: server::at(PORT),
            name: None,
            ca: None,
            insecure: false,
            certificate: None,
            key: None,
            resume: false,
            handshakes: false,
            load: Load::new(),
            runtime: RuntimeOptions::default(),
        }
    }

    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--addr" => self.addr = arguments.value()?,
            "--name" => self.name = Some(arguments.value()?),
            "--cacert" => self.ca = Some(arguments.value()?),
            "--insecure" => self.insecure = true,
            "--cert" => self.certificate = Some(arguments.value()?),
            "--key" => self.key = Some(arguments.value()?),
            "--resume" => self.resume = true,
            "--handshakes" => self.handshakes = true,
            _ if self.load.read(name, arguments)? => {}
            _ => self.runtime.read(name, arguments)?,
        }
        Ok(())
    }

    fn server(&self) -> Result<Server, Box<dyn Error>> {
        let mut builder = Context::builder(Mode::Client);
        if let Some(authorities) = &self.ca {
            builder = builder.cafile(authorities);
        }
        if self.insecure {
            builder = builder.danger_accept_invalid_certs().danger_accept_invalid_hostnames();
        }
        if let Some(certificate) = &self.certificate {
            let key = self.key.as_ref().unwrap_or(certificate);
            builder = builder.identity(Identity::from_files(certificate, key)?);
        }
        // A key for each connection that makes handshakes.
        builder = builder.session_cache(if self.resume { self.load.connections } else { 0 });
        Ok(Server {
            addr: self.addr,
            name: self.name.clone().unwrap_or_else(|| self.addr.ip().to_string()),
            connector: TlsConnector::with_context(builder.build()?)?,
        })
    }
}

/// Whom to connect to.
#[derive(Clone)]
pub(crate) struct Server {
    addr: SocketAddr,
    name: String,
    connector: TlsConnector,
}

impl Server {
    pub(crate) async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let stream = self.stream().await?;
        Ok(self.connector.handshake(&self.name, stream).await?)
    }

    /// With sessions of its own, where `key` is: of one server only the last few are kept.
    pub(crate) async fn connect_with(&self, key: &str) -> io::Result<TlsStream<TcpStream>> {
        let stream = self.stream().await?;
        Ok(self.connector.handshake(&self.name, stream).session_key(key).await?)
    }

    async fn stream(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.addr).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

pub(crate) fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let server = options.server()?;
    options.runtime.build()?.block_on(async {
        if options.handshakes {
            handshakes::measure(server, options.load).await
        } else {
            measure_echoes(&server, options.load).await
        }
    })
}

async fn measure_echoes(server: &Server, load: Load) -> Result<(), Box<dyn Error>> {
    let mut streams = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        let stream = server.connect().await?;
        // With the answer comes what a later session needs to go on with this one.
        exchange(&stream, b"?", &mut [0]).await?;
        streams.push(stream);
    }
    let info = streams.first().expect("at least one").info();
    let resumed = streams.iter().filter(|stream| stream.is_resumed()).count();
    writeln!(
        io::stdout(),
        "to {}: connections {} ({resumed} resumed), size {} bytes, {}, {}",
        server.addr,
        streams.len(),
        load.size,
        info.protocol,
        info.cipher,
    )?;
    measure(streams, load).await
}

impl Stream for TlsStream<TcpStream> {
    async fn send_all(&self, bytes: &[u8]) -> io::Result<()> {
        TlsStream::send_all(self, bytes).await
    }

    async fn recv_exact(&self, bytes: &mut [u8]) -> io::Result<()> {
        TlsStream::recv_exact(self, bytes).await
    }
}
