//! [`Setup`]: what a lookup goes by, which is what the system's files say with what the builder says laid over it.
//!
//! It is made anew when a file has changed. Lookups that are under way go on with the one that they began with.

use std::sync::Arc;

use super::addresses::Wish;
use super::families::Manner;
use super::{NameServer, Path, ResolverBuilder};
use crate::config::{Config, HostsOrder, ResolvConf};
use crate::name::Name;
use crate::native::{Client, Settings};

/// What EDNS0 announces unless the builder says otherwise: fits into the datagrams of every path (RFC 9715).
const EDNS_SIZE: u16 = 1232;

/// How many sockets may be open for questions at once, unless the builder says otherwise.
const SOCKETS: usize = 128;

/// Where host names are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// hosts(5).
    Hosts,
    Dns,
}

/// What the builder was given, checked.
#[derive(Debug, Clone)]
pub(crate) struct Overlay {
    pub(super) builder: ResolverBuilder,
    pub(super) search: Option<Vec<Name>>,
}

#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) config: Arc<Config>,
    pub(crate) client: Arc<Client>,
    pub(super) search: Vec<Name>,
    pub(super) ndots: u8,
    sources: &'static [Source],
    /// Host names and addresses are for the C library to look up.
    pub(crate) is_system: bool,
}

impl Setup {
    /// `before` is the one that this takes the place of: its client stays, and what it knows about its servers, when they are the same.
    pub(super) fn new(overlay: &Overlay, config: Arc<Config>, before: Option<&Setup>) -> Setup {
        let conf = &*config.resolv_conf;
        let same = before.filter(|before| *before.config.resolv_conf == *conf);
        let client = same.map(|before| before.client.clone());
        Setup {
            client: client.unwrap_or_else(|| Arc::new(Client::new(overlay.settings(conf)))),
            search: overlay.search.clone().unwrap_or_else(|| conf.search.clone()),
            ndots: overlay.builder.ndots.unwrap_or(conf.ndots),
            sources: overlay.sources(&config.order),
            is_system: overlay.is_system(&config),
            config,
        }
    }

    /// Which state of the system's files this is of; later ones have higher numbers.
    pub(crate) fn generation(&self) -> u64 {
        self.config.generation
    }

    pub(crate) fn sources(&self) -> &'static [Source] {
        self.sources
    }

    pub(super) fn no_tld_query(&self) -> bool {
        self.config.resolv_conf.no_tld_query
    }

    pub(super) fn no_aaaa(&self) -> bool {
        self.config.resolv_conf.no_aaaa
    }

    pub(super) fn manner(&self, wish: &Wish<'_>) -> Manner {
        Manner {
            single_request: self.config.resolv_conf.single_request,
            canonical_name: wish.canonical_name,
            resolution_delay: wish.resolution_delay,
        }
    }
}

impl Overlay {
    fn settings(&self, conf: &ResolvConf) -> Settings {
        let builder = &self.builder;
        let servers = match builder.servers.is_empty() {
            true => conf.servers.iter().copied().map(NameServer::new).collect(),
            false => builder.servers.clone(),
        };
        Settings {
            servers,
            timeout: builder.timeout.unwrap_or(conf.timeout),
            attempts: builder.attempts.unwrap_or(conf.attempts),
            rotate: builder.rotate.unwrap_or(conf.rotate),
            edns: builder.edns.unwrap_or(Some(EDNS_SIZE)),
            trust_ad: builder.trust_ad.unwrap_or(conf.trust_ad),
            use_tcp: conf.use_tcp,
            mix_case: builder.mix_case.unwrap_or(false),
            sockets: builder.sockets.unwrap_or(SOCKETS),
            #[cfg(feature = "tls")]
            tls: builder.tls.clone(),
        }
    }

    /// Servers that the builder names are meant to be asked: then the system's nsswitch.conf, which may leave DNS out, does not count.
    fn sources(&self, order: &HostsOrder) -> &'static [Source] {
        if !self.builder.servers.is_empty() && self.builder.nsswitch.is_none() {
            return &[Source::Hosts, Source::Dns];
        }
        match order {
            HostsOrder::FilesDns | HostsOrder::BeyondUs(_) => &[Source::Hosts, Source::Dns],
            HostsOrder::DnsFiles => &[Source::Dns, Source::Hosts],
            HostsOrder::Files => &[Source::Hosts],
            HostsOrder::Dns => &[Source::Dns],
        }
    }

    fn is_system(&self, config: &Config) -> bool {
        match self.builder.path {
            Path::Native => false,
            Path::System => true,
            Path::Auto if self.is_about_what_is_asked() => false,
            Path::Auto => config.beyond_us().is_some(),
        }
    }

    /// Whether the builder says what the C library cannot be told: it would give other answers.
    fn is_about_what_is_asked(&self) -> bool {
        let builder = &self.builder;
        !builder.servers.is_empty()
            || builder.resolv_conf.is_some()
            || builder.hosts.is_some()
            || builder.services.is_some()
            || builder.gai_conf.is_some()
            || builder.search.is_some()
            || builder.ndots.is_some()
    }
}
