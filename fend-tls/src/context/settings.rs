//! [`Settings`]: what a context is made from, with every file read. A context keeps them, so that it can be made again with another
//! certificate, and its callbacks find them through the `SSL_CTX` that a session has at that moment.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{SslContext, SslContextBuilder, SslOptions, SslRef};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{X509, X509Crl};

use super::{Context, Mode, Protocol, Sni, Verify, VerifyInfo};
use crate::Identity;
use crate::session_cache::SessionCache;
use crate::sys::TICKET_KEYS;

static INDEX: OnceLock<Index<SslContext, Arc<Settings>>> = OnceLock::new();

pub(crate) type VerifyCallback = dyn Fn(bool, &VerifyInfo<'_>) -> bool + Send + Sync;
pub(crate) type SniCallback = dyn Fn(Option<&str>) -> Sni + Send + Sync;
pub(crate) type OcspCallback = dyn Fn() -> Option<Vec<u8>> + Send + Sync;
pub(crate) type KeylogCallback = dyn Fn(&str) + Send + Sync;
pub(crate) type Hook = dyn Fn(&mut SslContextBuilder) -> Result<(), ErrorStack> + Send + Sync;

/// All that was said, or is the default. `None` and an empty list are "nothing was said".
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    /// One of each key type.
    pub(crate) identities: Vec<Identity>,
    pub(crate) trust: Trust,
    pub(crate) verification: Verification,
    pub(crate) names: HostNames,
    pub(crate) parameters: Parameters,
    pub(crate) alpn: Vec<Vec<u8>>,
    pub(crate) alpn_required: bool,
    pub(crate) sni_contexts: HashMap<String, Context>,
    pub(crate) sni_callback: Option<Arc<SniCallback>>,
    /// What a client does about the state of the server's certificate.
    pub(crate) ocsp: Ocsp,
    /// Where a server gets what it staples.
    pub(crate) ocsp_staple: Option<Arc<OcspCallback>>,
    pub(crate) keylog: Vec<Arc<KeylogCallback>>,
    pub(crate) keylog_file: Option<Arc<File>>,
    pub(crate) resumption: Resumption,
    /// The sessions that a client can resume.
    pub(crate) sessions: Option<Arc<SessionCache>>,
    /// Bytes; 0 is off.
    pub(crate) max_early_data: u32,
    pub(crate) handshake_timeout: Option<Duration>,
    pub(crate) allow_truncation: bool,
    pub(crate) read_ahead: bool,
    pub(crate) hooks: Vec<Arc<Hook>>,
}

/// Whom to believe.
#[derive(Clone, Default)]
pub(crate) struct Trust {
    pub(crate) certificates: Vec<X509>,
    /// Directories by hash. `X509_LOOKUP_add_dir` takes texts.
    pub(crate) directories: Vec<String>,
    pub(crate) system_roots: bool,
    pub(crate) crls: Vec<Arc<X509Crl>>,
    /// Of each certificate of the chain, not of the peer's own alone.
    pub(crate) crl_check_all: bool,
}

/// What is asked of the peer's certificate.
#[derive(Clone, Default)]
pub(crate) struct Verification {
    pub(crate) verify: Verify,
    pub(crate) depth: Option<u32>,
    pub(crate) callback: Option<Arc<VerifyCallback>>,
    pub(crate) accept_invalid_certs: bool,
    pub(crate) accept_invalid_hostnames: bool,
    pub(crate) accept_expired: bool,
    pub(crate) accept_self_signed: bool,
}

/// How the names in a certificate are read.
#[derive(Clone, Default)]
pub(crate) struct HostNames {
    pub(crate) partial_wildcards: bool,
    pub(crate) multi_label_wildcards: bool,
    pub(crate) common_name: bool,
}

/// What a session is negotiated from.
#[derive(Clone, Default)]
pub(crate) struct Parameters {
    pub(crate) min_protocol: Option<Protocol>,
    pub(crate) max_protocol: Option<Protocol>,
    pub(crate) ciphers: Option<String>,
    pub(crate) cipher_suites: Option<String>,
    pub(crate) groups: Option<String>,
    pub(crate) signature_algorithms: Option<String>,
    /// PEM, and where it is from.
    pub(crate) dhparam: Option<(String, Vec<u8>)>,
    pub(crate) security_level: Option<u32>,
    pub(crate) options: Option<SslOptions>,
    pub(crate) cleared_options: Option<SslOptions>,
}

/// How sessions are resumed.
#[derive(Clone, Default)]
pub(crate) struct Resumption {
    pub(crate) tickets: Option<bool>,
    pub(crate) ticket_count: Option<usize>,
    pub(crate) ticket_keys: Option<Box<[u8; TICKET_KEYS]>>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) cache_size: Option<usize>,
    /// What the caller has said; after the build what OpenSSL is told.
    pub(crate) id_context: Option<Vec<u8>>,
}

/// What a client does about the state of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Ocsp {
    #[default]
    Ignore,
    Request,
    Require,
}

impl Settings {
    pub(crate) fn new(mode: Mode) -> Settings {
        let (verify, timeout) = match mode {
            Mode::Client => (Verify::PEER, 30),
            Mode::Server => (Verify::NONE, 10),
        };
        Settings {
            mode,
            identities: Vec::new(),
            trust: Trust::default(),
            verification: Verification { verify, ..Verification::default() },
            names: HostNames::default(),
            parameters: Parameters::default(),
            alpn: Vec::new(),
            alpn_required: false,
            sni_contexts: HashMap::new(),
            sni_callback: None,
            ocsp: Ocsp::Ignore,
            ocsp_staple: None,
            keylog: Vec::new(),
            keylog_file: None,
            resumption: Resumption::default(),
            sessions: None,
            max_early_data: 0,
            handshake_timeout: Some(Duration::from_secs(timeout)),
            allow_truncation: false,
            read_ahead: true,
            hooks: Vec::new(),
        }
    }

    /// Those of the context that the session has at the moment.
    pub(crate) fn of(ssl: &SslRef) -> Option<&Arc<Settings>> {
        ssl.ssl_context().ex_data(*INDEX.get()?)
    }

    pub(crate) fn attach(self: &Arc<Settings>, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        let index = match INDEX.get() {
            Some(&index) => index,
            None => {
                let index = SslContext::new_ex_index()?;
                *INDEX.get_or_init(|| index)
            }
        };
        context.set_ex_data(index, Arc::clone(self));
        Ok(())
    }

    /// How a client reads the names in a server's certificate.
    ///
    /// `*.example.org` is for one label; `f*.example.org` is for nobody; and the subject's common name, which RFC 9110 has done away
    /// with, is no host name.
    pub(crate) fn host_flags(&self) -> X509CheckFlags {
        let mut flags = X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT;
        if self.names.partial_wildcards {
            flags.remove(X509CheckFlags::NO_PARTIAL_WILDCARDS);
        }
        if self.names.multi_label_wildcards {
            flags.insert(X509CheckFlags::MULTI_LABEL_WILDCARDS);
        }
        if self.names.common_name {
            // Only where the certificate has no names of the right kind: OpenSSL's own rule.
            flags.remove(X509CheckFlags::NEVER_CHECK_SUBJECT);
        }
        flags
    }
}
