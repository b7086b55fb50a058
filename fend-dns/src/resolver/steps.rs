//! The way of a lookup: from what the caller wrote to the list of addresses.
//!
//! [`begin`] does all that needs no waiting: what is no name, what the hosts file has, what the cache knows. Only what is left becomes a future on
//! the heap.

use std::borrow::Cow;
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
use crate::addr_info::{AddrList, Endpoints, endpoints, expand, family_to_ask, hostless, literal, select};
use crate::error::LookupError;
use crate::hints::{Family, Hints};
use crate::host::Host;
use crate::order::{self, Interfaces};
use crate::service::{Given, Service};
use crate::system::Request;

/// What the caller asks for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) host: Option<String>,
    pub(crate) service: Given,
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
    let service = Service::of(asked.subject(), &asked.service, hints.numeric_service)?;
    let host = Host::parse(asked.host.as_deref(), hints.numeric_host)?;
    let setup = shared.setup();
    let goal = |asked, host, family| Goal::new(asked, host, family, &service, &setup);
    let list = match host {
        Host::None => {
            let mut addresses = hostless(hints.family, &hints)?;
            // The wildcards are for binding, which RFC 6724 is not about.
            if !hints.passive {
                order::sort(&mut addresses, &setup.config.policy);
            }
            goal(asked, None, hints.family)?.list(&addresses, None)
        }
        Host::Literal(address, scope) => {
            let address = literal(address, scope, hints.family, &hints)?;
            let canonical = hints.canonical_name.then(|| asked.subject().to_owned());
            goal(asked, None, hints.family)?.list(&[address], canonical)
        }
        Host::Name(name) if setup.is_system => {
            let name = name.into_owned();
            return Ok(by_system(shared, asked, name, service));
        }
        Host::Name(name) => {
            let family = match hints.addr_config {
                true => family_to_ask(asked.subject(), &hints, Interfaces::configured())?,
                false => hints.family,
            };
            let ascii = if let Cow::Owned(ascii) = name { Some(ascii) } else { None };
            let goal = goal(asked, ascii, family)?;
            return Ok(begin_native(shared, setup, goal));
        }
    };
    Ok(Begun::Done(Ok(list)))
}

fn by_system(shared: &Shared, asked: Asked, name: String, service: Service) -> Begun {
    let pool = shared.pool();
    let request = Request { host: Some(name), service: service.into_text(), hints: asked.hints };
    let host = asked.subject().into();
    Begun::Waiting(
        host,
        Box::pin(async move { pool.lookup(request).await.map_err(|error| error.about(asked.subject())) }),
    )
}

fn begin_native(shared: &Arc<Shared>, setup: Arc<Setup>, goal: Goal) -> Begun {
    let from_cache = FromCache::new(shared, &setup);
    let known = at_once(find(&from_cache, &setup, &goal.wish()));
    if let Some(known) = known {
        from_cache.count();
        return Begun::Done(goal.outcome(&setup, known));
    }
    let from_servers = FromServers::new(shared, &setup);
    let host = goal.asked.subject().into();
    let rest = Box::pin(async move {
        let found = find(&from_servers, &setup, &goal.wish()).await;
        goal.outcome(&setup, found)
    });
    Begun::Waiting(host, rest)
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
    /// The host in ASCII, when it was given otherwise.
    ascii: Option<String>,
    endpoints: Endpoints,
    /// Those that are told of; others may have been asked for, to be mapped.
    family: Family,
}

impl Goal {
    /// Fails for what no address makes good: nobody has to be asked then.
    fn new(
        asked: Asked,
        ascii: Option<String>,
        family: Family,
        service: &Service,
        setup: &Setup,
    ) -> Result<Goal, LookupError> {
        let ports = &setup.config.services;
        let port = |name: &str, protocol: &str| ports.port(name, protocol);
        let endpoints = endpoints(asked.subject(), service, &asked.hints, port)?;
        Ok(Goal { asked, ascii, endpoints, family })
    }

    fn wish(&self) -> Wish<'_> {
        Wish {
            host: self.ascii.as_deref().unwrap_or(self.asked.subject()),
            families: self.families(),
            canonical_name: self.asked.hints.canonical_name,
            resolution_delay: self.asked.resolution_delay,
        }
    }

    /// The addresses to ask for: where IPv4 is mapped, both families.
    fn families(&self) -> Families {
        match self.family {
            Family::V6 if self.asked.hints.v4_mapped => Families::BOTH,
            family => Families::of(family),
        }
    }

    fn outcome(&self, setup: &Setup, found: Result<Found, Stop>) -> Outcome {
        let found = found.map_err(|stop| stop.into_error(self.asked.subject()))?;
        let mut addresses = select(found.addresses, self.family, &self.asked.hints);
        order::sort(&mut addresses, &setup.config.policy);
        Ok(self.list(&addresses, found.canonical))
    }

    fn list(&self, addresses: &[SocketAddr], canonical_name: Option<String>) -> AddrList {
        AddrList { canonical_name, ..expand(addresses, &self.endpoints) }
    }
}
