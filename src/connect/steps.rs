//! The steps to a TCP connection, one after the other.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use fend_dns::Resolver;
use fend_net::{IntoAddrs, TcpConnector, TcpStream};

use super::budget::Budget;
use super::error::{Cause, Step};
use super::target::{Place, Target};

/// How long IPv6 addresses are waited for when the IPv4 ones are there: RFC 8305, section 8.
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// What to do. A target that is none fails when it is connected to.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) target: io::Result<Target>,
    /// What the target is called in errors, when it is not by its host and port.
    pub(super) called: Option<String>,
    pub(super) resolver: Option<Resolver>,
    pub(super) timeout: Option<Duration>,
    pub(super) attempt_delay: Option<Duration>,
    pub(super) nodelay: bool,
}

impl Options {
    pub(super) fn new(target: io::Result<Target>) -> Options {
        Options { target, called: None, resolver: None, timeout: None, attempt_delay: None, nodelay: false }
    }
}

pub(super) async fn connect_tcp(options: Options) -> io::Result<TcpStream> {
    let budget = Budget::new(options.timeout);
    let way = Way::of(&options, budget);
    let target = options.target?;
    way.to(&target).await.map_err(|cause| cause.wrap(options.called.unwrap_or_else(|| target.to_string())))
}

/// How to get to a target.
pub(super) struct Way {
    pub(super) budget: Budget,
    resolver: Option<Resolver>,
    connector: TcpConnector,
    nodelay: bool,
}

impl Way {
    pub(super) fn of(options: &Options, budget: Budget) -> Way {
        let mut connector = TcpConnector::new();
        if let Some(delay) = options.attempt_delay {
            connector = connector.attempt_delay(delay);
        }
        if let Some(limit) = budget.limit() {
            connector = connector.timeout(limit);
        }
        Way { budget, resolver: options.resolver.clone(), connector, nodelay: options.nodelay }
    }

    pub(super) async fn to(&self, target: &Target) -> Result<TcpStream, Cause> {
        let addresses = match &target.place {
            Place::Address(address) => vec![*address],
            Place::Named { host, service } => {
                let step = Step::Lookup(host.clone());
                self.budget.within(step, self.look_up(host, service)).await?
            }
        };
        let stream = self.connector.race(addresses, self.budget.spent()).await.map_err(Cause::of_race)?;
        if self.nodelay {
            stream.set_nodelay(true).map_err(Cause::Io)?;
        }
        Ok(stream)
    }

    async fn look_up(&self, host: &str, service: &str) -> Result<Vec<SocketAddr>, Cause> {
        let lookup = match &self.resolver {
            Some(resolver) => resolver.lookup(host, service),
            None => fend_dns::lookup(host, service),
        };
        let found = lookup.resolution_delay(RESOLUTION_DELAY).await.map_err(Cause::Lookup)?;
        Ok(found.into_addrs().map_err(Cause::Io)?.collect())
    }
}
