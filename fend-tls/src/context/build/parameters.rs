//! What a session is negotiated from: protocols, ciphers, groups, signatures.

use openssl::dh::Dh;
use openssl::ssl::{SslContextBuilder, SslVersion};

use super::{set, step};
use crate::context::settings::Parameters;
use crate::context::{Mode, Protocol, Settings, alpn_wire_format};
use crate::{TlsError, sys};

/// For TLS 1.2: keys of their own for each session, and ciphers that encrypt and authenticate in one (AEAD).
const CIPHERS: &str = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// Their form with finite fields, slower by far: only for whoever has brought parameters for them.
const DHE_CIPHERS: &str = "DHE+AESGCM:DHE+CHACHA20";

/// What TLS 1.0 and 1.1 know: CBC with SHA-1.
const LEGACY_CIPHERS: &str = "ECDHE+AES+SHA1:DHE+AES+SHA1:kRSA+AES+SHA1";

/// Behind every list. Names such as HIGH and AES stand for ciphers without a certificate, too, which nothing but the security level
/// keeps away: at level 0 whoever is in the middle could choose one.
const NEVER: &str = "!aNULL:!eNULL";

/// Says what was not said about protocols, so that whoever [exchanges](crate::context::callback::hello) a session's context knows.
///
/// An administrator's `openssl.cnf` may ask for more than our default, but not for less.
pub(super) fn settle_protocols(
    context: &mut SslContextBuilder,
    parameters: &mut Parameters,
) -> Result<(), TlsError> {
    let configured = |version: Option<SslVersion>| version.and_then(Protocol::from_openssl);
    let least = parameters.min_protocol();
    if parameters.min_protocol.is_none() {
        parameters.min_protocol = configured(context.min_proto_version()).max(Some(least));
    }
    if parameters.max_protocol.is_none() {
        parameters.max_protocol = configured(context.max_proto_version());
    }
    match (parameters.min_protocol, parameters.max_protocol) {
        (Some(min), Some(max)) if min > max => {
            let message =
                format!("OpenSSL's configuration (openssl.cnf) leaves {min} to {max}, which is nothing");
            Err(TlsError::input("TLS context: min_protocol and max_protocol", message))
        }
        _ => Ok(()),
    }
}

pub(super) fn set_all(context: &mut SslContextBuilder, settings: &Settings) -> Result<(), TlsError> {
    let parameters = &settings.parameters;
    let (min, max) = (parameters.min_protocol(), parameters.max_protocol);
    set("min_protocol", min, || context.set_min_proto_version(Some(min.as_openssl())))?;
    step(context.set_max_proto_version(max.map(Protocol::as_openssl)))?;
    // The level before the ciphers, whose text may have an `@SECLEVEL` that is to win.
    if let Some(level) = parameters.security_level() {
        context.set_security_level(level);
    }
    let ciphers = parameters.ciphers();
    set("ciphers", quoted(&ciphers), || context.set_cipher_list(&format!("{ciphers}:{NEVER}")))?;
    if let Some(suites) = &parameters.cipher_suites {
        set("cipher_suites", quoted(suites), || context.set_ciphersuites(suites))?;
    }
    if let Some(groups) = &parameters.groups {
        set("groups", quoted(groups), || context.set_groups_list(groups))?;
    }
    if let Some(algorithms) = &parameters.signature_algorithms {
        set("signature_algorithms", quoted(algorithms), || context.set_sigalgs_list(algorithms))?;
    }
    match &parameters.dhparam {
        Some((source, pem)) => {
            let dh = set("dhparam", source, || Dh::params_from_pem(pem))?;
            set("dhparam", source, || context.set_tmp_dh(&dh))?;
        }
        None if settings.mode == Mode::Server => step(sys::set_dh_auto(context))?,
        None => {}
    }
    set_alpn(context, settings)
}

/// A server chooses in a callback.
fn set_alpn(context: &mut SslContextBuilder, settings: &Settings) -> Result<(), TlsError> {
    let list =
        alpn_wire_format(&settings.alpn).map_err(|error| TlsError::input("TLS context: alpn", error))?;
    if settings.mode == Mode::Client && !list.is_empty() {
        step(context.set_alpn_protos(&list))?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

impl Parameters {
    pub(in crate::context) fn min_protocol(&self) -> Protocol {
        self.min_protocol.unwrap_or(Protocol::Tls1_2)
    }

    fn is_legacy(&self) -> bool {
        self.min_protocol() < Protocol::Tls1_2
    }

    /// Since OpenSSL 3.0, TLS 1.0 and 1.1 are beneath security level 1: their signatures are of MD5 and SHA-1. Who asks for them gets
    /// level 0.
    fn security_level(&self) -> Option<u32> {
        self.security_level.or(if self.is_legacy() { Some(0) } else { None })
    }

    fn ciphers(&self) -> String {
        if let Some(ciphers) = &self.ciphers {
            return ciphers.clone();
        }
        let mut ciphers = CIPHERS.to_owned();
        let more = [(self.dhparam.is_some(), DHE_CIPHERS), (self.is_legacy(), LEGACY_CIPHERS)];
        for (_, list) in more.into_iter().filter(|(wanted, _)| *wanted) {
            ciphers.push(':');
            ciphers.push_str(list);
        }
        ciphers
    }
}
