//! The addresses of a host: hosts file and DNS, in the order that nsswitch.conf gives them.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use super::ask::{Ask, Stop};
use super::families::{self, Families, Found};
use super::search::{Failures, candidates};
use super::setup::{Setup, Source};
use super::special::special;
use crate::config::HostsEntry;
use crate::error::{Cause, LookupError};
use crate::hints::Family;
use crate::name::Name;

/// What is looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    /// In ASCII, and no address.
    pub(super) host: &'a str,
    pub(super) families: Families,
    pub(super) canonical_name: bool,
    pub(super) resolution_delay: Option<Duration>,
}

/// The addresses, with port 0, as the sources have them, and the canonical name without a dot at its end.
pub(super) async fn find<A: Ask>(asker: &A, setup: &Setup, wish: &Wish<'_>) -> Result<Found, Stop> {
    let mut failure = None;
    for source in setup.sources() {
        match source {
            Source::Hosts => {
                if let Some(found) = in_hosts(setup, wish) {
                    return Ok(found);
                }
            }
            Source::Dns => match in_dns(asker, setup, wish).await {
                Ok(found) => return Ok(found),
                Err(Stop::Unknown) => return Err(Stop::Unknown),
                Err(Stop::Failed(error)) => failure = Some(error),
            },
        }
    }
    match failure {
        Some(error) => Err(Stop::Failed(error)),
        None => not_in_hosts(setup, wish),
    }
}

/// Addresses of the other family do not count, and the next source is asked, as the C library does.
fn in_hosts(setup: &Setup, wish: &Wish<'_>) -> Option<Found> {
    let entries = setup.config.hosts.find(wish.host, wish.families.as_family());
    let first = entries.first()?;
    let canonical = wish.canonical_name.then(|| first.canonical.to_string());
    Some(Found { addresses: entries.iter().map(address_of).collect(), canonical })
}

fn address_of(entry: &HostsEntry) -> SocketAddr {
    match entry.address {
        IpAddr::V4(address) => SocketAddr::from((address, 0)),
        IpAddr::V6(address) => SocketAddrV6::new(address, 0, 0, entry.scope).into(),
    }
}

/// The hosts file is all that was asked.
fn not_in_hosts(setup: &Setup, wish: &Wish<'_>) -> Result<Found, Stop> {
    if let Some(known) = wish.host.parse().ok().and_then(|name| known(&name, wish)) {
        return Ok(known?);
    }
    Err(Stop::Failed(match setup.config.hosts.find(wish.host, Family::Any).is_empty() {
        true => LookupError::new(wish.host, Cause::NotFound),
        false => wish.families.no_data(wish.host),
    }))
}

/// What there is to say of a name that no server is asked for.
fn known(name: &Name, wish: &Wish<'_>) -> Option<Result<Found, LookupError>> {
    let loopback = special(name)?.addresses();
    let addresses: Vec<_> = loopback.iter().filter(|address| wish.families.has(address)).copied().collect();
    Some(match addresses.is_empty() {
        true => Err(LookupError::new(wish.host, Cause::NotFound)),
        false => Ok(Found { addresses, canonical: wish.canonical_name.then(|| text(name)) }),
    })
}

async fn in_dns<A: Ask>(asker: &A, setup: &Setup, wish: &Wish<'_>) -> Result<Found, Stop> {
    let host = wish.host;
    let name: Name = host.parse().map_err(|error| LookupError::input(host, format!("{error}")))?;
    // Before the search list, which would tell the name on.
    if let Some(known) = known(&name, wish) {
        return Ok(known?);
    }
    let families = match setup.no_aaaa() {
        true => wish.families.both(Families::V4),
        false => wish.families,
    };
    if families == Families::NONE {
        return Err(wish.families.no_data(host).into());
    }
    let manner = setup.manner(wish);
    let mut failures = Failures::default();
    for candidate in candidates(setup, host, &name) {
        let found = match known(&candidate.name, wish) {
            Some(known) => known.map_err(Stop::Failed),
            None => families::of_name(asker, &candidate.name, families, manner).await,
        };
        match found {
            Ok(found) => return Ok(found),
            Err(Stop::Unknown) => return Err(Stop::Unknown),
            Err(Stop::Failed(error)) => {
                failures.note(&candidate, error).map_err(|error| error.about(host))?
            }
        }
    }
    Err(failures.verdict(host).into())
}

/// As programs want it: without the root's dot.
pub(crate) fn text(name: &Name) -> String {
    let mut text = name.to_string();
    // The last dot is the root's: one that belongs to a label has a backslash in front and the root's dot behind it.
    if text.len() > 1 {
        text.pop();
    }
    text
}
