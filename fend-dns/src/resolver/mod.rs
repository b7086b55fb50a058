//! [`Resolver`]: lookups with settings and a cache of their own.

mod builder;
mod name_server;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

pub use builder::ResolverBuilder;
pub use name_server::{NameServer, Transport};

use crate::error::LookupError;
use crate::host::IntoHost;
use crate::lookup::Lookup;
use crate::name::Name;
use crate::record::{Record, RecordType};
use crate::service::IntoService;

/// Who looks names up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Path {
    /// fend itself, unless the system's files ask for what only the C library does.
    #[default]
    Auto,
    /// fend itself: hosts file and DNS.
    Native,
    /// The C library: getaddrinfo(3), with all that nsswitch.conf(5) names.
    System,
}

/// Looks names up. Clones share settings and cache.
#[derive(Debug, Clone)]
pub struct Resolver {
    #[expect(dead_code)]
    inner: Arc<()>,
}

/// The records that were found, and who said so.
#[derive(Debug, Clone)]
pub struct Records {
    /// The chain of CNAMEs, then the records.
    pub(crate) records: Vec<Record>,
    pub(crate) name: Name,
    pub(crate) server: SocketAddr,
    pub(crate) is_authentic: bool,
}

/// What a cache has done so far, and what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CacheStats {
    /// Questions that were answered from it.
    pub hits: u64,
    /// Questions that were not.
    pub misses: u64,
    /// Questions that joined one that was already under way.
    pub merged: u64,
    /// Answers that had to go for want of room.
    pub evicted: u64,
    /// Answers in it now.
    pub entries: usize,
    /// About how many bytes they take.
    pub bytes: usize,
}

impl Resolver {
    /// A resolver that does as the system's files say.
    pub fn new() -> Resolver {
        unimplemented!("the resolver's part")
    }

    /// Settings of one's own.
    pub fn builder() -> ResolverBuilder {
        ResolverBuilder::default()
    }

    /// Addresses of `host` for `service`.
    pub fn lookup(&self, _host: impl IntoHost, _service: impl IntoService) -> Lookup {
        unimplemented!("the resolver's part")
    }

    /// The records of a type.
    pub async fn records(&self, _name: &str, _record_type: RecordType) -> Result<Records, LookupError> {
        unimplemented!("the resolver's part")
    }

    /// The name of an address.
    pub async fn name_of(&self, _address: IpAddr) -> Result<String, LookupError> {
        unimplemented!("the resolver's part")
    }

    /// What the cache has done so far.
    #[must_use]
    pub fn cache_stats(&self) -> CacheStats {
        unimplemented!("the resolver's part")
    }

    /// Forgets all answers.
    pub fn clear_cache(&self) {
        unimplemented!("the resolver's part")
    }
}
