//! [`ContextBuilder`]: collects what is said, by theme. Files are read and values judged by `build`, so that the methods cannot
//! fail and all errors come out at one place.

mod certificate;
mod check;
mod load;
mod negotiation;
mod resumption;
mod server;
mod session;
mod trust;
mod verify;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::build::session_id_context;
use super::{Context, Mode, Settings};
use crate::session_cache::SessionCache;
use crate::{Certificate, Identity, PrivateKey, TlsError};

/// How many hosts a client remembers sessions of.
const SESSION_HOSTS: usize = 256;

/// Settings of a [`Context`] to be. Each method takes the builder and gives it back.
///
/// Nothing is looked at before [`build`](ContextBuilder::build). What is not said has the default that its method names; the defaults
/// are for today's internet, and few programs need more than a certificate, or a root of their own.
///
/// # Examples
///
/// A server with two names, which asks its clients for certificates of a root of its own:
///
/// ```
/// use fend::tls::{Context, Identity, Mode, Protocol, Verify};
///
/// # let directory = std::env::temp_dir().join(format!("fend-context-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let roots = directory.join("client-roots.pem");
/// # std::fs::write(&roots, Identity::self_signed(["root"])?.certificate().to_pem())?;
/// let other = Context::server(Identity::self_signed(["other.example"])?)?;
/// let server = Context::builder(Mode::Server)
///     .identity(Identity::self_signed(["example.org"])?)
///     .cafile(&roots)
///     .verify(Verify::PEER | Verify::FAIL_IF_NO_PEER_CERT)
///     .min_protocol(Protocol::Tls1_3)
///     .alpn(["h2", "http/1.1"])
///     .sni_context("other.example", other)
///     .build()?;
/// assert_eq!(server.mode(), Mode::Server);
/// # std::fs::remove_dir_all(&directory)?;
///
/// let error = Context::builder(Mode::Client).cafile("/no/such.pem").build().unwrap_err();
/// assert_eq!(error.to_string(), "TLS context: cafile /no/such.pem: No such file or directory (os error 2)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder makes nothing until it is built"]
pub struct ContextBuilder {
    settings: Settings,
    sources: Sources,
}

/// What becomes a setting only when it is read.
#[derive(Clone, Default)]
struct Sources {
    identities: Vec<Identity>,
    certificate_files: Vec<PathBuf>,
    key_files: Vec<PathBuf>,
    password: Option<String>,
    certificates: Vec<Certificate>,
    key: Option<PrivateKey>,
    cafiles: Vec<PathBuf>,
    capaths: Vec<PathBuf>,
    crl_files: Vec<PathBuf>,
    system_roots: Option<bool>,
    dhparam_file: Option<PathBuf>,
    keylog_file: bool,
    sni_contexts: Vec<(String, Context)>,
    verify_said: bool,
}

impl ContextBuilder {
    pub(super) fn new(mode: Mode) -> ContextBuilder {
        ContextBuilder { settings: Settings::new(mode), sources: Sources::default() }
    }

    /// Reads the files and makes the context.
    ///
    /// # Errors
    ///
    /// They name the setting and its value: a file that cannot be read or holds something else, a key that is not the certificate's, a
    /// list of which OpenSSL knows nothing, a protocol range without a protocol, a setting that means nothing on this side.
    pub fn build(self) -> Result<Context, TlsError> {
        self.check()?;
        let ContextBuilder { mut settings, sources } = self;
        load::load(&mut settings, sources)?;
        match settings.mode {
            Mode::Client => {
                let hosts = settings.resumption.cache_size.unwrap_or(SESSION_HOSTS);
                settings.resumption.cache_size = Some(hosts);
                settings.sessions = if hosts == 0 { None } else { Some(Arc::new(SessionCache::new(hosts))) };
            }
            Mode::Server => settings.resumption.id_context = Some(session_id_context(&settings)?),
        }
        Context::make(settings)
    }
}

impl fmt::Debug for ContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No more: there are keys and passwords among it.
        f.debug_struct("ContextBuilder").field("mode", &self.settings.mode).finish_non_exhaustive()
    }
}
