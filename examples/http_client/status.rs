//! How a fetch can fail, and the exit statuses that say so: curl's numbers.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::http::Error;

/// For the help text.
pub(crate) const HELP: &str = "\
Exit status, that of the first URL that failed:
   0  all is well; also when nobody reads the output any more
   1  a scheme other than http and https, a redirect that leaves TLS, or no runtime
   2  a command line that cannot be understood
   3  a URL that is none
   6  the host is not known
   7  no connection to it
   8  what the server says is not HTTP, or has two meanings
  18  the body is not whole
  22  --fail, and a status of 400 or more
  23  the output cannot be written
  26  a file to send cannot be read
  28  --max-time is over, or the 30 s that TLS has for a handshake
  35  the TLS handshake failed
  47  too many redirects
  52  the server closed without a word
  55  the request could not be sent
  56  the response could not be received
  58  --cert or --key is of no use
  60  the server's certificate is refused
  77  --cacert is of no use
";

#[derive(Debug)]
pub(crate) enum Failure {
    Http(Error),
    /// The status that `--fail` does not let pass.
    Status(u16),
    Output(String, io::Error),
    Input(PathBuf, io::Error),
    TimedOut(Duration),
    Runtime(io::Error),
}

impl Failure {
    pub(crate) fn status(&self) -> u8 {
        match self {
            Failure::Runtime(_) => 1,
            Failure::Http(error) => status_of(error),
            Failure::Status(_) => 22,
            Failure::Output(..) => 23,
            Failure::Input(..) => 26,
            Failure::TimedOut(_) => 28,
        }
    }
}

fn status_of(error: &Error) -> u8 {
    match error {
        Error::UnknownScheme(_) | Error::Downgrade(_) => 1,
        Error::BadUrl { .. } => 3,
        Error::Lookup(_) => 6,
        Error::Connect(_) => 7,
        Error::Handshake(error) if error.is_certificate() => 60,
        Error::Handshake(error) if error.is_timeout() => 28,
        Error::Handshake(_) => 35,
        Error::Identity(_) => 58,
        Error::Authority(_) => 77,
        Error::BadResponse(_) => 8,
        Error::Partial(_) => 18,
        Error::TooManyRedirects(_) => 47,
        Error::Empty => 52,
        Error::Send(_) => 55,
        Error::Receive(_) => 56,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Http(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Http(error) => write!(f, "{error}"),
            Failure::Status(status) => write!(f, "the server answers with status {status}"),
            Failure::Output(name, error) => write!(f, "write {name}: {error}"),
            Failure::Input(path, error) => write!(f, "read {}: {error}", path.display()),
            Failure::Runtime(error) => write!(f, "{error}"),
            Failure::TimedOut(limit) => write!(f, "not over within {limit:?}"),
        }
    }
}
