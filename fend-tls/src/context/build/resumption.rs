//! How sessions are resumed, and early data.

use std::ffi::c_long;

use openssl::rand::rand_bytes;
use openssl::sha::Sha256;
use openssl::ssl::{SslContextBuilder, SslSessionCacheMode};

use super::{set, step};
use crate::TlsError;
use crate::context::{Mode, Settings, Verify};
use crate::sys::{self, TICKET_KEYS};

pub(super) fn set_all(
    context: &mut SslContextBuilder,
    settings: &Settings,
    inherited_keys: Option<&[u8; TICKET_KEYS]>,
) -> Result<(), TlsError> {
    let resumption = &settings.resumption;
    if let Some(timeout) = resumption.timeout {
        sys::set_session_timeout(context, timeout.as_secs().try_into().unwrap_or(c_long::MAX));
    }
    match settings.mode {
        Mode::Client => {
            let mode = match settings.sessions {
                // Ours is by host; OpenSSL's would be by session id, which is of no use to a client.
                Some(_) => SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL_STORE,
                None => SslSessionCacheMode::OFF,
            };
            context.set_session_cache_mode(mode);
        }
        Mode::Server => set_server(context, settings, inherited_keys)?,
    }
    Ok(())
}

fn set_server(
    context: &mut SslContextBuilder,
    settings: &Settings,
    inherited_keys: Option<&[u8; TICKET_KEYS]>,
) -> Result<(), TlsError> {
    let resumption = &settings.resumption;
    match resumption.cache_size {
        // To OpenSSL a size of 0 is one without limit.
        Some(0) => {
            context.set_session_cache_mode(SslSessionCacheMode::OFF);
        }
        Some(size) => {
            context.set_session_cache_size(size.try_into().unwrap_or(i32::MAX));
        }
        // SERVER, with 20480 entries: OpenSSL's default.
        None => {}
    }
    if let Some(id) = &resumption.id_context {
        step(context.set_session_id_context(id))?;
    }
    if let Some(count) = resumption.ticket_count {
        set("tickets", count, || context.set_num_tickets(count))?;
    }
    if let Some(keys) = inherited_keys.or(resumption.ticket_keys.as_deref()) {
        step(sys::set_ticket_keys(context, keys))?;
    }
    if settings.max_early_data > 0 {
        let bytes = settings.max_early_data;
        set("early_data", bytes, || context.set_max_early_data(bytes))?;
        // What the server puts up with; 16 KiB if not said, whatever its tickets promise.
        set("early_data", bytes, || sys::set_recv_max_early_data(context, bytes))?;
    }
    Ok(())
}

/// The session id context: under which other contexts a session can be resumed. OpenSSL resumes one only where this is the same.
///
/// It is a digest of what a context asks of client certificates, since a session that was made without one must not be resumed
/// where one is asked for, and of what tells whose sessions these are: the user's bytes, or ticket keys that were shared on
/// purpose, else a random number.
pub(in crate::context) fn session_id_context(settings: &Settings) -> Result<Vec<u8>, TlsError> {
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        digest.update(&(bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    let resumption = &settings.resumption;
    match (&resumption.id_context, &resumption.ticket_keys) {
        (Some(bytes), _) => part(bytes),
        (None, Some(_)) => part(b"ticket keys"),
        (None, None) => {
            let mut random = [0; 32];
            step(rand_bytes(&mut random))?;
            part(&random);
        }
    }
    let verification = &settings.verification;
    part(&[verification.verify.bits()]);
    if verification.verify.contains(Verify::PEER) {
        let trust = &settings.trust;
        let flags = [
            verification.callback.is_some(),
            verification.accept_invalid_certs,
            verification.accept_expired,
            verification.accept_self_signed,
            trust.system_roots,
            trust.crl_check_all,
            trust.crls.is_empty(),
        ];
        part(&flags.map(u8::from));
        part(&verification.openssl_depth().to_be_bytes());
        for directory in &trust.directories {
            part(directory.as_bytes());
        }
        for certificate in &trust.certificates {
            part(&step(certificate.to_der())?);
        }
    }
    Ok(digest.finish().to_vec())
}
