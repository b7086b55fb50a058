//! The verification of the peer's chain. OpenSSL builds the chain and checks it, and asks here about each error, and once about each
//! certificate that is in order.
//!
//! An answer of yes to an error makes OpenSSL go on with the rest, in this order: the chain up to a root (18, 19, 20), purpose and
//! strength of its certificates, the name (62, 64), revocation, then signatures (7, 21) and times (9, 10). So one error that is let
//! pass hides no other, and the first answer of no ends it.

use openssl::error::ErrorStack;
use openssl::ssl::SslRef;
use openssl::x509::{X509StoreContext, X509StoreContextRef, X509VerifyResult};

use super::guard;
use crate::Certificate;
use crate::context::settings::Verification;
use crate::context::{Settings, VerifyInfo};
use crate::error::{VerifyFailure, code};
use crate::state::SslState;
use crate::sys;

pub(in crate::context) fn on_certificate(preverified: bool, store: &mut X509StoreContextRef) -> bool {
    let Some(ssl) = ssl_of(store) else { return preverified };
    // Whoever has made the session without us has no state for us to write to, and gets OpenSSL's own verdict.
    let (Some(settings), Some(state)) = (Settings::of(ssl).cloned(), SslState::of(ssl).cloned()) else {
        return preverified;
    };
    let result = if preverified { X509VerifyResult::OK } else { store.error() };
    let pardoned = !preverified && settings.verification.pardons(result.as_raw());
    let mut accepted = preverified || pardoned;
    let mut refusal = None;
    if let Some(callback) = &settings.verification.callback {
        let info = VerifyInfo { store, result };
        match guard(&state, || callback(accepted, &info)) {
            Some(verdict) => {
                if accepted && !verdict {
                    refusal = Some("refused by the verify callback");
                }
                accepted = verdict;
            }
            None => (accepted, refusal) = (false, Some("the verify callback panicked")),
        }
    }
    if !accepted {
        let code = if refusal.is_some() { code::APPLICATION_VERIFICATION } else { result.as_raw() };
        // OpenSSL chooses the alert by it.
        store.set_error(sys::verify_result(code));
        state.refuse(failure(store, code, refusal.map(str::to_owned)));
        return false;
    }
    if !preverified {
        // The error stays set: it becomes the session's verify_result, which is all that is known of it when the session is resumed.
        state.let_pass(in_words(&failure(store, result.as_raw(), None)));
        // A signature that does not verify stands in the queue, and would look like a failure of the handshake the next time that it waits.
        drop(ErrorStack::get());
    }
    true
}

fn ssl_of(store: &X509StoreContextRef) -> Option<&SslRef> {
    store.ex_data(X509StoreContext::ssl_idx().ok()?)
}

impl Verification {
    /// Whether the caller has said that this error is none.
    fn pardons(&self, error: i32) -> bool {
        match error {
            code::CERT_NOT_YET_VALID | code::CERT_HAS_EXPIRED if self.accept_expired => true,
            code::DEPTH_ZERO_SELF_SIGNED_CERT | code::SELF_SIGNED_CERT_IN_CHAIN
                if self.accept_self_signed =>
            {
                true
            }
            code::HOSTNAME_MISMATCH | code::IP_ADDRESS_MISMATCH if self.accept_invalid_hostnames => true,
            _ => self.accept_invalid_certs,
        }
    }
}

/// What there is to tell of the certificate at hand.
fn failure(store: &X509StoreContextRef, code: i32, reason: Option<String>) -> VerifyFailure {
    let certificate = store.current_cert().map(|x509| Certificate::from(x509.to_owned()));
    let is_about_names = matches!(code, code::HOSTNAME_MISMATCH | code::IP_ADDRESS_MISMATCH);
    let names = match &certificate {
        Some(certificate) if is_about_names => certificate.names(),
        _ => Vec::new(),
    };
    let subject = certificate.map(|certificate| certificate.subject()).unwrap_or_default();
    VerifyFailure { code, depth: store.error_depth(), subject, names, reason }
}

fn in_words(failure: &VerifyFailure) -> String {
    let VerifyFailure { code, depth, subject, .. } = failure;
    format!("{} (depth {depth}, subject {subject:?})", sys::verify_result_text(*code))
}
