//! [`TlsError`]: what failed, with whom, and why, in words that a person can act upon.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use openssl::error::ErrorStack;

use crate::sys;

/// Why a context could not be built, a handshake failed, or a TLS stream broke.
///
/// The text names the operation, the host where one is known, and the reason; of a certificate that was refused it says which one of
/// the chain (depth 0 is the peer's own), and which names it has. It becomes an [`io::Error`] with `?`, from which
/// [`io::Error::downcast`] gets it back.
///
/// # Examples
///
/// ```
/// use fend::tls::TlsConnector;
/// # use fend::tls::{Context, Mode};
///
/// # fend::block_on(async {
/// # let connector = TlsConnector::with_context(Context::builder(Mode::Client).system_roots(false).build()?)?;
/// # let stream = futures_lite::io::Cursor::new(Vec::new());
/// let error = connector.handshake("", stream).await.unwrap_err();
/// assert!(!error.is_io());
/// let error = std::io::Error::from(error);
/// assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
/// # Ok::<(), fend::tls::TlsError>(())
/// # }).unwrap();
/// ```
pub struct TlsError(Box<Inner>);

struct Inner {
    /// "TLS handshake", "TLS context: key file /etc/key.pem".
    operation: String,
    host: Option<String>,
    cause: Cause,
}

/// What is at the bottom of it.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The caller's own mistake.
    Input(String),
    /// A certificate that was refused.
    Certificate(VerifyFailure),
    /// The peer has sent a fatal alert: its description.
    Alert(String),
    /// What OpenSSL says of the peer's messages, or of our material.
    OpenSsl(String),
    /// The peer speaks HTTP without TLS.
    HttpRequest,
    /// The stream ended without a close_notify.
    Truncated,
    TimedOut(Duration),
    /// A callback, or the stream below, panicked with this.
    Panicked(String),
    /// The stream below failed.
    Io(io::Error),
}

/// The first certificate that did not pass.
#[derive(Debug, Clone)]
pub(crate) struct VerifyFailure {
    /// `X509_V_ERR_*`.
    pub(crate) code: i32,
    pub(crate) depth: u32,
    pub(crate) subject: String,
    /// The names that the peer's certificate is for, when it is the name that does not fit.
    pub(crate) names: Vec<String>,
    /// In place of OpenSSL's words, where there are better ones.
    pub(crate) reason: Option<String>,
}

/// The codes of `x509_vfy.h` that predicates ask for.
pub(crate) mod code {
    pub(crate) const UNABLE_TO_GET_ISSUER_CERT: i32 = 2;
    pub(crate) const CERT_NOT_YET_VALID: i32 = 9;
    pub(crate) const CERT_HAS_EXPIRED: i32 = 10;
    pub(crate) const DEPTH_ZERO_SELF_SIGNED_CERT: i32 = 18;
    pub(crate) const SELF_SIGNED_CERT_IN_CHAIN: i32 = 19;
    pub(crate) const UNABLE_TO_GET_ISSUER_CERT_LOCALLY: i32 = 20;
    pub(crate) const UNABLE_TO_VERIFY_LEAF_SIGNATURE: i32 = 21;
    pub(crate) const CERT_REVOKED: i32 = 23;
    pub(crate) const CERT_UNTRUSTED: i32 = 27;
    pub(crate) const APPLICATION_VERIFICATION: i32 = 50;
    pub(crate) const HOSTNAME_MISMATCH: i32 = 62;
    pub(crate) const IP_ADDRESS_MISMATCH: i32 = 64;
}

impl TlsError {
    pub(crate) fn new(operation: impl Into<String>, cause: Cause) -> TlsError {
        TlsError(Box::new(Inner { operation: operation.into(), host: None, cause }))
    }

    /// What the caller asked for cannot be: `message` names the value.
    pub(crate) fn input(operation: impl Into<String>, message: impl Into<String>) -> TlsError {
        TlsError::new(operation, Cause::Input(message.into()))
    }

    /// What OpenSSL left in its error queue.
    pub(crate) fn openssl(operation: impl Into<String>, errors: &ErrorStack) -> TlsError {
        TlsError::new(operation, Cause::of_openssl(errors))
    }

    pub(crate) fn io(operation: impl Into<String>, error: io::Error) -> TlsError {
        TlsError::new(operation, Cause::Io(error))
    }

    pub(crate) fn panicked(operation: impl Into<String>, text: String) -> TlsError {
        TlsError::new(operation, Cause::Panicked(text))
    }

    /// The peer has closed in the middle of it.
    pub(crate) fn closed(operation: impl Into<String>) -> TlsError {
        TlsError::new(operation, Cause::Truncated)
    }

    pub(crate) fn with_host(mut self, host: Option<&str>) -> TlsError {
        self.0.host = host.map(str::to_owned);
        self
    }

    fn failure(&self) -> Option<&VerifyFailure> {
        match &self.0.cause {
            Cause::Certificate(failure) => Some(failure),
            _ => None,
        }
    }

    fn has_code(&self, codes: &[i32]) -> bool {
        self.failure().is_some_and(|failure| codes.contains(&failure.code))
    }

    /// Whether a certificate of the peer was refused.
    #[must_use]
    pub fn is_certificate(&self) -> bool {
        self.failure().is_some()
    }

    /// Whether a certificate has expired.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.has_code(&[code::CERT_HAS_EXPIRED])
    }

    /// Whether a certificate is not valid yet. Is the clock of this machine right?
    #[must_use]
    pub fn is_not_yet_valid(&self) -> bool {
        self.has_code(&[code::CERT_NOT_YET_VALID])
    }

    /// Whether the peer's certificate is for other names than the one it was asked for. [`certificate_names`](Self::certificate_names)
    /// are those it has.
    #[must_use]
    pub fn is_wrong_host(&self) -> bool {
        self.has_code(&[code::HOSTNAME_MISMATCH, code::IP_ADDRESS_MISMATCH])
    }

    /// Whether the chain ends in a certificate that vouches for itself and is not among the trusted ones.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.has_code(&[code::DEPTH_ZERO_SELF_SIGNED_CERT, code::SELF_SIGNED_CERT_IN_CHAIN])
    }

    /// Whether the issuer of a certificate is not known here. A server that forgets to send its intermediate certificates causes this too.
    #[must_use]
    pub fn is_unknown_issuer(&self) -> bool {
        self.has_code(&[
            code::UNABLE_TO_GET_ISSUER_CERT,
            code::UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            code::UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            code::CERT_UNTRUSTED,
        ])
    }

    /// Whether a certificate was revoked, by a list or by an OCSP response.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.has_code(&[code::CERT_REVOKED])
    }

    /// Whether the handshake was not over at its deadline.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match &self.0.cause {
            Cause::TimedOut(_) => true,
            Cause::Io(error) => error.kind() == io::ErrorKind::TimedOut,
            _ => false,
        }
    }

    /// Whether the stream ended without the peer's word that this was all.
    #[must_use]
    pub fn is_unexpected_eof(&self) -> bool {
        matches!(self.0.cause, Cause::Truncated)
    }

    /// Whether a client has sent a plain HTTP request to this TLS port.
    #[must_use]
    pub fn is_http_request(&self) -> bool {
        matches!(self.0.cause, Cause::HttpRequest)
    }

    /// Whether the peer has refused with a fatal alert.
    #[must_use]
    pub fn is_alert(&self) -> bool {
        self.alert().is_some()
    }

    /// The peer's fatal alert, in OpenSSL's words: "tlsv1 alert unknown ca".
    #[must_use]
    pub fn alert(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Alert(description) => Some(description),
            _ => None,
        }
    }

    /// Whether the stream below failed. The error itself is the [`source`](Error::source).
    #[must_use]
    pub fn is_io(&self) -> bool {
        matches!(self.0.cause, Cause::Io(_))
    }

    /// The kind that an [`io::Error`] made of this has.
    #[must_use]
    pub fn io_kind(&self) -> io::ErrorKind {
        match &self.0.cause {
            Cause::Input(_) => io::ErrorKind::InvalidInput,
            Cause::Certificate(_) | Cause::OpenSsl(_) | Cause::HttpRequest => io::ErrorKind::InvalidData,
            Cause::Alert(_) => io::ErrorKind::ConnectionAborted,
            Cause::Truncated => io::ErrorKind::UnexpectedEof,
            Cause::TimedOut(_) => io::ErrorKind::TimedOut,
            Cause::Panicked(_) => io::ErrorKind::Other,
            Cause::Io(error) => error.kind(),
        }
    }

    /// Which certificate of the chain was refused: 0 is the peer's own, 1 the one that has signed it.
    #[must_use]
    pub fn depth(&self) -> Option<u32> {
        self.failure().map(|failure| failure.depth)
    }

    /// The subject of the certificate that was refused.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.failure().map(|failure| failure.subject.as_str())
    }

    /// The names and addresses that the peer's certificate is for, when it is the wrong one for the host.
    #[must_use]
    pub fn certificate_names(&self) -> &[String] {
        self.failure().map_or(&[], |failure| &failure.names)
    }

    /// The host that the handshake was for.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// An error that can be told again: what a broken stream says each time.
    pub(crate) fn again(&self) -> TlsError {
        let cause = match &self.0.cause {
            Cause::Input(message) => Cause::Input(message.clone()),
            Cause::Certificate(failure) => Cause::Certificate(failure.clone()),
            Cause::Alert(description) => Cause::Alert(description.clone()),
            Cause::OpenSsl(reason) => Cause::OpenSsl(reason.clone()),
            Cause::HttpRequest => Cause::HttpRequest,
            Cause::Truncated => Cause::Truncated,
            Cause::TimedOut(limit) => Cause::TimedOut(*limit),
            Cause::Panicked(message) => Cause::Panicked(message.clone()),
            Cause::Io(error) => Cause::Io(match error.raw_os_error() {
                Some(errno) => io::Error::from_raw_os_error(errno),
                None => io::Error::new(error.kind(), error.to_string()),
            }),
        };
        TlsError(Box::new(Inner { operation: self.0.operation.clone(), host: self.0.host.clone(), cause }))
    }
}

impl Cause {
    pub(crate) fn of_openssl(errors: &ErrorStack) -> Cause {
        Cause::OpenSsl(reasons(errors))
    }
}

impl VerifyFailure {
    fn reason(&self) -> &str {
        match &self.reason {
            Some(reason) => reason,
            None => sys::verify_result_text(self.code),
        }
    }
}

/// All reasons in an error queue, the first that occurred first, each once.
fn reasons(errors: &ErrorStack) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for error in errors.errors() {
        let mut reason = error.reason().unwrap_or("an unknown error").to_owned();
        if let Some(data) = error.data() {
            reason = format!("{reason} ({data})");
        }
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if reasons.is_empty() { "OpenSSL gave no reason".to_owned() } else { reasons.join("; ") }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, host, cause } = &*self.0;
        f.write_str(operation)?;
        if let Some(host) = host {
            // As somebody has typed it, with a line feed perhaps.
            write!(f, " with {}", host.escape_debug())?;
        }
        match cause {
            Cause::Input(message) | Cause::OpenSsl(message) => write!(f, ": {message}"),
            Cause::Certificate(failure) => {
                let VerifyFailure { depth, subject, names, .. } = failure;
                write!(f, ": {} (depth {depth}, subject {subject:?})", failure.reason())?;
                match names.as_slice() {
                    [] if self.is_wrong_host() => f.write_str("; the certificate is for no name at all"),
                    [] => Ok(()),
                    names => write!(f, "; the certificate is for {}", names.join(", ")),
                }
            }
            Cause::Alert(description) => write!(f, ": the peer has refused it: {description}"),
            Cause::HttpRequest => {
                f.write_str(": the client speaks plain HTTP (http:// in place of https://)")
            }
            Cause::Truncated if operation.contains("handshake") => {
                f.write_str(": the peer has closed the stream")
            }
            Cause::Truncated => f.write_str(": the stream ended without a close_notify"),
            Cause::TimedOut(limit) => write!(f, ": not over within {limit:?}"),
            Cause::Panicked(message) => write!(f, ": a callback or the stream below panicked: {message}"),
            Cause::Io(error) => write!(f, ": {error}"),
        }
    }
}

impl fmt::Debug for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, host, cause } = &*self.0;
        f.debug_struct("TlsError")
            .field("operation", operation)
            .field("host", host)
            .field("cause", cause)
            .finish()
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.cause {
            Cause::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> io::Error {
        io::Error::new(error.io_kind(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: i32, names: &[&str]) -> TlsError {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        let failure = VerifyFailure { code, depth: 0, subject: "CN=x".to_owned(), names, reason: None };
        TlsError::new("TLS handshake", Cause::Certificate(failure)).with_host(Some("c.example"))
    }

    #[test]
    fn a_wrong_host_is_told_with_the_names_of_the_certificate() {
        let error = refused(code::HOSTNAME_MISMATCH, &["a.example", "b.example"]);
        let text = "TLS handshake with c.example: hostname mismatch (depth 0, subject \"CN=x\"); \
                    the certificate is for a.example, b.example";
        assert_eq!(error.to_string(), text);
        assert!(error.is_wrong_host() && error.is_certificate() && !error.is_expired());
        assert_eq!(error.certificate_names(), ["a.example", "b.example"]);
        assert!(refused(code::HOSTNAME_MISMATCH, &[]).to_string().ends_with("for no name at all"));
    }

    #[test]
    fn each_predicate_has_its_codes() {
        assert!(refused(code::CERT_HAS_EXPIRED, &[]).is_expired());
        assert!(refused(code::CERT_NOT_YET_VALID, &[]).is_not_yet_valid());
        assert!(refused(code::SELF_SIGNED_CERT_IN_CHAIN, &[]).is_self_signed());
        assert!(refused(code::UNABLE_TO_GET_ISSUER_CERT_LOCALLY, &[]).is_unknown_issuer());
        assert!(refused(code::CERT_REVOKED, &[]).is_revoked());
    }

    #[test]
    fn an_io_error_keeps_kind_and_source() {
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        let error = io::Error::from(TlsError::io("TLS receive", reset).again());
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        let back = error.downcast::<TlsError>().unwrap();
        assert!(back.is_io() && back.source().is_some());
    }
}
