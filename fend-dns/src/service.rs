//! What a service may be given as: a port's number, or a name of services(5).

use std::fmt;

use crate::error::LookupError;

/// A service, as a lookup takes it: `"https"`, `"443"`, `443`, or none (`None`, `""`, `"*"`) for port 0.
pub trait IntoService: sealed::Sealed {
    #[doc(hidden)]
    fn into_service(self) -> Option<String>;
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for &str {}
impl IntoService for &str {
    fn into_service(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl sealed::Sealed for String {}
impl IntoService for String {
    fn into_service(self) -> Option<String> {
        Some(self)
    }
}

impl sealed::Sealed for &String {}
impl IntoService for &String {
    fn into_service(self) -> Option<String> {
        Some(self.clone())
    }
}

impl sealed::Sealed for Option<&str> {}
impl IntoService for Option<&str> {
    fn into_service(self) -> Option<String> {
        self.map(str::to_owned)
    }
}

impl sealed::Sealed for u16 {}
impl IntoService for u16 {
    fn into_service(self) -> Option<String> {
        Some(self.to_string())
    }
}

/// A service, understood.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    /// Port 0.
    None,
    Port(u16),
    /// To be looked up in services(5), for each protocol by itself.
    Name(String),
}

impl Service {
    /// Understands `text`. `subject` is what the lookup is for.
    ///
    /// Digits are a port's number and all else a name. C takes blanks and signs before the digits too, and of a number above 65535 the
    /// lower 16 bits: that is nobody's wish.
    pub(crate) fn parse(subject: &str, text: Option<&str>, is_numeric: bool) -> Result<Service, LookupError> {
        let Some(text) = text.filter(|text| !matches!(*text, "" | "*")) else { return Ok(Service::None) };
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let too_large = || format!("the port {text} is not a number of 0 to 65535");
            return text.parse().map(Service::Port).map_err(|_| LookupError::input(subject, too_large()));
        }
        if is_numeric {
            let message =
                format!("the service {text:?} is not a port's number, which numeric_service asks for");
            return Err(LookupError::input(subject, message));
        }
        Ok(Service::Name(text.to_owned()))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Service::None => f.write_str("0"),
            Service::Port(port) => write!(f, "{port}"),
            Service::Name(name) => write!(f, "{name:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(service: impl IntoService) -> Result<Service, LookupError> {
        Service::parse("host", service.into_service().as_deref(), false)
    }

    #[test]
    fn a_service_is_a_port_a_name_or_none() {
        assert_eq!(parse(443).unwrap(), Service::Port(443));
        assert_eq!(parse("443").unwrap(), Service::Port(443));
        assert_eq!(parse(String::from("00080")).unwrap(), Service::Port(80));
        let last = String::from("65535");
        assert_eq!(parse(&last).unwrap(), Service::Port(65535));
        assert_eq!(parse(last).unwrap(), Service::Port(65535));
        assert_eq!(parse("https").unwrap(), Service::Name("https".to_owned()));
        assert_eq!(parse("+80").unwrap(), Service::Name("+80".to_owned()));
        for none in [None, Some(""), Some("*")] {
            assert_eq!(parse(none).unwrap(), Service::None);
        }
    }

    #[test]
    fn a_number_that_is_no_port_is_an_error_that_names_it() {
        for number in ["65536", "70000", "99999999999999999999999"] {
            let error = parse(number).unwrap_err();
            assert!(error.is_invalid_input() && error.to_string().contains(number), "{error}");
        }
    }

    #[test]
    fn a_name_is_an_error_where_a_number_is_asked_for() {
        let error = Service::parse("host", Some("https"), true).unwrap_err();
        assert!(error.is_invalid_input() && error.to_string().contains("\"https\""), "{error}");
        assert_eq!(Service::parse("host", Some("80"), true).unwrap(), Service::Port(80));
        assert_eq!(Service::parse("host", None, true).unwrap(), Service::None);
    }
}
