//! What can go wrong with a request, by the step in which it does.

use std::fmt;
use std::io;

use fend::tls::TlsError;

/// Why there is no response, or no whole one.
#[derive(Debug)]
pub(crate) enum Error {
    BadUrl {
        url: String,
        reason: String,
    },
    UnknownScheme(String),
    /// A redirect from https to http, which nobody has allowed.
    Downgrade(String),
    TooManyRedirects(usize),
    /// The host has no address, as far as anybody can tell.
    Lookup(io::Error),
    Connect(io::Error),
    /// The authorities that should be trusted.
    Authority(TlsError),
    /// The certificate or key that should be our own.
    Identity(TlsError),
    Handshake(TlsError),
    Send(io::Error),
    Receive(io::Error),
    /// The server has closed without a word.
    Empty,
    /// What it says is not HTTP, or can be understood in two ways.
    BadResponse(String),
    /// The body ends too early.
    Partial(String),
}

impl Error {
    /// Of an error that does not tell whom it was to reach.
    pub(crate) fn connect(authority: &str, error: io::Error) -> Error {
        Error::Connect(io::Error::new(error.kind(), format!("{authority}: {error}")))
    }

    pub(crate) fn bad_response(reason: impl Into<String>) -> Error {
        Error::BadResponse(reason.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::BadUrl { url, reason } => write!(f, "URL {url:?}: {reason}"),
            Error::UnknownScheme(scheme) => write!(f, "{scheme}: a scheme other than http and https"),
            Error::Downgrade(url) => {
                write!(f, "the redirect to {url} leaves TLS: --allow-downgrade follows it")
            }
            Error::TooManyRedirects(most) => write!(f, "more than {most} redirects"),
            // Each names the host.
            Error::Lookup(error) | Error::Connect(error) => write!(f, "{error}"),
            // Each names the file or the host.
            Error::Authority(error) | Error::Identity(error) | Error::Handshake(error) => {
                write!(f, "{error}")
            }
            Error::Send(error) => write!(f, "sending the request: {error}"),
            Error::Receive(error) => write!(f, "receiving the response: {error}"),
            Error::Empty => f.write_str("the server has closed without a response"),
            Error::BadResponse(reason) => write!(f, "the response: {reason}"),
            Error::Partial(reason) => write!(f, "the body is not whole: {reason}"),
        }
    }
}

impl std::error::Error for Error {}
