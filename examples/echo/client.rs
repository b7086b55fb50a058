//! The client: TCP connections, and the load on them.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;

use fend::net::TcpStream;

use crate::PORT;
use crate::arguments::{Arguments, Stop};
use crate::load::{Load, Stream, measure};
use crate::runtime::RuntimeOptions;
use crate::server;

pub(crate) struct Options {
    addr: SocketAddr,
    load: Load,
    runtime: RuntimeOptions,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options { addr: server::at(PORT), load: Load::new(), runtime: RuntimeOptions::default() }
    }

    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--addr" => self.addr = arguments.value()?,
            _ if self.load.read(name, arguments)? => {}
            _ => self.runtime.read(name, arguments)?,
        }
        Ok(())
    }
}

pub(crate) fn run(options: Options) -> Result<(), Box<dyn Error>> {
    options.runtime.build()?.block_on(connect_and_measure(&options))
}

async fn connect_and_measure(options: &Options) -> Result<(), Box<dyn Error>> {
    let Options { addr, load, .. } = options;
    let mut streams = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    writeln!(io::stdout(), "to {addr}: connections {}, size {} bytes", streams.len(), load.size)?;
    measure(streams, *load).await
}

impl Stream for TcpStream {
    async fn send_all(&self, bytes: &[u8]) -> io::Result<()> {
        TcpStream::send_all(self, bytes).await
    }

    async fn recv_exact(&self, bytes: &mut [u8]) -> io::Result<()> {
        TcpStream::recv_exact(self, bytes).await
    }
}
