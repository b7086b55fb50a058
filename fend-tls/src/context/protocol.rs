//! [`Protocol`]: a version of TLS.

use std::fmt;
use std::str::FromStr;

use openssl::ssl::SslVersion;

/// A version of TLS.
///
/// They are ordered: the older one is the smaller one.
///
/// # Examples
///
/// ```
/// use fend::tls::Protocol;
///
/// assert_eq!(Protocol::Tls1_3.to_string(), "TLSv1.3");
/// assert_eq!("tlsv1_2".parse(), Ok(Protocol::Tls1_2));
/// assert!(Protocol::Tls1_2 < Protocol::Tls1_3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TLS 1.0, of 1999. Broken: see [`min_protocol`](crate::ContextBuilder::min_protocol) before it is asked for.
    Tls1_0,
    /// TLS 1.1, of 2006. Deprecated with TLS 1.0 by RFC 8996.
    Tls1_1,
    /// TLS 1.2, of 2008.
    Tls1_2,
    /// TLS 1.3, of 2018.
    Tls1_3,
}

const ALL: [Protocol; 4] = [Protocol::Tls1_0, Protocol::Tls1_1, Protocol::Tls1_2, Protocol::Tls1_3];

impl Protocol {
    pub(crate) fn as_openssl(self) -> SslVersion {
        match self {
            Protocol::Tls1_0 => SslVersion::TLS1,
            Protocol::Tls1_1 => SslVersion::TLS1_1,
            Protocol::Tls1_2 => SslVersion::TLS1_2,
            Protocol::Tls1_3 => SslVersion::TLS1_3,
        }
    }

    pub(crate) fn from_openssl(version: SslVersion) -> Option<Protocol> {
        ALL.into_iter().find(|protocol| protocol.as_openssl() == version)
    }

    fn number(self) -> &'static str {
        match self {
            Protocol::Tls1_0 => "1.0",
            Protocol::Tls1_1 => "1.1",
            Protocol::Tls1_2 => "1.2",
            Protocol::Tls1_3 => "1.3",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Protocol::Tls1_0 => "TLSv1.0",
            Protocol::Tls1_1 => "TLSv1.1",
            Protocol::Tls1_2 => "TLSv1.2",
            Protocol::Tls1_3 => "TLSv1.3",
        })
    }
}

/// From "TLSv1.3", "TLS1.3" or "tlsv1_3", in any case. "TLSv1" is TLS 1.0, as OpenSSL has it.
impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(text: &str) -> Result<Protocol, UnknownProtocol> {
        let lower = text.to_ascii_lowercase().replace('_', ".");
        let number = lower.strip_prefix("tlsv").or_else(|| lower.strip_prefix("tls"));
        let number = if number == Some("1") { Some("1.0") } else { number };
        let found = ALL.into_iter().find(|protocol| Some(protocol.number()) == number);
        found.ok_or_else(|| UnknownProtocol(text.to_owned()))
    }
}

/// A text that names no version of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownProtocol(String);

impl fmt::Display for UnknownProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no version of TLS: TLSv1.0, TLSv1.1, TLSv1.2 or TLSv1.3", self.0)
    }
}

impl std::error::Error for UnknownProtocol {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_leads_back() {
        for protocol in ALL {
            assert_eq!(Protocol::from_openssl(protocol.as_openssl()), Some(protocol));
            assert_eq!(protocol.to_string().parse(), Ok(protocol));
            let number = protocol.number();
            for text in [format!("TLS{number}"), format!("tlsv{}", number.replace('.', "_"))] {
                assert_eq!(text.parse(), Ok(protocol), "{text}");
            }
        }
        assert_eq!("TLSv1".parse(), Ok(Protocol::Tls1_0));
        assert_eq!(Protocol::from_openssl(SslVersion::SSL3), None);
    }

    #[test]
    fn an_unknown_one_is_named() {
        assert!("1.3".parse::<Protocol>().is_err() && "tlsv2".parse::<Protocol>().is_err());
        let error = "sslv3".parse::<Protocol>().unwrap_err();
        assert_eq!(error.to_string(), "\"sslv3\" is no version of TLS: TLSv1.0, TLSv1.1, TLSv1.2 or TLSv1.3");
    }

    #[test]
    fn a_width_is_kept() {
        assert_eq!(format!("{:>9}", Protocol::Tls1_2), "  TLSv1.2");
    }
}
