//! The server's look at a ClientHello, before anything is decided: which context serves the name that the client asks for (SNI).
//!
//! This is not done in OpenSSL's servername callback, which comes too late. In TLS 1.3 a session is resumed before it, so a client
//! could resume a session of one host at another that asks for client certificates, without having one (CVE-2025-23419 of nginx).
//! Here the context is exchanged first. Each has a session id context of its own, so OpenSSL finds no session to resume and the
//! handshake is a full one. It also comes before the protocol version is chosen, so that a name can have limits of its own.

use std::fmt;

use openssl::error::ErrorStack;
use openssl::ssl::{ClientHelloResponse, SniError, SslAlert, SslRef};

use super::guard;
use crate::context::{Context, Mode, Settings};
use crate::state::SslState;
use crate::sys;

/// What to do with a client that asks for a name: the answer of an [`sni_callback`](crate::ContextBuilder::sni_callback).
#[derive(Clone)]
pub enum Sni {
    /// Goes on as without a callback: with the [`sni_context`](crate::ContextBuilder::sni_context) of that name, else the default.
    Accept,
    /// Goes on with this context, which must be a server's.
    Use(Context),
    /// Ends the handshake with the alert unrecognized_name.
    Refuse,
}

impl fmt::Debug for Sni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sni::Accept => "Accept",
            Sni::Use(_) => "Use",
            Sni::Refuse => "Refuse",
        })
    }
}

/// Numbers of extensions: RFC 6066 and RFC 7301.
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;

/// Whether there is anything to decide by the ClientHello.
pub(in crate::context) fn is_needed(settings: &Settings) -> bool {
    settings.sni_callback.is_some() || !settings.sni_contexts.is_empty() || settings.alpn_required
}

/// Any error ends the handshake with `alert`.
pub(in crate::context) fn on_hello(
    ssl: &mut SslRef,
    alert: &mut SslAlert,
) -> Result<ClientHelloResponse, ErrorStack> {
    let (Some(settings), Some(state)) = (Settings::of(ssl).cloned(), SslState::of(ssl).cloned()) else {
        return Ok(ClientHelloResponse::SUCCESS);
    };
    let name = sys::client_hello_extension(ssl, SERVER_NAME).and_then(host_name);
    match state.greet(name.clone()) {
        None => {}
        // The answer to a HelloRetryRequest. It has the name that the context was chosen by, or somebody plays tricks.
        Some(first) if first == name => return Ok(ClientHelloResponse::SUCCESS),
        Some(_) => return refuse(alert, SslAlert::ILLEGAL_PARAMETER),
    }
    let chosen = match choose(&settings, &state, name.as_deref()) {
        Ok(chosen) => chosen,
        Err(reason) => return refuse(alert, reason),
    };
    if let Some(context) = &chosen {
        exchange(ssl, context)?;
    }
    let alpn_required =
        chosen.as_ref().map_or(settings.alpn_required, |chosen| chosen.settings().alpn_required);
    // OpenSSL asks the ALPN callback only about clients that offer something.
    if alpn_required && sys::client_hello_extension(ssl, ALPN).is_none() {
        return refuse(alert, SslAlert::NO_APPLICATION_PROTOCOL);
    }
    Ok(ClientHelloResponse::SUCCESS)
}

/// OpenSSL asks this later. The name is taken, so that it is kept with the session.
pub(in crate::context) fn on_server_name(_ssl: &mut SslRef, _alert: &mut SslAlert) -> Result<(), SniError> {
    Ok(())
}

/// The context that serves `name`; none for the default.
fn choose(settings: &Settings, state: &SslState, name: Option<&str>) -> Result<Option<Context>, SslAlert> {
    if let Some(callback) = &settings.sni_callback {
        match guard(state, || callback(name)) {
            Some(Sni::Accept) => {}
            Some(Sni::Use(context)) if context.mode() == Mode::Server => return Ok(Some(context)),
            Some(Sni::Use(_)) => {
                state.panicked("sni_callback has chosen a client's context".to_owned());
                return Err(SslAlert::INTERNAL_ERROR);
            }
            Some(Sni::Refuse) => return Err(SslAlert::UNRECOGNIZED_NAME),
            None => return Err(SslAlert::INTERNAL_ERROR),
        }
    }
    Ok(name.and_then(|name| by_name(settings, name)).cloned())
}

/// The exact name, else a wildcard in place of its first label.
fn by_name<'a>(settings: &'a Settings, name: &str) -> Option<&'a Context> {
    if settings.sni_contexts.is_empty() {
        return None;
    }
    let name = normalized(name);
    let wildcard = || settings.sni_contexts.get(&format!("*.{}", name.split_once('.')?.1));
    settings.sni_contexts.get(&name).or_else(wildcard)
}

/// Host names do not differ by case. A dot at the end says that a name is complete, which all of them are.
pub(in crate::context) fn normalized(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// `SSL_set_SSL_CTX` brings the certificates, the ciphers, the signature algorithms, the security level and the store, with its
/// revocation lists; and the callbacks look into the new context. The rest is copied from the first context when the session is
/// made, and what belongs to the question of whom to let in is brought along here.
fn exchange(ssl: &mut SslRef, context: &Context) -> Result<(), ErrorStack> {
    let settings = context.settings();
    ssl.set_ssl_context(context.ssl_context())?;
    ssl.set_verify(settings.verification.verify.as_openssl());
    ssl.param_mut().set_depth(settings.verification.openssl_depth());
    ssl.set_min_proto_version(settings.parameters.min_protocol.map(|protocol| protocol.as_openssl()))?;
    ssl.set_max_proto_version(settings.parameters.max_protocol.map(|protocol| protocol.as_openssl()))
}

/// The name in a server_name extension: a list, whose only entry is of type 0. OpenSSL refuses others when it comes to them.
fn host_name(extension: &[u8]) -> Option<String> {
    let (list, rest) = length_prefixed(extension)?;
    let (&kind, list) = list.split_first()?;
    let (name, more) = length_prefixed(list)?;
    if kind != 0 || !rest.is_empty() || !more.is_empty() || name.is_empty() || name.contains(&0) {
        return None;
    }
    String::from_utf8(name.to_vec()).ok()
}

fn length_prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

fn refuse(alert: &mut SslAlert, reason: SslAlert) -> Result<ClientHelloResponse, ErrorStack> {
    *alert = reason;
    Err(ErrorStack::get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_name_is_read() {
        assert_eq!(host_name(b"\0\x0a\0\0\x07a.examp").as_deref(), Some("a.examp"));
        for broken in [
            &b""[..],
            b"\0\x0a",
            b"\0\x0a\0\0\x07a.exam",
            b"\0\x0a\0\0\x06a.examp",
            b"\0\x0a\0\0\x08a.examp",
            b"\0\x0a\x01\0\x07a.examp",
            b"\0\x0a\0\0\x07a.examp!",
            b"\0\x0a\0\0\x07a.\0xamp",
            b"\0\x03\0\0\0",
        ] {
            assert_eq!(host_name(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn names_are_compared_without_case_and_last_dot() {
        assert_eq!(normalized("WWW.Example.org."), "www.example.org");
    }
}
