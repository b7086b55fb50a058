//! The load generator: one thread on bare epoll, so cheap that the server is what is measured.
//!
//! A request costs one send, one receive, a share of a wait and one reading of the clock, and allocates nothing but what OpenSSL does in TLS.
//!
//! | module | idea |
//! |---|---|
//! | [`options`] | what the load is to be |
//! | `schedule` | when a request is due |
//! | `engine` | the loop over events |
//! | `client` | a connection as the engine sees it, and what all share |
//! | `connection`, `datagram` | the two kinds: TCP and UDP |
//! | `transport` | bytes as they are, or TLS |
//! | `exchange`, `http`, `stamp` | requests, and whether the answers are right |
//! | [`histogram`], `tally` | how long answers took, and what else came of them |

pub mod histogram;
pub mod options;

mod client;
mod connection;
mod datagram;
mod engine;
mod exchange;
mod http;
mod schedule;
mod stamp;
mod tally;
mod transport;

use std::io;

use crate::sys;

use client::{Client, Shared, Sources};
use connection::{Connection, Ending};
use datagram::Datagram;
use engine::{Engine, Run};
use exchange::{Echo, Exchange, Http};
use options::{Options, Protocol};
pub use schedule::{Amount, Pace};
pub use tally::Report;
use transport::{Plain, Tls};

/// Connections that are opened at once: few enough for every listener's backlog.
const OPENED_AT_ONCE: usize = 64;

/// A load whose connections stand.
#[derive(Debug)]
pub struct Load {
    engine: Box<dyn Run>,
    options: Options,
}

impl Load {
    /// Opens all connections, and sends one request on each that does not count, so that the server has accepted it. Where each request
    /// has a connection of its own there is nothing to open.
    ///
    /// # Errors
    ///
    /// When that fails on one of them, or the process may not have so many files open.
    pub fn open(options: Options) -> io::Result<Load> {
        let files = sys::raise_open_files()?;
        if options.connections as u64 + 16 > files {
            let error = format!("{} connections, but {files} files may be open", options.connections);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
        if let Pace::Rate(_) = options.pace {
            // Otherwise every wait ends 50 us late.
            sys::set_timer_slack(1)?;
        }
        let mut load = Load { engine: engine(&options)?, options };
        if !load.options.protocol.connects_each_time() {
            let each = Amount::Requests(load.options.connections as u64);
            load.engine.run(Pace::Closed, each, OPENED_AT_ONCE)?.all_went_well()?;
        }
        Ok(load)
    }

    /// Sends the requests that come before the measured ones, as fast as the server answers them.
    ///
    /// # Errors
    ///
    /// When one fails.
    pub fn warm_up(&mut self) -> io::Result<()> {
        let pace = if self.options.pace == Pace::Lockstep { Pace::Lockstep } else { Pace::Closed };
        let amount = Amount::Requests(self.options.warmup);
        self.engine.run(pace, amount, self.options.connections)?.all_went_well()
    }

    /// Sends the requests that are measured.
    ///
    /// # Errors
    ///
    /// When a request is not answered in time, or nothing but errors comes. An error now and then is counted.
    pub fn measure(&mut self) -> io::Result<Report> {
        let cpu = sys::process_cpu();
        let tally = self.engine.run(self.options.pace, self.options.amount, self.options.connections)?;
        Ok(tally.report(sys::process_cpu() - cpu))
    }
}

fn engine(options: &Options) -> io::Result<Box<dyn Run>> {
    let size = options.size;
    let echo = |connection| Echo::new(connection, size);
    let http = |_| Http::default();
    let close = options.protocol == Protocol::HttpChurn;
    let message = match options.protocol {
        Protocol::Http | Protocol::HttpChurn => http::request(options.address, close),
        _ => vec![b'.'; size],
    };
    let sources = match options.protocol {
        Protocol::ChurnFin | Protocol::HttpChurn => Sources::for_many(options.address),
        _ => Sources::Any,
    };
    let shared = Shared::new(options.address, message, sources)?;
    Ok(match options.protocol {
        Protocol::Echo => plain(options, shared, echo, Ending::Keep),
        Protocol::ChurnRst => plain(options, shared, echo, Ending::Reset),
        Protocol::ChurnFin => plain(options, shared, echo, Ending::Finish),
        Protocol::Http => plain(options, shared, http, Ending::Keep),
        Protocol::HttpChurn => plain(options, shared, http, Ending::Finish),
        Protocol::Tls => {
            let context = Tls::shared()?;
            let tls = |connection| Connection::<Tls, _>::new(context.clone(), echo(connection), Ending::Keep);
            boxed(options, shared, tls)
        }
        Protocol::Udp => boxed(options, shared, Datagram::new),
    })
}

fn plain<E: Exchange + 'static>(
    options: &Options,
    shared: Shared,
    exchange: impl Fn(usize) -> E,
    ending: Ending,
) -> Box<dyn Run> {
    boxed(options, shared, |connection| Connection::<Plain, E>::new((), exchange(connection), ending))
}

fn boxed<C: Client + 'static>(
    options: &Options,
    shared: Shared,
    client: impl Fn(usize) -> C,
) -> Box<dyn Run> {
    Box::new(Engine::new(shared, (0..options.connections).map(client), options.patience))
}
