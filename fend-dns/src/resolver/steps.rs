//! The way of a lookup: from what the caller wrote to the list of addresses.
//!
//! [`begin`] does all that needs no waiting: what is no name, what the hosts file has, what the cache knows. Only what is left becomes a future on
//! the heap.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::addresses::{Wish, find};
use super::ask::{FromCache, FromServers, Stop};
use super::families::{Families, Found};
use super::setup::Setup;
use super::shared::Shared;
use crate::addr_info::{AddrList, expand, family_to_ask, hostless, literal, select};
use crate::error::LookupError;
use crate::hints::{Family, Hints};
use crate::host::Host;
use crate::order::{self, Interfaces};
use crate::service::Service;
use crate::system::Request;

/// What the caller asks for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) host: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) hints: Hints,
    pub(crate) resolution_delay: Option<Duration>,
}

impl Asked {
    /// For errors.
    pub(crate) fn subject(&self) -> &str {
        self.host.as_deref().filter(|host| !host.is_empty()).unwrap_or("*")
    }
}

pub(crate) type Outcome = Result<AddrList, LookupError>;

pub(crate) type Rest = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// How far a lookup has come without waiting.
pub(crate) enum Begun {
    Done(Outcome),
    /// The host, for errors, and what is left to do.
    Waiting(Box<str>, Rest),
}

pub(crate) fn begin(shared: &Arc<Shared>, asked: Asked) -> Begun {
    try_begin(shared, asked).unwrap_or_else(|error| Begun::Done(Err(error)))
}

fn try_begin(shared: &Arc<Shared>, asked: Asked) -> Result<Begun, LookupError> {
    let hints = asked.hints;
    let service = Service::parse(asked.subject(), asked.service.as_deref(), hints.numeric_service)?;
    let host = Host::parse(asked.host.as_deref(), hints.numeric_host)?;
    let setup = shared.setup();
    match host {
        Host::None => {
            let mut addresses = hostless(hints.family, &hints)?;
            // The wildcards are for binding, which RFC 6724 is not about.
            if !hints.passive {
                order::sort(&mut addresses, &setup.config.policy);
            }
            Goal { asked, service, family: hints.family }
                .list(&setup, &addresses, None)
                .map(Ok)
                .map(Begun::Done)
        }
        Host::Literal(address, scope) => {
            let address = literal(address, scope, hints.family, &hints)?;
            let canonical = asked.subject().to_owned();
            Goal { asked, service, family: hints.family }
                .list(&setup, &[address], Some(canonical))
                .map(Ok)
                .map(Begun::Done)
        }
        Host::Name(name) if setup.is_system => Ok(by_system(shared, asked, name)),
        Host::Name(name) => begin_native(shared, setup, asked, service, name),
    }
}

fn by_system(shared: &Shared, asked: Asked, name: String) -> Begun {
    let pool = shared.pool();
    let request = Request { host: Some(name), service: asked.service.clone(), hints: asked.hints };
    let host = asked.subject().into();
    Begun::Waiting(
        host,
        Box::pin(async move { pool.lookup(request).await.map_err(|error| error.about(asked.subject())) }),
    )
}

fn begin_native(
    shared: &Arc<Shared>,
    setup: Arc<Setup>,
    asked: Asked,
    service: Service,
    host: String,
) -> Result<Begun, LookupError> {
    let family = match asked.hints.addr_config {
        true => family_to_ask(asked.subject(), &asked.hints, Interfaces::configured())?,
        false => asked.hints.family,
    };
    let goal = Goal { asked, service, family };
    // What no address makes good is told before anybody is asked.
    goal.list(&setup, &[], None)?;
    let wish = Wish { host, families: goal.families(), resolution_delay: goal.asked.resolution_delay };
    let from_cache = FromCache::new(shared, &setup);
    let known = at_once(find(&from_cache, &setup, &wish));
    if let Some(known) = known {
        from_cache.count();
        return Ok(Begun::Done(goal.outcome(&setup, known)));
    }
    let from_servers = FromServers::new(shared, &setup);
    let host = goal.asked.subject().into();
    let rest = Box::pin(async move {
        let found = find(&from_servers, &setup, &wish).await;
        goal.outcome(&setup, found)
    });
    Ok(Begun::Waiting(host, rest))
}

/// What a future comes to that asks the cache alone, and so never waits. `None`: the cache does not know.
fn at_once<T>(future: impl Future<Output = Result<T, Stop>>) -> Option<Result<T, Stop>> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(Stop::Unknown)) | Poll::Pending => None,
        Poll::Ready(result) => Some(result),
    }
}

/// What is to become of the addresses.
struct Goal {
    asked: Asked,
    service: Service,
    /// Those that are told of; others may have been asked for, to be mapped.
    family: Family,
}

impl Goal {
    /// The addresses to ask for: where IPv4 is mapped, both families.
    fn families(&self) -> Families {
        match self.family {
            Family::V6 if self.asked.hints.v4_mapped => Families::BOTH,
            family => Families::of(family),
        }
    }

    fn outcome(&self, setup: &Setup, found: Result<Found<String>, Stop>) -> Outcome {
        let found = found.map_err(|stop| stop.into_error(self.asked.subject()))?;
        let mut addresses = select(&found.addresses, self.family, &self.asked.hints);
        order::sort(&mut addresses, &setup.config.policy);
        self.list(setup, &addresses, Some(found.canonical))
    }

    fn list(&self, setup: &Setup, addresses: &[SocketAddr], canonical: Option<String>) -> Outcome {
        let ports = &setup.config.services;
        let hints = &self.asked.hints;
        let mut list = expand(self.asked.subject(), addresses, &self.service, hints, |name, protocol| {
            ports.port(name, protocol)
        })?;
        list.canonical_name = canonical.filter(|_| hints.canonical_name);
        Ok(list)
    }
}
