//! Servers that do the same work on each of the runtimes and on bare epoll, behind one command line.
//!
//! | part | |
//! |---|---|
//! | [`options`] | the command line |
//! | [`control`] | the address on stdout; `stats` on stdin, whose end ends the process |
//! | [`connections`] | how many have come and gone |
//! | [`certificate`], [`http`] | what all have alike: settings of TLS, the answer of HTTP |
//! | [`raw`] | bare epoll: how much user space is needed at all |
//! | [`tokio`], [`smol`], [`fend`] | the runtimes, each as its users would write it |
//!
//! All listen on a socket that was made here, with the same backlog, set `TCP_NODELAY` on each connection, and survive when descriptors run
//! out: they accept again 5 ms later.

mod certificate;
mod connections;
mod control;
mod fend;
mod http;
mod options;
mod raw;
mod smol;
mod tokio;

use std::io;
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use crate::sys;
use options::{Mode, Options, Runtime};

/// More than any number of clients that connect at once; Linux cuts it to `net.core.somaxconn`.
const BACKLOG: i32 = 4_096;

/// Until the next accept, when one has failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(5);

/// The program `server`, and its twin.
pub fn main() {
    let options = Options::read();
    if let Err(error) = run(&options) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn run(options: &Options) -> io::Result<()> {
    sys::raise_open_files()?;
    if options.mode == Mode::Udp {
        let socket = UdpSocket::from(sys::udp_bind(options.address)?);
        control::start(socket.local_addr()?)?;
        return match options.runtime {
            Runtime::Raw => raw::serve_udp(options, &socket),
            Runtime::Tokio => tokio::serve_udp(options, socket),
            Runtime::Smol => smol::serve_udp(options, socket),
            Runtime::Fend => fend::serve_udp(options, socket),
        };
    }
    let shares_port = options.runtime == Runtime::Raw && options.workers > 1;
    let listener = TcpListener::from(sys::tcp_listen(options.address, shares_port, BACKLOG)?);
    control::start(listener.local_addr()?)?;
    match options.runtime {
        Runtime::Raw => raw::serve(options, listener),
        Runtime::Tokio => tokio::serve(options, listener),
        Runtime::Smol => smol::serve(options, listener),
        Runtime::Fend => fend::serve(options, listener),
    }
}
