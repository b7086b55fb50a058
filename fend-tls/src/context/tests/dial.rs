//! A handshake, with what the connector would set.

use std::sync::Arc;

use openssl::ssl::SslSession;

use super::pair::Pair;
use crate::Context;
use crate::context::alpn_wire_format;
use crate::session_cache::SessionCache;
use crate::state::SslState;
use crate::sys;

/// A client's settings of one handshake, as the connector has them.
pub(super) struct Dial<'a> {
    client: &'a Context,
    server: &'a Context,
    host: &'a str,
    server_name: Option<&'a str>,
    key: Option<&'a str>,
    session: Option<SslSession>,
    alpn: Option<&'a [&'a str]>,
}

impl<'a> Dial<'a> {
    /// For the host a.example.
    pub(super) fn new(client: &'a Context, server: &'a Context) -> Dial<'a> {
        let host = "a.example";
        Dial { client, server, host, server_name: Some(host), key: None, session: None, alpn: None }
    }

    pub(super) fn host(self, host: &'a str) -> Dial<'a> {
        Dial { host, server_name: Some(host), ..self }
    }

    pub(super) fn server_name(self, server_name: Option<&'a str>) -> Dial<'a> {
        Dial { server_name, ..self }
    }

    /// Resumes from the cache of the context, and stores there.
    pub(super) fn key(self, key: &'a str) -> Dial<'a> {
        Dial { key: Some(key), ..self }
    }

    pub(super) fn session(self, session: SslSession) -> Dial<'a> {
        Dial { session: Some(session), ..self }
    }

    pub(super) fn alpn(self, protocols: &'a [&'a str]) -> Dial<'a> {
        Dial { alpn: Some(protocols), ..self }
    }

    pub(super) fn begin(self) -> Pair {
        let settings = self.client.settings();
        let cache: Option<&Arc<SessionCache>> = settings.sessions.as_ref();
        let slot = cache.zip(self.key).map(|(cache, key)| (Arc::clone(cache), key.to_owned()));
        let kept = cache.zip(self.key).and_then(|(cache, key)| cache.take(key));
        Pair::new((self.client, SslState::new(slot)), self.server, |ssl| {
            let param = ssl.param_mut();
            param.set_hostflags(settings.host_flags());
            match self.host.parse() {
                Ok(address) => param.set_ip(address).unwrap(),
                Err(_) => param.set_host(self.host).unwrap(),
            }
            if let Some(name) = self.server_name {
                ssl.set_hostname(name).unwrap();
            }
            if let Some(protocols) = self.alpn {
                ssl.set_alpn_protos(&alpn_wire_format(protocols).unwrap()).unwrap();
            }
            if let Some(session) = self.session.or(kept) {
                sys::set_session(ssl, &session).unwrap();
            }
        })
    }

    pub(super) fn run(self) -> Pair {
        let mut pair = self.begin();
        pair.run();
        pair
    }
}
