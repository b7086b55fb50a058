//! The calls of OpenSSL that the `openssl` crate has no safe form of.
//!
//! Rules that the SAFETY comments cite:
//!
//! 1. A pointer from `as_ptr` of a borrowed `openssl` value is valid while the borrow lasts, and OpenSSL keeps none of the pointers
//!    that are passed beside it after the call, unless a rule says so.
//! 2. A text that OpenSSL returns as a constant lives as long as the process, and ends with a NUL.

use openssl::x509::X509VerifyResult;

/// OpenSSL's words for a result of the verification.
pub(crate) fn verify_result_text(code: i32) -> &'static str {
    // SAFETY: it only wraps the number, for which OpenSSL has words in any case.
    unsafe { X509VerifyResult::from_raw(code) }.error_string()
}

/// Whether OpenSSL holds bytes of the peer, decrypted or not.
pub(crate) fn has_pending(ssl: &SslRef) -> bool {
    // SAFETY: rule 1; it only looks.
    unsafe { SSL_has_pending(ssl.as_ptr()) == 1 }
}

/// Whether the server has accepted the early data of this client.
pub(crate) fn early_data_accepted(ssl: &SslRef) -> bool {
    // SAFETY: rule 1; it only looks.
    unsafe { SSL_get_early_data_status(ssl.as_ptr()) == SSL_EARLY_DATA_ACCEPTED }
}

/// Has the handshake of `ssl` resume `session`, which came from a handshake of the same context.
pub(crate) fn set_session(ssl: &mut SslRef, session: &SslSessionRef) -> Result<(), ErrorStack> {
    // SAFETY: rule 1. OpenSSL counts its own reference to the session. That both belong to one context, as the `openssl` crate
    // demands, is so since each context has a session cache of its own.
    unsafe { ssl.set_session(session) }
}
