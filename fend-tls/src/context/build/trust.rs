//! Whom to believe, and what is asked of a certificate.

use std::path::Path;

use openssl::ssl::{SslContextBuilder, SslFiletype};
use openssl::x509::store::X509Lookup;
use openssl::x509::verify::X509VerifyFlags;

use super::{roots, set, step};
use crate::context::settings::{Trust, Verification};
use crate::context::{Mode, Settings, Verify};
use crate::{TlsError, sys};

pub(super) fn set_all(context: &mut SslContextBuilder, settings: &Settings) -> Result<(), TlsError> {
    let trust = &settings.trust;
    if trust.system_roots {
        roots::add(context, settings.verification.accept_invalid_certs)?;
    }
    let store = context.cert_store_mut();
    for certificate in &trust.certificates {
        step(store.add_cert(certificate.clone()))?;
    }
    for directory in &trust.directories {
        set("capath", Path::new(directory).display(), || {
            store.add_lookup(X509Lookup::hash_dir())?.add_dir(directory, SslFiletype::PEM)
        })?;
    }
    for crl in &trust.crls {
        step(sys::add_crl(store, crl))?;
    }
    // Of the store, not of the context: they are to come along when a context is chosen by name.
    let flags = trust.verify_flags();
    if !flags.is_empty() {
        step(store.set_flags(flags))?;
    }
    if let Some(depth) = settings.verification.depth {
        context.set_verify_depth(depth);
    }
    if settings.mode == Mode::Server && settings.verification.verify.contains(Verify::PEER) {
        // The names that a client finds in the request, so that it can choose among its certificates.
        for certificate in &trust.certificates {
            step(context.add_client_ca(certificate))?;
        }
    }
    Ok(())
}

impl Trust {
    fn verify_flags(&self) -> X509VerifyFlags {
        match (self.crl_check_all, self.crls.is_empty()) {
            (true, _) => X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL,
            (false, false) => X509VerifyFlags::CRL_CHECK,
            (false, true) => X509VerifyFlags::empty(),
        }
    }
}

impl Verification {
    /// -1 is OpenSSL's "nothing was said".
    pub(in crate::context) fn openssl_depth(&self) -> i32 {
        self.depth.map_or(-1, |depth| i32::try_from(depth).unwrap_or(i32::MAX))
    }
}
