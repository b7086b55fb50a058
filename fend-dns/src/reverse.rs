//! [`name_of`]: from an address to its name.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use fend_reactor::block_on;

use crate::cache::{Kept, Question};
use crate::error::{Cause, LookupError};
use crate::name::Name;
use crate::native::Outcome;
use crate::record::{RecordData, RecordType};
use crate::resolver::{FromServers, Resolver, Setup, Shared, Source, text};

/// The name of an address, without a dot at its end, by the process's default [`Resolver`].
///
/// It is the name that the hosts file has for it, or else that of its PTR record; anybody may have put any name there who runs
/// the address's zone, and so it proves nothing. An IPv4 address that is mapped to IPv6 counts as the IPv4 address.
///
/// # Errors
///
/// [`LookupError::is_not_found`] when the address has no name, and further as a [`Lookup`](crate::Lookup) fails. A PTR record
/// that is no host name is an error too, of the kind [`InvalidData`](std::io::ErrorKind::InvalidData).
///
/// # Cancel safety
///
/// It may be dropped at any time; see [`Lookup`](crate::Lookup).
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), fend::dns::LookupError> {
/// let name = fend::dns::name_of("192.0.2.1".parse().unwrap()).await?;
/// println!("{name}");
/// # Ok(())
/// # }
/// ```
pub async fn name_of(address: IpAddr) -> Result<String, LookupError> {
    of_address(Resolver::of_process().shared(), address).await
}

/// [`name_of`] for sync code: blocks the calling thread for as long as it takes.
///
/// # Errors
///
/// See [`name_of`].
pub fn name_of_blocking(address: IpAddr) -> Result<String, LookupError> {
    block_on(name_of(address))
}

pub(crate) async fn of_address(shared: &Arc<Shared>, address: IpAddr) -> Result<String, LookupError> {
    let setup = shared.setup();
    let address = address.to_canonical();
    if setup.is_system {
        return shared.pool().name_of(address).await;
    }
    let mut failure = None;
    for source in setup.sources() {
        match source {
            Source::Hosts => {
                if let Some(name) = setup.config.hosts.name_of(address) {
                    return Ok(name.to_owned());
                }
            }
            Source::Dns => match by_record(shared, &setup, address).await {
                Ok(name) => return Ok(name),
                Err(error) => failure = Some(error),
            },
        }
    }
    Err(failure.unwrap_or_else(|| LookupError::new(subject(address), Cause::NotFound)))
}

fn subject(address: IpAddr) -> String {
    format!("name of {address}")
}

async fn by_record(shared: &Arc<Shared>, setup: &Arc<Setup>, address: IpAddr) -> Result<String, LookupError> {
    let question = Question { name: Name::reverse(address), record_type: RecordType::Ptr };
    let kept = FromServers::new(shared, setup).fetch(question).await;
    host_name(address, &kept.map_err(|error| error.about(&subject(address)))?)
}

/// The first of several. Addresses whose name exists without a PTR record have no name either.
fn host_name(address: IpAddr, kept: &Kept) -> Result<String, LookupError> {
    let error = |cause| Err(LookupError::of_server(subject(address), server(kept), cause));
    let mut targets = kept.answer.records.iter().filter_map(|record| match &record.data {
        RecordData::Ptr(target) => Some(target),
        _ => None,
    });
    match targets.next() {
        Some(name) if kept.answer.outcome == Outcome::Found && name.is_host_name() => Ok(text(name)),
        Some(name) => error(Cause::Malformed(format!("\"{name}\" is no host name"))),
        None => error(Cause::NotFound),
    }
}

fn server(kept: &Kept) -> SocketAddr {
    kept.answer.server
}
