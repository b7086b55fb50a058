//! What the load is to be.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use crate::arguments::Arguments;

use super::schedule::{Amount, Pace};

/// What is said to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Bytes over TCP come back as they are.
    Echo,
    /// GET requests on connections that are kept.
    Http,
    /// Echo over TLS 1.3. The certificate is not verified.
    Tls,
    /// Datagrams come back as they are, one under way on each socket.
    Udp,
    /// Connect, one echo, and close by a reset.
    ChurnRst,
    /// Connect, one echo, close, and wait for the server to close too.
    ChurnFin,
    /// Connect, one GET request that asks for `connection: close`, and wait for the server to close.
    HttpChurn,
}

impl Protocol {
    /// Whether each request has a connection of its own.
    #[must_use]
    pub fn connects_each_time(self) -> bool {
        matches!(self, Protocol::ChurnRst | Protocol::ChurnFin | Protocol::HttpChurn)
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(name: &str) -> Result<Protocol, String> {
        Ok(match name {
            "echo" => Protocol::Echo,
            "http" => Protocol::Http,
            "tls" => Protocol::Tls,
            "udp" => Protocol::Udp,
            "churn-rst" => Protocol::ChurnRst,
            "churn-fin" => Protocol::ChurnFin,
            "http-churn" => Protocol::HttpChurn,
            _ => return Err("there is no such protocol".to_owned()),
        })
    }
}

/// What the load is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server.
    pub address: SocketAddr,
    /// What is said to it.
    pub protocol: Protocol,
    /// Connections at once.
    pub connections: usize,
    /// Bytes of an echo, 1 at least. HTTP requests have a length of their own.
    pub size: usize,
    /// How much is measured.
    pub amount: Amount,
    /// Requests before that.
    pub warmup: u64,
    /// When requests are sent.
    pub pace: Pace,
    /// How long nothing may be heard of a request before the load ends with an error.
    pub patience: Duration,
}

impl Options {
    /// Of a load that sends this many requests in a closed loop, on one connection, 64 bytes each.
    #[must_use]
    pub fn new(address: SocketAddr, protocol: Protocol, requests: u64) -> Options {
        Options {
            address,
            protocol,
            connections: 1,
            size: 64,
            amount: Amount::Requests(requests),
            warmup: 0,
            pace: Pace::Closed,
            patience: Duration::from_secs(10),
        }
    }

    /// Takes what concerns the load from the command line; with `idle` nothing is measured.
    ///
    /// # Errors
    ///
    /// What is missing, or what does not go together.
    pub fn from_arguments(arguments: &mut Arguments, idle: bool) -> Result<Options, String> {
        let mut options = Options::new(arguments.require("addr"), arguments.require("protocol"), 0);
        options.connections = arguments.get_or("connections", 50);
        options.size = arguments.get_or("size", options.size);
        options.warmup = arguments.get_or("warmup", 0);
        options.patience = seconds("patience", arguments.get_or("patience", 10.0))?;
        options.amount = match (arguments.get("requests"), arguments.get("seconds")) {
            (Some(requests), None) => Amount::Requests(requests),
            (None, Some(time)) => Amount::Time(seconds("seconds", time)?),
            (None, None) if idle => Amount::Requests(0),
            _ => return Err("either --requests or --seconds is wanted".to_owned()),
        };
        options.pace = match (arguments.get("rate"), arguments.get_or("lockstep", false)) {
            (Some(rate), false) => Pace::Rate(rate),
            (None, true) => Pace::Lockstep,
            (None, false) => Pace::Closed,
            (Some(_), true) => return Err("--rate and --lockstep do not go together".to_owned()),
        };
        options.check(idle)?;
        Ok(options)
    }

    fn check(&self, idle: bool) -> Result<(), String> {
        if self.connections == 0 || self.size == 0 {
            return Err("--connections and --size are 1 at least".to_owned());
        }
        if self.protocol == Protocol::Udp && self.size > 65_507 {
            return Err(format!("--size {}: a datagram has 65,507 bytes at most", self.size));
        }
        if let Pace::Rate(rate) = self.pace
            && !(rate > 0.0 && rate <= 1e9)
        {
            return Err(format!("--rate {rate}: it is above 0 and at most 1e9"));
        }
        if idle && self.protocol.connects_each_time() {
            return Err("--idle wants a protocol that keeps its connections".to_owned());
        }
        Ok(())
    }
}

/// A time of the command line.
fn seconds(name: &str, value: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(value).map_err(|error| format!("--{name} {value}: {error}"))
}
