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
