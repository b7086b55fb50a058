//! [`ResolverBuilder`].

use std::path::PathBuf;
use std::time::Duration;

use super::{NameServer, Path, Resolver};
use crate::error::LookupError;

/// Collects what a [`Resolver`] should do otherwise than the system's files say.
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct ResolverBuilder {
    pub(crate) path: Path,
    pub(crate) servers: Vec<NameServer>,
    pub(crate) resolv_conf: Option<PathBuf>,
    pub(crate) hosts: Option<PathBuf>,
    pub(crate) nsswitch: Option<PathBuf>,
    pub(crate) services: Option<PathBuf>,
    pub(crate) gai_conf: Option<PathBuf>,
    pub(crate) search: Option<Vec<String>>,
    pub(crate) ndots: Option<u8>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempts: Option<u8>,
    pub(crate) rotate: Option<bool>,
    pub(crate) edns: Option<Option<u16>>,
    pub(crate) mix_case: Option<bool>,
    pub(crate) trust_ad: Option<bool>,
    pub(crate) cache_size: Option<usize>,
    pub(crate) max_ttl: Option<Duration>,
    pub(crate) sockets: Option<usize>,
    pub(crate) system_threads: Option<usize>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<fend_tls::TlsConnector>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($field:ident: $type:ty);)+) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $field: $type) -> Self {
            self.$field = Some($field.into());
            self
        }
    )+};
}

impl ResolverBuilder {
    /// Who looks names up: [`Path::Auto`] unless it is said here.
    pub fn path(mut self, path: Path) -> Self {
        self.path = path;
        self
    }

    /// A server to ask, in place of those of resolv.conf; several calls add up, and the first is asked first.
    pub fn name_server(mut self, server: impl Into<NameServer>) -> Self {
        self.servers.push(server.into());
        self
    }

    setters! {
        /// Read in place of `/etc/resolv.conf`.
        resolv_conf(resolv_conf: impl Into<PathBuf>);
        /// Read in place of `/etc/hosts`.
        hosts(hosts: impl Into<PathBuf>);
        /// Read in place of `/etc/nsswitch.conf`.
        nsswitch(nsswitch: impl Into<PathBuf>);
        /// Read in place of `/etc/services`.
        services(services: impl Into<PathBuf>);
        /// Read in place of `/etc/gai.conf`.
        gai_conf(gai_conf: impl Into<PathBuf>);
        /// How many dots make a name be asked for as it is before the search list.
        ndots(ndots: u8);
        /// How long each attempt at a server may take.
        timeout(timeout: Duration);
        /// How often each server is asked.
        attempts(attempts: u8);
        /// Whether the servers take turns at being first.
        rotate(rotate: bool);
        /// Mixes the case of letters in questions, which makes answers harder to forge.
        mix_case(mix_case: bool);
        /// Whether the servers are trusted to have verified what they call authentic.
        trust_ad(trust_ad: bool);
        /// How many bytes the cache may take; 0 turns it off. 4 MiB unless it is said here.
        cache_size(cache_size: usize);
        /// The longest that an answer is kept, whatever its TTL; a day unless it is said here.
        max_ttl(max_ttl: Duration);
        /// How many sockets may be open for questions at once; 256 unless it is said here. Further questions wait.
        max_sockets(sockets: usize);
        /// How many threads may call the C library at once; 8 unless it is said here. Further lookups wait.
        system_threads(system_threads: usize);
    }

    /// The search list, in place of resolv.conf's.
    pub fn search<D: Into<String>>(mut self, domains: impl IntoIterator<Item = D>) -> Self {
        self.search = Some(domains.into_iter().map(Into::into).collect());
        self
    }

    /// The size of datagrams that EDNS0 announces (1232 by default), or `None` to do without EDNS0.
    pub fn edns(mut self, size: Option<u16>) -> Self {
        self.edns = Some(size);
        self
    }

    /// What connects to servers that are asked over TLS, for roots of one's own.
    #[cfg(feature = "tls")]
    pub fn tls_connector(mut self, connector: fend_tls::TlsConnector) -> Self {
        self.tls = Some(connector);
        self
    }

    /// The resolver.
    pub fn build(self) -> Result<Resolver, LookupError> {
        unimplemented!("the resolver's part")
    }
}
