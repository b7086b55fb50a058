//! The server: one socket, one task.

use std::io::{self, Write};

use fend::net::UdpSocket;
use fend::net::udp::{RecvBatch, SendBatch};

use crate::PORT;
use crate::arguments::{Arguments, Stop, complain};
use crate::server;

/// The largest datagram there is.
const LARGEST: usize = 65_535;

pub(crate) struct Options {
    server: server::Options,
    batch: usize,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options { server: server::Options::new(PORT), batch: 1 }
    }

    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--batch" => self.batch = arguments.number(1..=RecvBatch::MAX)?,
            _ => self.server.read(name, arguments)?,
        }
        Ok(())
    }
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    options.server.runtime.build()?.block_on(async {
        let socket = UdpSocket::bind(options.server.addr).await?;
        writeln!(io::stdout(), "listening on {}", socket.local_addr()?)?;
        match options.batch {
            1 => one_by_one(&socket).await,
            many => by_batches(&socket, many).await,
        }
    })
}

async fn one_by_one(socket: &UdpSocket) -> io::Result<()> {
    let mut buffer = vec![0; LARGEST];
    loop {
        let (count, from) = socket.recv_from(&mut buffer).await?;
        if let Err(error) = socket.send_to(&buffer[..count], from).await {
            complain(error);
        }
    }
}

async fn by_batches(socket: &UdpSocket, many: usize) -> io::Result<()> {
    let mut received = RecvBatch::new(many, LARGEST);
    let mut answers = SendBatch::new();
    loop {
        socket.recv_many(&mut received).await?;
        for datagram in &received {
            answers.push_to(datagram.data(), datagram.source()?);
        }
        // An answer that cannot be sent must not hold up the others.
        while let Err(error) = socket.send_many(&mut answers).await {
            complain(error);
            answers.skip();
        }
    }
}
