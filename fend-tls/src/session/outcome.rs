//! What a failed call of OpenSSL means.

use openssl::ssl::{Error, ErrorCode, SslStream};

use super::wire::Wire;
use crate::error::{Cause, TlsError};
use crate::state::SslState;

/// What to do now.
pub(super) enum Outcome {
    /// Try again when the stream below is ready.
    Again,
    /// The peer has closed in order.
    Closed,
    Failed(TlsError),
}

/// Reasons of OpenSSL's SSL library (`sslerr.h`).
mod reason {
    /// `ERR_LIB_SSL` (`err.h`).
    pub(super) const SSL_LIBRARY: i32 = 20;
    pub(super) const CERTIFICATE_VERIFY_FAILED: i32 = 134;
    pub(super) const UNEXPECTED_EOF: i32 = 294;
    pub(super) const HTTPS_PROXY_REQUEST: i32 = 155;
    pub(super) const HTTP_REQUEST: i32 = 156;
    /// A received alert's number is added to this (`SSL_AD_REASON_OFFSET`).
    pub(super) const ALERTS: std::ops::Range<i32> = 1000..1256;
}

pub(super) fn of<S>(operation: &str, error: Error, tls: &mut SslStream<Wire<S>>) -> Outcome {
    match error.code() {
        ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => Outcome::Again,
        ErrorCode::ZERO_RETURN => Outcome::Closed,
        _ => Outcome::Failed(TlsError::new(operation, cause(&error, tls))),
    }
}

/// The nearest cause: OpenSSL says "syscall" for a panic, and "verify failed" for a certificate.
fn cause<S>(error: &Error, tls: &mut SslStream<Wire<S>>) -> Cause {
    let state = SslState::of(tls.ssl()).cloned();
    let wire = tls.get_mut();
    if let Some(text) = wire.panicked.clone().or_else(|| state.as_ref()?.take_panic()) {
        return Cause::Panicked(text);
    }
    if let Some(error) = wire.read_error.take() {
        return Cause::Io(error);
    }
    let Some(errors) = error.ssl_error().filter(|errors| !errors.errors().is_empty()) else {
        return if wire.ended {
            Cause::Truncated
        } else {
            Cause::OpenSsl("OpenSSL gave no reason".to_owned())
        };
    };
    // Of several, the first is what happened, and the others are what came of it.
    let first = &errors.errors()[0];
    let reason = if first.library_code() == reason::SSL_LIBRARY { first.reason_code() } else { 0 };
    match reason {
        reason::CERTIFICATE_VERIFY_FAILED => match state.and_then(|state| state.take_failure()) {
            Some(failure) => Cause::Certificate(failure),
            None => Cause::of_openssl(errors),
        },
        reason::HTTP_REQUEST | reason::HTTPS_PROXY_REQUEST => Cause::HttpRequest,
        // OpenSSL 3 has an error of its own for it.
        reason::UNEXPECTED_EOF => Cause::Truncated,
        code if reason::ALERTS.contains(&code) => {
            Cause::Alert(first.reason().unwrap_or("unknown alert").to_owned())
        }
        _ => Cause::of_openssl(errors),
    }
}
