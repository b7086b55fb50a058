//! [`ResolverBuilder`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::setup::Overlay;
use super::{NameServer, Path, Resolver, Shared};
use crate::config::{Environment, Files, Paths};
use crate::error::{Cause, LookupError};
use crate::name::Name;

/// A server that has not answered for so long will not.
const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);

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
        /// Mixes the case of letters in questions by datagram, which makes answers harder to forge ("0x20"). Off unless it is said here: a server
        /// that does not repeat the case in its answers is never believed, and seems not to answer at all.
        mix_case(mix_case: bool);
        /// Whether the servers are trusted to have verified what they call authentic.
        trust_ad(trust_ad: bool);
        /// How many bytes the cache may take; 0 turns it off. 4 MiB unless it is said here.
        cache_size(cache_size: usize);
        /// The longest that an answer is kept, whatever its TTL; a day unless it is said here.
        max_ttl(max_ttl: Duration);
        /// How many sockets may be open for questions at once; 128 unless it is said here. Further questions wait.
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
    ///
    /// # Errors
    ///
    /// [`LookupError::is_invalid_input`], with the setting and its value in the text:
    ///
    /// - `ndots` above 15, `attempts` not of 1 to 10, a `timeout` of zero or more than an hour, no sockets, no threads, EDNS0 below 512
    ///   bytes, a server with port 0, a domain of the search list that is none;
    /// - [`Path::System`] with servers, files, a search list or `ndots` of one's own: the C library cannot be told of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::dns::Resolver;
    ///
    /// let error = Resolver::builder().ndots(16).build().unwrap_err();
    /// assert_eq!(error.to_string(), "resolver settings: ndots is 16, and may be 15 at most");
    /// ```
    pub fn build(self) -> Result<Resolver, LookupError> {
        self.check().map_err(|message| LookupError::new("resolver", Cause::Settings(message)))?;
        let search = self.search.as_deref().map(domains).transpose();
        let search = search.map_err(|message| LookupError::new("resolver", Cause::Settings(message)))?;
        let files = Files::new(self.paths(), Environment::of_process());
        Ok(Resolver { shared: Arc::new(Shared::new(Overlay { builder: self, search }, files)) })
    }

    fn paths(&self) -> Paths {
        let standard = Paths::default();
        let or = |own: &Option<PathBuf>, standard| own.clone().unwrap_or(standard);
        Paths {
            resolv_conf: or(&self.resolv_conf, standard.resolv_conf),
            hosts: or(&self.hosts, standard.hosts),
            nsswitch: or(&self.nsswitch, standard.nsswitch),
            services: or(&self.services, standard.services),
            gai_conf: or(&self.gai_conf, standard.gai_conf),
        }
    }

    fn check(&self) -> Result<(), String> {
        at_most("ndots", self.ndots.map(u64::from), 15)?;
        at_least("attempts", self.attempts.map(u64::from), 1)?;
        at_most("attempts", self.attempts.map(u64::from), 10)?;
        at_least("max_sockets", self.sockets.map(|sockets| sockets as u64), 1)?;
        at_least("system_threads", self.system_threads.map(|threads| threads as u64), 1)?;
        at_least("edns", self.edns.flatten().map(u64::from), 512)?;
        match self.timeout {
            Some(Duration::ZERO) => return Err("timeout is 0, which no server can keep".to_owned()),
            Some(timeout) if timeout > MAX_TIMEOUT => {
                return Err(format!("timeout is {timeout:?}, and may be {MAX_TIMEOUT:?} at most"));
            }
            _ => {}
        }
        if let Some(server) = self.servers.iter().find(|server| server.address().port() == 0) {
            return Err(format!("the name server {} has port 0", server.address()));
        }
        match self.beyond_the_c_library() {
            Some(setting) if self.path == Path::System => Err(format!(
                "Path::System with {setting}: the C library reads the system's files, and cannot be told of others"
            )),
            _ => Ok(()),
        }
    }

    /// What it is told that the C library cannot be told.
    fn beyond_the_c_library(&self) -> Option<String> {
        let file = |name, path: &Option<PathBuf>| {
            path.as_ref().map(|path| format!("{name}({:?})", path.display().to_string()))
        };
        let server = self.servers.first().map(|server| format!("name_server({})", server.address()));
        server
            .or_else(|| file("resolv_conf", &self.resolv_conf))
            .or_else(|| file("hosts", &self.hosts))
            .or_else(|| file("nsswitch", &self.nsswitch))
            .or_else(|| file("services", &self.services))
            .or_else(|| file("gai_conf", &self.gai_conf))
            .or_else(|| self.search.as_ref().map(|search| format!("search({search:?})")))
            .or_else(|| self.ndots.map(|ndots| format!("ndots({ndots})")))
    }
}

fn at_least(setting: &str, value: Option<u64>, least: u64) -> Result<(), String> {
    match value {
        Some(value) if value < least => Err(format!("{setting} is {value}, and may be {least} at least")),
        _ => Ok(()),
    }
}

fn at_most(setting: &str, value: Option<u64>, most: u64) -> Result<(), String> {
    match value {
        Some(value) if value > most => Err(format!("{setting} is {value}, and may be {most} at most")),
        _ => Ok(()),
    }
}

fn domains(search: &[String]) -> Result<Vec<Name>, String> {
    search.iter().map(|domain| domain.parse().map_err(|error| format!("search: {error}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn error_of(builder: ResolverBuilder) -> String {
        let error = builder.build().unwrap_err();
        assert!(error.is_invalid_input());
        error.to_string()
    }

    #[test]
    fn a_setting_out_of_its_range_is_an_error_that_names_it_and_its_value() {
        let new = ResolverBuilder::default;
        let server: SocketAddr = "192.0.2.1:0".parse().unwrap();
        let wrong = [
            (new().ndots(16), "ndots is 16"),
            (new().attempts(0), "attempts is 0"),
            (new().attempts(11), "attempts is 11"),
            (new().timeout(Duration::ZERO), "timeout is 0"),
            (new().timeout(Duration::from_secs(3601)), "timeout is 3601s"),
            (new().max_sockets(0_usize), "max_sockets is 0"),
            (new().system_threads(0_usize), "system_threads is 0"),
            (new().edns(Some(511)), "edns is 511"),
            (new().search(["example.org", "a..b"]), "a..b"),
            (new().name_server(server), "192.0.2.1:0"),
        ];
        for (builder, text) in wrong {
            let error = error_of(builder);
            assert!(error.starts_with("resolver settings: ") && error.contains(text), "{error}");
        }
    }

    #[test]
    fn the_ends_of_the_ranges_are_taken() {
        let least =
            ResolverBuilder::default().ndots(0).attempts(1).timeout(Duration::from_nanos(1)).edns(Some(512));
        least
            .max_sockets(1_usize)
            .system_threads(1_usize)
            .cache_size(0_usize)
            .max_ttl(Duration::ZERO)
            .build()
            .unwrap();
        let most =
            ResolverBuilder::default().ndots(15).attempts(10).timeout(Duration::from_secs(3600)).edns(None);
        most.search(["."]).max_ttl(Duration::MAX).build().unwrap();
    }

    #[test]
    fn the_c_library_cannot_be_told_of_servers_and_files() {
        let system = || ResolverBuilder::default().path(Path::System);
        let server: SocketAddr = "192.0.2.1:53".parse().unwrap();
        let wrong = [
            (system().name_server(server), "name_server(192.0.2.1:53)"),
            (system().hosts("/a/hosts"), "hosts(\"/a/hosts\")"),
            (system().resolv_conf("/a/b"), "resolv_conf(\"/a/b\")"),
            (system().search(["example.org"]), "search([\"example.org\"])"),
            (system().ndots(2), "ndots(2)"),
        ];
        for (builder, text) in wrong {
            let error = error_of(builder);
            assert!(error.contains(text) && error.contains("C library"), "{error}");
        }
        system().timeout(Duration::from_secs(1)).build().unwrap();
    }
}
