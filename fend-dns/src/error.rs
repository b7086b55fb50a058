//! [`LookupError`]: what was asked, of whom, and why there is no answer.

use std::error::Error;
use std::fmt::{self, Write};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Why a lookup has no answer: opaque, with a predicate for each reason that a program may want to tell apart.
///
/// The text names what was asked for and, where one was asked, the server. It becomes an [`io::Error`] with `?`, from which
/// [`io::Error::downcast`] gets it back. Clones share one error: lookups that were merged fail together.
///
/// # Examples
///
/// ```
/// use fend::dns::lookup;
///
/// # fend::block_on(async {
/// let error = lookup("printer.onion", 631).await.unwrap_err();
/// assert!(error.is_not_found() && !error.is_try_again());
/// assert_eq!(error.to_string(), "lookup printer.onion: no such name");
///
/// let error = std::io::Error::from(error);
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// assert!(error.downcast::<fend::dns::LookupError>()?.is_not_found());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct LookupError {
    /// What was asked for: "example.org", "example.org (MX)", "name of 192.0.2.1".
    subject: Arc<str>,
    reason: Arc<Reason>,
}

struct Reason {
    server: Option<SocketAddr>,
    cause: Cause,
}

/// What is at the bottom of it.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The caller's own mistake: `message` names the value.
    Input(String),
    /// A resolver cannot be built so: the setting and its value.
    Settings(String),
    /// There is no such name.
    NotFound,
    /// The name exists, but has nothing of what was asked for: "no IPv6 address", "no MX record".
    NoData(String),
    /// The servers could not tell now: SERVFAIL and its like. The text says which.
    TryAgain(String),
    /// No server answered in this time.
    TimedOut(Duration),
    /// The server will not answer us (REFUSED, NOTIMP), or nobody listens at its address. The text says which.
    Refused(String),
    /// An answer that breaks the protocol: what is wrong with it.
    Malformed(String),
    /// A socket, a file or the C library failed.
    Io(io::Error),
}

/// Text of a caller in an error's text: without line ends and other controls, without marks that turn the text around it, and cut when it is
/// long, since hosts come out of URLs of strangers, and errors go into logs.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl Shown<'_> {
    /// More letters than any name has.
    const MOST: usize = 300;
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = self.0.chars();
        letters.by_ref().take(Shown::MOST).try_for_each(|c| match c {
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                write!(f, "{}", c.escape_unicode())
            }
            _ if c.is_control() => write!(f, "{}", c.escape_default()),
            _ => f.write_char(c),
        })?;
        f.write_str(if letters.next().is_some() { "..." } else { "" })
    }
}

impl LookupError {
    pub(crate) fn new(subject: impl Into<String>, cause: Cause) -> LookupError {
        LookupError::with(subject.into(), None, cause)
    }

    pub(crate) fn of_server(subject: impl Into<String>, server: SocketAddr, cause: Cause) -> LookupError {
        LookupError::with(subject.into(), Some(server), cause)
    }

    fn with(subject: String, server: Option<SocketAddr>, cause: Cause) -> LookupError {
        LookupError { subject: subject.into(), reason: Arc::new(Reason { server, cause }) }
    }

    /// The same, told of what the caller has asked for in place of what was asked on the way there.
    pub(crate) fn about(mut self, subject: &str) -> LookupError {
        if *self.subject != *subject {
            self.subject = subject.into();
        }
        self
    }

    pub(crate) fn input(subject: impl Into<String>, message: impl Into<String>) -> LookupError {
        LookupError::new(subject, Cause::Input(message.into()))
    }

    pub(crate) fn cause(&self) -> &Cause {
        &self.reason.cause
    }

    /// What was asked for. The text has it with line ends and other controls escaped, and cut after 300 letters.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The server that said so, or was asked last.
    #[must_use]
    pub fn server(&self) -> Option<SocketAddr> {
        self.reason.server
    }

    /// Whether there is no such name.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.cause(), Cause::NotFound)
    }

    /// Whether the name exists, without an address of the family that was asked for, or without a record of that type.
    #[must_use]
    pub fn is_no_data(&self) -> bool {
        matches!(self.cause(), Cause::NoData(_))
    }

    /// Whether the servers could not tell, and may be able to later.
    #[must_use]
    pub fn is_try_again(&self) -> bool {
        matches!(self.cause(), Cause::TryAgain(_))
    }

    /// Whether no server answered in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.cause(), Cause::TimedOut(_))
    }

    /// Whether the server will not answer us, or nobody listens at its address.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.cause(), Cause::Refused(_))
    }

    /// Whether what was asked for cannot be asked: no host name, an unknown service, a resolver with settings out of their range.
    #[must_use]
    pub fn is_invalid_input(&self) -> bool {
        matches!(self.cause(), Cause::Input(_) | Cause::Settings(_))
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Cause::Settings(message) = self.cause() {
            return write!(f, "resolver settings: {message}");
        }
        write!(f, "lookup {}: ", Shown(&self.subject))?;
        match &self.reason.cause {
            Cause::Settings(message) | Cause::Input(message) | Cause::NoData(message) => {
                f.write_str(message)?
            }
            Cause::NotFound => f.write_str("no such name")?,
            Cause::TryAgain(message) => write!(f, "no answer for now, try again: {message}")?,
            Cause::TimedOut(limit) => write!(f, "no answer within {limit:?}")?,
            Cause::Refused(message) => write!(f, "refused: {message}")?,
            Cause::Malformed(message) => write!(f, "a malformed answer: {message}")?,
            Cause::Io(error) => write!(f, "{error}")?,
        }
        match self.reason.server {
            Some(server) => write!(f, " (server {server})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupError")
            .field("subject", &self.subject)
            .field("server", &self.reason.server)
            .field("cause", &self.reason.cause)
            .finish()
    }
}

impl Error for LookupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason.cause {
            Cause::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<LookupError> for io::Error {
    fn from(error: LookupError) -> io::Error {
        let kind = match error.cause() {
            Cause::Input(_) | Cause::Settings(_) => io::ErrorKind::InvalidInput,
            Cause::NotFound | Cause::NoData(_) => io::ErrorKind::NotFound,
            Cause::TryAgain(_) => io::ErrorKind::Other,
            Cause::TimedOut(_) => io::ErrorKind::TimedOut,
            Cause::Refused(_) => io::ErrorKind::ConnectionRefused,
            Cause::Malformed(_) => io::ErrorKind::InvalidData,
            Cause::Io(error) => error.kind(),
        };
        io::Error::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_wrote_does_not_end_a_line_of_a_log() {
        let subject = "a\r\nforged\x1b[2J\u{85}\u{202e}b";
        let error = LookupError::new(subject, Cause::NotFound);
        let text = error.to_string();
        assert_eq!(text, r"lookup a\r\nforged\u{1b}[2J\u{85}\u{202e}b: no such name");
        assert_eq!(error.subject(), subject);
        let long = LookupError::new("\u{e9}".repeat(1_000_000), Cause::NotFound).to_string();
        assert!(long.len() < 700 && long.ends_with("\u{e9}...: no such name"), "{} bytes", long.len());
        let plain = "a-_\"\\.\u{df}\u{e9} \u{65e5}";
        assert_eq!(Shown(plain).to_string(), plain);
    }
}
