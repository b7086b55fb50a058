//! [`Resolver`]: lookups with settings and a cache of their own.
//!
//! ```text
//!  steps ──▶ addresses ──▶ search ──▶ families ──▶ ask ──▶ cache, merge, native
//!  (host,    (hosts file,  (which     (A, AAAA)
//!  service)   DNS)          names)
//! ```
//!
//! `setup` is what they all go by; `shared` is what the clones of a resolver have in common.

mod addresses;
mod ask;
mod builder;
mod families;
mod name_server;
mod records;
mod search;
mod service_order;
mod setup;
mod shared;
mod special;
mod steps;
mod typed;

use std::net::IpAddr;
use std::sync::Arc;

use fend_reactor::io::PerProcess;

pub(crate) use addresses::text;
pub(crate) use ask::FromServers;
pub use builder::ResolverBuilder;
pub use name_server::{NameServer, Transport};
pub use records::Records;
pub(crate) use setup::{Setup, Source};
pub(crate) use shared::Shared;
use special::{Special, special};
pub(crate) use steps::{Asked, Begun, Rest, begin};

use crate::cache::Question;
use crate::error::{Cause, LookupError};
use crate::host::IntoHost;
use crate::lookup::Lookup;
use crate::name::Name;
use crate::native::Outcome;
use crate::record::RecordType;
use crate::reverse;
use crate::service::IntoService;

/// Who looks host names and addresses up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Path {
    /// fend itself, unless the system's files ask for what only the C library does: an nsswitch.conf(5) that names more than `files` and
    /// `dns`, or an option of resolv.conf(5) that fend does not have.
    ///
    /// A resolver that was given servers, files (other than an nsswitch.conf), a search list or `ndots` of its own looks up by fend itself: the C
    /// library cannot be told of them.
    #[default]
    Auto,
    /// fend itself: hosts file and DNS.
    Native,
    /// The C library: getaddrinfo(3), with all that nsswitch.conf(5) names.
    ///
    /// In the child of a fork(2) it may hang where a thread of the parent's was in the C library just then, and holds its locks: the lookup
    /// does not come to its end. [`Path::Native`] has no such locks.
    System,
}

/// Looks names up. Clones share settings and cache.
///
/// # Examples
///
/// A hosts file of one's own:
///
/// ```
/// use fend::dns::Resolver;
///
/// # fend::block_on(async {
/// # let path = std::env::temp_dir().join(format!("fend-dns-doc-hosts-{}", std::process::id()));
/// std::fs::write(&path, "192.0.2.7 printer.example printer\n")?;
/// let resolver = Resolver::builder().hosts(&path).build()?;
/// let list = resolver.lookup("printer", 631).await?;
/// assert_eq!(list[0].socket_addr(), "192.0.2.7:631".parse().unwrap());
/// assert_eq!(resolver.name_of("192.0.2.7".parse().unwrap()).await?, "printer.example");
/// # std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// Servers of one's own:
///
/// ```no_run
/// use fend::dns::{NameServer, Resolver};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server: std::net::SocketAddr = "192.0.2.53:5353".parse()?;
/// let resolver = Resolver::builder().name_server(NameServer::tcp(server)).build()?;
/// for mx in resolver.mx("example.org").await? {
///     println!("{} {}", mx.preference, mx.exchange);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Resolver {
    shared: Arc<Shared>,
}

/// What a cache has done so far, and what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CacheStats {
    /// Questions that were answered from it.
    pub hits: u64,
    /// Questions that were not.
    pub misses: u64,
    /// Of these, the ones that joined one that was already under way.
    pub merged: u64,
    /// Answers that had to go for want of room, before they had grown old.
    pub evicted: u64,
    /// Answers in it now, with those that have grown old and were not asked for since.
    pub entries: usize,
    /// About how many bytes they take.
    pub bytes: usize,
}

impl Resolver {
    /// A resolver that does as the system's files say, with a cache of its own.
    ///
    /// Files that are missing or make no sense are as the C library has them: without resolv.conf(5) the server on this machine is asked.
    #[must_use]
    pub fn new() -> Resolver {
        Resolver { shared: Arc::new(Shared::of_system()) }
    }

    /// Settings of one's own.
    pub fn builder() -> ResolverBuilder {
        ResolverBuilder::default()
    }

    /// The one that [`lookup`](crate::lookup) and [`name_of`](crate::name_of) use.
    pub(crate) fn of_process() -> &'static Resolver {
        static RESOLVER: PerProcess<Resolver> = PerProcess::new();
        RESOLVER.get_or_init(Resolver::new)
    }

    /// In the child of a fork, one that begins anew: what the parent's has of sockets, lookups under way and locks is the parent's.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        Shared::of_this_process(&self.shared)
    }

    /// Addresses of `host` for `service`: see [`lookup`](crate::lookup).
    pub fn lookup(&self, host: impl IntoHost, service: impl IntoService) -> Lookup {
        Lookup::new(Some(self.clone()), host, service)
    }

    /// The records of a type that a name has.
    ///
    /// `name` is asked for as it is, whether or not it ends with a dot: no search list and no hosts file, as with dig. Name
    /// servers are asked even where [`Path`] leaves host names to the C library, which cannot be asked for records. For what is below `onion` and
    /// `invalid` nobody is asked: there is no such name (RFC 7686, RFC 6761).
    ///
    /// # Errors
    ///
    /// [`LookupError::is_not_found`] when there is no such name, [`LookupError::is_no_data`] when it has no record of the type,
    /// [`LookupError::is_invalid_input`] when `name` is no domain name; and when servers fail, refuse or do not answer.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time; see [`Lookup`].
    pub async fn records(&self, name: &str, record_type: RecordType) -> Result<Records, LookupError> {
        let subject = || format!("{name} ({record_type})");
        let asked: Name = name.parse().map_err(|error| LookupError::input(subject(), format!("{error}")))?;
        if special(&asked) == Some(Special::Nobody) {
            return Err(LookupError::new(subject(), Cause::NotFound));
        }
        let servers = FromServers::new(self.shared(), &self.shared().setup());
        let kept = servers.fetch(Question { name: asked, record_type }).await;
        let kept = kept.map_err(|error| error.about(&subject()))?;
        let failed = |cause| Err(LookupError::of_server(subject(), kept.answer.server, cause));
        match kept.answer.outcome {
            Outcome::Found => Ok(Records::new(&kept)),
            Outcome::NoData => failed(Cause::NoData(format!("no {record_type} record"))),
            Outcome::NotFound => failed(Cause::NotFound),
        }
    }

    /// The name of an address: see [`name_of`](crate::name_of).
    ///
    /// # Errors
    ///
    /// See there.
    pub async fn name_of(&self, address: IpAddr) -> Result<String, LookupError> {
        reverse::of_address(self.shared(), address).await
    }

    /// What the cache has done so far.
    #[must_use]
    pub fn cache_stats(&self) -> CacheStats {
        self.shared().cache.stats()
    }

    /// Forgets all answers. What it has counted stays.
    pub fn clear_cache(&self) {
        self.shared().cache.clear();
    }
}

/// As [`Resolver::new`].
impl Default for Resolver {
    fn default() -> Resolver {
        Resolver::new()
    }
}

#[cfg(test)]
mod tests;
