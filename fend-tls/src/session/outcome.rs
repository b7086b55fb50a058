//! What a failed call of OpenSSL means.

use openssl::error::Error as ErrorDetail;
use openssl::ssl::{Error, ErrorCode};

use super::tls::Tls;
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
    pub(super) const INVALID_STATUS_RESPONSE: i32 = 328;
    pub(super) const HTTPS_PROXY_REQUEST: i32 = 155;
    pub(super) const HTTP_REQUEST: i32 = 156;
    /// A received alert's number is added to this (`SSL_AD_REASON_OFFSET`).
    pub(super) const ALERTS: std::ops::Range<i32> = 1000..1256;
}

#[inline]
pub(super) fn of<S>(operation: &str, error: Error, tls: &mut Tls<Wire<S>>) -> Outcome {
    // Of a send, OpenSSL may have said something else, by an entry that somebody has left in the thread's error queue.
    if tls.get_ref().would_block { Outcome::Again } else { at_an_end(operation, error, tls) }
}

#[cold]
fn at_an_end<S>(operation: &str, error: Error, tls: &mut Tls<Wire<S>>) -> Outcome {
    match error.code() {
        ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => Outcome::Again,
        ErrorCode::ZERO_RETURN => Outcome::Closed,
        _ => Outcome::Failed(TlsError::new(operation, cause(&error, tls))),
    }
}

/// The nearest cause: OpenSSL says "syscall" for a panic, and "verify failed" for a certificate.
fn cause<S>(error: &Error, tls: &mut Tls<Wire<S>>) -> Cause {
    let state = SslState::of(tls.ssl()).cloned();
    let wire = tls.get_mut();
    if let Some(text) = wire.panicked.clone().or_else(|| state.as_ref()?.take_panic()) {
        return Cause::Panicked(text);
    }
    if let Some(text) = wire.refusal.clone() {
        return Cause::OpenSsl(text);
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
    // Of several, the first is what happened, and the others are what came of it: but of a signature that does not verify the arithmetic
    // speaks first. Of a send, there may be what others have left before.
    let ours = |error: &&ErrorDetail| error.library_code() == reason::SSL_LIBRARY;
    let Some(first) = errors.errors().iter().find(ours) else { return Cause::of_openssl(errors) };
    match first.reason_code() {
        // A stapled OCSP response is a matter of the certificate, too.
        reason::CERTIFICATE_VERIFY_FAILED | reason::INVALID_STATUS_RESPONSE => {
            match state.and_then(|state| state.take_failure()) {
                Some(failure) => Cause::Certificate(failure),
                None => Cause::of_openssl(errors),
            }
        }
        reason::HTTP_REQUEST | reason::HTTPS_PROXY_REQUEST => Cause::HttpRequest,
        // OpenSSL 3 has an error of its own for it.
        reason::UNEXPECTED_EOF => Cause::Truncated,
        code if reason::ALERTS.contains(&code) => {
            Cause::Alert(first.reason().unwrap_or("unknown alert").to_owned())
        }
        _ => Cause::of_openssl(errors),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use crate::testing::{client, connection, forgery, root, server, shake_hands};
    use crate::{Context, Mode, Verify};

    /// OpenSSL's first word is of the arithmetic then.
    #[test]
    fn a_forged_signature_is_a_certificate_that_was_refused() {
        let root = root();
        let forged = Context::builder(Mode::Server).identity(forgery(root.as_x509()));
        let (near, far) = connection(1 << 20);
        let client = Context::builder(Mode::Client).ca(root.clone());
        let error = shake_hands(client, forged.handshake_timeout(None), near, far).0.unwrap_err();
        assert!(error.is_certificate() && error.depth() == Some(0), "{error}");
        assert!(error.to_string().contains("signature"), "{error}");
    }

    /// What verification leaves in the queue is no failure of what comes after it.
    #[test]
    fn a_forged_signature_that_is_let_pass_leaves_nothing_behind() {
        // So little at a time that it waits after each message.
        let (near, far) = connection(64);
        let root = root();
        let server = server().ca(root.clone()).verify(Verify::PEER).danger_accept_invalid_certs();
        let client = client().identity(forgery(root.as_x509()));
        let (client, server) = shake_hands(client, server, near, far);
        client.unwrap();
        assert!(server.unwrap().verify_error().unwrap().contains("signature"));
    }

    #[test]
    fn a_missing_ocsp_response_is_a_certificate_that_was_refused() {
        let (near, far) = connection(1 << 20);
        let error = shake_hands(client().require_ocsp(), server(), near, far).0.unwrap_err();
        assert!(error.is_certificate(), "{error}");
        assert!(error.subject().is_some_and(|subject| subject.contains("localhost")), "{error}");
    }
}
