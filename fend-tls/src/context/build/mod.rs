//! From settings to an `SSL_CTX`: each file makes one part of it. Nothing is read from files here, so that a context can be made
//! again with another certificate when its files are no more.
//!
//! OpenSSL's own defaults are not relied upon, but written out with the reason. What its configuration file (`openssl.cnf`) sets
//! beyond them, such as the security level, stays in force.

mod identity;
mod parameters;
mod resumption;
mod roots;
mod trust;

use std::fmt;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContextBuilder, SslMethod, SslMode, SslOptions, StatusType};

use super::callback;
use super::{Context, Inner, Mode, Ocsp, Settings};
use crate::session_cache::SessionCache;
use crate::state::SslState;
use crate::sys::{self, TICKET_KEYS};
use crate::unwind::caught;
use crate::{Identity, TlsError};

pub(super) use identity::add as add_identity;
pub(super) use resumption::session_id_context;

/// The operation of an error about a setting.
pub(super) fn setting(name: &str, value: impl fmt::Display) -> String {
    format!("TLS context: {name} {value}")
}

/// Runs one step that sets `name` to `value`.
pub(super) fn set<T>(
    name: &str,
    value: impl fmt::Display,
    step: impl FnOnce() -> Result<T, ErrorStack>,
) -> Result<T, TlsError> {
    step().map_err(|errors| match errors.errors() {
        [] => TlsError::input(setting(name, value), "OpenSSL does not take it"),
        _ => TlsError::openssl(setting(name, value), &errors),
    })
}

/// A step that fails only for want of memory, or not at all.
fn step<T>(result: Result<T, ErrorStack>) -> Result<T, TlsError> {
    result.map_err(|errors| TlsError::openssl("TLS context", &errors))
}

impl Context {
    /// Makes a context of settings that fit together.
    pub(super) fn make(settings: Settings) -> Result<Context, TlsError> {
        Context::make_with_keys(settings, None)
    }

    /// The same settings with another certificate. A context of several has that of the same key type exchanged.
    ///
    /// A server's tickets stay good, unless it takes early data: then they are kept in the memory of the old context. A client
    /// begins without any session, since those it has were made under the old certificate.
    pub(crate) fn with_identity(&self, identity: Identity) -> Result<Context, TlsError> {
        let mut settings = self.settings().clone();
        identity::exchange(&mut settings.identities, identity)?;
        if let Some(cache_size) = settings.sessions.as_ref().and(settings.resumption.cache_size) {
            settings.sessions = Some(Arc::new(SessionCache::new(cache_size)));
        }
        let ticket_keys = match settings.mode {
            Mode::Client => None,
            Mode::Server => Some(step(sys::ticket_keys(self.ssl_context()))?),
        };
        Context::make_with_keys(settings, ticket_keys.as_ref())
    }

    fn make_with_keys(
        mut settings: Settings,
        ticket_keys: Option<&[u8; TICKET_KEYS]>,
    ) -> Result<Context, TlsError> {
        let method = match settings.mode {
            Mode::Client => SslMethod::tls_client(),
            Mode::Server => SslMethod::tls_server(),
        };
        let mut context = step(SslContextBuilder::new(method))?;
        parameters::settle_protocols(&mut context, &mut settings.parameters)?;
        let settings = Arc::new(settings);
        step(settings.attach(&mut context))?;
        set_options(&mut context, &settings);
        set_modes(&mut context);
        parameters::set_all(&mut context, &settings)?;
        identity::set_all(&mut context, &settings.identities)?;
        trust::set_all(&mut context, &settings)?;
        step(set_callbacks(&mut context, &settings))?;
        resumption::set_all(&mut context, &settings, ticket_keys)?;
        run_hooks(&mut context, &settings)?;
        Ok(Context(Arc::new(Inner { ssl_context: context.build(), settings })))
    }

    pub(super) fn make_ssl(&self, state: SslState) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(self.ssl_context())?;
        state.attach(&mut ssl)?;
        match self.mode() {
            Mode::Server => ssl.set_accept_state(),
            Mode::Client => {
                ssl.set_connect_state();
                if self.settings().ocsp != Ocsp::Ignore {
                    ssl.set_status_type(StatusType::OCSP)?;
                }
            }
        }
        Ok(ssl)
    }
}

fn set_options(context: &mut SslContextBuilder, settings: &Settings) {
    context.set_options(
        // A secret and what an attacker chose are compressed together: their length tells the secret (CRIME).
        SslOptions::NO_COMPRESSION
            // Of use only for client certificates that are asked for in mid-session, which TLS 1.3 does not know. A server would pay
            // for each handshake that a client likes to start, and a reader of the stream would have to write.
            | SslOptions::NO_RENEGOTIATION
            // A new key for each session. Always so since OpenSSL 1.1.0; said for those who look for it.
            | SslOptions::SINGLE_DH_USE
            | SslOptions::SINGLE_ECDH_USE,
    );
    context.clear_options(
        // Each cipher of the list will do, so the client chooses: it knows whether it has AES in hardware. PRIORITIZE_CHACHA only
        // makes up for a server that insists.
        SslOptions::CIPHER_SERVER_PREFERENCE
            | SslOptions::PRIORITIZE_CHACHA
            // The end of a stream without a close_notify is an error, whatever openssl.cnf says. `allow_truncation` acts above OpenSSL.
            | SslOptions::IGNORE_UNEXPECTED_EOF
            | SslOptions::ALLOW_UNSAFE_LEGACY_RENEGOTIATION,
    );
    match settings.resumption.tickets {
        Some(false) => context.set_options(SslOptions::NO_TICKET),
        Some(true) | None => context.clear_options(SslOptions::NO_TICKET),
    };
    if let Some(options) = settings.parameters.cleared_options {
        context.clear_options(options);
    }
    if let Some(options) = settings.parameters.options {
        context.set_options(options);
    }
}

fn set_modes(context: &mut SslContextBuilder) {
    context.set_mode(
        // A send that has to wait for the handshake of a renegotiation may come again from another place.
        SslMode::ACCEPT_MOVING_WRITE_BUFFER
            // What a server sends is what its identity holds. OpenSSL would build a chain from the trusted certificates, anew for each
            // handshake.
            | SslMode::NO_AUTO_CHAIN,
    );
    if !sys::frees_buffers() {
        context.set_mode(SslMode::RELEASE_BUFFERS);
    }
}

fn set_callbacks(context: &mut SslContextBuilder, settings: &Settings) -> Result<(), ErrorStack> {
    context.set_verify_callback(settings.verification.verify.as_openssl(), callback::verify::on_certificate);
    if settings.ocsp == Ocsp::Require || settings.ocsp_staple.is_some() {
        callback::ocsp::install(context)?;
    }
    if settings.keylog_file.is_some() || !settings.keylog.is_empty() {
        context.set_keylog_callback(callback::keylog::on_line);
    }
    match settings.mode {
        Mode::Client => context.set_new_session_callback(callback::session::on_new),
        Mode::Server => {
            if callback::hello::is_needed(settings) {
                context.set_client_hello_callback(callback::hello::on_hello);
            }
            context.set_servername_callback(callback::hello::on_server_name);
            // A handshake may have protocols of its own where the context has none.
            context.set_alpn_select_callback(callback::alpn::select);
        }
    }
    Ok(())
}

fn run_hooks(context: &mut SslContextBuilder, settings: &Settings) -> Result<(), TlsError> {
    const OPERATION: &str = "TLS context: with_openssl";
    for hook in &settings.hooks {
        match caught(|| hook(context)) {
            Ok(result) => result.map_err(|errors| TlsError::openssl(OPERATION, &errors))?,
            Err(text) => return Err(TlsError::panicked(OPERATION, text)),
        }
    }
    Ok(())
}
